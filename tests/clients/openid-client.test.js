// openid-client drives the whole flow: nobody here wrote it, and it checks what it gets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as client from 'openid-client';

import { file } from '../browser/agent.js';
import { CALLBACK } from '../browser/callback.js';
import { aBrowser, launchChromium } from '../browser/chromium.js';
import { approves, isBackAtTheAgent, signsIn } from '../browser/person.js';
import { startStack } from '../browser/stack.js';

const FILES = 'https://files.test';

/** The algorithms by which the agent with keys signs, and how such keys are made. */
const KEYS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  EdDSA: { name: 'Ed25519' },
};

let stack, chromium;
const keys = {};

before(async () => {
  const published = [];
  for (const [algorithm, parameters] of Object.entries(KEYS)) {
    keys[algorithm] = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
    const { key_ops, ext, alg, ...jwk } = await crypto.subtle.exportKey('jwk', keys[algorithm].publicKey);
    published.push({ ...jwk, kid: algorithm, alg: algorithm, use: 'sig' });
  }
  [stack, chromium] = await Promise.all([startStack({ clientKeys: { keys: published } }), launchChromium()]);
});

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

/** Discovery; loopback is plain http, which the library wants said. */
const discover = (id, metadata, authentication) =>
  client.discovery(new URL(stack.issuer), id, metadata, authentication, { execute: [client.allowInsecureRequests] });

async function withBasic(id) {
  return discover(id, {}, client.ClientSecretBasic(await stack.secretOf(id)));
}

const withKey = (algorithm) => {
  // The library says Ed25519 (RFC 9864) where the older name is EdDSA (RFC 8037).
  const nameTheAlgorithm = (header) => void (header.alg = algorithm);
  const key = { key: keys[algorithm].privateKey, kid: algorithm };
  return discover('signing-agent', {}, client.PrivateKeyJwt(key, { [client.modifyAssertion]: nameTheAlgorithm }));
};

/** From the push to the tokens, with a person in a browser in between. */
async function authorize(t, config, details, more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const address = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: CALLBACK,
    scope: 'openid profile files.read files.access offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    authorization_details: JSON.stringify(details),
    resource: FILES,
    state,
    nonce,
    ...more,
  });
  assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri']);

  const context = await aBrowser(chromium);
  t.after(() => context.close());
  const page = await context.newPage();
  const person = await stack.somebody();
  await page.goto(address.href);
  await signsIn(page, person);
  await approves(page);
  const callback = await isBackAtTheAgent(page);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, callback, checks, more.tokenParameters);
  return { tokens, person, page };
}

async function theWholeFlow(t, config) {
  const details = [file('Q4-report.pdf')];
  const { tokens } = await authorize(t, config, details);
  assert.deepEqual(tokens.authorization_details, details);
  assert.equal(tokens.token_type, 'bearer');
  assert.ok(tokens.claims().sub.startsWith('person-'));

  const tool = await withBasic('files-tool');
  const seen = await client.tokenIntrospection(tool, tokens.access_token);
  assert.equal(seen.active, true);
  assert.deepEqual(seen.authorization_details, details);
  assert.equal(seen.aud, FILES);

  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  assert.deepEqual(renewed.authorization_details, details);

  await client.tokenRevocation(config, renewed.refresh_token);
  assert.equal((await client.tokenIntrospection(tool, renewed.access_token)).active, false);
  await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' });
}

test('with client_secret_basic', async (t) => theWholeFlow(t, await withBasic('report-agent')));

test('with client_secret_post', async (t) => {
  const secret = await stack.secretOf('posting-agent');
  await theWholeFlow(t, await discover('posting-agent', {}, client.ClientSecretPost(secret)));
});

for (const algorithm of Object.keys(KEYS)) {
  test(`with private_key_jwt, ${algorithm}`, async (t) => theWholeFlow(t, await withKey(algorithm)));
}

test('without a secret', async (t) => theWholeFlow(t, await discover('browser-app', {}, client.None())));

test('ID tokens signed with ES256', async (t) => {
  const secret = client.ClientSecretBasic(await stack.secretOf('modern-agent'));
  const config = await discover('modern-agent', { id_token_signed_response_alg: 'ES256' }, secret);
  await theWholeFlow(t, config);
});

test('userinfo', async (t) => {
  const config = await withBasic('report-agent');
  const { tokens, person } = await authorize(t, config, [file('Q4-report.pdf')], { resource: stack.issuer, authorization_details: '[]', scope: 'openid profile' });
  const said = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(said.preferred_username, person.userName);
});

test('a denial is told with its issuer', async (t) => {
  const config = await withBasic('report-agent');
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const address = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: CALLBACK,
    scope: 'files.read',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  });
  const context = await aBrowser(chromium);
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(address.href);
  await signsIn(page, await stack.somebody());
  await page.getByRole('button', { name: 'Deny' }).click();
  const callback = await isBackAtTheAgent(page);
  await assert.rejects(
    client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, expectedState: state }),
    { error: 'access_denied' },
  );
});

test('client credentials, narrowed by details', async () => {
  const config = await withBasic('nightly-agent');
  const tokens = await client.clientCredentialsGrant(config, {
    scope: 'files.access',
    resource: FILES,
    authorization_details: JSON.stringify([file('Q4-report.pdf')]),
  });
  assert.deepEqual(tokens.authorization_details, [file('Q4-report.pdf')]);
  await assert.rejects(
    client.clientCredentialsGrant(config, { scope: 'files.access', authorization_details: JSON.stringify([file('Q3-report.pdf')]) }),
    { error: 'invalid_authorization_details' },
  );
});
