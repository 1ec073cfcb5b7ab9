//! Push (OpenID CIBA Core 1.0, sections 10.3 and 12): the tokens of an approval are made here and brought to the client.
//!
//! They are made once. The write that spends the approval keeps them, sealed, until the client has them, so that every try brings the
//! same ones, whoever makes it, and of two at once none makes a second set. A last write forgets them.

use environment::Fault;
use http::Problem;
use http::audit::{Event, Outcome as AuditOutcome};
use issuing::{Content, FirstTokens, Issued, Mint, Registered};
use keys::BROUGHT_TOKENS;
use oauth::{Actor, Authorization, Parcel, RefreshToken, Refusal, Secret, Stage, TokenResponse};
use serde_json::{Map, Value, json};

use crate::Scene;
use crate::outcome::Outcome;
use crate::telling::{Listener, Telling};

/// How often a move is decided again because somebody else moved first: another event about the same approval.
const MOST_TRIES: usize = 3;

/// The longest sealed text that lies ready: an item of the table holds 400 KB.
const LARGEST_PARCEL: usize = 320 * 1024;

/// What became of an attempt to make tokens.
enum Made {
    /// They lie ready.
    Ready(Box<Authorization>),
    /// Somebody else moved first.
    Overtaken(Option<Box<Authorization>>),
}

