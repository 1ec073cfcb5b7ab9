//! Push (OpenID CIBA Core 1.0, sections 10.3 and 12): the tokens of an approval are made here and brought to the client.
//!
//! The write that spends the approval keeps them, sealed, until the client has them, so that every try brings the same ones, whoever
//! makes it, and of two at once none makes a second set. Where they end before they are there, others take their place, as long as the
//! request lives. A last write forgets them, or ends the authorization: nobody has any of it.

use environment::Fault;
use http::Problem;
use http::audit::{Event, Outcome as AuditOutcome};
use issuing::{Content, FirstTokens, Issued, Mint, Registered};
use keys::BROUGHT_TOKENS;
use oauth::{Actor, Authorization, Parcel, RefreshToken, Refusal, Secret, Stage, TokenResponse};
use serde_json::{Map, Value, json};

use crate::ending::Ending;
use crate::outcome::Outcome;
use crate::telling::{Listener, Telling};

/// How often a move is decided again because somebody else moved first: another event about the same approval.
pub(crate) const MOST_TRIES: usize = 3;

/// The longest sealed text that lies ready: an item of the table holds 400 KB.
const LARGEST_PARCEL: usize = 320 * 1024;

/// What became of an attempt to have tokens.
enum Made {
    /// They lie ready.
    Ready(Box<Authorization>),
    /// Somebody else moved first.
    Overtaken(Option<Box<Authorization>>),
}

