// A person signs with a passkey, on their phone, exactly what is shown to them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';

import { looksGood } from './accessibility.js';
import { anAgent } from './agent.js';
import { withAuthenticator } from './authenticator.js';
import { aStackAndPhones } from './opening.js';
import { approves, denies, heading, registersAPasskey, signs, signsIn } from './person.js';
import { localOnly } from './stack.js';

const { stack, aPhone } = await aStackAndPhones();
const localPasskeys = localOnly('passkeys take a domain');
let agent;

before(async () => {
  agent = await anAgent(stack, 'asking-agent');
});

const vault = (identifier) => ({ type: 'vault', identifier });

/** Somebody with a passkey who has opened a request for two vaults, and allows the second. */
async function asked(t, options = {}) {
  const [page, person] = [await aPhone(t, options), await stack.somebody('--group', 'reachable')];
  const authenticator = await withAuthenticator(page);
  await page.goto(`${stack.issuer}/account/passkeys`);
  await signsIn(page, person);
  await registersAPasskey(page, 'My phone');
  await page.getByText('The passkey was registered.').waitFor();
  const request = await agent.asksElsewhere(person.userName, [vault('A'), vault('B')]);
  await page.goto(request.address);
  await heading(page, /Asking Agent asks for your approval/);
  await page.getByRole('checkbox', { name: /vault A/ }).uncheck();
  return { page, person, authenticator, request };
}

test('a person signs what they read, and the token names the approval', localPasskeys, async (t) => {
  const { page, person, request } = await asked(t);
  await approves(page);
  await heading(page, /Sign what Asking Agent may do/);
  await looksGood(page, 'countersign');
  const text = await page.locator('main').innerText();
  for (const told of ['asking-agent', 'Maple 42', 'Open the vault B', 'You do not allow', 'Open the vault A', person.userName]) {
    assert.ok(text.includes(told), `the page does not tell of ${told}: ${text}`);
  }
  const shown = await page.locator('input[name=shown]').inputValue();
  const { challenge } = JSON.parse(await page.locator('form[data-passkey]').getAttribute('data-options'));
  assert.equal(challenge, createHash('sha256').update(shown).digest('base64url'), 'the hash of what is shown is signed');
  await signs(page);
  await heading(page, 'You approved it');
  const tokens = await request.comes();
  assert.deepEqual(tokens.authorization_details, [vault('B')]);
  const [, claims] = tokens.access_token.split('.');
  const said = JSON.parse(Buffer.from(claims, 'base64url'));
  assert.equal(said.approval, JSON.parse(shown).approval);
  assert.equal(said.acr, 'phr');

  await page.goto(`${stack.issuer}/account/agents`);
  await page.getByRole('link', { name: 'What you signed with a passkey' }).click();
  await heading(page, 'What you signed');
  await page.getByRole('article').getByText('Open the vault B').waitFor();
  await looksGood(page, 'signed');
  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: /Save the evidence/ }).click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), `approval-${said.approval}.json`);
  const evidence = JSON.parse(await readFile(await saved.path(), 'utf8'));
  assert.equal(JSON.stringify(evidence.displayed), shown, 'the very text that was signed');
});

test('whom the authenticator does not verify has approved nothing, and may try again', localPasskeys, async (t) => {
  const { page, authenticator, request } = await asked(t);
  await approves(page);
  await authenticator.verifies(false);
  await signs(page);
  await page.getByRole('alert').getByText('Nothing came of it').waitFor();
  await looksGood(page, 'countersign-failed');
  await assert.rejects(request.comes(), /authorization_pending/);
  await authenticator.verifies(true);
  await signs(page);
  await heading(page, 'You approved it');
});

test('a person reads what they would sign, and denies', localPasskeys, async (t) => {
  const { page, request } = await asked(t);
  await approves(page);
  await heading(page, /Sign what Asking Agent may do/);
  await denies(page);
  await heading(page, 'You denied it');
  await assert.rejects(request.comes(), /access_denied/);
});