impl Telling<'_> {
    /// Brings the client the tokens of an approval: those that lie ready, or else new ones. What cannot be issued after a yes is told as
    /// the end of the request.
    pub(crate) async fn bring(&self) -> Result<Outcome, Fault> {
        let mut standing = self.scene.found.clone();
        for _ in 0..MOST_TRIES {
            if standing.parcel().is_some() {
                return self.bring_again(standing).await;
            }
            if !matches!(standing.stage, Stage::Approved(_)) {
                return Ok(Outcome::Done("its client knows, or it has ended"));
            }
            match self.made(standing).await {
                Ok(Made::Ready(next)) => return self.deliver(*next).await,
                Ok(Made::Overtaken(Some(current))) => standing = *current,
                Ok(Made::Overtaken(None)) => return Ok(Outcome::Done("it is gone")),
                Err(Problem::Refused(refusal)) => return self.refuse(&refusal).await,
                Err(Problem::Fault(fault)) => return Err(fault),
            }
        }
        Err(Fault::unavailable("table", "others move first"))
    }

    /// Tells the client why there are no tokens (OpenID CIBA Core 1.0, section 12).
    pub(crate) async fn refuse(&self, refusal: &Refusal) -> Result<Outcome, Fault> {
        let told = match refusal {
            Refusal::ApprovalDenied | Refusal::AuthReqIdExpired => refusal,
            _ => {
                self.decision(Event::Token, AuditOutcome::Refused(refusal)).record();
                &Refusal::TransactionFailed
            }
        };
        let payload = json!({
            "auth_req_id": self.listener.auth_req_id.reveal(),
            "error": told.code().as_str(),
            "error_description": told.description(),
        });
        match self.push(&Secret::new(payload.to_string())).await {
            Ok(()) => Ok(self.heard()),
            Err(problem) => Ok(Outcome::undelivered(problem, self.until)),
        }
    }

    /// Makes the tokens and commits them, sealed, in one write with the move that spends the approval.
    async fn made(&self, standing: Authorization) -> Result<Made, Problem> {
        let Self { services, scene, listener, .. } = self;
        let Scene { configuration, now, .. } = *scene;
        let client = &*listener.client;
        client.asks_people()?;
        let awaited = standing.awaited().cloned().ok_or(Refusal::TransactionFailed)?;
        let may_renew = standing.grant().is_some_and(|grant| client.may_renew_approval(&grant.scope));
        let refresh = if may_renew { Some(self.refresh_token().await?) } else { None };
        let family = refresh.as_ref().map(|token| token.family().digest());
        let life = configuration.server.lifetimes.access_token;
        let (before, secret) = (standing.clone(), &listener.auth_req_id.secret);
        // Who acts has proven it when the client asked, and nobody comes to prove it again.
        let asked_for = standing.grant().and_then(|grant| grant.act.newest().cloned());
        let actor = asked_for.unwrap_or_else(|| Actor::client(&client.id));
        let next = standing.redeemed_after_approval((&client.id, &actor), secret, family, life, *now)?;

        let grant = next.grant().ok_or(Refusal::TransactionFailed)?;
        let mint = self.mint();
        let person = mint.standing_person(grant).await?;
        let registered = Registered::of(configuration, &services.types, client);
        let content = Content::of_whole_grant(grant, &registered)?;
        let auth_req_id = listener.auth_req_id.reveal();
        let first = FirstTokens { mint, client, refresh: refresh.as_ref(), brought_for: Some(&auth_req_id) };
        let signed = first.signed((&next, grant), &person, content).await?;

        let sealed = self.sealed(&signed.answer()).await?;
        let next = next.carrying(Parcel { sealed, expires_at: signed.expires_at(), awaited });
        match signed.committed(&services.store, before, &next).await? {
            Issued::Done(signed) => {
                signed.record(self.decision(Event::Token, AuditOutcome::Granted));
                Ok(Made::Ready(Box::new(next)))
            }
            Issued::Overtaken(current) => Ok(Made::Overtaken(current)),
        }
    }

    /// The first refresh token. It is derived, so that tokens that are made twice, because the answer to a write was lost, are of one
    /// family.
    async fn refresh_token(&self) -> Result<RefreshToken, Fault> {
        let id = &self.scene.found.id;
        let secret = self.services.keys.server_secret().await?;
        Ok(RefreshToken::first(id.clone(), secret.hmac("brought family", &[id.as_str().as_bytes()])))
    }

    /// What the client will be brought, but for the seconds that are left by then.
    async fn sealed(&self, answer: &TokenResponse) -> Result<String, Problem> {
        let mut payload = json!(answer);
        payload["auth_req_id"] = json!(self.listener.auth_req_id.reveal());
        let payload = Secret::new(payload.to_string());
        let secret = self.services.keys.server_secret().await?;
        let id = self.scene.found.id.as_str();
        let sealed = secret.conceal(BROUGHT_TOKENS, id, self.services.dice.roll(), payload.expose());
        if sealed.len() > LARGEST_PARCEL {
            return Err(Refusal::TransactionFailed.into());
        }
        Ok(sealed)
    }

    /// Brings what was made before, unless everything of the person or of the client has been ended meanwhile.
    async fn bring_again(&self, standing: Authorization) -> Result<Outcome, Fault> {
        let Some(grant) = standing.grant() else { return Ok(Outcome::Done("its client knows")) };
        match self.mint().standing_person(grant).await {
            Ok(_) => self.deliver(standing).await,
            Err(Problem::Fault(fault)) => Err(fault),
            Err(Problem::Refused(refusal)) => {
                let told = self.refuse(&refusal).await?;
                // As long as it lies there, a later try finds that there is something to tell.
                if !matches!(told, Outcome::Later { .. }) {
                    self.forget(standing).await;
                }
                Ok(told)
            }
        }
    }

    /// Brings the client what lies ready (OpenID CIBA Core 1.0, section 10.3.1), and forgets it when it is there, when the client does
    /// not want it, and when no further try would come in time.
    async fn deliver(&self, standing: Authorization) -> Result<Outcome, Fault> {
        let Some(parcel) = standing.parcel() else { return Ok(Outcome::Done("its client knows")) };
        let (now, good_until) = (self.scene.now, parcel.good_until());
        if now >= good_until {
            self.forget(standing).await;
            return Ok(Outcome::later(&"what was to be brought has expired", good_until));
        }
        let Some(payload) = self.opened(parcel).await? else {
            return Ok(Outcome::Never { why: "what was to be brought does not open".to_owned() });
        };
        match self.push(&payload).await {
            Ok(()) => {
                self.forget(standing).await;
                Ok(self.heard())
            }
            Err(problem) => {
                if !problem.may_pass || self.errand.again(good_until, now).is_none() {
                    self.forget(standing).await;
                }
                Ok(Outcome::undelivered(problem, good_until))
            }
        }
    }

    async fn opened(&self, parcel: &Parcel) -> Result<Option<Secret<String>>, Fault> {
        let secret = self.services.keys.server_secret().await?;
        let opened = secret.reveal(BROUGHT_TOKENS, self.scene.found.id.as_str(), &parcel.sealed);
        let payload: Option<Map<String, Value>> =
            opened.and_then(|text| serde_json::from_str(text.expose()).ok());
        Ok(payload.map(|mut payload| {
            payload.insert("expires_in".to_owned(), json!(parcel.expires_at.since(self.scene.now).as_secs()));
            Secret::new(Value::Object(payload).to_string())
        }))
    }

    /// Forgets what lay ready. Where that fails it lies there, sealed and of no more use, until the item goes: to bring it again for
    /// that alone would look to the client like a replay.
    async fn forget(&self, standing: Authorization) {
        let mut standing = standing;
        for _ in 0..MOST_TRIES {
            let Some(next) = standing.without_parcel() else { return };
            match self.services.store.commit(&next).await {
                Ok(store::Commit::Outdated(Some(current))) => standing = *current,
                Ok(_) => return,
                Err(fault) => {
                    let grant_id = next.id.as_str();
                    tracing::warn!(target: "notify", grant_id, %fault, "what was brought is not forgotten");
                    return;
                }
            }
        }
    }

    async fn push(&self, payload: &Secret<String>) -> Result<(), deliver::Undelivered> {
        let Listener { endpoint, token, .. } = &self.listener;
        let settings = &self.scene.configuration.server.outbound;
        self.services.clients.push(settings, endpoint, payload, token).await
    }

    fn mint(&self) -> Mint<'_> {
        let (services, scene) = (self.services, self.scene);
        Mint {
            store: &services.store,
            keys: &services.keys,
            dice: &services.dice,
            configuration: &scene.configuration,
            now: scene.now,
        }
    }
}
