use std::time::Duration;

use environment::Fault;
use http::audit::{Decision, Event, Outcome as AuditOutcome};
use keys::NOTIFICATION_TOKEN;
use oauth::configuration::TokenDelivery;
use oauth::{Awaited, Stage, Timestamp};

use crate::outcome::Outcome;
use crate::{Scene, Services};

/// For how long after its end a client is told of a request: so long it can still ask what became of it.
const WORTH_TELLING: Duration = Duration::from_mins(10);

impl Services {
    /// Tells a client that the person has decided, unless it has asked already.
    pub(crate) async fn tell(&self, scene: &Scene, event_id: &str) -> Result<Outcome, Fault> {
        match &scene.found.stage {
            Stage::Approved(approved) => self.ping(scene, &approved.awaited, event_id).await,
            Stage::Declined(declined) => self.ping(scene, &declined.awaited, event_id).await,
            _ => Ok(Outcome::Done("its client knows")),
        }
    }

    /// Tells a client that its request has expired, once it has. Nothing is written when a request expires, so that a timer has to
    /// see to it.
    pub(crate) async fn expire(&self, scene: &Scene, event_id: &str) -> Result<Outcome, Fault> {
        let Stage::Requested(requested) = &scene.found.stage else {
            return Ok(Outcome::Done("it is decided"));
        };
        let awaited = &requested.awaited;
        if scene.now >= awaited.expires_at {
            return self.ping(scene, awaited, event_id).await;
        }
        if self.endpoint_of(scene).await?.is_none() || awaited.notification_token.is_none() {
            return Ok(Outcome::Done("its client polls"));
        }
        Ok(Outcome::NotYet { at: awaited.expires_at, until: end_of(awaited) })
    }

    async fn ping(&self, scene: &Scene, awaited: &Awaited, event_id: &str) -> Result<Outcome, Fault> {
        let Scene { found, configuration, now } = scene;
        let endpoint = self.endpoint_of(scene).await?;
        let Some((endpoint, sealed)) = endpoint.zip(awaited.notification_token.as_deref()) else {
            return Ok(Outcome::Done("its client polls"));
        };
        let secret = self.keys.server_secret().await?;
        let Some(token) = secret.reveal(NOTIFICATION_TOKEN, found.id.as_str(), sealed) else {
            return Ok(Outcome::Never { why: "the client's token does not open".to_owned() });
        };
        let auth_req_id = secret.auth_req_id(&found.id);
        let settings = &configuration.server.outbound;
        match self.clients.ping(settings, &endpoint, &auth_req_id, &token).await {
            Ok(()) => {
                tracing::info!(target: "notify", grant_id = found.id.as_str(), "a client was told");
                Decision::about(Event::Notification, AuditOutcome::Granted, event_id, *now)
                    .client(found.client_id())
                    .grant_id(&found.id)
                    .record();
                Ok(Outcome::Done("the client was told"))
            }
            Err(problem) => Ok(Outcome::undelivered(problem, end_of(awaited))),
        }
    }

    /// Where a client wants to be told, if it does.
    async fn endpoint_of(&self, scene: &Scene) -> Result<Option<String>, Fault> {
        let client_id = scene.found.client_id();
        if self.store.client_state(client_id, scene.now).await?.disabled {
            return Ok(None);
        }
        let client = self.store.client(&scene.configuration, client_id, scene.now).await?;
        let backchannel = client.as_ref().and_then(|client| client.backchannel.as_ref());
        Ok(match backchannel.map(|backchannel| &backchannel.delivery) {
            Some(TokenDelivery::Ping { endpoint }) => Some(endpoint.clone()),
            Some(TokenDelivery::Poll) | None => None,
        })
    }
}

fn end_of(awaited: &Awaited) -> Timestamp {
    awaited.expires_at.after(WORTH_TELLING)
}
