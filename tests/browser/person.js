// What a person does on the pages.
import { CALLBACK } from './callback.js';

export async function signsIn(page, { userName, password }) {
  await page.getByLabel('User name').fill(userName);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Waits until the page has this heading. */
export const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();

export async function approves(page) {
  await page.getByRole('button', { name: 'Approve' }).click();
}

export async function denies(page) {
  await page.getByRole('button', { name: 'Deny' }).click();
}

/** On the page that shows what is signed: signs it. */
export async function signs(page) {
  await page.getByRole('button', { name: 'Approve with a passkey' }).click();
}

/** On the page of passkeys: names one, and makes it. */
export async function registersAPasskey(page, name) {
  await page.getByLabel('Name, such as').fill(name);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
}

/** Waits until the browser is back at the agent, and gives the URL with which it came. */
export async function isBackAtTheAgent(page) {
  await page.waitForURL((url) => url.href.startsWith(CALLBACK));
  return new URL(page.url());
}
