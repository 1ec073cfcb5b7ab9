// Chromium as Debian packages it, with a fresh profile that talks to nobody but the server under test.
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
