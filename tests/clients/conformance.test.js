// The conformance suite of the Model Context Protocol finds nothing to object to. One check of it is one test here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { aBrowser, launchChromium } from '../browser/chromium.js';
import { approves, signsIn } from '../browser/person.js';
import { startStack } from '../browser/stack.js';
import { runs } from './conformance/suite.js';

/** All that the suite's scenarios for authorization servers check. A later version that checks more is to be looked at. */
const CHECKS = ['authorization-server-metadata', 'authorization-server-metadata-cimd', 'authorization-code-grant'];

let stack, chromium, found;

before(async () => {
  [stack, chromium] = await Promise.all([startStack(), launchChromium()]);
  const resource = 'https://files.test';
  found = await runs({ issuer: stack.issuer, clientId: 'browser-app', resource, person: approvesWhatIsAsked });
});

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

async function approvesWhatIsAsked(address) {
  const context = await aBrowser(chromium);
  const page = await context.newPage();
  await page.goto(address.href);
  await signsIn(page, await stack.somebody());
  await approves(page);
  await page.getByText('OK. You can close this page.').waitFor();
  await context.close();
}

for (const check of CHECKS) {
  test(check, () => assert.deepEqual(found.checks.get(check), { status: 'SUCCESS', errorMessage: undefined }));
}

test('the suite knows no other checks, and ends well', () => {
  assert.deepEqual([...found.checks.keys()].sort(), [...CHECKS].sort());
  assert.equal(found.exitCode, 0, found.said);
});
