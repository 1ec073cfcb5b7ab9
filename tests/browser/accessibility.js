// What axe-core finds, on every page as it is shown.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const pictures = process.env.COUNTERSIGN_SCREENSHOTS;

const SHAPES = [
  { name: 'desktop', viewport: { width: 1280, height: 900 } },
  { name: 'phone', viewport: { width: 360, height: 740 } },
];

/**
 * Looks at the page in light and dark, on a desktop and on a phone: axe-core finds nothing, nothing has to be scrolled sideways.
 * Keeps a picture of each where COUNTERSIGN_SCREENSHOTS says.
 */
export async function looksGood(page, name) {
  const before = page.viewportSize();
  for (const shape of SHAPES) {
    await page.setViewportSize(shape.viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const place = `${name}, ${shape.name}, ${colorScheme}`;
      if (pictures) {
        await mkdir(pictures, { recursive: true });
        await page.screenshot({ path: join(pictures, `${name}-${shape.name}-${colorScheme}.png`), fullPage: true });
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${place}: ${wide} pixels stick out`);
      assert.deepEqual(await findings(page), [], place);
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function findings(page) {
  // The pages' own policy forbids scripts, so axe comes by the debugger and not by the page.
  await page.evaluate(await axeSource());
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(' | ')}`);
}

let source;
async function axeSource() {
  source ??= await readFile(axe, 'utf8');
  return source;
}
