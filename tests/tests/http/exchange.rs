use serde_json::Value;

use crate::agent::{Agent, BANK, FILES, secret_part};
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(crate) const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub(crate) const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
pub(crate) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub(crate) const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
pub(crate) const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub(crate) const LEDGER: &str = "https://ledger.test";
/// Another authorization server.
pub(crate) const CHAT: &str = "https://auth.chat.test";

/// The bank, which takes the file server's tokens and asks the ledger.
pub(crate) fn the_bank(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "bank-tool")
}

/// The ledger, at the end of the chain.
pub(crate) fn the_ledger(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "ledger-tool")
}

/// The form of an exchange (RFC 8693, section 2.1).
pub(crate) fn an_exchange(subject_token: &str, resource: &str) -> Parameters {
    Parameters::of([
        ("grant_type", GRANT),
        ("subject_token", subject_token),
        ("subject_token_type", ACCESS_TOKEN),
        ("resource", resource),
    ])
}

/// Where no detail of the subject's passes, who wants the scope alone says so.
pub(crate) fn without_details() -> Parameters {
    Parameters::of([("authorization_details", "[]")])
}

/// That what goes on is wanted: a refresh token (RFC 8693, section 2.2.1).
pub(crate) fn lasting() -> Parameters {
    Parameters::of([("requested_token_type", REFRESH_TOKEN)])
}

/// A token that an agent got for itself at the file server.
pub(crate) fn own_token_of(agent: &Agent<'_>) -> String {
    agent.works_alone(&Parameters::of([("scope", "files.read")])).ok().string("access_token")
}

/// Who acts: whom a token proves that was given to them (RFC 8693, section 2.1).
pub(crate) fn acted_by(token: &str) -> Parameters {
    Parameters::of([("actor_token", token), ("actor_token_type", ACCESS_TOKEN)])
}

/// The form for an ID-JAG to the chat (draft-ietf-oauth-identity-assertion-authz-grant, section 4.3).
pub(crate) fn an_id_jag(subject: &str, token_type: &str) -> Parameters {
    an_exchange(subject, "https://mcp.chat.test")
        .with("subject_token_type", token_type)
        .and("requested_token_type", ID_JAG)
        .and("audience", CHAT)
}

impl Agent<'_> {
    /// Exchanges an access token for one that is for another tool.
    pub(crate) fn exchanges(&self, subject_token: &str, resource: &str) -> Answer {
        self.exchanges_for(subject_token, resource, &Parameters::default())
    }

    /// Exchanges an access token for a refresh token, to go on asking another tool.
    pub(crate) fn exchanges_to_go_on(&self, subject_token: &str, resource: &str) -> Answer {
        self.exchanges_for(subject_token, resource, &lasting())
    }

    pub(crate) fn exchanges_for(&self, subject_token: &str, resource: &str, more: &Parameters) -> Answer {
        let answer = self.sends("/token", &an_exchange(subject_token, resource).joined(more));
        if answer.status == 200 {
            self.stack.hands_out(&answer.string("access_token"));
        } else if answer.status == 400
            && let Some(code) = answer.json()["deferral_code"].as_str()
        {
            self.stack.hands_out(secret_part(code));
        }
        answer
    }
}

/// The tokens of a chain: the agent's for the file server, the file server's for the bank, the bank's for the ledger.
pub(crate) struct Chain {
    pub(crate) files: String,
    pub(crate) bank: String,
    pub(crate) ledger: String,
}

impl Chain {
    /// Each tool in turn passes on what it was sent.
    pub(crate) fn of(stack: &Stack, for_files: String) -> Self {
        let for_bank =
            crate::agent::the_file_tool(stack).exchanges(&for_files, BANK).ok().string("access_token");
        let for_ledger = the_bank(stack).exchanges(&for_bank, LEDGER).ok().string("access_token");
        Self { files: for_files, bank: for_bank, ledger: for_ledger }
    }

    /// Whether each of the three is good in the eyes of the tool that it is for.
    pub(crate) fn stands(&self, stack: &Stack) -> [bool; 3] {
        let files = crate::agent::the_file_tool(stack);
        let said = [
            files.introspects(&self.files),
            the_bank(stack).introspects(&self.bank),
            the_ledger(stack).introspects(&self.ledger),
        ];
        said.map(|said: Value| said["active"] == true)
    }
}

/// That all three name the right tool and nobody else.
pub(crate) const AUDIENCES: [&str; 3] = [FILES, BANK, LEDGER];
