// What agents hold in a person's name, as the person sees it, and how they end it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { looksGood } from './accessibility.js';
import { anAgent, file } from './agent.js';
import { aStackAndPhones } from './opening.js';
import { approves, heading, isBackAtTheAgent, signsIn } from './person.js';

const { stack, aPhone } = await aStackAndPhones();

const BANK = 'https://bank.test/api';
const LEDGER = 'https://ledger.test';

/** Gives an agent a file, and returns its tokens. */
async function gives(page, person, id, name) {
  const agent = await anAgent(stack, id);
  const asked = await agent.asks([file(name)]);
  await page.goto(asked.address);
  if (await page.getByLabel('User name').isVisible()) await signsIn(page, person);
  await approves(page);
  return asked.redeem(await isBackAtTheAgent(page));
}

/** What a tool does with a token that it was sent: asks another one, in the person's name. */
async function goesOn(tool, token, resource) {
  const answer = await asTool(tool, '/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource,
  });
  return answer.access_token;
}

async function asTool(tool, path, form) {
  const authorization = `Basic ${Buffer.from(`${tool}:${await stack.secretOf(tool)}`).toString('base64')}`;
  const answer = await fetch(stack.issuer + path, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const isActive = async (token) => (await asTool('files-tool', '/introspect', { token })).active;

/** Goes to a link or button by the keyboard alone, and presses Enter there. */
async function goesByKeyboard(page, target) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      await page.keyboard.press('Enter');
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail('the keyboard does not lead there');
}

test('a person sees what their agents may do, and ends one by the keyboard alone', async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  await page.goto(`${stack.issuer}/account`);
  await signsIn(page, person);
  await page.getByRole('link', { name: 'See agents' }).click();
  await page.getByText('No agent may do anything in your name').waitFor();
  await looksGood(page, 'agents-none');
  await page.getByRole('link', { name: 'What you signed with a passkey' }).click();
  await page.getByText('You have not signed anything').waitFor();
  await looksGood(page, 'signed-none');

  const [first, second] = [
    await gives(page, person, 'report-agent', 'Q4-report.pdf'),
    await gives(page, person, 'report-agent', 'Budget.xlsx'),
  ];
  const other = await gives(page, person, 'remembered-agent', 'Q4-report.pdf');
  const forBank = await goesOn('files-tool', first.access_token, BANK);
  await goesOn('bank-tool', forBank, LEDGER);
  await goesOn('files-tool', first.access_token, BANK);

  await page.goto(`${stack.issuer}/account/agents`);
  await heading(page, 'Your agents');
  await looksGood(page, 'agents');

  await page.getByLabel('Find').fill('budget');
  await page.keyboard.press('Enter');
  await page.waitForURL(/find=budget/);
  assert.equal(await page.getByRole('article').count(), 1);
  await page.getByText('Budget.xlsx').waitFor();
  await looksGood(page, 'agents-found');
  await page.getByRole('link', { name: 'Show everything' }).click();

  const withChain = page.getByRole('article').filter({ hasText: 'Q4-report.pdf' }).last();
  await goesByKeyboard(page, withChain.getByRole('link', { name: /Look closer/ }));
  await page.getByRole('heading', { level: 2, name: 'What was done with it' }).waitFor();
  await looksGood(page, 'agent-access');

  await goesByKeyboard(page, page.getByRole('link', { name: 'End this' }));
  await heading(page, 'End this?');
  await looksGood(page, 'agent-end');
  await goesByKeyboard(page, page.getByRole('button', { name: 'End it now' }));
  await page.getByRole('status').getByText('It was ended.').waitFor();
  await looksGood(page, 'agents-ended');
  const ended = [await isActive(first.access_token), await isActive(other.access_token)].filter((active) => !active);
  assert.equal(ended.length, 1, 'one of the two that were for this file');
  assert.equal(await isActive(second.access_token), true);
});

test('everything of an agent ends at once, and other agents go on', async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  const tokens = [await gives(page, person, 'report-agent', 'One.pdf'), await gives(page, person, 'report-agent', 'Two.pdf')];
  const other = await gives(page, person, 'remembered-agent', 'Three.pdf');
  await page.goto(`${stack.issuer}/account/agents`);
  await page.getByRole('link', { name: /End everything of this agent.*Report Agent/ }).click();
  await heading(page, 'End everything of this agent?');
  await looksGood(page, 'agent-end-all');
  await page.getByRole('button', { name: 'End everything of it now' }).click();
  await page.getByRole('status').getByText('Everything of that agent was ended.').waitFor();
  assert.equal(await page.getByRole('article').count(), 1);
  for (const { access_token } of tokens) assert.equal(await isActive(access_token), false);
  assert.equal(await isActive(other.access_token), true);
});

test('an address of somebody else is one that leads nowhere', async (t) => {
  const [page, person] = [await aPhone(t), await stack.somebody()];
  await page.goto(`${stack.issuer}/account/agents/access?of=AAAAAAAAAAAAAAAAAAAAAA`);
  await signsIn(page, person);
  await page.goto(`${stack.issuer}/account/agents/access?of=AAAAAAAAAAAAAAAAAAAAAA`);
  await page.getByRole('status').getByText('There is nothing of that kind').waitFor();
  await looksGood(page, 'agents-gone');
});
