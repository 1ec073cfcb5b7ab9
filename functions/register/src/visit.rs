use std::sync::Arc;

use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::request::arrival;
use http::{Problem, Request, Site};
use oauth::configuration::{Client, Registration};
use oauth::{Refusal, Stranger, Timestamp};
use store::{COUNTED_TOGETHER, Configuration, weight_of};

use crate::Services;

/// One request to the endpoint.
pub(crate) struct Visit<'a> {
    pub(crate) services: &'a Services,
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) site: Site,
}

impl<'a> Visit<'a> {
    /// Looks at the clock and reads the configuration in force.
    pub(crate) async fn begin(services: &'a Services, request: &'a Request) -> Result<Self, Fault> {
        let now = services.clock.now();
        let configuration = services.store.configuration(now).await?;
        let site = Site::of(&configuration.server);
        Ok(Self { services, request, now, configuration, site })
    }

    /// The settings, where clients may register themselves at all.
    pub(crate) fn registration(&self) -> Result<&Registration, Refusal> {
        self.configuration.server.registration.as_ref().ok_or(Refusal::RegistrationNotOffered)
    }

    /// Counts whoever looks after a registration, by their address, before anything is read for them: whether the token is
    /// good is seen after that.
    pub(crate) async fn within_limits(&self) -> Result<(), Refusal> {
        let address = arrival(self.request).source_ip.as_deref();
        let per_minute = self.configuration.server.limits.client_requests_per_minute;
        let weight = weight_of(self.request.body().len());
        if self.services.store.count_stranger(address, weight, per_minute, self.now).await {
            Ok(())
        } else {
            Err(Refusal::SlowDown { retry_after: COUNTED_TOGETHER })
        }
    }

    /// The registration as the client that it makes.
    pub(crate) fn client(&self, stranger: &Stranger) -> Result<Client, Problem> {
        let client = stranger.as_client(&self.configuration.server);
        client.ok_or_else(|| Fault::broken("registration", "it makes no client").into())
    }

    /// The audit's line about a decision in this request, to be completed.
    pub(crate) fn record<'d>(&'d self, outcome: Outcome<'d>) -> Decision<'d> {
        Decision::new(Event::Registration, outcome, self.request, self.now)
    }
}
