// Chromium as Debian packages it, with a fresh profile that talks to nobody but the server under test.
import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

export function launchChromium() {
  return chromium.launch({
    executablePath: process.env.COUNTERSIGN_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A person's browser. */
export async function aBrowser(chromium, options = {}) {
  const context = await chromium.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(15_000);
  return context;
}

/** A page on a phone that complains of nothing, closed at the end of the test. */
export async function aPhone(chromium, t, options) {
  const context = await aBrowser(chromium, { viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isStatus = /the server responded with a status of 4\d\d/.test(message.text());
    if (message.type() === 'error' && !isStatus) complaints.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return page;
}
