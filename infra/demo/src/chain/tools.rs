use axum::Router;
use resource::{Credentials, Guard, GuardBuilder};

use super::addresses::Addresses;
use super::customers::Customers;
use super::guarded::{ToolServer, router};
use super::ledger::Ledger;
use super::reports::Reports;
use crate::Trouble;
use crate::local_server::Secrets;
use crate::loopback::{Serving, serve_on};
use crate::transport::Transport;

/// The three tools, running; they end when this is dropped.
pub(crate) struct Tools {
    /// Where they are.
    pub(crate) addresses: Addresses,
    _serving: Vec<Serving>,
}

impl Tools {
    /// Starts them on ports of this machine. Each has credentials of its own at the issuer, but the last, which knows of no
    /// issuer but its metadata.
    ///
    /// # Errors
    /// When a secret is nowhere, or a port is taken.
    pub(crate) async fn start(
        issuer: &str,
        addresses: Addresses,
        secrets: &Secrets,
        transport: &Transport,
    ) -> Result<Self, Trouble> {
        let credentials = |client: &str| -> Result<Credentials, Trouble> {
            Ok(Credentials::secret(client, secrets.of(client)?.secret()))
        };
        let transport = || transport.clone();
        let guard = Reports::guard(issuer, &addresses.reports, credentials("reports-tool")?, transport());
        let guard = built(guard)?;
        let metadata = Reports::metadata(&guard);
        let reports = router(&guard, metadata, Reports::new(guard.clone(), &addresses, transport()));

        let guard =
            Customers::guard(issuer, &addresses.customers, credentials("customers-tool")?, transport());
        let guard = built(guard)?;
        let metadata = Customers::metadata(&guard);
        let customers = router(&guard, metadata, Customers::new(guard.clone(), &addresses, transport()));

        let ledger = Ledger::new(issuer, &addresses, transport()).router();
        let serving = on_their_ports(&addresses, [reports, customers, ledger]).await?;
        Ok(Self { addresses, _serving: serving })
    }
}

fn built(guard: GuardBuilder) -> Result<Guard, Trouble> {
    guard.build().map_err(|error| Trouble::Document { document: "metadata or keys", why: error.to_string() })
}

async fn on_their_ports(addresses: &Addresses, routers: [Router; 3]) -> Result<Vec<Serving>, Trouble> {
    let mut serving = Vec::new();
    for (port, router) in addresses.ports().into_iter().zip(routers) {
        serving.push(serve_on(port, router).await?);
    }
    Ok(serving)
}
