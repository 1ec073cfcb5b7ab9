// The tools of infra/examples/tools, each against the server and against a forger: an issuer whose keys we have.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as jose from 'jose';
import * as client from 'openid-client';

import { file } from '../browser/agent.js';
import { localOnly, programs, startStack } from '../browser/stack.js';

const FILES = 'https://files.test';
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const examples = join(root, 'infra/examples/tools');
const run = promisify(execFile);
const local = localOnly('the tools of infra/examples');

let server, built;

/** The server, started when a test first wants it. */
const theServer = () => (server ??= startStack());

before(async () => {
  built = await mkdtemp(join(tmpdir(), 'countersign-tools-'));
});

after(async () => {
  await (await server?.catch(() => {}))?.stop();
  await rm(built, { recursive: true, force: true });
});

/** How each tool is started. */
const TOOLS = {
  async Python() {
    const folder = join(process.env.COUNTERSIGN_CACHE ?? join(homedir(), '.cache/countersign'), 'example-tools');
    await run(join(root, 'infra/python-environment'), [folder, join(examples, 'requirements.txt')]);
    return [join(folder, 'bin/python'), join(examples, 'tool.py')];
  },
  async TypeScript() {
    // The compiler finds the packages that are pinned here, and takes for a module what is named as one.
    await symlink(join(here, 'node_modules'), join(built, 'node_modules'));
    await cp(join(examples, 'tool.ts'), join(built, 'tool.mts'));
    const options = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck', '--outDir', built];
    const compiled = run(join(here, 'node_modules/.bin/tsc'), [...options, join(built, 'tool.mts')], { cwd: built });
    await compiled.catch((error) => assert.fail(error.stdout));
    return [process.execPath, join(built, 'tool.mjs')];
  },
  async Rust() {
    return [join(programs, 'examples/tool')];
  },
};

const commands = {};

/** Starts a tool; the first line that it prints is its address. */
async function started(t, name, issuer, resource = FILES) {
  const [program, ...words] = await (commands[name] ??= TOOLS[name]());
  const environment = { ...process.env, ISSUER: issuer, RESOURCE: resource };
  const tool = spawn(program, words, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => tool.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    let said = '';
    tool.on('error', reject);
    tool.on('exit', (code) => reject(new Error(`the tool ended with ${code}`)));
    tool.stdout.on('data', (text) => {
      said += text;
      if (said.includes('\n')) resolve(said.split('\n')[0]);
    });
  });
}

async function get(address, path, ...authorization) {
  const headers = new Headers();
  for (const value of authorization) headers.append('authorization', value);
  const answer = await fetch(address + path, { headers });
  const body = await answer.text();
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body };
}

async function token(stack, scope, details) {
  const secret = client.ClientSecretBasic(await stack.secretOf('nightly-agent'));
  const config = await client.discovery(new URL(stack.issuer), 'nightly-agent', {}, secret, { execute: [client.allowInsecureRequests] });
  const parameters = { scope, resource: FILES, ...(details && { authorization_details: JSON.stringify(details) }) };
  return (await client.clientCredentialsGrant(config, parameters)).access_token;
}

