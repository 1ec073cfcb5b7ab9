// The pages on a domain of their own: the issuer is at `localhost`, the pages are at `127.0.0.1`, to a browser another host.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { anAgent, file } from './agent.js';
import { aBrowser, launchChromium } from './chromium.js';
import { approves, isBackAtTheAgent, signsIn } from './person.js';
import { localOnly, startStack } from './stack.js';

test('a person who comes by the issuer is at the pages, with cookies and forms', localOnly('a configuration of its own'), async (t) => {
  const stack = await startStack();
  t.after(() => stack.stop());
  const pages = await movesThePages(stack);
  const chromium = await launchChromium();
  t.after(() => chromium.close());
  const context = await aBrowser(chromium);
  const page = await context.newPage();
  const [agent, person] = [await anAgent(stack), await stack.somebody()];

  const asked = await agent.asks([file('Q4-report.pdf')]);
  assert.ok(asked.address.startsWith(`${stack.issuer}/authorize?`));
  await page.goto(asked.address);
  assert.equal(new URL(page.url()).origin, pages);
  await signsIn(page, person);
  await approves(page);
  const callback = await isBackAtTheAgent(page);
  assert.equal(callback.searchParams.get('iss'), stack.issuer);
  await asked.redeem(callback);
  const cookies = await context.cookies();
  assert.deepEqual(new Set(cookies.map((cookie) => cookie.domain)), new Set(['127.0.0.1']));

  // Our own form on a page at the issuer, as somebody could make it who holds that domain: the browser says where it stands.
  await page.goto(`${pages}/account`);
  const csrf = await page.locator('input[name=csrf]').first().inputValue();
  await page.route(`${stack.issuer}/elsewhere`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${pages}/sign-out"><input name="csrf" value="${csrf}"><button>Go</button></form>`,
    }),
  );
  await page.goto(`${stack.issuer}/elsewhere`);
  await page.getByRole('button', { name: 'Go' }).click();
  await page.getByRole('heading', { name: 'This form did not come from our page' }).waitFor();

  await page.goto(`${stack.issuer}/account`);
  assert.equal(page.url(), `${pages}/account`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
});

/** Applies the stack's configuration with a URL for its pages, and gives it once the server has taken notice. */
async function movesThePages(stack) {
  const pages = stack.issuer.replace('//localhost:', '//127.0.0.1:');
  const settings = join(stack.configuration, 'server.toml');
  await writeFile(settings, `pages = "${pages}"\n${await readFile(settings, 'utf8')}`);
  await stack.countersign('apply', stack.configuration, '--yes');
  // Every function acts on what it last read of the configuration for five seconds.
  await pause(6_000);
  return pages;
}
