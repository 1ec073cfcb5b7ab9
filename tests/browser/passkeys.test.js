// Passkeys, with an authenticator that Chromium pretends to have (WebDriver's virtual authenticator, by the DevTools protocol).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { looksGood } from './accessibility.js';
import { anAgent, file } from './agent.js';
import { withAuthenticator } from './authenticator.js';
import { aStackAndPhones } from './opening.js';
import { approves, heading, isBackAtTheAgent, registersAPasskey, signs, signsIn } from './person.js';
import { localOnly } from './stack.js';

const { stack, aPhone } = await aStackAndPhones();

/** A deployed stack of the tests is at an address, and a passkey belongs to a domain. */
const localPasskeys = localOnly('passkeys take a domain');

/** Presses the button, and touches the authenticator. */
async function usesAPasskey(page, authenticator) {
  await authenticator.isTouched(true);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
}

async function goesToPasskeys(page, person) {
  await page.goto(`${stack.issuer}/account/passkeys`);
  await signsIn(page, person);
  await heading(page, 'Your passkeys');
}

/** A person with a passkey, at a page where they are signed in. */
async function withAPasskey(t) {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  const authenticator = await withAuthenticator(page);
  await goesToPasskeys(page, person);
  await registersAPasskey(page, 'My phone');
  await page.getByText('The passkey was registered.').waitFor();
  return { page, person, authenticator };
}

/** Nobody is signed in any more, and nobody touches the authenticator: the sign-in page stays. */
async function comesAnew(page, authenticator) {
  await page.context().clearCookies();
  await authenticator.isTouched(false);
  await page.goto(`${stack.issuer}/account`);
  await heading(page, 'Sign in');
}

test('a person registers a passkey, signs in with it without typing anything, and removes it', localPasskeys, async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  const authenticator = await withAuthenticator(page);
  await page.goto(`${stack.issuer}/account`);
  await looksGood(page, 'passkeys-sign-in');
  await signsIn(page, person);
  await page.getByRole('link', { name: 'See passkeys' }).click();
  await heading(page, 'Your passkeys');
  await looksGood(page, 'passkeys-none');
  await registersAPasskey(page, 'My phone');
  await page.getByText('The passkey was registered.').waitFor();
  await page.getByText('not used yet').waitFor();
  await looksGood(page, 'passkeys');
  const [{ isResidentCredential, rpId }] = await authenticator.passkeys();
  assert.deepEqual({ isResidentCredential, rpId }, { isResidentCredential: true, rpId: new URL(stack.issuer).hostname });

  await comesAnew(page, authenticator);
  await usesAPasskey(page, authenticator);
  await heading(page, 'Your account');
  await page.getByText(person.userName).waitFor();
  await page.goto(`${stack.issuer}/account/passkeys`);
  await page.getByText('last used').waitFor();
  await page.getByRole('button', { name: /Remove.*My phone/ }).click();
  await page.getByText('The passkey was removed').waitFor();
  await page.getByText('You have no passkey yet.').waitFor();

  // The authenticator does not know that.
  await comesAnew(page, authenticator);
  await usesAPasskey(page, authenticator);
  await page.getByRole('alert').getByText('You could not be signed in with this passkey.').waitFor();
  await looksGood(page, 'passkey-refused');
});

test('the browser offers a passkey where a user name is typed, and nobody presses a button', localPasskeys, async (t) => {
  const { page, person } = await withAPasskey(t);
  await page.context().clearCookies();
  // Chromium's authenticator takes the offer at once.
  await page.goto(`${stack.issuer}/account`);
  await heading(page, 'Your account');
  await page.getByText(person.userName).waitFor();
});

test('no authenticator gets a second passkey of the same person', localPasskeys, async (t) => {
  const { page, authenticator } = await withAPasskey(t);
  await registersAPasskey(page, 'Once more');
  await page.getByRole('alert').getByText('You have a passkey on this device already.').waitFor();
  assert.equal((await authenticator.passkeys()).length, 1);
});

test('a passkey that its person is not verified for is not asked for anything', localPasskeys, async (t) => {
  const { page, authenticator } = await withAPasskey(t);
  await comesAnew(page, authenticator);
  await authenticator.verifies(false);
  await usesAPasskey(page, authenticator);
  await page.getByRole('alert').getByText('Nothing came of it').waitFor();
  await looksGood(page, 'passkey-failed');
});

test('a copy of a passkey is refused, and the person is told why', localPasskeys, async (t) => {
  const { page, authenticator } = await withAPasskey(t);
  const [copied] = await authenticator.passkeys();
  await comesAnew(page, authenticator);
  await usesAPasskey(page, authenticator);
  await heading(page, 'Your account');
  await authenticator.forgets();
  await authenticator.keeps(copied);
  await comesAnew(page, authenticator);
  await usesAPasskey(page, authenticator);
  await page.getByRole('alert').getByText('there may be a copy of it').waitFor();
  await looksGood(page, 'passkey-copied');
});

test('an answer is good once, and in the browser that it was asked of', localPasskeys, async (t) => {
  const { page, authenticator } = await withAPasskey(t);
  await comesAnew(page, authenticator);
  const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/sign-in'));
  const cookies = await page.context().cookies();
  await usesAPasskey(page, authenticator);
  await heading(page, 'Your account');
  const form = (await posted).postData();
  const send = (context) =>
    context.request.post(`${stack.issuer}/sign-in`, {
      data: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(stack.issuer).origin },
      maxRedirects: 0,
    });
  await page.context().clearCookies();
  await page.context().addCookies(cookies);
  const again = await send(page.context());
  assert.equal(again.status(), 422);
  assert.match(await again.text(), /That took too long\. Please try again\./);
  const other = await aPhone(t);
  assert.equal((await send(other.context())).status(), 403);
});

