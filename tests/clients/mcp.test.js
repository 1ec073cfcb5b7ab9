// The official clients of MCP servers, as they are published, at the demo's *reports*. All that they are told is the tool's
// address: what the tool says leads them to the authorization server, which has never seen them before.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { decodeJwt } from 'jose';

import { CALLBACK } from '../browser/callback.js';
import { aBrowser, launchChromium } from '../browser/chromium.js';
import { approves, denies, isBackAtTheAgent, signsIn } from '../browser/person.js';
import { localOnly, startStack } from '../browser/stack.js';
import { CLIENT_ID, writeConfiguration } from './mcp/configuration.js';
import { publishDocument } from './mcp/document.js';
import { python } from './mcp/python.js';
import { startReports } from './mcp/reports.js';
import { versionOne, versionTwo } from './mcp/typescript.js';

const LIBRARIES = [versionOne, versionTwo, python];
const local = localOnly('tools of the demo, and documents on this machine');

/** The one report that a person allows. */
const REPORT = { type: 'customer_report', customer: 'C-1042', quarters: ['2026-Q4'] };

let stack, chromium, document, configuration, reports;

before(async () => {
  if (local.skip) return;
  document = await publishDocument();
  configuration = await writeConfiguration(document);
  [stack, chromium] = await Promise.all([startStack({ from: configuration.folder }), launchChromium()]);
  reports = await startReports(stack, configuration.toolsPort);
});

after(async () => {
  await chromium?.close();
  await reports?.stop();
  await stack?.stop();
  await configuration?.remove();
  await document?.stop();
});

/** Goes where the client sends them, decides there, and is back. Gives what they read, too. */
async function aPerson(t, address, decides = approves) {
  const context = await aBrowser(chromium);
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(address.href);
  await signsIn(page, await stack.somebody());
  const read = await page.getByRole('main').innerText();
  await decides(page);
  return { read, callback: await isBackAtTheAgent(page) };
}

/** From the tool's address to a connected client. */
async function connects(t, library, application) {
  const opened = await library.opens(reports.url, application);
  t.after(() => opened.close());
  const asked = Object.fromEntries(opened.sentTo.searchParams);
  assert.equal(asked.resource, reports.url);
  assert.equal(asked.code_challenge_method, 'S256');
  const { read, callback } = await aPerson(t, opened.sentTo);
  assert.equal(callback.searchParams.get('iss'), stack.issuer);
  const client = await opened.comesBack(callback);
  t.after(() => client.close());
  return { client, asked, read };
}

/** Whoever it is, it has a token for this tool alone, and calls what it has the scope for. */
async function isServed(client) {
  const tokens = await client.tokens();
  const claims = decodeJwt(tokens.access_token);
  assert.equal(claims.aud, reports.url);
  assert.equal(claims.client_id, client.clientId);
  assert.equal(claims.scope, 'reports.read');
  assert.deepEqual((await client.tools()).sort(), ['customer_report', 'list_reports']);
  const answer = await client.call('list_reports', {});
  assert.equal(answer.structuredContent.asked_by, client.clientId);
}

/** The name is the client's own choice, so the person is told where the answer goes, and that nobody knows whose it is. */
function warnsOfAStranger(read) {
  assert.match(read, /Some MCP client asks for access/);
  assert.match(read, new RegExp(`You will go back to ${new URL(CALLBACK).host.replaceAll('.', '\\.')}`));
  assert.match(read, /Nobody vouches for this client/);
}

for (const library of LIBRARIES) {
  test(`${library.name}: a client that publishes its metadata`, local, async (t) => {
    const { client, asked, read } = await connects(t, library, { documentUrl: document.url });
    assert.equal(asked.client_id, document.url);
    assert.equal(document.fetched(), 1, 'it is read once, and kept');
    warnsOfAStranger(read);
    await isServed(client);
  });

  test(`${library.name}: a client that registers itself`, local, async (t) => {
    const { client, asked, read } = await connects(t, library);
    assert.equal(asked.client_id, client.clientId);
    assert.match(client.clientId, /^registered-/);
    warnsOfAStranger(read);
    await isServed(client);
  });

  test(`${library.name}: a client that somebody registered beforehand`, local, async (t) => {
    const registered = { clientId: CLIENT_ID, issuer: stack.issuer };
    const { client, asked, read } = await connects(t, library, { registered });
    assert.equal(asked.client_id, CLIENT_ID);
    assert.doesNotMatch(read, /Nobody vouches/);
    await isServed(client);
  });

  test(`${library.name}: a token for what a person approved, and no more`, local, async (t) => {
    const more = { scope: 'reports.read reports.access', authorization_details: JSON.stringify([REPORT]) };
    const registered = { clientId: CLIENT_ID, issuer: stack.issuer };
    const { client } = await connects(t, library, { registered, more });
    const answer = await client.call('customer_report', { customer: 'C-1042', quarter: '2026-Q4' });
    assert.match(answer.structuredContent.report, /^Report on C-1042, 2026-Q4/);
    for (const other of [{ customer: 'C-1042', quarter: '2026-Q3' }, { customer: 'C-1043', quarter: '2026-Q4' }]) {
      await assert.rejects(client.call('customer_report', other), library.refusal);
    }
    await client.call('list_reports', {});
  });
}

for (const library of LIBRARIES) {
  test(`${library.name}: a tool that wants another scope has the person asked for that, too`, local, async (t) => {
    const registered = { clientId: CLIENT_ID, issuer: stack.issuer };
    const opened = await library.opens(reports.url, { registered, atFirst: { scope: 'openid' } });
    t.after(() => opened.close());
    const first = await aPerson(t, opened.sentTo);
    const sentAgain = await opened.isSentAgain(first.callback);
    // RFC 6750, section 3.1: the tool's 403 says which.
    const asked = sentAgain.searchParams.get('scope').split(' ');
    assert.ok(asked.includes('reports.read'), asked.join(' '));
    assert.equal(sentAgain.searchParams.get('resource'), reports.url);
    assert.notEqual(sentAgain.searchParams.get('state'), opened.sentTo.searchParams.get('state'));
    const second = await aPerson(t, sentAgain);
    const client = await opened.comesBack(second.callback);
    t.after(() => client.close());
    assert.match(decodeJwt((await client.tokens()).access_token).scope, /\breports\.read\b/);
    await client.call('list_reports', {});
  });
}

for (const library of LIBRARIES.filter((library) => library.asksToBeRefreshed)) {
  test(`${library.name}: a token that expired is refreshed, and nobody is asked`, local, async (t) => {
    const { client, asked } = await connects(t, library, { documentUrl: document.url });
    assert.match(asked.scope, /offline_access/);
    const before = await client.tokens();
    await client.expire();
    assert.equal((await client.call('list_reports', {})).structuredContent.asked_by, document.url);
    const now = await client.tokens();
    assert.notEqual(now.access_token, before.access_token);
    assert.notEqual(now.refresh_token, before.refresh_token);
  });
}

test('TypeScript, version 2: a denial, which comes from the issuer that it knows', local, async (t) => {
  const opened = await versionTwo.opens(reports.url, { documentUrl: document.url });
  t.after(() => opened.close());
  const { callback } = await aPerson(t, opened.sentTo, denies);
  await assert.rejects(opened.comesBack(callback), { name: 'OAuthError', code: 'access_denied' });
});
