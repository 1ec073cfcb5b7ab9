// A person lets an agent ask them that does not know them, and sets the code that agents have to show.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { looksGood } from './accessibility.js';
import { anAgent, file } from './agent.js';
import { aStackAndPhones } from './opening.js';
import { approves, heading, signsIn } from './person.js';

const { stack, aPhone } = await aStackAndPhones();
let kiosk;

before(async () => {
  kiosk = await anAgent(stack, 'invited-agent');
});

const theCode = (page) => page.locator('.code').innerText();

/** Somebody who has signed in and stands before a page of their account. */
async function somebodyAt(t, path, options) {
  const [page, person] = [await aPhone(t, options), await stack.somebody()];
  await page.goto(stack.issuer + path);
  await signsIn(page, person);
  return { page, person };
}

test('a person invites a kiosk, which asks them once, and they approve', async (t) => {
  const { page } = await somebodyAt(t, '/account');
  await looksGood(page, 'account');
  await page.getByRole('link', { name: 'Make a code' }).click();
  await heading(page, 'Let an agent ask you');
  const choice = page.getByRole('combobox', { name: 'Which agent may ask you' });
  assert.equal(await choice.inputValue(), '', 'nobody is chosen for them');
  await looksGood(page, 'invite');
  await choice.selectOption({ label: 'Lobby Kiosk (invited-agent)' });
  await page.getByRole('button', { name: 'Make the code' }).click();
  await heading(page, 'Your code');
  await page.getByText('For Lobby Kiosk alone').waitFor();
  await page.getByRole('img', { name: 'The same code as a picture, to be scanned' }).waitFor();
  await looksGood(page, 'invitation');
  const code = await theCode(page);
  assert.match(code, /^[A-Z2-9]{5}-[A-Z2-9]{5}$/);

  const request = await kiosk.asksWhoeverInvited(code.toLowerCase().replace('-', ' '), [file('Q4-report.pdf')]);
  await assert.rejects(kiosk.asksWhoeverInvited(code, [file('Q4-report.pdf')]), /expired_login_hint_token/);
  await page.getByRole('link', { name: 'See requests' }).click();
  await heading(page, /Lobby Kiosk asks for your approval/);
  await page.getByText('Maple 42').waitFor();
  await approves(page);
  await heading(page, 'You approved it');
  assert.deepEqual((await request.comes()).authorization_details, [file('Q4-report.pdf')]);
});

test('whoever chooses nobody is asked to choose', async (t) => {
  const { page } = await somebodyAt(t, '/account/invitations');
  await page.getByRole('button', { name: 'Make the code' }).click();
  await heading(page, 'Let an agent ask you');
  assert.equal(await page.getByRole('alert').count(), 0, 'the browser itself says so first');
  // What a browser sends that does not know `required`.
  await page.getByRole('combobox').evaluate((field) => field.removeAttribute('required'));
  await page.getByRole('button', { name: 'Make the code' }).click();
  await page.getByRole('alert').getByText('Choose one of the agents in the list.').waitFor();
  await looksGood(page, 'invite-nobody-chosen');
});

test('any agent can be invited, by the keyboard alone', async (t) => {
  const { page } = await somebodyAt(t, '/account/invitations');
  await heading(page, 'Let an agent ask you');
  const focused = () => page.evaluate(() => document.activeElement.tagName);
  for (let tabs = 0; tabs < 10 && (await focused()) !== 'SELECT'; tabs += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'BUTTON');
  await page.keyboard.press('Enter');
  await page.getByText('For any agent that is registered here').waitFor();
  await looksGood(page, 'invitation-for-any');
  await kiosk.asksWhoeverInvited(await theCode(page), [file('Q4-report.pdf')]);
});

test('it works without scripts, in German', async (t) => {
  const page = await aPhone(t, { locale: 'de-DE', javaScriptEnabled: false });
  const person = await stack.somebody();
  await page.goto(`${stack.issuer}/account/invitations`);
  await page.getByLabel('Benutzername').fill(person.userName);
  await page.getByLabel('Passwort').fill(person.password);
  await page.keyboard.press('Enter');
  await heading(page, 'Einen Agenten einladen');
  await page.getByLabel('Welcher Agent Sie fragen darf').selectOption('invited-agent');
  await page.getByRole('button', { name: 'Code erstellen' }).click();
  await heading(page, 'Ihr Code');
  await kiosk.asksWhoeverInvited(await theCode(page), [file('Q4-report.pdf')]);
});

test('a person sets the code for agents with their password, and removes it', async (t) => {
  const { page, person } = await somebodyAt(t, '/account');
  const opens = async () => {
    await page.getByRole('link', { name: 'Set or change' }).click();
    await heading(page, 'Code for agents');
  };
  const set = async (password, code) => {
    await page.getByLabel('Your password').fill(password);
    await page.getByLabel('New code').fill(code);
    await page.getByRole('button', { name: 'Set the code' }).click();
  };
  await opens();
  await looksGood(page, 'user-code');
  await set('not the password', 'maple 4711');
  await page.getByRole('alert').getByText('The password is not right.').waitFor();
  await looksGood(page, 'user-code-wrong-password');
  await set(person.password, 'maple 4711');
  await page.getByText('Your code for agents was set.').waitFor();
  await looksGood(page, 'account-user-code-set');

  await opens();
  await page.getByText('You have a code.').waitFor();
  await looksGood(page, 'user-code-set');
  await page.getByLabel('Your password').fill(person.password);
  await page.getByRole('button', { name: 'Remove the code' }).click();
  await page.getByText('You have no code for agents any more.').waitFor();
});
