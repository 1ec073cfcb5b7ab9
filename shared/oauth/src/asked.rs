use serde::Serialize;

use crate::{AuthorizationDetails, ClientId, ResourceUri, Scope, Sha256Digest};

/// What is asked, in the one canonical form that is hashed once and carried through consent, token and audit
/// (RFC 8785). A change of any member is a different request.
#[derive(Serialize)]
pub struct Asked<'a> {
    /// Who asks.
    pub client: &'a ClientId,
    /// On whose behalf the client acts towards us, outermost first; empty for itself.
    pub actors: &'a [ClientId],
    /// For which tools.
    pub resource: &'a [ResourceUri],
    /// By scope.
    pub scope: &'a Scope,
    /// In detail.
    pub details: &'a AuthorizationDetails,
    /// What the agent says about it.
    pub message: Option<&'a str>,
}

impl Asked<'_> {
    /// The SHA-256 of the canonical form.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&crate::canonical(self))
    }
}

impl crate::AuthorizationRequest {
    /// What this request asks.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            client: &self.client_id,
            actors: &[],
            resource: &self.resources,
            scope: &self.scope,
            details: &self.details,
            message: self.purpose.as_deref(),
        }
    }

    /// Under which digest a consent to this request is remembered: all but the agent's words, which may differ
    /// each time.
    pub fn remembered_as(&self) -> Sha256Digest {
        Asked { message: None, ..self.asked() }.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked, in a form of which one member at a time can be changed.
    #[derive(Clone)]
    struct Asking {
        client: ClientId,
        actors: Vec<ClientId>,
        resource: Vec<ResourceUri>,
        scope: Scope,
        details: AuthorizationDetails,
        message: Option<String>,
    }

    impl Asking {
        fn digest(&self) -> Sha256Digest {
            let Self { client, actors, resource, scope, details, message } = self;
            Asked { client, actors, resource, scope, details, message: message.as_deref() }.digest()
        }
    }

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).unwrap()
    }

    fn details(identifier: &str) -> AuthorizationDetails {
        let text = format!(r#"[{{"type":"file_access","actions":["read"],"identifier":"{identifier}"}}]"#);
        AuthorizationDetails::parse(&text).unwrap()
    }

    fn asking() -> Asking {
        Asking {
            client: client("report-agent"),
            actors: vec![],
            resource: vec![ResourceUri::parse("https://files.example").unwrap()],
            scope: ["openid", "files.read"].into_iter().collect(),
            details: details("Q4-report.pdf"),
            message: Some("quarterly report".to_owned()),
        }
    }

    /// Asserts that a request with one member changed is a different request.
    #[track_caller]
    fn is_another(change: impl FnOnce(&mut Asking)) {
        let mut changed = asking();
        change(&mut changed);
        assert_ne!(changed.digest(), asking().digest());
    }

    #[test]
    fn the_same_request_has_the_same_digest() {
        assert_eq!(asking().digest(), asking().digest());
    }

    #[test]
    fn another_client_asks_something_else() {
        is_another(|asking| asking.client = client("other-agent"));
    }

    #[test]
    fn on_behalf_of_another_client_something_else_is_asked() {
        is_another(|asking| asking.actors = vec![client("orchestrator")]);
    }

    #[test]
    fn another_chain_of_actors_asks_something_else() {
        let through = |names: [&str; 2]| Asking { actors: names.map(client).to_vec(), ..asking() }.digest();
        assert_ne!(through(["outer", "inner"]), through(["inner", "outer"]));
    }

    #[test]
    fn for_another_tool_something_else_is_asked() {
        is_another(|asking| asking.resource = vec![ResourceUri::parse("https://bank.example").unwrap()]);
    }

    #[test]
    fn another_scope_is_another_request() {
        is_another(|asking| asking.scope = ["openid"].into_iter().collect());
    }

    #[test]
    fn another_detail_is_another_request() {
        is_another(|asking| asking.details = details("Q3-report.pdf"));
    }

    #[test]
    fn other_words_of_the_agent_are_another_request() {
        is_another(|asking| asking.message = Some("payroll".to_owned()));
        is_another(|asking| asking.message = None);
    }
}
