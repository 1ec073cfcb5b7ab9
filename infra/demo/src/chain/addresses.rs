/// Where the tools of the chain listen, which is what the configuration registers them as: an MCP client compares the address
/// that it calls with the resource that the tool's metadata names (RFC 9728, section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The first of three ports.
    port: u16,
    /// The MCP server that the agent calls; also its resource indicator (RFC 8707).
    pub(crate) reports: String,
    /// The MCP server that the reports call; also its resource indicator.
    pub(crate) customers: String,
    /// The resource indicator of the tool that the customers call.
    pub(crate) ledger: String,
    /// The ledger's entity id: the audience of the assertions that it takes (SAML Core, section 2.5.1.4).
    pub(crate) ledger_audience: String,
    /// Where it takes them (SAML Profiles, section 3.3).
    pub(crate) ledger_recipient: String,
}

impl Addresses {
    /// From this port on; `None` when there are no three.
    pub(crate) fn from(port: u16) -> Option<Self> {
        let [reports, customers, ledger] = [Some(port), port.checked_add(1), port.checked_add(2)];
        let at = |port: u16| format!("http://localhost:{port}");
        let ledger = at(ledger?);
        Some(Self {
            port,
            reports: format!("{}/mcp", at(reports?)),
            customers: format!("{}/mcp", at(customers?)),
            ledger_audience: format!("{ledger}/saml"),
            ledger_recipient: format!("{ledger}/saml/acs"),
            ledger,
        })
    }

    /// The ports of reports, customers and ledger.
    pub(crate) const fn ports(&self) -> [u16; 3] {
        [self.port, self.port + 1, self.port + 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tools_have_three_ports() {
        let addresses = Addresses::from(8701).expect("three ports");
        assert_eq!(addresses.ports(), [8701, 8702, 8703]);
        assert_eq!(addresses.customers, "http://localhost:8702/mcp");
        assert_eq!(addresses.ledger_recipient, "http://localhost:8703/saml/acs");
        assert_eq!(Addresses::from(u16::MAX), None);
    }
}
