// The server that the tests are about: one of this machine's own processes, or the one that COUNTERSIGN_URL names, deployed.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const tests = fileURLToPath(new URL('..', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), '.cache/countersign/target');
export const programs = process.env.COUNTERSIGN_BIN ?? join(target, 'debug');
const deployed = process.env.COUNTERSIGN_URL;

/** For tests that take a local server: `test(name, localOnly('why'), …)`. They are left out, and counted, where it is a deployed one. */
export const localOnly = (why) => ({ skip: deployed ? `local only: ${why}` : false });

/**
 * A server with a configuration applied. `clientKeys` are the public keys (JWK Set) of the client that authenticates by
 * private_key_jwt; `from` is the folder of another configuration than tests/configuration, for a local server alone.
 */
export async function startStack({ clientKeys, from } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-tests-'));
  const configuration = join(folder, 'configuration');
  await cp(from ?? join(tests, 'configuration'), configuration, { recursive: true });
  if (!from) {
    await writeFile(join(configuration, 'clients/signing-agent.jwks.json'), JSON.stringify(clientKeys ?? { keys: [await aPublicKey()] }));
  }
  const stack = deployed ? await deployedStack(configuration) : await localStack(configuration, join(folder, 'data'));
  return {
    ...stack,
    ...people(stack),
    configuration,
    async stop() {
      await stack.end?.();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where its table is, the environment says. */
async function deployedStack(configuration) {
  const countersign = operator([]);
  await countersign('apply', configuration, '--issuer', deployed, '--yes');
  // Every process acts on what it last read of the configuration for five seconds.
  await pause(6_000);
  return { issuer: deployed, countersign };
}

/** On a free port, with a data folder of its own. */
async function localStack(configuration, data) {
  await mkdir(data, { mode: 0o700 });
  const options = ['--port', '0', '--test-control', '0', '--config', configuration, '--data', data];
  const server = spawn(join(programs, 'countersign-local'), options, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complaint] = ['', ''];
  server.stdout.on('data', (text) => (said += text));
  server.stderr.on('data', (text) => (complaint += text));
  server.on('error', (error) => (complaint += error.message));
  const running = await untilItRuns(join(data, 'running.json'), server, () => complaint);
  const control = async (method, path, body) => {
    const answer = await fetch(running.test_control + path, { method, body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    issuer: running.issuer,
    data,
    countersign: operator(['--data', data]),
    /** What the server prints when it starts: the demo's person and password, where the configuration has them. */
    said: () => said,
    /** Moves the server's clock. */
    timePasses: (seconds) => control('POST', `/advance?seconds=${seconds}`),
    /** Lets every call to the table fail while this is done, once nothing is remembered any more. */
    async withoutTable(work) {
      await control('POST', '/advance?seconds=3600');
      await control('POST', '/faults', JSON.stringify({ kind: 'refuse' }));
      try {
        await work();
      } finally {
        await control('DELETE', '/faults');
      }
    },
    async end() {
      server.kill('SIGTERM');
      if (server.exitCode === null) await new Promise((resolve) => server.once('exit', resolve));
    },
  };
}

/** The `countersign` command, which answers with JSON. */
function operator(where) {
  return async (...words) => {
    const { stdout } = await promisify(execFile)(join(programs, 'countersign'), [...words, ...where, '--json']);
    return JSON.parse(stdout);
  };
}

function people({ countersign }) {
  // The table of a deployed server outlives a run of the tests.
  const run = deployed ? randomBytes(4).toString('hex') : '';
  let added = 0;
  const secrets = {};
  return {
    /** Somebody whom no other test knows; `more` are options of `countersign user add`. */
    async somebody(...more) {
      const userName = `person${run}${(added += 1)}`;
      const { password } = await countersign('user', 'add', userName, '--name', `Robin Example ${added}`, ...more);
      return { userName, password };
    },
    /** The secret of a client, made when it is first asked for. */
    async secretOf(client) {
      secrets[client] ??= countersign('client', 'rotate-secret', client);
      return (await secrets[client]).client_secret;
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
