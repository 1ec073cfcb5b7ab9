// openid-client asks people who are elsewhere and polls (OpenID CIBA Core 1.0), or has its tokens brought, which jose looks at: nobody
// here wrote either, and they check what they get.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';

import { file } from '../browser/agent.js';
import { aBrowser, launchChromium } from '../browser/chromium.js';
import { signsIn } from '../browser/person.js';
import { localOnly, startStack } from '../browser/stack.js';

let stack, chromium, key;

before(async () => {
  key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { key_ops, ext, ...jwk } = await crypto.subtle.exportKey('jwk', key.publicKey);
  const published = { ...jwk, kid: 'own', alg: 'ES256', use: 'sig' };
  [stack, chromium] = await Promise.all([startStack({ clientKeys: { keys: [published] } }), launchChromium()]);
});

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

const discover = (id, authentication) =>
  client.discovery(new URL(stack.issuer), id, {}, authentication, { execute: [client.allowInsecureRequests] });

const theAskingAgent = async () =>
  discover('asking-agent', client.ClientSecretBasic(await stack.secretOf('asking-agent')));

/** Somebody whom the asking agents may ask. */
async function somebodyReachable() {
  const userName = `reachable-${randomBytes(4).toString('hex')}`;
  const name = ['--name', 'Robin Elsewhere', '--group', 'reachable'];
  const { password } = await stack.countersign('user', 'add', userName, ...name);
  return { userName, password };
}

const asking = (person, details, more = {}) => ({
  scope: 'openid files.read files.access',
  login_hint: person.userName,
  binding_message: 'W4SCT',
  authorization_details: JSON.stringify(details),
  ...more,
});

/** On the person's phone: what the message leads to, opened by somebody who signs in and answers. */
async function onThePhone(t, person, authReqId, answer) {
  const context = await aBrowser(chromium);
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${stack.issuer}/approval?request=${authReqId.split('.')[0]}`);
  await signsIn(page, person);
  await page.getByText('W4SCT').waitFor();
  await answer(page);
}

const says = (word) => async (page) => {
  await page.getByRole('button', { name: word, exact: true }).click();
  await page.waitForURL(/\/approval/);
  await page.getByRole('button', { name: word, exact: true }).waitFor({ state: 'detached' });
};

/** From the request to the tokens: the agent polls while the person answers. */
async function asksAndPolls(t, config, person, parameters, answer) {
  const asked = await client.initiateBackchannelAuthentication(config, parameters);
  const polling = client.pollBackchannelAuthenticationGrant(config, asked);
  // Whatever comes of it is looked at below.
  polling.catch(() => {});
  await onThePhone(t, person, asked.auth_req_id, answer);
  return polling;
}

async function seenByTheTool(token) {
  const tool = await discover('files-tool', client.ClientSecretBasic(await stack.secretOf('files-tool')));
  return client.tokenIntrospection(tool, token);
}

test('with client_secret_basic, approved', async (t) => {
  const [config, person, details] = [await theAskingAgent(), await somebodyReachable(), [file('Q4-report.pdf')]];
  const tokens = await asksAndPolls(t, config, person, asking(person, details), says('Approve'));
  assert.deepEqual(tokens.authorization_details, details);
  assert.ok(tokens.claims().sub.startsWith('person-'));
  assert.equal(tokens.claims().aud, 'asking-agent');
  assert.equal(tokens.refresh_token, undefined);
  const seen = await seenByTheTool(tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, tokens.claims().sub);
  assert.deepEqual(seen.authorization_details, details);
});

test('with client_secret_post, and a refresh token', async (t) => {
  const secret = client.ClientSecretPost(await stack.secretOf('other-asking-agent'));
  const [config, person, details] = [await discover('other-asking-agent', secret), await somebodyReachable(), [file('Q4-report.pdf')]];
  const parameters = asking(person, details, { scope: 'openid files.access offline_access' });
  const tokens = await asksAndPolls(t, config, person, parameters, says('Approve'));
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  assert.deepEqual(renewed.authorization_details, details);
  await client.tokenRevocation(config, renewed.refresh_token);
  assert.equal((await seenByTheTool(renewed.access_token)).active, false);
});

test('with private_key_jwt', async (t) => {
  const proof = client.PrivateKeyJwt({ key: key.privateKey, kid: 'own' });
  const [config, person] = [await discover('signing-asking-agent', proof), await somebodyReachable()];
  const tokens = await asksAndPolls(t, config, person, asking(person, [file('Q4-report.pdf')]), says('Approve'));
  assert.equal((await seenByTheTool(tokens.access_token)).active, true);
});

test('a part of it approved', async (t) => {
  const [config, person] = [await theAskingAgent(), await somebodyReachable()];
  const details = [file('Q4-report.pdf'), file('Q3-report.pdf')];
  const tokens = await asksAndPolls(t, config, person, asking(person, details), async (page) => {
    await page.getByRole('checkbox', { name: /Q3-report/ }).uncheck();
    await says('Approve')(page);
  });
  assert.deepEqual(tokens.authorization_details, [details[0]]);
});

test('denied', async (t) => {
  const [config, person] = [await theAskingAgent(), await somebodyReachable()];
  const polling = asksAndPolls(t, config, person, asking(person, [file('Q4-report.pdf')]), says('Deny'));
  await assert.rejects(polling, { error: 'access_denied' });
});

test('nobody of that name is asked, and it is not told', async () => {
  const config = await theAskingAgent();
  const asked = await client.initiateBackchannelAuthentication(config, asking({ userName: 'nobody-at-all' }, [file('Q4-report.pdf')], { requested_expiry: '30' }));
  assert.equal(asked.expires_in, 30);
  const began = Date.now();
  await assert.rejects(client.pollBackchannelAuthenticationGrant(config, asked));
  assert.ok(Date.now() - began >= 25_000, 'it gave up before its time');
});

test('a request that is no good is refused at once', async () => {
  const [config, person] = [await theAskingAgent(), await somebodyReachable()];
  for (const [more, error] of [
    [{ binding_message: 'two\nlines' }, 'invalid_binding_message'],
    [{ scope: 'files.access' }, 'invalid_scope'],
    [{ authorization_details: '[{"type":"unheard-of"}]' }, 'invalid_authorization_details'],
    [{ id_token_hint: 'and-a-second-hint' }, 'invalid_request'],
  ]) {
    const parameters = asking(person, [file('Q4-report.pdf')], more);
    await assert.rejects(client.initiateBackchannelAuthentication(config, parameters), { error });
  }
});

/** A client's notification endpoint: what it is sent, one request after the other. */
async function aReceiver(t) {
  const [heard, waiting] = [[], []];
  const server = createServer(async (request, response) => {
    const text = (await request.setEncoding('utf8').toArray()).join('');
    const sent = { authorization: request.headers.authorization, body: JSON.parse(text) };
    waiting.length ? waiting.shift()(sent) : heard.push(sent);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const next = () => (heard.length ? heard.shift() : new Promise((resolve) => waiting.push(resolve)));
  return { url: `http://127.0.0.1:${server.address().port}/brought`, next };
}

