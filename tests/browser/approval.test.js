// A person answers on their phone an agent that is elsewhere.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { looksGood } from './accessibility.js';
import { anAgent, file } from './agent.js';
import { aStackAndPhones } from './opening.js';
import { approves, denies, heading, signsIn } from './person.js';

const { stack, aPhone } = await aStackAndPhones();
let agent;

before(async () => {
  agent = await anAgent(stack, 'asking-agent');
});

const somebodyReachable = () => stack.somebody('--group', 'reachable');

/** Somebody who has opened the request that an agent made, and signed in. */
async function asked(t, details = [file('Q4-report.pdf')], more = {}, options = {}) {
  const [page, person] = [await aPhone(t, options), await somebodyReachable()];
  const request = await agent.asksElsewhere(person.userName, details, more);
  await page.goto(request.address);
  await signsIn(page, person);
  await page.getByRole('heading', { level: 1, name: /Asking Agent asks for your approval/ }).waitFor();
  return { page, person, request };
}

const refused = (request, error) => assert.rejects(request.comes(), new RegExp(error));

test('a message leads to the sign-in page and from there to the request, and a yes to all of it', async (t) => {
  const [page, person] = [await aPhone(t), await somebodyReachable()];
  const request = await agent.asksElsewhere(person.userName, [file('Q4-report.pdf')]);
  await page.goto(request.address);
  await page.getByText('Sign in to see what waits for your answer.').waitFor();
  await looksGood(page, 'approval-sign-in');
  await signsIn(page, person);
  await heading(page, /Asking Agent asks for your approval/);
  assert.equal(page.url(), request.address);
  const text = await page.locator('main').innerText();
  for (const told of ['asking-agent', 'Maple 42', 'Q4-report.pdf', 'https://files.test/finance', person.userName, 'Answer until']) {
    assert.ok(text.includes(told), `the page does not tell of ${told}: ${text}`);
  }
  // What is to be compared is the largest text of the page.
  const size = (element) => element.evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));
  assert.ok((await size(page.getByText('Maple 42'))) > (await size(page.locator('h1'))));
  await looksGood(page, 'approval');
  await approves(page);
  await heading(page, 'You approved it');
  await looksGood(page, 'approval-approved');
  assert.deepEqual((await request.comes()).authorization_details, [file('Q4-report.pdf')]);
  // Loading the page again decides nothing, and the way back does not either.
  await page.reload();
  await heading(page, 'You approved it');
});

test('a person approves one of two items', async (t) => {
  const { page, request } = await asked(t, [file('Q3-report.pdf'), file('plan.txt', ['read', 'write'])]);
  await page.getByRole('checkbox', { name: /Q3-report/ }).uncheck();
  await looksGood(page, 'approval-partial');
  await approves(page);
  await heading(page, 'You approved it');
  const allowed = await page.locator('.allowed').innerText();
  assert.ok(allowed.includes('plan.txt') && !allowed.includes('Q3-report'), allowed);
  assert.deepEqual((await request.comes()).authorization_details, [file('plan.txt', ['read', 'write'])]);
});

test('a person who chooses nothing is asked to choose or to deny', async (t) => {
  const { page, request } = await asked(t);
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
  await approves(page);
  await page.getByRole('alert').waitFor();
  await looksGood(page, 'approval-nothing-chosen');
  await denies(page);
  await heading(page, 'You denied it');
  await refused(request, 'access_denied');
});

test('a person denies, and the agent is told', async (t) => {
  const { page, request } = await asked(t);
  await denies(page);
  await heading(page, 'You denied it');
  await looksGood(page, 'approval-denied');
  await refused(request, 'access_denied');
});

test('a person says that it was not them, and lifts the block later', async (t) => {
  const { page, request } = await asked(t);
  await page.getByRole('button', { name: 'This was not me' }).click();
  await heading(page, 'You denied it, and blocked the agent');
  await looksGood(page, 'approval-blocked');
  await refused(request, 'access_denied');

  await page.getByRole('link', { name: 'Your account' }).click();
  await page.getByRole('heading', { name: 'Blocked agents' }).waitFor();
  await looksGood(page, 'account-blocked');
  await page.getByRole('button', { name: /Allow again.*: Asking Agent/ }).click();
  await page.getByText('The agent may ask you again.').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Blocked agents' }).count(), 0);
});

test('the keyboard alone is enough, and Enter grants nothing', async (t) => {
  const { page, request } = await asked(t);
  const focused = () => page.evaluate(() => document.activeElement.value ?? document.activeElement.tagName);
  for (let tabs = 0; tabs < 30 && (await focused()) !== '0'; tabs += 1) await page.keyboard.press('Tab');
  assert.equal(await focused(), '0');
  await page.keyboard.press('Enter');
  await heading(page, 'You denied it');
  await refused(request, 'access_denied');

  const again = await asked(t);
  const onApprove = () => again.page.evaluate(() => document.activeElement.value === 'approve');
  for (let tabs = 0; tabs < 30 && !(await onApprove()); tabs += 1) await again.page.keyboard.press('Tab');
  await again.page.keyboard.press('Space');
  await heading(again.page, 'You approved it');
});

