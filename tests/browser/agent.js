// The agent that sends people to the pages: no more of OAuth than that takes.
import { createHash, randomBytes } from 'node:crypto';

import { CALLBACK } from './callback.js';

export const file = (identifier, actions = ['read']) => ({
  type: 'file_access',
  locations: ['https://files.test/finance'],
  actions,
  identifier,
});

export async function anAgent(stack, id = 'report-agent') {
  const authorization = `Basic ${Buffer.from(`${id}:${await stack.secretOf(id)}`).toString('base64')}`;
  const post = async (path, form) => {
    const answer = await fetch(stack.issuer + path, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(form),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(said)}`);
    return said;
  };
  /** Asks somebody who is elsewhere; gives the page that a message would lead them to, and how to come for the tokens. */
  const asks = async (hint, details, more) => {
    const { auth_req_id, binding_number } = await post('/bc-authorize', {
      scope: 'openid files.read files.access',
      binding_message: 'Maple 42',
      authorization_details: JSON.stringify(details),
      ...hint,
      ...more,
    });
    return {
      address: `${stack.issuer}/approval?request=${auth_req_id.split('.')[0]}`,
      /** What the agent shows, of a client with number_matching. */
      number: binding_number,
      comes: () => post('/token', { grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id }),
    };
  };
  return {
    asksElsewhere: (userName, details, more = {}) => asks({ login_hint: userName }, details, more),
    /** Asks whoever made the code of an invitation. */
    asksWhoeverInvited: (code, details, more = {}) => asks({ login_hint_token: code }, details, more),
    /** Pushes a request; gives the address to which the person is sent, and how to redeem what comes back. */
    async asks(details, more = {}) {
      const verifier = randomBytes(32).toString('base64url');
      const { request_uri } = await post('/par', {
        response_type: 'code',
        redirect_uri: CALLBACK,
        scope: 'openid profile files.read files.access offline_access',
        resource: 'https://files.test',
        state: 'a-state',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        authorization_details: JSON.stringify(details),
        ...more,
      });
      return {
        address: `${stack.issuer}/authorize?${new URLSearchParams({ client_id: id, request_uri })}`,
        redeem: (callback) =>
          post('/token', {
            grant_type: 'authorization_code',
            code: callback.searchParams.get('code'),
            redirect_uri: CALLBACK,
            code_verifier: verifier,
          }),
      };
    },
  };
}