/** From now on tokens are brought there. */
async function bringsTo(receiver) {
  const file = join(stack.configuration, 'clients/receiving-agent.toml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/client_notification_endpoint = .*/, `client_notification_endpoint = "${receiver.url}"`));
  await stack.countersign('apply', stack.configuration, '--yes');
  // Every process acts on what it last read of the configuration for five seconds.
  await pause(6_000);
}

const leftHalf = (token) => createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');

test('tokens brought, in push mode', localOnly('a deployed server brings nothing to this machine'), async (t) => {
  const receiver = await aReceiver(t);
  await bringsTo(receiver);
  const config = await discover('receiving-agent', client.ClientSecretBasic(await stack.secretOf('receiving-agent')));
  assert.ok(config.serverMetadata().backchannel_token_delivery_modes_supported.includes('push'));
  const [person, details, token] = [await somebodyReachable(), [file('Q4-report.pdf')], randomBytes(24).toString('base64url')];
  const more = { scope: 'openid files.read files.access offline_access', client_notification_token: token };
  const asked = await client.initiateBackchannelAuthentication(config, asking(person, details, more));
  await onThePhone(t, person, asked.auth_req_id, says('Approve'));
  const { authorization, body } = await receiver.next();
  assert.equal(authorization, `Bearer ${token}`);
  assert.equal(body.auth_req_id, asked.auth_req_id);

  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const expected = { issuer: stack.issuer, audience: 'receiving-agent', requiredClaims: ['exp', 'iat', 'auth_time'] };
  const { payload } = await jwtVerify(body.id_token, keys, expected);
  assert.equal(payload['urn:openid:params:jwt:claim:auth_req_id'], asked.auth_req_id);
  assert.equal(payload.at_hash, leftHalf(body.access_token));
  assert.equal(payload['urn:openid:params:jwt:claim:rt_hash'], leftHalf(body.refresh_token));

  const seen = await seenByTheTool(body.access_token);
  assert.equal(seen.active, true);
  assert.deepEqual(seen.authorization_details, details);
  const renewed = await client.refreshTokenGrant(config, body.refresh_token);
  assert.equal((await seenByTheTool(renewed.access_token)).active, true);
  await assert.rejects(client.pollBackchannelAuthenticationGrant(config, asked), { error: 'unauthorized_client' });

  const again = await client.initiateBackchannelAuthentication(config, asking(person, details, more));
  await onThePhone(t, person, again.auth_req_id, says('Deny'));
  const refused = await receiver.next();
  assert.equal(refused.authorization, `Bearer ${token}`);
  assert.deepEqual([refused.body.auth_req_id, refused.body.error], [again.auth_req_id, 'access_denied']);
});
