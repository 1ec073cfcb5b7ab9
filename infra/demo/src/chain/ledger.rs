//! The ledger: the oldest tool of the house. It speaks plain HTTP, takes SAML assertions alone, and knows nothing of OAuth but to say
//! who makes them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use openidconnect::http::Request;
use resource::{ProtectedResource, ResourceUri};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::addresses::Addresses;
use super::assertion::{Assertion, Expected, certificates};
use super::hop::Hop;
use crate::transport::Transport;

/// The scope of the exchange.
pub(super) const READ: &str = "ledger.read";
/// The type of its details.
pub(super) const DETAIL: &str = "account_balance";
/// How an assertion is posted to it.
pub(super) const CONTENT_TYPE: &str = "application/samlassertion+xml";

/// What it calls somebody who may read.
const READER: &str = "Reader";

/// The running tool.
pub(super) struct Ledger {
    issuer: String,
    addresses: Addresses,
    transport: Transport,
    /// Assertions that were presented, until nobody would take them any more: each is good once (SAML Profiles, section 4.1.4.5).
    presented: Mutex<HashMap<String, Timestamp>>,
}

/// What a customer owes, and with what it was asked.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Balance {
    /// The balance, with its currency.
    pub(super) balance: String,
    /// What the ledger was sent.
    pub(super) hop: Hop,
}

impl Ledger {
    pub(super) fn new(issuer: &str, addresses: &Addresses, transport: Transport) -> Self {
        let (issuer, addresses) = (issuer.to_owned(), addresses.clone());
        Self { issuer, addresses, transport, presented: Mutex::default() }
    }

    /// The place where assertions are presented, and the one where whoever knows the ledger alone learns where to get them.
    pub(super) fn router(self) -> Router {
        let metadata = self.metadata();
        let router = Router::new().route("/saml/acs", post(present)).with_state(Arc::new(self));
        match metadata {
            Some(metadata) => router.layer(metadata.layer()),
            None => router,
        }
    }

    /// What it says of itself (RFC 9728): whose assertions it takes, and what to ask for. A bearer token is none of them.
    fn metadata(&self) -> Option<ProtectedResource> {
        let resource = ResourceUri::parse(&self.addresses.ledger)?;
        let metadata = ProtectedResource::new(resource, self.issuer.as_str()).named("Ledger");
        Some(metadata.scope(READ).detail_type(DETAIL).without_bearer_tokens())
    }

    /// The balance of the customer whom the assertion names. `None` for whatever reason: a stranger is not told which.
    async fn balance(&self, document: &str) -> Option<Balance> {
        let expected = Expected {
            issuer: &self.issuer,
            audience: &self.addresses.ledger_audience,
            recipient: &self.addresses.ledger_recipient,
        };
        let now = now()?;
        let keys = self.keys().await?;
        let assertion = Assertion::verified(document, &keys, expected, now).ok()?;
        if !self.is_presented_first(&assertion, now) || assertion.one("Role") != Some(READER) {
            return None;
        }
        let balance = balance_of(assertion.one("Customer")?)?.to_owned();
        Some(Balance { balance, hop: self.hop(&assertion) })
    }

    /// The issuer's keys, asked for each time: a tool with more to do keeps the metadata for as long as its `cacheDuration` says.
    async fn keys(&self) -> Option<Vec<Vec<u8>>> {
        let request = Request::get(format!("{}/saml/metadata", self.issuer)).body(Vec::new()).ok()?;
        let answer = self.transport.send(request).await.ok()?;
        certificates(std::str::from_utf8(answer.body()).ok()?, &self.issuer)
    }

    fn is_presented_first(&self, assertion: &Assertion, now: Timestamp) -> bool {
        let mut presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
        presented.retain(|_, until| now < *until);
        presented.insert(assertion.id.clone(), assertion.expires_at).is_none()
    }

    fn hop(&self, assertion: &Assertion) -> Hop {
        let json = |name: &str| assertion.one(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let newest = json("act");
        let actors = std::iter::successors(newest.as_ref(), |actor| actor.get("act"));
        Hop {
            tool: "ledger".to_owned(),
            kind: "SAML 2.0 assertion".to_owned(),
            audience: self.addresses.ledger_audience.clone(),
            subject: assertion.subject.clone(),
            client: assertion.one("client_id").unwrap_or_default().to_owned(),
            actors: actors.filter_map(|actor| Some(actor.get("sub")?.as_str()?.to_owned())).collect(),
            scope: assertion.attributes.get("scope").map(|scope| scope.join(" ")).unwrap_or_default(),
            details: match json("authorization_details") {
                Some(Value::Array(details)) => details,
                _ => Vec::new(),
            },
        }
    }
}

async fn present(State(ledger): State<Arc<Ledger>>, headers: HeaderMap, document: String) -> Response {
    if headers.get(header::CONTENT_TYPE).is_none_or(|given| given != CONTENT_TYPE) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let Some(balance) = ledger.balance(&document).await else {
        return (StatusCode::FORBIDDEN, "the assertion is not acceptable here\n").into_response();
    };
    match serde_json::to_string(&balance) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The present moment, by the clock that the guards of the other tools have.
fn now() -> Option<Timestamp> {
    Timestamp::from_second(resource::Clock::system().now().as_seconds()).ok()
}

fn balance_of(customer: &str) -> Option<&'static str> {
    match customer {
        "C-1042" => Some("12,480.00 EUR"),
        "C-2077" => Some("0.00 EUR"),
        "C-3001" => Some("310.50 EUR"),
        _ => None,
    }
}
