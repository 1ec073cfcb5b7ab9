// The pages as people meet them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { looksGood } from './accessibility.js';
import { anAgent, file } from './agent.js';
import { aBrowser, launchChromium } from './chromium.js';
import { approves, denies, isBackAtTheAgent, signsIn } from './person.js';
import { localOnly, startStack } from './stack.js';

let stack, chromium, agent, rememberedAgent;

before(async () => {
  [stack, chromium] = await Promise.all([startStack(), launchChromium()]);
  agent = await anAgent(stack);
  rememberedAgent = await anAgent(stack, 'remembered-agent');
});

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

/** A page of a fresh browser, closed at the end of the test. */
async function aPage(t, options) {
  const context = await aBrowser(chromium, options);
  const page = await context.newPage();
  // Whatever fails to load, or breaks the pages' own policy. Pages that tell of a mistake have a status that says so.
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isStatus = /the server responded with a status of (4\d\d|503)/.test(message.text());
    if (message.type() === 'error' && !isStatus) complaints.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return page;
}

test('a person signs in, reads what is asked, and approves all of it', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  const asked = await agent.asks([file('Q4-report.pdf')], { purpose: 'I write the quarterly summary.' });
  await page.goto(asked.address);
  await looksGood(page, 'sign-in');
  await signsIn(page, person);

  await page.getByRole('heading', { level: 1, name: /asks for access/ }).waitFor();
  const text = await page.locator('main').innerText();
  for (const told of ['Report Agent', 'Q4-report.pdf', 'https://files.test/finance', '127.0.0.1', 'I write the quarterly summary.', person.userName]) {
    assert.ok(text.includes(told), `the page does not tell of ${told}: ${text}`);
  }
  await looksGood(page, 'consent');
  await approves(page);
  const callback = await isBackAtTheAgent(page);
  assert.equal(callback.searchParams.get('iss'), stack.issuer);
  assert.equal(callback.searchParams.get('state'), 'a-state');
  const token = await asked.redeem(callback);
  assert.deepEqual(token.authorization_details, [file('Q4-report.pdf')]);
});

test('a person approves one of three items', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  const asked = await agent.asks([file('Q3-report.pdf'), file('Q4-report.pdf', ['read', 'write']), file('plan.txt')]);
  await page.goto(asked.address);
  await signsIn(page, person);
  await page.getByRole('checkbox', { name: /Q3-report/ }).uncheck();
  await page.getByRole('checkbox', { name: /plan\.txt/ }).uncheck();
  await looksGood(page, 'consent-partial');
  await approves(page);
  const token = await asked.redeem(await isBackAtTheAgent(page));
  assert.deepEqual(token.authorization_details, [file('Q4-report.pdf', ['read', 'write'])]);
});

test('a person who chooses nothing is asked to choose or to deny', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  const asked = await agent.asks([file('Q4-report.pdf')], { scope: 'files.access' });
  await page.goto(asked.address);
  await signsIn(page, person);
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
  await approves(page);
  await page.getByRole('alert').waitFor();
  await looksGood(page, 'consent-nothing-chosen');
});

test('a person says no', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  const asked = await agent.asks([file('Q4-report.pdf')]);
  await page.goto(asked.address);
  await signsIn(page, person);
  await denies(page);
  const callback = await isBackAtTheAgent(page);
  assert.equal(callback.searchParams.get('error'), 'access_denied');
  assert.equal(callback.searchParams.get('iss'), stack.issuer);
  assert.equal(callback.searchParams.get('code'), null);
});

test('a wrong password is told without a hint', async (t) => {
  const page = await aPage(t);
  await page.goto((await agent.asks([file('Q4-report.pdf')])).address);
  await signsIn(page, { userName: 'nobody', password: 'not the password' });
  await page.getByText('The user name or password is not right.').waitFor();
  await looksGood(page, 'sign-in-problem');
});

test('what went wrong is told on a page', async (t) => {
  const page = await aPage(t);
  await page.goto(`${stack.issuer}/authorize?client_id=report-agent&redirect_uri=https%3A%2F%2Fevil.test%2F&response_type=code`);
  await page.getByRole('heading', { name: 'We do not send you there' }).waitFor();
  await looksGood(page, 'error');
});

test('a person lets us remember a consent, and has it forgotten', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  const asks = () => rememberedAgent.asks([file('Q4-report.pdf')]);
  await page.goto((await asks()).address);
  await signsIn(page, person);
  await page.getByRole('checkbox', { name: 'Do not ask me again for exactly this' }).check();
  await looksGood(page, 'consent-remember');
  await approves(page);
  await isBackAtTheAgent(page);
  const again = await asks();
  await page.goto(again.address);
  await again.redeem(await isBackAtTheAgent(page));

  await page.goto(`${stack.issuer}/account`);
  await page.getByRole('heading', { level: 3, name: 'Remembered Agent' }).waitFor();
  await looksGood(page, 'account-remembered');
  await page.getByRole('button', { name: /Forget.*: Remembered Agent/ }).click();
  await page.getByText('Nothing is remembered').waitFor();
  await looksGood(page, 'account-forgotten');
});

test('too many attempts are told to wait', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  await page.goto(`${stack.issuer}/sign-in`);
  const told = page.getByText(/Too many attempts\. Try again in/);
  for (let attempts = 0; attempts < 12 && !(await told.isVisible()); attempts += 1) {
    await signsIn(page, { ...person, password: `guess ${attempts}` });
    await page.getByRole('alert').waitFor();
  }
  await told.waitFor();
  await looksGood(page, 'sign-in-too-many');
});

