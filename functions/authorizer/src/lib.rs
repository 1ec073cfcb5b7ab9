//! A Lambda authorizer for API Gateway: it stands before a tool that knows nothing of tokens, and lets through what the
//! token allows. `infra/authorizer.yaml` deploys it; [`settings`] says how it is set up.
//!
//! It takes the events of REST APIs (`TOKEN` and `REQUEST`) and of HTTP APIs (payload version 2 with simple responses). A
//! `TOKEN` event does not say how the path was sent, so that no rule is met by it; a scope of all can be. What no rule names
//! is denied. A policy names exactly the method and path that were asked about, so that a gateway that remembers it opens
//! nothing else by it.
//!
//! What an API can answer is narrower than RFC 6750, section 3. A REST API shows what the authorizer says only where its
//! policy denies (`ACCESS_DENIED`, whose one status is 403). An invocation that fails brings nothing along: its 401
//! (`UNAUTHORIZED`) has the same fixed challenge for no token and for one that is not good any more: `Bearer`, and where the tool's
//! metadata is if it publishes any (RFC 9728, section 5.1), but no `error`, which who came without a token should not be told
//! (RFC 6750, section 3.1). Who must sign in anew or more surely (RFC 9470)
//! has a good token and needs to know how: they get the challenge for it, under 403 where that RFC's examples have 401. An
//! HTTP API shows nothing but 401 to who came without a header, and 403 to the others.

mod answer;
mod event;
mod rules;
pub mod settings;

use lambda_http::lambda_runtime::{LambdaEvent, Runtime, service_fn};
use resource::{Demand, Guard, Refusal};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use answer::UNAUTHORIZED;
use event::{Credential, Event};
use rules::Rules;
use settings::Settings;

/// What API Gateway makes a 500 of. The log says why.
const FAILED: &str = "it failed; the log says why";

/// The guard, and what it demands of whom.
pub struct Authorizer {
    guard: Guard,
    rules: Rules,
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    log();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "no runtime"),
    };
    runtime.block_on(answer_all());
}

async fn answer_all() {
    let authorizer = match Settings::from_environment().and_then(Authorizer::new) {
        Ok(authorizer) => Some(authorizer),
        // The process stays, because its end would tell nobody more and cost a start each time; every request is denied.
        Err(error) => {
            tracing::error!(%error, "the authorizer is not set up");
            None
        }
    };
    let answer = service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let authorizer = authorizer.as_ref();
        async move { authorizer.ok_or(FAILED)?.handle(event.payload.get()).await }
    });
    if let Err(error) = Runtime::new(answer).run().await {
        tracing::error!(error, "the Lambda runtime ended");
    }
}

impl Authorizer {
    /// Puts the parts together. The issuer is asked nothing yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(settings: Settings) -> Result<Self, settings::Wrong> {
        let mut guard = Guard::of(settings.issuer, settings.resource);
        if let Some(credentials) = settings.credentials {
            guard = guard.credentials(credentials);
        }
        if settings.describes_itself {
            guard = guard.with_metadata();
        }
        Ok(Self { guard: guard.build()?, rules: settings.rules })
    }

    /// Answers one event.
    ///
    /// # Errors
    /// `Unauthorized`, of which the gateway makes a 401, and anything else, of which it makes a 500.
    pub async fn handle(&self, event: &str) -> Result<Value, &'static str> {
        let Some(event) = Event::read(event) else {
            tracing::error!("this is no authorizer's event");
            return Err(FAILED);
        };
        let asked = event.asked();
        // A token is looked at first: without one nobody learns which paths there are.
        let demand = asked.as_ref().and_then(|asked| self.rules.demand(asked));
        match self.check(&event, &demand.unwrap_or_else(Demand::of_nobody)).await {
            Ok(token) => Ok(answer::allowed(&event, &token)),
            Err(Refusal::Undecided(_)) => Err(FAILED),
            Err(refusal) => {
                if refusal == Refusal::NobodyMay {
                    let reads_one_way = asked.is_some_and(|asked| asked.certain);
                    tracing::warn!(reads_one_way, "no rule names this method and path");
                }
                // An HTTP API has one answer for all that is not allowed.
                if had_a_good_token(&refusal) || event.wants_simple_answer() {
                    Ok(answer::denied(&event, &self.guard, &refusal))
                } else {
                    Err(UNAUTHORIZED)
                }
            }
        }
    }

    async fn check(&self, event: &Event, demand: &Demand) -> Result<resource::AccessToken, Refusal> {
        match event.credential() {
            Credential::Headers(headers) => self.guard.check(&headers, demand).await,
            Credential::Unreadable => Err(self.guard.refuse_unreadable(demand)),
        }
    }
}

/// Whether another request, or another sign-in, is what helps: the challenge has to say which.
const fn had_a_good_token(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::InsufficientScope { .. }
            | Refusal::OtherActor
            | Refusal::InsufficientAuthentication { .. }
            | Refusal::NotCountersigned
            | Refusal::InsufficientDetails { .. }
            | Refusal::NobodyMay
    )
}

/// JSON lines on standard output, where Lambda picks them up. Other people's code says what is wrong, and no more: below that
/// some write out whole requests.
fn log() {
    let own = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets([("audit", LevelFilter::INFO), ("authorizer", LevelFilter::INFO)]);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let _ = tracing_subscriber::registry().with(lines).with(own).try_init();
}

#[cfg(test)]
mod tests;
