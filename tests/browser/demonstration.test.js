// What the README shows, as a newcomer sees it: `cargo run`, and `cargo run -p demo` in a second terminal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { aBrowser, launchChromium } from './chromium.js';
import { approves, heading, signsIn } from './person.js';
import { localOnly, programs, startStack } from './stack.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pictures = process.env.COUNTERSIGN_SCREENSHOTS;

test('the demo asks for one file, and the page can be shown', localOnly('what `cargo run` starts'), async (t) => {
  const stack = await whatCargoRunStarts(t);
  const demo = startDemo(t, stack, '--no-browser');

  const page = await aPhone(t);
  await page.goto(await demo.shows(/^ *(http:\S+\/authorize\?\S+)$/m));
  await signsIn(page, await thePrintedPerson(stack));
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

test('an agent waits in its terminal, and goes on when a person approves in the windows of a browser', localOnly('what `cargo run` starts'), async (t) => {
  const stack = await whatCargoRunStarts(t);
  const inbox = await theInbox(t, stack);
  await inbox.getByText('Nothing has come yet.').waitFor();
  const demo = startDemo(t, stack, 'approve');
  await demo.shows(/(Waiting for confirmation on your phone)/);
  const compare = await demo.shows(/Compare: (\S+)/);

  const phone = await opensTheMessage(inbox, 'Clean-up agent', compare);
  await signsIn(phone, await thePrintedPerson(stack));
  await heading(phone, /Clean-up agent asks for your approval/);
  await phone.getByText('Q3-report.pdf').first().waitFor();
  await phone.getByText(compare).waitFor();
  assert.doesNotMatch(demo.said(), /The person said yes/, 'it goes on before anybody has answered');
  await approves(phone);
  await heading(phone, 'You approved it');
  await demo.shows(/(The person said yes)[^]*204 No Content[^]*403 Forbidden[^]*403 Forbidden/);
  assert.equal(await demo.end(), 0);
});

test('a person makes a code for the kiosk in one browser, and finds in another what it asks', localOnly('what `cargo run` starts'), async (t) => {
  const stack = await whatCargoRunStarts(t);
  const phone = await aPhone(t);
  const inbox = await theInbox(t, stack);
  const kiosk = startDemo(t, stack, 'voice');
  await phone.goto(await kiosk.shows(/^ *(http:\S+\/account\/invitations)$/m));
  await signsIn(phone, await thePrintedPerson(stack));
  await phone.getByRole('combobox', { name: 'Which agent may ask you' }).selectOption('kiosk-agent');
  await phone.getByRole('button', { name: 'Make the code' }).click();
  await heading(phone, 'Your code');
  await phone.getByRole('img', { name: 'The same code as a picture, to be scanned' }).waitFor();
  kiosk.hears(await phone.locator('.code').innerText());

  const compare = await kiosk.shows(/Compare: (\S+)/);
  // The session is the other browser's.
  const elsewhere = await opensTheMessage(inbox, 'Lobby kiosk', compare);
  await elsewhere.getByText('Sign in to see what waits for your answer.').waitFor();
  await phone.goto(elsewhere.url());
  await heading(phone, /Lobby kiosk asks for your approval/);
  await approves(phone);
  await heading(phone, 'You approved it');
  await kiosk.shows(/(You said yes)[^]*200 OK[^]*403 Forbidden/);
  assert.equal(await kiosk.end(), 0);
});

/** On other ports, and with a data folder of its own. */
async function whatCargoRunStarts(t) {
  const stack = await startStack({ from: join(root, 'infra/config/demo') });
  t.after(() => stack.stop());
  return stack;
}

/** A browser of its own. */
async function aPhone(t) {
  const chromium = await launchChromium();
  t.after(() => chromium.close());
  return (await aBrowser(chromium, { viewport: { width: 390, height: 844 } })).newPage();
}

const thePrintedPerson = async (stack) => ({
  userName: await until(() => stack.said().match(/Demo person +(\S+)/)?.[1]),
  password: await until(() => stack.said().match(/Password +(\S+)\n/)?.[1]),
});

/** The inbox that `cargo run` prints, in a browser that does nothing else. It loads itself again every two seconds. */
async function theInbox(t, stack) {
  const address = await until(() => stack.said().match(/Inbox +(\S+)/)?.[1]);
  const page = await aPhone(t);
  await page.goto(address);
  await heading(page, 'Inbox');
  return page;
}

/** The person opens what an agent's message leads to: in a second window, beside the inbox. */
async function opensTheMessage(inbox, agent, compare) {
  const message = inbox.getByRole('article').filter({ hasText: agent }).filter({ hasText: compare });
  const opened = inbox.context().waitForEvent('page');
  await message.getByRole('link').click();
  return opened;
}

function startDemo(t, stack, ...words) {
  const demo = spawn(join(programs, 'demo'), [...words, '--data', stack.data], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  demo.stdout.on('data', (text) => (said += text));
  const ended = new Promise((resolve) => demo.once('exit', resolve));
  t.after(() => demo.kill());
  return {
    said: () => said,
    /** Somebody types a line. */
    hears: (line) => demo.stdin.write(`${line}\n`),
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
