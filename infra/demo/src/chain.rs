//! A chain of tools: an agent, signed in for by a person, calls the reports; these ask the customers on behalf of the person, and
//! the customers ask the ledger. Each exchanges the token that it was sent for one that the next tool alone accepts (RFC 8693),
//! and each token allows less than the one before. Agent and tools speak MCP by its official SDK; the ledger takes SAML alone.

mod addresses;
mod assertion;
mod call;
mod customers;
mod first_contact;
mod guarded;
mod hop;
mod ledger;
mod reports;
mod tools;

use resource::ExchangeError;
use rmcp::model::{CallToolResult, JsonObject};
use serde::Serialize;
use serde_json::{Value, json};

use self::call::{CallFailed, call};
use self::reports::{CUSTOMER_REPORT, Report};
use crate::errand::Errand;
use crate::local_server::LocalServer;
use crate::story::Story;
use crate::transport::Transport;
use crate::{Arguments, Trouble, discovery, person};
pub(crate) use addresses::Addresses;
pub(crate) use tools::Tools;

/// The customer whom the agent asks about.
const CUSTOMER: &str = "C-1042";
/// Another whom the person approves, so that one sees that the next tool hears nothing of them.
const APPROVED_TOO: &str = "C-2077";
/// One whom nobody approved.
const NOT_APPROVED: &str = "C-3001";
/// The quarter that the report is about.
const QUARTER: &str = "2026-Q4";

/// What the agent asks the person for.
fn errand(addresses: &Addresses) -> Errand {
    let report = |customer: &str| json!({"type": reports::DETAIL, "customer": customer, "quarters": ["2026-Q3", QUARTER]});
    Errand {
        scope: "reports.read reports.access",
        tool: addresses.reports.clone(),
        details: json!([report(CUSTOMER), report(APPROVED_TOO)]),
        purpose: "Prepare the call with two customers about their accounts.",
        what: format!("have the reports on {CUSTOMER} and {APPROVED_TOO}"),
        left_out: format!("the report on {CUSTOMER}"),
    }
}

/// The whole walk.
///
/// # Errors
/// [`Trouble`]: the step that did not work, and why.
pub(crate) async fn run(
    story: &mut Story,
    arguments: &Arguments,
    server: &LocalServer,
    transport: &Transport,
) -> Result<(), Trouble> {
    let tools = start(arguments, &server.issuer, transport).await?;
    let reports = &tools.addresses.reports;
    first_contact::meet(story, reports, &server.issuer, transport).await?;
    let provider = discovery::discover(story, &server.issuer, transport).await?;
    let errand = errand(&tools.addresses);
    let token = person::ask_for(story, server, provider, transport, !arguments.no_browser, &errand).await?;
    let asking = Asking { transport, reports, token: token.secret() };
    asking.about_the_customer(story, &errand).await?;
    asking.about_one_whom_nobody_approved(story).await
}

/// The agent with its token.
struct Asking<'a> {
    transport: &'a Transport,
    reports: &'a str,
    token: &'a str,
}

impl Asking<'_> {
    async fn about(&self, customer: &str) -> Result<Report, CallFailed> {
        let arguments = json!({"customer": customer, "quarter": QUARTER});
        call(self.transport, self.reports, Some(self.token), CUSTOMER_REPORT, arguments).await
    }

    async fn about_the_customer(&self, story: &mut Story, errand: &Errand) -> Result<(), Trouble> {
        story.step(format_args!("The agent calls {CUSTOMER_REPORT} about {CUSTOMER} (MCP)"));
        let Report { report, hops } = self.about(CUSTOMER).await.map_err(|why| {
            // A person may approve a part of what was asked for (RFC 9396, section 7).
            if is_of_details(&why) {
                Trouble::NotApproved(format!("the person left {} out", errand.left_out))
            } else {
                unexpected(why.to_string())
            }
        })?;
        story.tell(format_args!("\n{report}\n"));
        for hop in hops {
            hop.show(story);
        }
        Ok(())
    }

    async fn about_one_whom_nobody_approved(&self, story: &mut Story) -> Result<(), Trouble> {
        story
            .step(format_args!("The agent calls {CUSTOMER_REPORT} about {NOT_APPROVED} with the same token"));
        match self.about(NOT_APPROVED).await {
            Err(why) if is_of_details(&why) => {
                story.fact("WWW-Authenticate", why);
                story.tell("\nThe token is good, and its details name other customers.");
                Ok(())
            }
            Err(other) => Err(unexpected(other.to_string())),
            Ok(_) => Err(unexpected(format!("they told of {NOT_APPROVED}"))),
        }
    }
}

/// Whether a token is good and its details do not allow the call.
fn is_of_details(why: &CallFailed) -> bool {
    matches!(why, CallFailed::Challenged(challenge) if challenge.contains(r#"error="insufficient_authorization""#))
}

fn unexpected(why: String) -> Trouble {
    Trouble::Unexpected { endpoint: "The reports", why }
}

/// Runs the tools until the terminal says that it is enough.
///
/// # Errors
/// [`Trouble`]: why they cannot be started.
pub(crate) async fn serve_tools(
    story: &mut Story,
    arguments: &Arguments,
    issuer: &str,
    transport: &Transport,
) -> Result<(), Trouble> {
    let tools = start(arguments, issuer, transport).await?;
    story.step("Three tools run, until Ctrl-C");
    story.fact("issuer", issuer);
    story.fact("reports (MCP)", &tools.addresses.reports);
    story.fact("customers (MCP)", &tools.addresses.customers);
    story.fact("ledger (SAML)", &tools.addresses.ledger_recipient);
    tokio::signal::ctrl_c().await.map_err(Trouble::Runtime)
}

async fn start(arguments: &Arguments, issuer: &str, transport: &Transport) -> Result<Tools, Trouble> {
    let addresses = Addresses::from(arguments.tools_port)
        .ok_or(Trouble::ToolPort { port: arguments.tools_port, why: "two more must follow it".to_owned() })?;
    Tools::start(issuer, addresses, &LocalServer::secrets(arguments)?, transport).await
}

/// What an exchange says that came to nothing, for the client.
fn refused(error: &ExchangeError) -> String {
    match error {
        ExchangeError::Refused { error, description: Some(description) } => {
            format!("the exchange was refused: {error}: {description}")
        }
        other => other.to_string(),
    }
}

/// A structured answer (MCP, `structuredContent`).
fn structured(answer: &impl Serialize) -> Result<CallToolResult, String> {
    serde_json::to_value(answer).map(CallToolResult::structured).map_err(|error| error.to_string())
}

/// The schema of a tool's input: all of these, and nothing else.
fn input(properties: &Value) -> JsonObject {
    let names: Vec<&String> = properties.as_object().map(|all| all.keys().collect()).unwrap_or_default();
    let schema =
        json!({"type": "object", "required": names, "additionalProperties": false, "properties": properties});
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

#[cfg(test)]
mod tests;
