// A server for the tests: a configuration applied, on a free port, with a folder of its own.
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const tests = fileURLToPath(new URL('..', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), '.cache/countersign/target');
export const programs = process.env.COUNTERSIGN_BIN ?? join(target, 'debug');

/**
 * Starts a server. `clientKeys` are the public keys (JWK Set) of the client that authenticates by private_key_jwt; `from` is
 * the folder of another configuration than tests/configuration.
 */
export async function startStack({ clientKeys, from } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-tests-'));
  const configuration = join(folder, 'configuration');
  const data = join(folder, 'data');
  await cp(from ?? join(tests, 'configuration'), configuration, { recursive: true });
  if (!from) {
    await writeFile(join(configuration, 'clients/signing-agent.jwks.json'), JSON.stringify(clientKeys ?? { keys: [await aPublicKey()] }));
  }
  await mkdir(data, { mode: 0o700 });
  const options = ['--port', '0', '--test-control', '0', '--config', configuration, '--data', data];
  const server = spawn(join(programs, 'countersign-local'), options, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complaint] = ['', ''];
  server.stdout.on('data', (text) => (said += text));
  server.stderr.on('data', (text) => (complaint += text));
  server.on('error', (error) => (complaint += error.message));
  const running = await untilItRuns(join(data, 'running.json'), server, () => complaint);

  const countersign = async (...words) => {
    const program = join(programs, 'countersign');
    const { stdout } = await promisify(execFile)(program, [...words, '--data', data, '--json']);
    return JSON.parse(stdout);
  };
  let people = 0;
  const secrets = {};
  return {
    issuer: running.issuer,
    data,
    /** What the server prints when it starts: the demo's person and password, where the configuration has them. */
    said: () => said,
    /** Lets every call to the table fail while this is done, once nothing is remembered any more. */
    async withoutTable(work) {
      const control = async (method, path, body) => {
        const answer = await fetch(running.test_control + path, { method, body });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      };
      await control('POST', '/advance?seconds=3600');
      await control('POST', '/faults', JSON.stringify({ kind: 'refuse' }));
      try {
        await work();
      } finally {
        await control('DELETE', '/faults');
      }
    },
    /** Somebody whom no other test knows. */
    async somebody() {
      const userName = `person${(people += 1)}`;
      const { password } = await countersign('user', 'add', userName, '--name', `Robin Example ${people}`);
      return { userName, password };
    },
    /** The secret of a client, made when it is first asked for. */
    async secretOf(client) {
      secrets[client] ??= countersign('client', 'rotate-secret', client);
      return (await secrets[client]).client_secret;
    },
    async stop() {
      server.kill('SIGTERM');
      if (server.exitCode === null) await new Promise((resolve) => server.once('exit', resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilItRuns(file, server, complaint) {
  for (let tries = 0; tries < 600; tries += 1) {
    try {
      return JSON.parse(await readFile(file, 'utf8'));
    } catch {
      if (server.exitCode !== null || complaint()) throw new Error(`the server did not start: ${complaint()}`);
      await pause(50);
    }
  }
  throw new Error('the server did not start within 30 seconds');
}

async function aPublicKey() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return { kty, crv, x, y, kid: 'unused' };
}