/** An issuer that publishes a key for each algorithm, and signs whatever it is told. */
async function forger(t) {
  const keys = {};
  for (const algorithm of ['ES256', 'RS256', 'PS256', 'ES384']) {
    const pair = await jose.generateKeyPair(algorithm, { extractable: true });
    const published = { ...(await jose.exportJWK(pair.publicKey)), kid: algorithm, alg: algorithm, use: 'sig' };
    keys[algorithm] = { private: pair.privateKey, published };
  }
  const stranger = await jose.generateKeyPair('ES256', { extractable: true });
  let asked = 0;
  const server = createServer((request, response) => {
    const isKeys = request.url === '/jwks.json';
    if (isKeys) asked += 1;
    const published = { keys: Object.values(keys).map((key) => key.published) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(isKeys ? published : { issuer, jwks_uri: `${issuer}/jwks.json` }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const now = () => Math.floor(Date.now() / 1000);
  const claims = () => ({
    iss: issuer, aud: FILES, sub: 'person-1', client_id: 'agent', jti: 't-1', iat: now(), exp: now() + 300, scope: 'files.access',
    authorization_details: [file('Q4-report.pdf')],
  });
  const header = { typ: 'at+jwt', alg: 'ES256', kid: 'ES256' };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    issuer,
    now,
    stranger,
    published: keys,
    asked: () => asked,
    /** A token with some of its claims and of its header changed; `undefined` removes. */
    signs: (changes = {}, head = {}, key) => {
      const whole = { ...header, ...head };
      return new jose.CompactSign(Buffer.from(JSON.stringify({ ...claims(), ...changes })))
        .setProtectedHeader(whole)
        .sign(key ?? keys[whole.alg].private, whole.crit ? { crit: Object.fromEntries(whole.crit.map((name) => [name, true])) } : {});
    },
    /** A token with a signature that somebody made up. */
    unsigned: (head, signature = '') => `${encode({ ...header, ...head })}.${encode(claims())}.${signature}`,
  };
}

test('what the README shows of the tools in Python and TypeScript is what they run', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, section] = readme.split('\n## Protect a tool\n');
  const shown = [...section.split('\n## ')[0].matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  assert.deepEqual(shown.map(([, language]) => language), ['python', 'typescript']);
  for (const [index, file] of ['tool.py', 'tool.ts'].entries()) {
    const text = await readFile(join(examples, file), 'utf8');
    const marked = /^[^\n]* The README has what stands from here [^\n]*\n(.*)^[^\n]* The README has what stands above\.$/ms;
    const [, what] = marked.exec(text);
    assert.equal(shown[index][2], what, `${file} and the README differ`);
    assert.ok(what.split('\n').length <= 41, `${file}: more than forty lines`);
  }
});

for (const name of Object.keys(TOOLS)) {
  test(`${name}: the server's token opens the one file, and the file beside it is told of as what to ask for`, local, async (t) => {
    const stack = await theServer();
    const address = await started(t, name, stack.issuer);
    const good = await token(stack, 'files.access', [file('Q4-report.pdf')]);
    const served = await get(address, '/finance/Q4-report.pdf', `Bearer ${good}`);
    assert.deepEqual([served.status, served.body], [200, 'The fourth quarter.']);

    const refused = await get(address, '/finance/Q3-report.pdf', `Bearer ${good}`);
    assert.equal(refused.status, 403);
    assert.match(refused.challenge, /^Bearer .*error="insufficient_authorization"/);
    const said = JSON.parse(refused.body);
    assert.equal(said.error, 'insufficient_authorization');
    assert.deepEqual(said.authorization_details, [file('Q3-report.pdf')]);
    const [, remediation] = /authorization_remediation="([^"]+)"/.exec(refused.challenge);
    assert.deepEqual(JSON.parse(Buffer.from(remediation, 'base64url')).authorization_details, said.authorization_details);

    const reads = await get(address, '/finance/Q4-report.pdf', `Bearer ${await token(stack, 'files.read')}`);
    assert.equal(reads.status, 403);
    assert.match(reads.challenge, /error="insufficient_scope".*scope="files.access"/);
  });

  test(`${name}: a client without a token is told where to read what the tool says of itself`, local, async (t) => {
    const { issuer } = await forger(t);
    const place = '/.well-known/oauth-protected-resource';
    const address = await started(t, name, issuer);
    for (const bearer of [[], ['Bearer junk']]) {
      const { status, challenge } = await get(address, '/finance/Q4-report.pdf', ...bearer);
      assert.equal(status, 401);
      // RFC 9728, section 5.1; RFC 6750, section 3.
      assert.match(challenge, /^Bearer (.*, )?resource_metadata="https:\/\/files\.test\/\.well-known\/oauth-protected-resource"$/);
      assert.match(challenge, /scope="files\.access"/);
      assert.equal(challenge.includes('error='), bearer.length === 1, challenge);
    }
    const document = await get(address, place);
    assert.equal(document.status, 200);
    assert.deepEqual(JSON.parse(document.body), {
      resource: FILES,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['files.access'],
      authorization_details_types_supported: ['file_access'],
      resource_name: 'Files',
    });
    // RFC 9728, section 3.1: a resource with a path has it behind the well-known part.
    const deeper = await started(t, name, issuer, `${FILES}/finance`);
    assert.equal(JSON.parse((await get(deeper, `${place}/finance`)).body).resource, `${FILES}/finance`);
    assert.equal((await get(deeper, place)).status, 401, 'what stands there is about another tool');
  });

  test(`${name}: no forged, foreign or old token is accepted`, local, async (t) => {
    const issuer = await forger(t);
    const { signs, unsigned, now } = issuer;
    const address = await started(t, name, issuer.issuer);
    const asks = (bearer) => get(address, '/finance/Q4-report.pdf', `Bearer ${bearer}`);
    for (const good of [await signs(), await signs({}, { alg: 'RS256', kid: 'RS256' }), await signs({}, { typ: 'application/at+jwt' }), await signs({ exp: now() - 5 })]) {
      assert.equal((await asks(good)).status, 200);
    }
    const good = await signs();
    const wrong = {
      'no token': 'junk',
      'a changed signature': good.slice(0, -8) + 'AAAAAAAA',
      'no algorithm': unsigned({ alg: 'none' }),
      'an HMAC by the public key': await signs({}, { alg: 'HS256', kid: 'ES256' }, Buffer.from(issuer.published.ES256.published.x)),
      'another algorithm by a key that is published': await signs({}, { alg: 'PS256', kid: 'PS256' }),
      'the other algorithm of an RSA key': await signs({}, { alg: 'PS256', kid: 'RS256' }),
      'a larger curve': await signs({}, { alg: 'ES384', kid: 'ES384' }),
      'a key by a strange hand under a known name': await signs({}, {}, issuer.stranger.privateKey),
      'a key that the token brings': await signs({}, { jwk: await jose.exportJWK(issuer.stranger.publicKey) }, issuer.stranger.privateKey),
      'a key that nobody published': await signs({}, { kid: 'none' }),
      'a key without a name': await signs({}, { kid: undefined }),
      'an ID token': await signs({}, { typ: 'JWT' }),
      'no type': await signs({}, { typ: undefined }),
      'a critical extension': await signs({ }, { crit: ['https://example.com/more'], 'https://example.com/more': 1 }),
      'another issuer': await signs({ iss: 'https://elsewhere.example.com' }),
      'another audience': await signs({ aud: 'https://mail.test' }),
      'an audience that begins so': await signs({ aud: `${FILES}/finance` }),
      'no audience': await signs({ aud: undefined }),
      'expired': await signs({ exp: now() - 20 }),
      'without end': await signs({ exp: undefined }),
      'not yet': await signs({ nbf: now() + 300 }),
      'no client': await signs({ client_id: undefined }),
      'bound to its sender': await signs({ cnf: { jkt: 'thumbprint' } }),
      'huge': await signs({ padding: 'x'.repeat(16 * 1024) }),
    };
    for (const [what, bearer] of Object.entries(wrong)) {
      const answer = await asks(bearer);
      // Servers refuse a header that is too large for themselves.
      assert.ok(answer.status === 401 || (what === 'huge' && answer.status === 431), `${what}: ${answer.status}`);
    }
    assert.equal((await get(address, '/finance/Q4-report.pdf')).status, 401);
    assert.equal((await get(address, '/finance/Q4-report.pdf', 'Basic YTpi')).status, 401);
    const both = await get(address, '/finance/Q4-report.pdf', `Bearer ${good}`, `Bearer ${good}`);
    assert.ok([400, 401].includes(both.status), `two tokens: ${both.status}`);
  });

  test(`${name}: details are kept to`, local, async (t) => {
    const { issuer, signs } = await forger(t);
    const address = await started(t, name, issuer);
    const status = async (details, path = '/finance/Q4-report.pdf') =>
      (await get(address, path, `Bearer ${await signs({ authorization_details: details })}`)).status;
    const { identifier, ...every } = file('Q4-report.pdf');
    assert.equal(await status([every], '/finance/Q3-report.pdf'), 200, 'no identifier means every file');
    assert.equal(await status([every], '/finance/Q5-report.pdf'), 404);
    for (const details of [
      undefined,
      [],
      [file('Q3-report.pdf')],
      [file('Q4-report.pdf', ['write'])],
      [{ ...file('Q4-report.pdf'), locations: ['https://files.test/legal'] }],
      [{ ...file('Q4-report.pdf'), type: 'mcp_tool' }],
      [{ ...file('Q4-report.pdf'), only_on: 'Monday' }],
      [file('Q4-report.pdf', ['write']), { ...file('Q4-report.pdf'), locations: [] }],
    ]) {
      assert.equal(await status(details), 403, JSON.stringify(details));
    }
  });

  test(`${name}: made-up key names are no flood of questions to the issuer`, local, async (t) => {
    const issuer = await forger(t);
    const address = await started(t, name, issuer.issuer);
    for (let made = 0; made < 20; made += 1) {
      const answer = await get(address, '/finance/Q4-report.pdf', `Bearer ${await issuer.signs({}, { kid: `made-up-${made}` })}`);
      assert.equal(answer.status, 401);
    }
    assert.ok(issuer.asked() <= 2, `${issuer.asked()} questions`);
    assert.equal((await get(address, '/finance/Q4-report.pdf', `Bearer ${await issuer.signs()}`)).status, 200);
  });
}