impl Telling<'_> {
    /// Brings the client the tokens of an approval: those that lie ready, or else new ones. What cannot be issued after a yes ends the
    /// authorization, of which the client is told by that.
    pub(crate) async fn bring(&self) -> Result<Outcome, Fault> {
        let mut standing = self.scene.found.clone();
        for _ in 0..MOST_TRIES {
            let may_be_there = self.may_be_there(&standing);
            match self.ready(standing.clone()).await {
                Ok(Made::Ready(ready)) => return self.deliver(*ready, may_be_there).await,
                Ok(Made::Overtaken(Some(current))) => standing = *current,
                Ok(Made::Overtaken(None)) => return Ok(Outcome::Done("its client knows, or it has ended")),
                Err(Problem::Refused(refusal)) => return self.refused(standing, refusal).await,
                Err(Problem::Fault(fault)) => return Err(fault),
            }
        }
        Err(Fault::unavailable("table", "others move first"))
    }

    /// Whether the client may have it already: by a try that got no answer, or by one of which nothing is known. What lies ready before a
    /// first try was laid there by one whose end nobody wrote down.
    fn may_be_there(&self, standing: &Authorization) -> bool {
        self.errand.unanswered || self.errand.tries == 0 && standing.parcel().is_some()
    }

    /// What lies ready, if it is still good: nothing of the person's, of the client's or of who acts was ended meanwhile, and neither
    /// has it ended itself; else it is made anew.
    async fn ready(&self, standing: Authorization) -> Result<Made, Problem> {
        let now = self.scene.now;
        let Some((parcel, grant)) = standing.parcel().zip(standing.grant()) else {
            let is_approved = matches!(standing.stage, Stage::Approved(_));
            return if is_approved { self.made(standing).await } else { Ok(Made::Overtaken(None)) };
        };
        if now >= parcel.awaited.expires_at {
            return Err(Refusal::AuthReqIdExpired.into());
        }
        if parcel.is_stale(now) {
            return self.made(standing).await;
        }
        self.mint().standing_person(grant).await?;
        Ok(Made::Ready(Box::new(standing)))
    }

    /// There are no tokens for it. What expired unredeemed is told at once: nothing comes of it whoever looks. What the client may have
    /// is left to it.
    async fn refused(&self, standing: Authorization, refusal: Refusal) -> Result<Outcome, Fault> {
        let is_late = refusal == Refusal::AuthReqIdExpired;
        if is_late && standing.parcel().is_none() {
            return self.refuse(&refusal).await;
        }
        if is_late && self.may_be_there(&standing) {
            self.services.forget(standing).await;
        } else {
            self.ends(standing, (Ending::Told, AuditOutcome::Refused(&refusal))).await?;
        }
        if is_late {
            // Somebody has to hear of what lay ready and was not there in time.
            return Ok(Outcome::later(&"what was to be brought is too late", self.scene.now));
        }
        Ok(Outcome::Done("it has ended, and its client is told of that"))
    }

    /// Tells the client why there are no tokens (OpenID CIBA Core 1.0, section 12).
    pub(crate) async fn refuse(&self, refusal: &Refusal) -> Result<Outcome, Fault> {
        let payload = json!({
            "auth_req_id": self.listener.auth_req_id.reveal(),
            "error": refusal.code().as_str(),
            "error_description": refusal.description(),
        });
        match self.push(&Secret::new(payload.to_string())).await {
            Ok(()) => Ok(self.heard()),
            Err(problem) => Ok(Outcome::undelivered(problem, self.until)),
        }
    }

    /// Makes the tokens and commits them, sealed, in one write with the move that spends the approval, or in place of those that have
    /// ended.
    async fn made(&self, standing: Authorization) -> Result<Made, Problem> {
        let Self { services, scene, listener, .. } = self;
        let configuration = &scene.configuration;
        let client = &*listener.client;
        client.asks_people()?;
        let awaited = standing.still_awaited().cloned().ok_or(Refusal::TransactionFailed)?;
        let before = standing.clone();
        let (next, refresh) = self.spent(standing).await?;

        let grant = next.grant().ok_or(Refusal::TransactionFailed)?;
        let mint = self.mint();
        let person = mint.standing_person(grant).await?;
        let registered = Registered::of(configuration, &services.types, client);
        let content = Content::of_whole_grant(grant, &registered)?;
        let auth_req_id = listener.auth_req_id.reveal();
        let first = FirstTokens { mint, client, refresh: refresh.as_ref(), brought_for: Some(&auth_req_id) };
        let signed = first.signed((&next, grant), &person, content).await?;

        let sealed = self.sealed(&signed.answer()).await?;
        let (expires_at, id_token_expires_at) = (signed.expires_at(), signed.id_token_expires_at());
        let next = next.carrying(Parcel { sealed, expires_at, id_token_expires_at, awaited });
        match signed.committed(&services.store, before, &next).await? {
            Issued::Done(signed) => {
                signed.record(scene.decision(Event::Token, AuditOutcome::Granted));
                Ok(Made::Ready(Box::new(next)))
            }
            Issued::Overtaken(current) => Ok(Made::Overtaken(current)),
        }
    }

    /// The state after the approval is spent, or after what lay ready is replaced, and the first refresh token if there is one.
    async fn spent(&self, standing: Authorization) -> Result<(Authorization, Option<RefreshToken>), Problem> {
        let Self { scene, listener, .. } = self;
        let (client, lives, now) = (&*listener.client, &scene.configuration.server.lifetimes, scene.now);
        let grant = standing.grant();
        let may_renew =
            grant.is_some_and(|grant| grant.lets_renew() && client.may_renew_approval(&grant.scope));
        let token = self.refresh_token().await?;
        let next = if standing.parcel().is_some() {
            standing.made_anew(may_renew, lives, now)?
        } else {
            let family = may_renew.then(|| token.family().digest());
            // Who acts has proven it when the client asked, and nobody comes to prove it again.
            let asked_for = standing.grant().and_then(|grant| grant.act.newest().cloned());
            let actor = asked_for.unwrap_or_else(|| Actor::client(&client.id));
            let (by, secret) = ((&client.id, &actor), &listener.auth_req_id.secret);
            standing.redeemed_after_approval(by, secret, family, lives.access_token, now)?
        };
        let is_renewable = matches!(&next.stage, Stage::Active(active) if active.refresh.is_some());
        Ok((next, is_renewable.then_some(token)))
    }

    /// The first refresh token. It is derived, so that tokens that are made twice, because the answer to a write was lost or because the
    /// first ones ended, are of one family.
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

    /// Brings the client what lies ready (OpenID CIBA Core 1.0, section 10.3.1), and forgets it when it is there. How a client's error
    /// is met the specification leaves open. Where it is final, or no further try would come in time, nobody has any of it, and the
    /// authorization ends, unless of any try it is not known what became of it: the client may have it from that one.
    async fn deliver(&self, standing: Authorization, may_be_there: bool) -> Result<Outcome, Fault> {
        let Some(parcel) = standing.parcel() else { return Ok(Outcome::Done("its client knows")) };
        let (now, until) = (self.scene.now, parcel.awaited.expires_at);
        let Some(payload) = self.opened(parcel).await? else {
            let why = "what was to be brought does not open";
            self.ends(standing, (Ending::Told, AuditOutcome::Failed(why))).await?;
            return Ok(Outcome::Never { why: why.to_owned() });
        };
        let problem = match self.push(&payload).await {
            Ok(()) => {
                self.services.forget(standing).await;
                return Ok(self.heard());
            }
            Err(problem) => problem,
        };
        let is_last = !problem.may_pass || self.errand.again(until, now).is_none();
        if is_last && (may_be_there || problem.unanswered) {
            self.services.forget(standing).await;
        } else if is_last {
            let ending = if problem.may_pass { Ending::Told } else { Ending::Untold };
            self.ends(standing, (ending, AuditOutcome::Failed(&problem.why))).await?;
        }
        Ok(Outcome::undelivered(problem, until))
    }

    async fn ends(&self, standing: Authorization, how: (Ending, AuditOutcome<'_>)) -> Result<(), Fault> {
        self.services.end(self.scene, standing, how).await
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
