// The page that the README shows, as a newcomer sees it: `cargo run`, and `cargo run -p demo` in a second terminal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { aBrowser, launchChromium } from './chromium.js';
import { approves, signsIn } from './person.js';
import { localOnly, programs, startStack } from './stack.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pictures = process.env.COUNTERSIGN_SCREENSHOTS;

test('the demo asks for one file, and the page can be shown', localOnly('what `cargo run` starts'), async (t) => {
  const stack = await startStack({ from: join(root, 'infra/config/demo') });
  t.after(() => stack.stop());
  const chromium = await launchChromium();
  t.after(() => chromium.close());
  const demo = startDemo(stack);
  t.after(() => demo.end());

  const page = await (await aBrowser(chromium, { viewport: { width: 390, height: 844 } })).newPage();
  await page.goto(await demo.shows(/^ *(http:\S+\/authorize\?\S+)$/m));
  await signsIn(page, {
    userName: await until(() => stack.said().match(/Demo person +(\S+)/)?.[1]),
    password: await until(() => stack.said().match(/Password +(\S+)\n/)?.[1]),
  });
  await page.getByRole('heading', { level: 1, name: /Finance agent\s+asks for access/ }).waitFor();
  if (pictures) {
    await mkdir(pictures, { recursive: true });
    // infra/demo/consent-page.png is a copy of it.
    await page.screenshot({ path: join(pictures, 'demo-consent-page.png'), fullPage: true });
  }
  await approves(page);
  await demo.shows(/(403 Forbidden)/);
  assert.equal(await demo.end(), 0);
});

function startDemo(stack) {
  const demo = spawn(join(programs, 'demo'), ['--no-browser', '--data', stack.data], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  demo.stdout.on('data', (text) => (said += text));
  const ended = new Promise((resolve) => demo.once('exit', resolve));
  return {
    /** Waits for what the demo tells, and gives its first group. */
    shows: (pattern) => until(() => said.match(pattern)?.[1]),
    /** Its exit status; it is ended if it does not end by itself. */
    async end() {
      const patience = setTimeout(() => demo.kill(), 5_000);
      const status = await ended;
      clearTimeout(patience);
      return status;
    },
  };
}

/** Waits for something to be there, fifteen seconds at most. */
async function until(look) {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = look();
    if (found) return found;
    await pause(50);
  }
  throw new Error(`not there after fifteen seconds: ${look}`);
}
