//! The customers: the MCP server that the reports call. What a customer owes it asks the ledger.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::http::{Request, StatusCode, header};
use resource::{Demand, Exchange, Guard, ProtectedResource, WantedDetail};
use rmcp::model::{CallToolResult, Tool};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::addresses::Addresses;
use super::guarded::{Allowed, Call, ToolServer};
use super::hop::Hop;
use super::ledger::{self, Balance};
use super::{input, refused, structured};
use crate::transport::Transport;

/// The scope of who may see what their details name.
pub(super) const READ: &str = "customers.read";
/// The type of the details.
pub(super) const DETAIL: &str = "customer_record";
/// The tool.
pub(super) const CUSTOMER_RECORD: &str = "customer_record";

/// The server.
pub(super) struct Customers {
    guard: Guard,
    addresses: Addresses,
    transport: Transport,
}

/// What is known of a customer, and where the request went.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Customer {
    /// What they are called.
    pub(super) name: String,
    /// What they owe.
    pub(super) account: String,
    /// What each tool was sent, in order.
    pub(super) hops: Vec<Hop>,
}

impl Customers {
    pub(super) fn new(guard: Guard, addresses: &Addresses, transport: Transport) -> Self {
        Self { guard, addresses: addresses.clone(), transport }
    }

    /// What it says of itself.
    pub(super) fn metadata(guard: &Guard) -> ProtectedResource {
        guard.metadata().named("Customers").detail_type(DETAIL)
    }

    async fn record(&self, allowed: &Allowed) -> Result<CallToolResult, String> {
        let customer = allowed.call.text("customer");
        let name = name_of(customer).ok_or_else(|| format!("there is no customer {customer}"))?;
        let exchange = Exchange::of(&allowed.token, &self.addresses.ledger)
            .scope(ledger::READ)
            .detail(json!({"type": ledger::DETAIL, "customer": customer}))
            .for_saml();
        let exchanged = self.guard.exchange(&exchange).await.map_err(|error| refused(&error))?;
        let balance = self.balance(exchanged.token.expose()).await?;
        let own = Hop::of(Self::NAME, self.guard.resource().as_str(), &allowed.token);
        structured(&Customer {
            name: name.to_owned(),
            account: balance.balance,
            hops: vec![own, balance.hop],
        })
    }

    /// Presents the assertion at the one place where it may be presented. It comes in base64url (RFC 8693, section 3).
    async fn balance(&self, assertion: &str) -> Result<Balance, String> {
        let xml =
            URL_SAFE_NO_PAD.decode(assertion).map_err(|_| "the assertion is not in base64url".to_owned())?;
        let request = Request::post(&self.addresses.ledger_recipient)
            .header(header::CONTENT_TYPE, ledger::CONTENT_TYPE)
            .body(xml)
            .map_err(|error| error.to_string())?;
        let answer = self.transport.send(request).await.map_err(|error| format!("the ledger: {error}"))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the ledger answered {}", answer.status()));
        }
        serde_json::from_slice(answer.body()).map_err(|_| "the ledger answered something else".to_owned())
    }
}

impl ToolServer for Customers {
    const NAME: &'static str = "customers";
    const SCOPE: &'static str = READ;

    fn tools(&self) -> Vec<Tool> {
        vec![Tool::new(
            CUSTOMER_RECORD,
            "Name and account of a customer. Its token must allow both: a detail of the type customer_record.",
            input(&json!({"customer": {"type": "string", "pattern": "^C-[0-9]{4}$"}})),
        )]
    }

    fn demand(&self, call: &Call) -> Demand {
        match call.name() {
            CUSTOMER_RECORD => Demand::new().scope(READ).detail(
                WantedDetail::of_type(DETAIL)
                    .field("customer", call.text("customer"))
                    .among("datatypes", "name")
                    .among("datatypes", "account"),
            ),
            _ => Demand::new().scope(READ),
        }
    }

    async fn answer(&self, allowed: Allowed) -> Result<CallToolResult, String> {
        self.record(&allowed).await
    }
}

fn name_of(customer: &str) -> Option<&'static str> {
    match customer {
        "C-1042" => Some("Papier Müller GmbH"),
        "C-2077" => Some("Nordlicht Energie AG"),
        "C-3001" => Some("Bäckerei Sommer KG"),
        _ => None,
    }
}
