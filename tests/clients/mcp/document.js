// A client's metadata document, where its maker publishes it: by https, with a certificate of an authority of this run.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { CALLBACK } from '../../browser/callback.js';

/** Published on this machine, under a name that it has. */
export async function publishDocument() {
  const { authority, key, cert } = await certificates();
  const asked = [];
  const server = createServer({ key, cert }, (request, response) => {
    asked.push(request.url);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(documentAt(url)));
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  const url = `https://localhost:${server.address().port}/clients/some-client.json`;
  return {
    url,
    /** In PEM: who vouches for the name. */
    authority,
    /** How often somebody has fetched it. */
    fetched: () => asked.length,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const documentAt = (url) => ({
  client_id: url,
  client_name: 'Some MCP client',
  client_uri: new URL('/', url).href,
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

async function certificates() {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-certificates-'));
  const openssl = (...words) => promisify(execFile)('openssl', words, { cwd: folder });
  const aCertificate = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const [ofAuthority, ofHost] = [
    ['-subj', '/CN=Tests', '-keyout', 'authority.key', '-out', 'authority.pem'],
    ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE',
      '-CA', 'authority.pem', '-CAkey', 'authority.key', '-keyout', 'host.key', '-out', 'host.pem'],
  ];
  try {
    await openssl(...aCertificate, ...ofAuthority);
    await openssl(...aCertificate, ...ofHost);
    const [authority, key, cert] = await Promise.all(
      ['authority.pem', 'host.key', 'host.pem'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    return { authority, key, cert };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
