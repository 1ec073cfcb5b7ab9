use serde_json::{Value, json};

use crate::assertion::now;
use crate::event::{Reply, Request};
use crate::place::{Place, a_name};
use crate::requests::CALLBACK;
use crate::visit::Visit;
use crate::walk::{Crew, Ready, expect};

/// What a client is called after it has changed its registration.
pub(crate) const RENAMED: &str = "Another name";

/// The sort key of what the table has of a client that nobody here registered.
const CLIENT: &str = "CLIENT";

/// In seconds: far longer than a registration lives that nobody uses.
const A_DAY: u64 = 24 * 60 * 60;

fn registration_of(client: &str) -> String {
    format!("REGISTRATION#{client}")
}

/// What a client says of itself (RFC 7591, section 2).
fn metadata() -> Value {
    json!({
        "client_name": "Helpful agent",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

/// A client registers itself (RFC 7591, section 3.1).
pub(crate) fn registration() -> Request {
    Request::get("/register").instead("POST", Some(&metadata()))
}

/// It reads what it has registered, by the token that it got with it (RFC 7592, section 2.1).
fn reading(place: &Place, registered: &Reply) -> Request {
    let uri = place.inside(&registered.member("registration_client_uri"));
    let bearer = format!("Bearer {}", registered.member("registration_access_token"));
    Request::get(&uri).routed_by("client_id").header("authorization", bearer)
}

impl Crew {
    /// A client is about to read, change or delete what it has registered (RFC 7592, section 2).
    pub(crate) fn comes_to_registration(&self, visit: Visit) -> Ready {
        let registered = self.registers();
        let (id, reads) = (registered.member("client_id"), reading(self.place, &registered));
        let mut renamed = metadata();
        (renamed["client_id"], renamed["client_name"]) = (json!(id), json!(RENAMED));
        let request = match visit {
            Visit::ChangeRegistration => reads.instead("PUT", Some(&renamed)),
            Visit::DeleteRegistration => reads.instead("DELETE", None),
            _ => reads,
        };
        Ready::new(visit, request).about(id)
    }

    /// A client that has registered itself.
    pub(crate) fn has_registered(&self) -> String {
        self.registers().member("client_id")
    }

    fn registers(&self) -> Reply {
        let registered = self.at_registration(&registration());
        assert!(Visit::Register.is_granted(&registered), "{}", registered.outline());
        registered
    }

    /// A client of whose document a function has read enough. The functions as they are deployed fetch nothing from this machine,
    /// and no setting changes that: so what one would have kept of it is made of a registration, which says the same.
    pub(crate) fn has_a_document(&self) -> String {
        let (registered, id) = (self.has_registered(), format!("https://agents.test/{}.json", a_name()));
        let mut item = self.place.item(&registration_of(&registered), CLIENT);
        let mut known: Value = item["body"]["S"].as_str().and_then(|body| body.parse().ok()).expect("JSON");
        known["id"] = json!(id);
        // It is the token of whoever registered.
        known.as_object_mut().expect("an object").remove("management");
        item["pk"]["S"] = json!(format!("DOCUMENT#{id}"));
        item["body"]["S"] = json!(known.to_string());
        self.place.puts(&item);
        id
    }

    /// That a code is good, and that the registration of its client lives on now that somebody uses it.
    pub(crate) fn registration_lives_on(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let code = granted.callback("code").unwrap_or_default();
        let redeemed = self.at_token(&Place::redemption_by_name(&ready.token, &code));
        expect(Visit::Redeem.is_granted(&redeemed), "the code is not good")?;
        let item = self.place.item(&registration_of(&ready.token), CLIENT);
        let ends = item["expires_at"]["N"].as_str().and_then(|moment| moment.parse().ok());
        expect(ends > Some(now() + A_DAY), "its registration ends before what was granted")
    }

    /// That a registration is as its client was told.
    pub(crate) fn is_registered_so(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let asks = match ready.visit {
            Visit::Register => reading(self.place, granted),
            _ => ready.request.instead("GET", None),
        };
        let read = self.at_registration(&asks);
        if ready.visit == Visit::DeleteRegistration {
            expect(read.status == 401, "its token is still good")?;
            return expect(self.is_unknown(&ready.token), "the client is still known");
        }
        let name = granted.member("client_name");
        expect(!name.is_empty() && read.member("client_name") == name, "it is not what was told")
    }

    /// Whether nobody is called so: such a client may ask for nothing.
    pub(crate) fn is_unknown(&self, client: &str) -> bool {
        self.at_par(&Place::push_by_name(client)).member("error") == "invalid_client"
    }
}
