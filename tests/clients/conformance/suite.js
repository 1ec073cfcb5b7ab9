// The conformance suite of the Model Context Protocol, its scenarios for authorization servers.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const node20 = new URL('node-20.js', import.meta.url).href;
const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'));

/**
 * Runs all of them against an issuer, as a public client that is registered there. `person` is given the address to which
 * the suite would have somebody go. Gives the suite's exit code and each check by its id, with its status and why.
 */
export async function runs({ issuer, clientId, resource, person }) {
  const results = await mkdtemp(join(tmpdir(), 'countersign-conformance-'));
  try {
    const words = ['authorization', '--url', issuer, '--client-id', clientId, '--resource', resource];
    const place = ['--port', await aFreePort(), '--output-dir', results];
    const program = spawn(process.execPath, ['--import', node20, suite, ...words, ...place], { stdio: 'pipe' });
    const ended = new Promise((resolve) => program.once('exit', resolve));
    let [said, address] = ['', undefined];
    program.stderr.on('data', (text) => (said += text));
    const visited = new Promise((resolve, reject) => {
      program.stdout.on('data', (text) => {
        said += text;
        if (address) return;
        [address] = said.match(/^http\S+\/authorize\?\S+(?=\n)/m) ?? [];
        if (address) person(new URL(address)).then(resolve, reject);
      });
      ended.then(resolve);
    });
    try {
      await visited;
    } catch (problem) {
      program.kill();
      throw problem;
    }
    return { exitCode: await ended, said, checks: await checksIn(results) };
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

async function checksIn(results) {
  const files = (await readdir(results, { recursive: true })).filter((name) => name.endsWith('checks.json'));
  const read = await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(results, name), 'utf8'))));
  return new Map(read.flat().map(({ id, status, errorMessage }) => [id, { status, errorMessage }]));
}

async function aFreePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
