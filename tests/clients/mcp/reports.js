// The demo's MCP servers, of which *reports* is the one that the clients know.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { programs } from '../../browser/stack.js';

/** Starts them beside a local server, on the ports that its configuration has for them. */
export async function startReports(stack, toolsPort) {
  const url = `http://localhost:${toolsPort}/mcp`;
  const words = ['tools', '--data', stack.data, '--tools-port', toolsPort];
  const tools = spawn(join(programs, 'demo'), words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  tools.stderr.on('data', (text) => (complaint += text));
  tools.on('error', (error) => (complaint += error.message));
  for (let tries = 0; !(await answers(url)); tries += 1) {
    if (tools.exitCode !== null || tries === 200) throw new Error(`the MCP servers did not start: ${complaint}`);
    await pause(50);
  }
  return {
    url,
    async stop() {
      if (tools.exitCode !== null) return;
      tools.kill('SIGTERM');
      await new Promise((resolve) => tools.once('exit', resolve));
    },
  };
}

const answers = (url) => fetch(url, { method: 'POST' }).then(() => true, () => false);
