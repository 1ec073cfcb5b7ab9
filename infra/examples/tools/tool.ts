// A file server that keeps to the details of each access token, with jose.
//
//     ISSUER=http://localhost:8690 RESOURCE=https://files.internal.corp node tool.js
//
// It serves the file that a detail of the type file_access names, for reading, and tells a client what to ask for, and where
// (RFC 9728).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

const ISSUER = process.env.ISSUER!;
const RESOURCE = process.env.RESOURCE!;
const FILES = new Map([
  ['finance/Q3-report.pdf', 'The third quarter.'],
  ['finance/Q4-report.pdf', 'The fourth quarter.'],
]);

/** What this tool says of itself, and where: between host and path of its resource (RFC 9728, section 3.1). */
const METADATA = {
  resource: RESOURCE,
  authorization_servers: [ISSUER],
  bearer_methods_supported: ['header'],
  scopes_supported: ['files.access'],
  authorization_details_types_supported: ['file_access'],
  resource_name: 'Files',
};
const METADATA_URL = new URL(RESOURCE);
METADATA_URL.pathname = `/.well-known/oauth-protected-resource${METADATA_URL.pathname.replace(/\/$/, '')}`;

interface FileAccess {
  type: 'file_access';
  actions: string[];
  locations: string[];
  /** Without it every file of the locations is meant. */
  identifier?: string;
}

/** Status, `error` (RFC 6750, section 3.1) and what else the client should know. */
class Refusal extends Error {
  constructor(readonly status: number, readonly error?: string, readonly missing?: FileAccess[]) {
    super(error);
  }
}

/** The issuer's keys: read again every five minutes, or when a token names an unknown one, but not in a flood. */
async function issuersKeys(): Promise<JWTVerifyGetKey> {
  const answer = await fetch(`${ISSUER}/.well-known/openid-configuration`, { redirect: 'error' });
  const metadata = (await answer.json()) as { issuer: string; jwks_uri: string };
  if (metadata.issuer !== ISSUER) throw new Error("the metadata is another issuer's");
  return createRemoteJWKSet(new URL(metadata.jwks_uri), { cacheMaxAge: 300_000, cooldownDuration: 10_000 });
}

/** The claims of a good token (RFC 9068, section 4). */
async function verified(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload> {
  if (token.length > 16 * 1024) throw new Refusal(401, 'invalid_token');
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: ISSUER,
      audience: RESOURCE,
      typ: 'at+jwt',
      algorithms: ['ES256', 'RS256'],
      clockTolerance: 10,
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'client_id'],
    });
    // A key has a name; and what is bound to a sender (RFC 7800) would take a proof, for which this tool does not ask.
    if (protectedHeader.kid === undefined || 'cnf' in payload) throw new Refusal(401, 'invalid_token');
    return payload;
  } catch (error) {
    // Keys that cannot be had are not the client's fault.
    const issuers = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid
      || (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC');
    if (error instanceof errors.JOSEError && !issuers) throw new Refusal(401, 'invalid_token');
    throw error;
  }
}

/** Whether one of the details allows this action on this file. A member that is not looked at could be a restriction. */
function allows(claims: JWTPayload, action: string, location: string, identifier: string): boolean {
  const known = new Set(['type', 'actions', 'locations', 'identifier']);
  const details = (claims.authorization_details ?? []) as FileAccess[];
  return details.some(
    (detail) =>
      detail.type === 'file_access' &&
      Object.keys(detail).every((member) => known.has(member)) &&
      Array.isArray(detail.actions) &&
      detail.actions.includes(action) &&
      Array.isArray(detail.locations) &&
      detail.locations.includes(location) &&
      (detail.identifier === undefined || detail.identifier === identifier),
  );
}

async function file(request: IncomingMessage, keys: JWTVerifyGetKey): Promise<string> {
  const headers = request.headersDistinct.authorization ?? [];
  if (headers.length > 1) throw new Refusal(400, 'invalid_request');
  const [, token] = /^bearer +([^ ]+)$/i.exec(headers[0] ?? '') ?? [];
  if (token === undefined) throw new Refusal(401);
  const claims = await verified(token, keys);
  if (request.method !== 'GET') throw new Refusal(405);
  const [folder = '', name = ''] = (request.url ?? '').replace(/^\//, '').split(/\/(.*)/s);
  const location = `${RESOURCE}/${folder}`;
  if (!String(claims.scope ?? '').split(' ').includes('files.access')) throw new Refusal(403, 'insufficient_scope');
  if (!allows(claims, 'read', location, name)) {
    const missing: FileAccess = { type: 'file_access', actions: ['read'], locations: [location], identifier: name };
    throw new Refusal(403, 'insufficient_authorization', [missing]);
  }
  const text = FILES.get(`${folder}/${name}`);
  if (text === undefined) throw new Refusal(404);
  return text;
}

function refuse(response: ServerResponse, { status, error, missing }: Refusal): void {
  const body = { ...(error && { error }), ...(missing && { authorization_details: missing }) };
  const challenge = error ? [`error="${error}"`] : [];
  if (status === 401 || error === 'insufficient_scope') challenge.push('scope="files.access"');
  if (missing) {
    const told = Buffer.from(JSON.stringify({ authorization_details: missing })).toString('base64url');
    challenge.push(`authorization_remediation="${told}"`);
  }
  challenge.push(`resource_metadata="${METADATA_URL}"`);
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  if ([400, 401, 403].includes(status)) headers['WWW-Authenticate'] = `Bearer ${challenge.join(', ')}`;
  response.writeHead(status, headers).end(JSON.stringify(body));
}

const keys = await issuersKeys();
const server = createServer((request, response) => {
  if (request.method === 'GET' && request.url === METADATA_URL.pathname) {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(METADATA));
    return;
  }
  file(request, keys).then(
    (text) => response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end(text),
    (error) => refuse(response, error instanceof Refusal ? error : new Refusal(503)),
  );
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
