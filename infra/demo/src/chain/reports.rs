//! The reports: the MCP server that agents call. It knows nothing of a customer itself, and asks the customers.

use resource::{Demand, Exchange, Guard, ProtectedResource, WantedDetail};
use rmcp::model::{CallToolResult, Tool};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::addresses::Addresses;
use super::call::call;
use super::customers::{self, Customer};
use super::guarded::{Allowed, Call, ToolServer};
use super::hop::Hop;
use super::{input, refused, structured};
use crate::transport::Transport;

/// The scope of everybody who reads reports.
pub(super) const READ: &str = "reports.read";
/// The scope of who may have what their details name.
pub(super) const ACCESS: &str = "reports.access";
/// The type of the details that a report on a customer takes.
pub(super) const DETAIL: &str = "customer_report";
/// The tool that makes one.
pub(super) const CUSTOMER_REPORT: &str = "customer_report";
/// The tool that says which there are.
const LIST_REPORTS: &str = "list_reports";

/// The server.
pub(super) struct Reports {
    guard: Guard,
    customers: String,
    transport: Transport,
}

/// What the report on a customer says, and where the request went.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Report {
    /// The report.
    pub(super) report: String,
    /// What each tool was sent, in order.
    pub(super) hops: Vec<Hop>,
}

impl Reports {
    pub(super) fn new(guard: Guard, addresses: &Addresses, transport: Transport) -> Self {
        Self { guard, customers: addresses.customers.clone(), transport }
    }

    /// What it says of itself.
    pub(super) fn metadata(guard: &Guard) -> ProtectedResource {
        guard.metadata().named("Reports").scope(ACCESS).detail_type(DETAIL)
    }

    async fn customer_report(&self, allowed: &Allowed) -> Result<CallToolResult, String> {
        let (customer, quarter) = (allowed.call.text("customer"), allowed.call.text("quarter"));
        // Of all that the agent's token allows, no more than this call needs.
        let exchange = Exchange::of(&allowed.token, &self.customers).scope(customers::READ).detail(json!({
            "type": customers::DETAIL, "customer": customer, "datatypes": ["name", "account"],
        }));
        let exchanged = self.guard.exchange(&exchange).await.map_err(|error| refused(&error))?;
        let arguments = json!({"customer": customer});
        let token = Some(exchanged.token.expose().as_str());
        let found: Customer =
            call(&self.transport, &self.customers, token, customers::CUSTOMER_RECORD, arguments)
                .await
                .map_err(|error| format!("the customers: {error}"))?;
        let report = format!(
            "Report on {customer}, {quarter}\n{name} owes {balance}.",
            name = found.name,
            balance = found.account
        );
        let own = Hop::of(Self::NAME, self.guard.resource().as_str(), &allowed.token);
        let hops = std::iter::once(own).chain(found.hops).collect();
        structured(&Report { report, hops })
    }
}

impl ToolServer for Reports {
    const NAME: &'static str = "reports";
    const SCOPE: &'static str = READ;

    fn tools(&self) -> Vec<Tool> {
        let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
        vec![
            Tool::new(LIST_REPORTS, "The kinds of reports that there are.", input(&json!({}))),
            Tool::new(
                CUSTOMER_REPORT,
                "The report on a customer for a quarter. Its token must allow this customer and quarter: a detail of the type \
                 customer_report.",
                input(&json!({"customer": text("^C-[0-9]{4}$"), "quarter": text("^[0-9]{4}-Q[1-4]$")})),
            ),
        ]
    }

    fn demand(&self, call: &Call) -> Demand {
        match call.name() {
            // Not the scope `reports.access`, which the exchange takes: who lacks the detail should hear of the detail.
            CUSTOMER_REPORT => Demand::new().scope(READ).detail(
                WantedDetail::of_type(DETAIL)
                    .field("customer", call.text("customer"))
                    .among("quarters", call.text("quarter")),
            ),
            _ => Demand::new().scope(READ),
        }
    }

    async fn answer(&self, allowed: Allowed) -> Result<CallToolResult, String> {
        match allowed.call.name() {
            CUSTOMER_REPORT => self.customer_report(&allowed).await,
            _ => structured(
                &json!({"reports": [CUSTOMER_REPORT], "asked_by": Value::from(allowed.token.client_id())}),
            ),
        }
    }
}
