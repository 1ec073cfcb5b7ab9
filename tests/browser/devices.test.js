// A person says where they are told that an agent asks them something, and when not. The inbox stands for every phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { looksGood } from './accessibility.js';
import { aStackAndPhones } from './opening.js';
import { heading, signsIn } from './person.js';
import { localOnly } from './stack.js';

const { stack, aPhone } = await aStackAndPhones();
const inTheInbox = localOnly('it reads the inbox');

/** The newest message to a person. */
async function message({ userName }) {
  const { inbox } = JSON.parse(await readFile(join(stack.data, 'running.json'), 'utf8'));
  const answer = await fetch(`${inbox}/messages?person=${userName}`);
  return (await answer.json()).messages[0];
}

async function names(page, number, name) {
  const form = page.getByRole('region', { name: 'Add a telephone number' });
  await form.getByLabel('Telephone number').fill(number);
  await form.getByLabel('Name, such as').fill(name);
  await form.getByRole('button').click();
}

test('a person adds a phone, confirms it on the phone, orders and removes', inTheInbox, async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  await page.goto(`${stack.issuer}/account`);
  await signsIn(page, person);
  await page.getByRole('link', { name: 'See devices' }).click();
  await heading(page, 'Your devices');
  await looksGood(page, 'devices-none');

  await names(page, '0151 1234', 'My phone');
  await page.getByRole('alert').getByText('That is not a telephone number.').waitFor();
  await looksGood(page, 'devices-wrong-number');
  await names(page, '+49 151 700 001', 'My phone');
  await page.getByText('A link was sent.').waitFor();
  await page.getByText('Not used yet').waitFor();
  await looksGood(page, 'devices-waiting');

  const phone = await aPhone(t);
  await phone.goto((await message(person)).link);
  await signsIn(phone, person);
  await heading(phone, 'Confirm a device');
  await looksGood(phone, 'device-confirm');
  await phone.getByRole('button', { name: 'Yes, this is my device' }).click();
  await phone.getByText('The device is confirmed.').waitFor();

  await page.goto(`${stack.issuer}/account/devices`);
  await names(page, '+49 151 700 002', 'Other phone');
  await phone.goto((await message(person)).link);
  await phone.getByRole('button', { name: 'Yes, this is my device' }).click();
  await phone.getByText('The device is confirmed.').waitFor();
  assert.match((await message(person)).text, /A device was added to your account/);
  await phone.getByRole('button', { name: /Tell it earlier.*Other phone/ }).click();
  await phone.getByText('Your change was made.').waitFor();
  const listed = await phone.getByRole('heading', { level: 3 }).allInnerTexts();
  assert.deepEqual(listed, ['Other phone', 'My phone']);
  await looksGood(phone, 'devices');

  // By the keyboard, Enter in the name renames and does nothing else.
  await phone.getByText(/Rename.*My phone/).click();
  await phone.getByLabel('Name, such as').nth(1).fill('Old phone');
  await phone.keyboard.press('Enter');
  await phone.getByRole('heading', { level: 3, name: 'Old phone' }).waitFor();
  await phone.getByRole('button', { name: /Remove.*Old phone/ }).click();
  await phone.getByText('The device was removed.').waitFor();
  assert.deepEqual(await phone.getByRole('heading', { level: 3 }).allInnerTexts(), ['Other phone']);
});

test('a link that is not good says so', inTheInbox, async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  await page.goto(`${stack.issuer}/account/devices/confirm?device=${'A'.repeat(22)}&code=c0de`);
  await signsIn(page, person);
  await page.getByRole('button', { name: 'Yes, this is my device' }).click();
  await page.getByRole('alert').getByText('This link is not good').waitFor();
  await looksGood(page, 'device-link-not-good');
});

test('a person sets quiet hours and ends them, in German and without scripts', async (t) => {
  const [page, person] = [await aPhone(t, { locale: 'de-DE', javaScriptEnabled: false }), await stack.somebody()];
  await page.goto(`${stack.issuer}/account/devices`);
  await page.getByLabel('Benutzername').fill(person.userName);
  await page.getByLabel('Passwort').fill(person.password);
  await page.keyboard.press('Enter');
  await heading(page, 'Ihre Geräte');
  await page.getByLabel('Zeitzone').fill('Europe/Berlin');
  await page.getByRole('button', { name: 'Ruhezeiten festlegen' }).click();
  await page.getByText('Jeden Tag von 22:00 bis 07:00 (Europe/Berlin)').waitFor();
  await page.getByRole('button', { name: 'Keine Ruhezeiten' }).click();
  await page.getByText('Sie haben keine Ruhezeiten mehr.').waitFor();
});

test('the pages can be installed', async (t) => {
  const page = await aPhone(t);
  await page.goto(`${stack.issuer}/approval`);
  const session = await page.context().newCDPSession(page);
  const { errors, data } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  assert.equal(JSON.parse(data).display, 'standalone');
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'), []);
});
