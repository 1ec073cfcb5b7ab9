use std::sync::Arc;
use std::time::Duration;

use environment::Fault;
use http::audit::{Event, Outcome as AuditOutcome};
use keys::NOTIFICATION_TOKEN;
use oauth::configuration::{Client, TokenDelivery};
use oauth::{Active, Awaited, Ended, Handle, Refusal, Secret, Stage, Timestamp};

use crate::ending::Ending;
use crate::errand::Errand;
use crate::outcome::Outcome;
use crate::{Scene, Services};

/// For how long after its end a client is told of a request: so long it can still ask what became of it.
const WORTH_TELLING: Duration = Duration::from_mins(10);

/// A client that wants to be told.
pub(crate) struct Listener {
    pub(crate) client: Arc<Client>,
    /// Where.
    pub(crate) endpoint: String,
    /// With what of its own.
    pub(crate) token: Secret<String>,
    /// Of what.
    pub(crate) auth_req_id: Handle,
}

/// An errand to such a client.
pub(crate) struct Telling<'a> {
    pub(crate) services: &'a Services,
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) errand: &'a Errand,
    pub(crate) listener: Listener,
    /// Until when it is worth telling.
    pub(crate) until: Timestamp,
}

impl Services {
    /// Tells a client what the person has decided, unless it knows already.
    pub(crate) async fn tell(&self, scene: &Scene<'_>, errand: &Errand) -> Result<Outcome, Fault> {
        let awaited = match &scene.found.stage {
            Stage::Approved(approved) => &approved.awaited,
            Stage::Declined(declined) => &declined.awaited,
            Stage::Active(Active { parcel: Some(parcel), .. }) => &parcel.awaited,
            Stage::Ended(Ended { awaited: Some(awaited), .. }) => awaited,
            _ => return Ok(Outcome::Done("its client knows")),
        };
        let telling = match self.telling(scene, errand, awaited).await? {
            Ok(telling) => telling,
            Err(outcome) => {
                self.withdraw(scene, "its client is not told anything any more").await?;
                return Ok(outcome);
            }
        };
        match (&scene.found.stage, telling.listener.client.is_brought_tokens()) {
            (Stage::Declined(_), true) => telling.refuse(&Refusal::ApprovalDenied).await,
            (Stage::Ended(_), true) => telling.tell_of_the_end(awaited).await,
            (_, true) => telling.bring().await,
            (Stage::Active(_), false) => {
                let why = "its client is brought nothing any more";
                self.withdraw(scene, why).await?;
                Ok(Outcome::Done(why))
            }
            (_, false) => telling.ping().await,
        }
    }

    /// Tokens that lie ready for a client to which they cannot be brought any more are for nobody.
    async fn withdraw(&self, scene: &Scene<'_>, why: &str) -> Result<(), Fault> {
        if scene.found.parcel().is_none() {
            return Ok(());
        }
        self.end(scene, scene.found.clone(), (Ending::Untold, AuditOutcome::Failed(why))).await
    }

    /// Tells a client that its request has expired, once it has. Nothing is written when a request expires, so that a timer has to
    /// see to it.
    pub(crate) async fn expire(&self, scene: &Scene<'_>, errand: &Errand) -> Result<Outcome, Fault> {
        let Stage::Requested(requested) = &scene.found.stage else {
            return Ok(Outcome::Done("it is decided"));
        };
        let awaited = &requested.awaited;
        if scene.now < awaited.expires_at {
            let listens = self.endpoint_of(scene).await?.is_some() && awaited.notification_token.is_some();
            let not_yet = Outcome::NotYet { at: awaited.expires_at, until: end_of(awaited) };
            return Ok(if listens { not_yet } else { Outcome::Done("its client polls") });
        }
        let telling = match self.telling(scene, errand, awaited).await? {
            Ok(telling) => telling,
            Err(outcome) => return Ok(outcome),
        };
        if telling.listener.client.is_brought_tokens() {
            telling.refuse(&Refusal::AuthReqIdExpired).await
        } else {
            telling.ping().await
        }
    }

    /// The errand to a client that wants to be told; else what becomes of the errand.
    async fn telling<'a>(
        &'a self,
        scene: &'a Scene<'_>,
        errand: &'a Errand,
        awaited: &Awaited,
    ) -> Result<Result<Telling<'a>, Outcome>, Fault> {
        let found = self.endpoint_of(scene).await?;
        let Some(((client, endpoint), sealed)) = found.zip(awaited.notification_token.as_deref()) else {
            return Ok(Err(Outcome::Done("its client polls")));
        };
        let id = &scene.found.id;
        let secret = self.keys.server_secret().await?;
        let Some(token) = secret.reveal(NOTIFICATION_TOKEN, id.as_str(), sealed) else {
            return Ok(Err(Outcome::Never { why: "the client's token does not open".to_owned() }));
        };
        let listener = Listener { client, endpoint, token, auth_req_id: secret.auth_req_id(id) };
        Ok(Ok(Telling { services: self, scene, errand, listener, until: end_of(awaited) }))
    }

    /// A client that wants to be told, and where.
    async fn endpoint_of(&self, scene: &Scene<'_>) -> Result<Option<(Arc<Client>, String)>, Fault> {
        let client_id = scene.found.client_id();
        if self.store.client_state(client_id, scene.now).await?.disabled {
            return Ok(None);
        }
        let Some(client) = self.store.client(&scene.configuration, client_id, scene.now).await? else {
            return Ok(None);
        };
        let endpoint = match client.backchannel.as_ref().map(|backchannel| &backchannel.delivery) {
            Some(TokenDelivery::Ping { endpoint } | TokenDelivery::Push { endpoint }) => endpoint.clone(),
            Some(TokenDelivery::Poll) | None => return Ok(None),
        };
        Ok(Some((client, endpoint)))
    }
}

impl Telling<'_> {
    /// Tells the client that there is something to come for (OpenID CIBA Core 1.0, section 10.2).
    async fn ping(&self) -> Result<Outcome, Fault> {
        let Listener { endpoint, token, auth_req_id, .. } = &self.listener;
        let settings = &self.scene.configuration.server.outbound;
        match self.services.clients.ping(settings, endpoint, auth_req_id, token).await {
            Ok(()) => Ok(self.heard()),
            Err(problem) => Ok(Outcome::undelivered(problem, self.until)),
        }
    }

    /// Tells the client that nothing comes of what the person approved (OpenID CIBA Core 1.0, section 12), and forgets what it is told
    /// with.
    async fn tell_of_the_end(&self, awaited: &Awaited) -> Result<Outcome, Fault> {
        let is_late = self.scene.now >= awaited.expires_at;
        let told = if is_late { Refusal::AuthReqIdExpired } else { Refusal::TransactionFailed };
        let outcome = self.refuse(&told).await?;
        if !matches!(outcome, Outcome::Later { .. }) {
            self.services.forget(self.scene.found.clone()).await;
        }
        Ok(outcome)
    }

    /// The client said that it heard.
    pub(crate) fn heard(&self) -> Outcome {
        tracing::info!(target: "notify", grant_id = self.scene.found.id.as_str(), "a client was told");
        self.scene.decision(Event::Notification, AuditOutcome::Granted).record();
        Outcome::Done("the client was told")
    }
}

/// Until when it is worth telling a client of a request.
fn end_of(awaited: &Awaited) -> Timestamp {
    awaited.expires_at.after(WORTH_TELLING)
}
