// What an application brings to the official TypeScript client: where the person is sent, and where what it learns is
// kept. Version 1 and 2 ask for the same.
import { randomBytes } from 'node:crypto';

import { CALLBACK } from '../../browser/callback.js';

export class Application {
  /**
   * Its metadata document is at `documentUrl`; or it is `registered`, under its client identifier at an issuer; or it has to
   * register. `more` are parameters of the authorization request, `atFirst` of the first one alone.
   */
  constructor({ documentUrl, registered, more = {}, atFirst = {} } = {}) {
    this.clientMetadataUrl = documentUrl;
    if (registered) {
      const { clientId, issuer } = registered;
      this.information = { client_id: clientId, token_endpoint_auth_method: 'none', issuer };
    }
    this.more = more;
    this.atFirst = atFirst;
  }

  redirectUrl = CALLBACK;

  clientMetadata = {
    client_name: 'Some MCP client',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };

  state() {
    return (this.expected = randomBytes(16).toString('base64url'));
  }

  redirectToAuthorization(address) {
    // An application that knows more of the tool than the library does can say so here (RFC 9396).
    const more = { ...this.more, ...this.atFirst };
    for (const [name, value] of Object.entries(more)) address.searchParams.set(name, value);
    this.atFirst = {};
    this.sentTo = address;
  }

  clientInformation = () => this.information;
  saveClientInformation = (information) => void (this.information = information);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  discoveryState = () => this.discovered;
  saveDiscoveryState = (discovered) => void (this.discovered = discovered);
}
