// The demo's configuration, for ports of this run, with a client of ours in it.
import { appendFile, cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('../../../infra/config/demo', import.meta.url));

/** The client that somebody registered before it came. */
export const CLIENT_ID = 'known-agent';

const CLIENT = `
id = "${CLIENT_ID}"
name = "Known agent"
token_endpoint_auth_method = "none"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["http://127.0.0.1/callback"]
tools = ["reports"]
default_tool = "reports"
scopes = ["openid", "offline_access", "reports.read", "reports.access"]
detail_types = ["customer_report"]
`;

/** What clients may ask for that nobody vouches for. */
const OPEN_TO = `{ tools = ["reports"], scopes = ["offline_access", "reports.read"], default_tool = "reports" }`;

const NEVER_SEEN_BEFORE = `
[client_documents]
enabled = true
hosts = ["localhost"]
open_to = ${OPEN_TO}

[client_registration]
enabled = true
open_to = ${OPEN_TO}

[outbound]
authorities_file = "authority.pem"
`;

/** Written to a folder of its own. `authority` vouches for the host where a client publishes its metadata. */
export async function writeConfiguration({ authority }) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-configuration-'));
  await cp(DEMO, folder, { recursive: true });
  await writeFile(join(folder, 'clients', `${CLIENT_ID}.toml`), CLIENT);
  await writeFile(join(folder, 'authority.pem'), authority);
  await appendFile(join(folder, 'server.toml'), NEVER_SEEN_BEFORE);
  const toolsPort = await threeFreePorts();
  for (const name of await readdir(folder, { recursive: true })) {
    if (!/\.(toml|cedar)$/.test(name)) continue;
    const text = await readFile(join(folder, name), 'utf8');
    const here = text.replace(/localhost:870(\d)/g, (_, digit) => `localhost:${toolsPort + Number(digit) - 1}`);
    if (here !== text) await writeFile(join(folder, name), here);
  }
  return { folder, toolsPort, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function threeFreePorts() {
  for (;;) {
    const first = await listening(0);
    const { port } = first.address();
    const rest = await Promise.all([port + 1, port + 2].map(listening));
    await Promise.all([first, ...rest].map((server) => server && new Promise((resolve) => server.close(resolve))));
    if (rest.every(Boolean)) return port;
  }
}

/** A server on this port, unless somebody has it. */
function listening(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
