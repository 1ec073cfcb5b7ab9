// The official Python client of MCP servers, in a process of its own: tests/mcp/client.py.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { CALLBACK } from '../../browser/callback.js';

const folder = fileURLToPath(new URL('../../mcp/', import.meta.url));

export const python = {
  name: 'Python',
  asksToBeRefreshed: true,
  refusal: /Server returned an error response/,
  async opens(url, application = {}) {
    const { stdout } = await promisify(execFile)(`${folder}environment`);
    const words = [`${folder}client.py`, url, '--callback', CALLBACK];
    if (application.documentUrl) words.push('--document', application.documentUrl);
    if (application.registered) words.push('--registered', application.registered.clientId, application.registered.issuer);
    if (application.atFirst) words.push('--at-first', JSON.stringify(application.atFirst));
    if (application.more) words.push('--more', JSON.stringify(application.more));
    const program = spawn(stdout.trim(), words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const told = conversation(program);
    const { sent_to: sentTo } = await told();
    return {
      sentTo: new URL(sentTo),
      async isSentAgain(callback) {
        return new URL((await told({ came_back: callback.href })).sent_to);
      },
      async comesBack(callback) {
        const { client_id: clientId } = await told({ came_back: callback.href });
        return {
          clientId,
          tokens: () => told({ tokens: true }),
          tools: async () => (await told({ tools: true })).tools,
          call: (name, parameters) => told({ call: name, arguments: parameters }),
          expire: () => told({ expire: true }),
          close: () => end(program),
        };
      },
      close: () => end(program),
    };
  },
};

/** A line of JSON each way. */
function conversation(program) {
  let complaint = '';
  program.stderr.on('data', (text) => (complaint += text));
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  return async (request) => {
    if (request) program.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    assert.ok(!done, `the Python client ended: ${complaint}`);
    const answer = JSON.parse(value);
    if (answer.failed) throw new Error(answer.failed);
    return answer;
  };
}

async function end(program) {
  if (program.exitCode !== null) return;
  program.stdin.end();
  await new Promise((resolve) => program.once('exit', resolve));
}