/** What a page of another origin gets out of the authenticator for this challenge, as our own page's script would send it. */
const answerElsewhere = (page, options) =>
  page.evaluate(async ({ challenge, rpId }) => {
    const bytes = Uint8Array.from(atob(challenge.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
    const publicKey = { challenge: bytes, rpId, userVerification: 'required' };
    const credential = await navigator.credentials.get({ publicKey }).catch((error) => error.name);
    if (typeof credential === 'string') return { refused: credential };
    const text = (buffer) =>
      btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const fields = ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'];
    const response = Object.fromEntries(fields.map((field) => [field, text(credential.response[field])]));
    return { answer: JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response }) };
  }, options);

test('an answer that a page of another origin got is refused, where the browser gives it one at all', localPasskeys, async (t) => {
  const { page, authenticator } = await withAPasskey(t);
  await comesAnew(page, authenticator);
  const form = page.locator('form[data-passkey]');
  const options = JSON.parse(await form.getAttribute('data-options'));
  const fields = {};
  for (const name of ['interaction', 'ceremony']) fields[name] = await form.locator(`[name=${name}]`).inputValue();
  await authenticator.isTouched(true);
  const { port, origin } = new URL(stack.issuer);
  const elsewhere = { contentType: 'text/html', body: '<!doctype html><title>Elsewhere</title>' };

  // A page of another domain gets nothing for ours.
  await page.route('https://evil.example/**', (route) => route.fulfill(elsewhere));
  await page.goto('https://evil.example/');
  assert.deepEqual(await answerElsewhere(page, options), { refused: 'SecurityError' });

  // A page of our domain at another port gets an answer, which says where it was given.
  const next = `http://localhost:${port === '65535' ? 65534 : Number(port) + 1}`;
  await page.route(`${next}/**`, (route) => route.fulfill(elsewhere));
  await page.goto(`${next}/`);
  const { answer } = await answerElsewhere(page, options);
  assert.ok(answer, 'no answer');
  const sent = await page.context().request.post(`${stack.issuer}/sign-in`, { form: { ...fields, answer }, headers: { origin }, maxRedirects: 0 });
  assert.equal(sent.status(), 422);
  assert.match(await sent.text(), /You could not be signed in with this passkey\./);
});

test('a page that was open for too long signs nobody in, and the next one does', localPasskeys, async (t) => {
  const { page, person, authenticator } = await withAPasskey(t);
  await comesAnew(page, authenticator);
  await stack.timePasses(601);
  await usesAPasskey(page, authenticator);
  await page.getByRole('alert').getByText('That took too long. Please try again.').waitFor();
  await usesAPasskey(page, authenticator);
  await heading(page, 'Your account');
  await page.getByText(person.userName).waitFor();
});

test('an agent that demands a passkey gets one, and nobody is asked for a password', localPasskeys, async (t) => {
  const { page, authenticator } = await withAPasskey(t);
  const agent = await anAgent(stack);
  const { address, redeem } = await agent.asks([file('Q4-report.pdf')], { acr_values: 'phr' });
  // The session began with a password.
  await authenticator.isTouched(false);
  await page.goto(address);
  await page.getByText('This takes a passkey.').waitFor();
  assert.equal(await page.getByLabel('Password').count(), 0);
  await looksGood(page, 'passkey-demanded');
  await usesAPasskey(page, authenticator);
  await approves(page);
  // Whoever demands a passkey has what is approved signed with it, too.
  await heading(page, /Sign what .* may do/);
  await signs(page);
  const { id_token } = await redeem(await isBackAtTheAgent(page));
  const { acr, amr } = JSON.parse(Buffer.from(id_token.split('.')[1], 'base64url'));
  assert.deepEqual({ acr, amr }, { acr: 'phr', amr: ['pop', 'user', 'mfa'] });
});

/** What only a browser without JavaScript shows is no text of the page to Playwright. */
async function saysThatItIsMissing(page) {
  await page.locator('noscript p').waitFor();
  assert.match(await page.locator('noscript p').innerText(), /Passkeys need JavaScript/);
}

test('the page says what is missing where there is no JavaScript', localPasskeys, async (t) => {
  const [page, person] = [await aPhone(t, { javaScriptEnabled: false }), await stack.somebody()];
  await page.goto(`${stack.issuer}/account/passkeys`);
  await saysThatItIsMissing(page);
  assert.equal(await page.getByRole('button', { name: 'Use a passkey' }).count(), 0);
  await signsIn(page, person);
  await heading(page, 'Your passkeys');
  await saysThatItIsMissing(page);
});

test('a link of the administrator registers the first passkey of somebody without a password, once', localPasskeys, async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody('--no-password')];
  const authenticator = await withAuthenticator(page);
  const { link } = await stack.countersign('user', 'enrol', person.userName);
  await page.goto(link);
  await heading(page, 'Make a passkey');
  await page.getByText(person.userName).waitFor();
  await looksGood(page, 'enrol-passkey');
  await registersAPasskey(page, 'My phone');
  // The link begins no session: the page asks for the passkey, and Chromium's authenticator answers at once.
  await heading(page, 'Your passkeys');
  await page.getByText('last used').waitFor();
  await page.getByText(person.userName).waitFor();
  assert.equal((await authenticator.passkeys()).length, 1);

  await page.goto(link);
  await page.getByText('This link is not good.').waitFor();
  await looksGood(page, 'enrol-passkey-over');
});
