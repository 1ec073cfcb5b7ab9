// What the tests of a file begin with.
import { after } from 'node:test';

import { aPhone, launchChromium } from './chromium.js';
import { startStack } from './stack.js';

/** A server and a browser, gone after the file's last test; `aPhone` is a page of the browser for one of them. */
export async function aStackAndPhones() {
  const [stack, chromium] = await Promise.all([startStack(), launchChromium()]);
  after(async () => {
    await chromium.close();
    await stack.stop();
  });
  return { stack, aPhone: (t, options) => aPhone(chromium, t, options) };
}
