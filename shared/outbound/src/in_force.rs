use std::sync::{Mutex, PoisonError};

use environment::Fault;
use oauth::configuration::OutboundSettings;

use crate::{Loopback, Outbound};

/// The fetcher by the settings in force. It is made when it is first needed: reading the authorities costs time that most requests
/// need not spend. It is made anew when the settings change.
pub struct OutboundInForce {
    loopback: Loopback,
    made: Mutex<Option<Outbound>>,
}

impl OutboundInForce {
    /// None is made yet. Only the local server fetches from this machine.
    pub const fn new(loopback: Loopback) -> Self {
        Self { loopback, made: Mutex::new(None) }
    }

    /// The fetcher by these settings.
    ///
    /// # Errors
    /// [`Fault::Broken`] when the named authorities are not certificates; such a configuration is refused before it is in force.
    pub fn by(&self, settings: &OutboundSettings) -> Result<Outbound, Fault> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetcher) = made.as_ref().filter(|fetcher| fetcher.settings() == settings) {
            return Ok(fetcher.clone());
        }
        let fetcher = Outbound::new(settings, self.loopback).map_err(|why| Fault::broken("outbound", why))?;
        Ok(made.insert(fetcher).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str) -> OutboundSettings {
        OutboundSettings { private_hosts: vec![host.to_owned()], ..OutboundSettings::default() }
    }

    #[test]
    fn a_fetcher_goes_by_the_settings_that_are_in_force_now() {
        let fetchers = OutboundInForce::new(Loopback::Refused);
        for host in ["agents.corp", "agents.corp", "others.corp", "agents.corp"] {
            let fetcher = fetchers.by(&settings(host)).expect("a fetcher");
            assert_eq!(fetcher.settings(), &settings(host));
        }
    }

    #[test]
    fn authorities_that_are_no_certificates_are_a_fault_and_not_left_out() {
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
        let broken = OutboundSettings { authorities: Some(text), ..settings("agents.corp") };
        let fetchers = OutboundInForce::new(Loopback::Refused);
        assert!(fetchers.by(&broken).is_err());
        assert!(fetchers.by(&settings("agents.corp")).is_ok());
        assert!(fetchers.by(&broken).is_err(), "not the one that was made before");
    }
}
