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

const SCOPE = 'files.access';

/** What this tool says of itself, and where: between host and path of its resource (RFC 9728, section 3.1). */
const METADATA = {
  resource: RESOURCE,
  authorization_servers: [ISSUER],
  bearer_methods_supported: ['header'],
  scopes_supported: [SCOPE],
  authorization_details_types_supported: ['file_access'],
  resource_name: 'Files',
};
const METADATA_URL = new URL(RESOURCE);
METADATA_URL.pathname = `/.well-known/oauth-protected-resource${METADATA_URL.pathname.replace(/\/$/, '')}`;

type Detail = Record<string, string | string[]>;

/** Status, `error` (RFC 6750, section 3.1) and what else the client should know. */
class Refusal extends Error {
  constructor(readonly status: number, readonly error?: string, readonly missing?: Detail[]) {
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

/** Keys that cannot be had are not the client's fault. */
function isTheTokens(error: unknown): boolean {
  const issuers = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid
    || (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC');
  return error instanceof errors.JOSEError && !issuers;
}

// The README has what stands from here on to the next such line.
/** The claims of a good access token (RFC 9068, section 4) that has the scope and allows what is wanted. */
async function checked(bearer: string, keys: JWTVerifyGetKey, wanted: Detail): Promise<JWTPayload> {
  const [, token] = /^bearer +([^ ]+)$/i.exec(bearer) ?? [];
  if (token === undefined || token.length > 16 * 1024) throw new Refusal(401);
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: RESOURCE,
    typ: 'at+jwt',
    algorithms: ['ES256', 'RS256'],
    clockTolerance: 10,
    requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'client_id'],
  }).catch((error) => {
    throw isTheTokens(error) ? new Refusal(401, 'invalid_token') : error;
  });
  // A key has a name; and what is bound to a sender (RFC 7800) would take a proof, for which this tool does not ask.
  if (protectedHeader.kid === undefined || 'cnf' in payload) throw new Refusal(401, 'invalid_token');
  if (!String(payload.scope ?? '').split(' ').includes(SCOPE)) throw new Refusal(403, 'insufficient_scope');
  const details = (payload.authorization_details ?? []) as Detail[];
  if (!details.some((detail) => allows(detail, wanted))) throw new Refusal(403, 'insufficient_authorization', [wanted]);
  return payload;
}

/** A member that is not looked at could be a restriction; a detail without identifier is about every one. */
function allows(detail: Detail, wanted: Detail): boolean {
  const given: Detail = { identifier: wanted.identifier!, ...detail };
  const has = (all: unknown, value: string | string[]) =>
    Array.isArray(value) ? Array.isArray(all) && value.every((one) => all.includes(one)) : all === value;
  const isKnown = Object.keys(given).every((name) => Object.hasOwn(wanted, name));
  return isKnown && Object.entries(wanted).every(([name, value]) => has(given[name], value));
}

/** `WWW-Authenticate`: RFC 6750, section 3, and RFC 9728, section 5.1; and what to ask for. */
function challenge({ status, error, missing }: Refusal): string {
  const told = missing && Buffer.from(JSON.stringify({ authorization_details: missing })).toString('base64url');
  const scope = status === 401 || error === 'insufficient_scope' ? SCOPE : undefined;
  const said = Object.entries({ error, scope, authorization_remediation: told, resource_metadata: `${METADATA_URL}` });
  return `Bearer ${said.filter(([, value]) => value).map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
// The README has what stands above.

async function file(request: IncomingMessage, keys: JWTVerifyGetKey): Promise<string> {
  const headers = request.headersDistinct.authorization ?? [];
  if (headers.length > 1) throw new Refusal(400, 'invalid_request');
  const [folder = '', name = ''] = (request.url ?? '').replace(/^\//, '').split(/\/(.*)/s);
  const wanted = { type: 'file_access', actions: ['read'], locations: [`${RESOURCE}/${folder}`], identifier: name };
  await checked(headers[0] ?? '', keys, wanted);
  if (request.method !== 'GET') throw new Refusal(405);
  const text = FILES.get(`${folder}/${name}`);
  if (text === undefined) throw new Refusal(404);
  return text;
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  const { status, error, missing } = refusal;
  const body = { ...(error && { error }), ...(missing && { authorization_details: missing }) };
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  if ([400, 401, 403].includes(status)) headers['WWW-Authenticate'] = challenge(refusal);
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