test('of three numbers a person picks the one that the agent shows, and a wrong one declines', async (t) => {
  const counting = await anAgent(stack, 'counting-agent');
  const [page, person] = [await aPhone(t), await somebodyReachable()];
  const request = await counting.asksElsewhere(person.userName, [file('Q4-report.pdf')]);
  await page.goto(request.address);
  await signsIn(page, person);
  await heading(page, /Counting Agent asks for your approval/);
  const numbers = page.getByRole('group', { name: 'Which number does the agent show you?' }).getByRole('radio');
  const shown = await numbers.evaluateAll((all) => all.map((one) => Number(one.value)));
  assert.equal(new Set(shown).size, 3, `three numbers: ${shown}`);
  assert.ok(shown.includes(request.number), `${request.number} is none of ${shown}`);
  assert.equal(await page.getByRole('radio', { checked: true }).count(), 0, 'none is picked beforehand');
  await looksGood(page, 'approval-numbers');

  // The browser keeps the form back itself; without that the server says what is missing.
  await approves(page);
  assert.equal(await page.locator('input[type=radio]:focus').count(), 1);
  await page.locator('form').evaluate((form) => (form.noValidate = true));
  await approves(page);
  await page.getByRole('alert').filter({ hasText: 'Pick the number that the agent shows you, or deny.' }).waitFor();
  await looksGood(page, 'approval-number-not-picked');

  // What was chosen is chosen anew, as after any problem.
  await page.getByRole('checkbox', { name: /Q4-report/ }).check();
  const wrong = shown.find((number) => number !== request.number);
  await page.getByRole('radio', { name: String(wrong), exact: true }).check();
  await approves(page);
  await heading(page, 'This was not approved');
  await looksGood(page, 'approval-wrong-number');
  await refused(request, 'access_denied');
});

test('a request that was not answered in time says so', async (t) => {
  const { page, request } = await asked(t, [file('Q4-report.pdf')], { requested_expiry: '30' });
  await pause(31_000);
  await approves(page);
  await heading(page, 'This request has expired');
  await looksGood(page, 'approval-expired');
  await page.goto(request.address);
  await heading(page, 'This request has expired');
  await refused(request, 'expired_token');
});

test("another person's request is nothing that there is", async (t) => {
  const { request } = await asked(t);
  const [page, other] = [await aPhone(t), await somebodyReachable()];
  await page.goto(request.address);
  await signsIn(page, other);
  await heading(page, 'There is nothing here for you to decide');
  await looksGood(page, 'approval-of-another');
});

test('two requests stand in a list, and after the one the other is offered', async (t) => {
  const [page, person] = [await aPhone(t), await somebodyReachable()];
  await page.goto(`${stack.issuer}/approval`);
  await signsIn(page, person);
  await heading(page, 'What waits for your answer');
  await page.getByText('Nothing waits for your answer.').waitFor();
  await looksGood(page, 'waiting-none');
  const first = await agent.asksElsewhere(person.userName, [file('Q3-report.pdf')]);
  const second = await agent.asksElsewhere(person.userName, [file('Q4-report.pdf')], { binding_message: 'Birch 17' });

  await page.getByRole('link', { name: 'Your account' }).click();
  await looksGood(page, 'account-requests');
  await page.getByRole('link', { name: 'See requests' }).click();
  await page.getByText('Maple 42').waitFor();
  await looksGood(page, 'waiting');
  await page.getByRole('listitem').filter({ hasText: 'Birch 17' }).getByRole('link').click();
  assert.equal(page.url(), second.address);
  await denies(page);
  await heading(page, 'You denied it');
  await looksGood(page, 'approval-next');
  await page.getByRole('link', { name: 'Next request' }).click();
  assert.equal(page.url(), first.address);
  await approves(page);
  await heading(page, 'You approved it');
  assert.equal(await page.getByRole('link', { name: 'Next request' }).count(), 0);
  assert.deepEqual((await first.comes()).authorization_details, [file('Q3-report.pdf')]);
});

test('a request without a message says that there is nothing to compare', async (t) => {
  const { page } = await asked(t, [file('Q4-report.pdf')], { binding_message: '' });
  await page.getByText('The agent gives you nothing to compare.').waitFor();
  await looksGood(page, 'approval-silent');
});

test('the longest message and a long request stay on the page', async (t) => {
  const long = { requested_expiry: '60', binding_message: 'Fernglas-'.repeat(11) };
  const { page } = await asked(t, [file(`${'long-name-'.repeat(9)}.pdf`), file('plan.txt')], long);
  await page.getByText('Exact request').first().click();
  await looksGood(page, 'approval-long');
});

test('it works without scripts', async (t) => {
  const { page, request } = await asked(t, [file('Q4-report.pdf')], {}, { javaScriptEnabled: false });
  await approves(page);
  await heading(page, 'You approved it');
  await request.comes();
});

test('in German', async (t) => {
  const page = await aPhone(t, { locale: 'de-DE' });
  const person = await somebodyReachable();
  const request = await agent.asksElsewhere(person.userName, [file('Q4-report.pdf')]);
  await page.goto(request.address);
  await page.getByLabel('Benutzername').fill(person.userName);
  await page.getByLabel('Passwort').fill(person.password);
  await page.keyboard.press('Enter');
  await heading(page, /bittet um Ihre Freigabe/);
  await page.getByText('Vergleichen Sie es mit dem, was der Agent Ihnen zeigt').waitFor();
  await looksGood(page, 'approval-german');
  await page.getByRole('button', { name: 'Erlauben' }).click();
  await heading(page, 'Sie haben es erlaubt');
  await looksGood(page, 'approval-approved-german');
});
