// The official TypeScript client of MCP servers, in both its lines.
import assert from 'node:assert/strict';

import * as two from '@modelcontextprotocol/client';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Application } from './application.js';

// Of each library a test knows: its name; whether it asks for a refresh token by itself; what its user is told where the tool
// says 403; and how it opens a connection.
const one = { Client, StreamableHTTPClientTransport, UnauthorizedError };

/** `@modelcontextprotocol/sdk`, the first line. It is told the code alone. */
export const versionOne = {
  name: 'TypeScript, version 1',
  asksToBeRefreshed: false,
  refusal: /insufficient_authorization/,
  opens: (url, application) => opens(one, {}, url, application, (transport, back) => transport.finishAuth(back.get('code'))),
};

/** `@modelcontextprotocol/client`, the line after it. It is told all that the person came back with. */
export const versionTwo = {
  name: 'TypeScript, version 2',
  asksToBeRefreshed: true,
  refusal: /insufficient_authorization/,
  opens: (url, application) =>
    opens(two, { versionNegotiation: { mode: 'auto' } }, url, application, (transport, back) => transport.finishAuth(back)),
};

/** Calls the tool without a token, and follows what it says as far as the person. */
async function opens(library, options, url, application, finish) {
  const provider = new Application(application);
  const transport = () => new library.StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  const client = () => new library.Client({ name: 'some-client', version: '1.0.0' }, options);

  let unauthorized = transport();
  await assert.rejects(client().connect(unauthorized), library.UnauthorizedError);
  return {
    sentTo: provider.sentTo,
    /** Redeems what the person came back with, and has to send them again: the tool wants more than that. */
    async isSentAgain(callback) {
      assert.equal(callback.searchParams.get('state'), provider.expected);
      await finish(unauthorized, callback.searchParams);
      unauthorized = transport();
      await assert.rejects(client().connect(unauthorized), library.UnauthorizedError);
      return provider.sentTo;
    },
    /** Redeems what the person came back with, and connects. */
    async comesBack(callback) {
      assert.equal(callback.searchParams.get('state'), provider.expected);
      await finish(unauthorized, callback.searchParams);
      const connected = client();
      await connected.connect(transport());
      return {
        clientId: provider.information.client_id,
        tokens: async () => provider.kept,
        tools: async () => (await connected.listTools()).tools.map((tool) => tool.name),
        call: (name, parameters) => connected.callTool({ name, arguments: parameters }),
        /** From here on its access token is good for nothing. */
        expire: async () => void (provider.kept = { ...provider.kept, access_token: 'expired' }),
        close: () => connected.close(),
      };
    },
    close: () => unauthorized.close(),
  };
}