test('a form that another browser was given is not taken', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  await page.goto((await agent.asks([file('Q4-report.pdf')])).address);
  await page.context().clearCookies();
  await signsIn(page, person);
  await page.getByRole('heading', { name: 'This form did not come from our page' }).waitFor();
  await looksGood(page, 'error-foreign-form');
});

test('every error is explained on a page', async (t) => {
  const page = await aPage(t);
  await page.goto(`${stack.issuer}/errors`);
  await looksGood(page, 'errors');
  await page.getByRole('link', { name: 'detail-widened' }).click();
  await page.getByRole('heading', { level: 1, name: 'detail-widened' }).waitFor();
  await looksGood(page, 'errors-entry');
  await page.goto(`${stack.issuer}/errors/nothing-of-ours`);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await looksGood(page, 'errors-no-such-entry');
});

test('a person changes their password and signs out', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  await page.goto(`${stack.issuer}/sign-in`);
  await looksGood(page, 'sign-in-alone');
  await signsIn(page, person);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await looksGood(page, 'account');

  await page.getByRole('link', { name: 'Change password' }).click();
  const change = async (current, next, again) => {
    await page.getByLabel('Current password').fill(current);
    await page.getByLabel('New password', { exact: true }).fill(next);
    await page.getByLabel('New password again').fill(again);
    await page.getByRole('button', { name: 'Change password' }).click();
  };
  await looksGood(page, 'change-password');
  const next = 'a sentence that nobody guesses';
  await change('wrong one entirely', next, next);
  await page.getByText('The current password is not right.').waitFor();
  await looksGood(page, 'change-password-problem');
  await change(person.password, next, next);
  await page.getByText('Your password was changed.').waitFor();
  await looksGood(page, 'account-after-change');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  await looksGood(page, 'signed-out');
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await signsIn(page, { ...person, password: next });
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
});

test('everything can be done with the keyboard alone', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  const asked = await agent.asks([file('Q3-report.pdf'), file('Q4-report.pdf')]);
  await page.goto(asked.address);
  // The cursor stands in the first field by itself, once the page is there.
  await page.locator('input[name=user_name]:focus').waitFor();
  await page.keyboard.type(person.userName);
  await page.keyboard.press('Tab');
  await page.keyboard.type(person.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /asks for access/ }).waitFor();

  await tabTo(page, (focus) => focus.label.includes('Q3-report.pdf'));
  await page.keyboard.press('Space');
  await tabTo(page, (focus) => focus.tag === 'SUMMARY');
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('details[open] pre').first().isVisible());
  await tabTo(page, (focus) => focus.tag === 'BUTTON' && focus.text.includes('Approve'));
  assert.ok(await page.evaluate(() => document.activeElement.matches(':focus-visible')));
  await page.keyboard.press('Enter');
  const token = await asked.redeem(await isBackAtTheAgent(page));
  assert.deepEqual(token.authorization_details, [file('Q4-report.pdf')]);
});

/** Presses Tab until the focus is where it should be. */
async function tabTo(page, isThere) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      return { tag: element.tagName, text: element.textContent, label: element.labels?.[0]?.textContent ?? '' };
    });
    if (isThere(focus)) return;
  }
  assert.fail('the keyboard does not get there');
}

test('the Enter key in the consent form does the harmless thing', async (t) => {
  const [page, person] = [await aPage(t), await stack.somebody()];
  await page.goto((await agent.asks([file('Q4-report.pdf')])).address);
  await signsIn(page, person);
  await page.getByRole('checkbox').first().press('Enter');
  const callback = await isBackAtTheAgent(page);
  assert.equal(callback.searchParams.get('code'), null);
});

test('pages work without scripts and cannot be framed', async (t) => {
  const page = await aPage(t, { javaScriptEnabled: false });
  const person = await stack.somebody();
  const asked = await agent.asks([file('Q4-report.pdf')]);
  const answer = await page.goto(asked.address);
  assert.match(answer.headers()['content-security-policy'], /frame-ancestors 'none'/);
  assert.doesNotMatch(answer.headers()['content-security-policy'], /unsafe-inline|unsafe-eval/);
  await signsIn(page, person);
  await approves(page);
  await asked.redeem(await isBackAtTheAgent(page));
});

test('the pages speak German to whoever wants it', async (t) => {
  const page = await aPage(t, { locale: 'de-AT', timezoneId: 'Europe/Vienna' });
  const person = await stack.somebody();
  const asked = await agent.asks([file('Q4-report.pdf')]);
  await page.goto(asked.address);
  await looksGood(page, 'sign-in-german');
  await page.getByLabel('Benutzername').fill(person.userName);
  await page.getByLabel('Passwort').fill(person.password);
  await page.keyboard.press('Enter');
  await page.locator('input[name=detail]').first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await looksGood(page, 'consent-german');
});

// The last one: it moves the server's clock.
test('a page tells of a table that does not answer', localOnly('calls that can be broken'), async (t) => {
  const page = await aPage(t);
  await stack.withoutTable(async () => {
    const answer = await page.goto(`${stack.issuer}/sign-in`);
    assert.equal(answer.status(), 503);
    await page.getByRole('heading', { name: 'Not now, please try again' }).waitFor();
    await looksGood(page, 'error-unavailable');
  });
});
