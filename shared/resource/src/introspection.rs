use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oauth::{AuthorizationDetails, Scope, Sha256Digest, Timestamp};
use serde::Deserialize;

use crate::issuer::Issuer;
use crate::{AccessToken, Credentials, Refusal, Trouble, Unacceptable, claims, fetch};

/// How long an answer is remembered: a token that is taken back ends this much later at most.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);
/// How many answers are remembered.
const MOST_REMEMBERED: usize = 1_000;
/// The most details of an answer that is remembered, in bytes of JSON: there may be 300 KB of them.
const LARGEST_REMEMBERED: usize = 16 * 1024;

/// Asks the issuer about tokens (RFC 7662), and remembers its answers for a moment.
#[derive(Default)]
pub(crate) struct Introspection {
    remembered: Mutex<HashMap<[u8; 32], (Timestamp, Answer)>>,
}

/// What is used of an answer. Everything else stands in the token, whose signature was verified.
#[derive(Clone, Deserialize)]
struct Answer {
    active: bool,
    scope: Option<Scope>,
    #[serde(default, deserialize_with = "given_details")]
    authorization_details: Option<AuthorizationDetails>,
}

fn given_details<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<AuthorizationDetails>, D::Error> {
    claims::details(deserializer).map(Some)
}

impl Introspection {
    /// The token as the issuer sees it now: with its details, and with no more scope than it still has.
    ///
    /// # Errors
    /// [`Unacceptable::Inactive`], or that the issuer cannot be asked.
    pub(crate) async fn look(
        &self,
        token: AccessToken,
        issuer: &Issuer,
        credentials: Option<&Credentials>,
        now: Timestamp,
    ) -> Result<AccessToken, Refusal> {
        let digest = Sha256Digest::of(token.text.expose().as_bytes());
        if let Some(answer) = self.recalled(&digest, now) {
            return answer.about(token);
        }
        let credentials = credentials.ok_or(Refusal::Undecided(Trouble::NoCredentials))?;
        let answer = ask(&token, issuer, credentials, now).await.map_err(Refusal::Undecided)?;
        self.remember(&digest, now.after(REMEMBERED_FOR).min(token.expires_at()), answer.clone(), now);
        answer.about(token)
    }

    fn recalled(&self, digest: &Sha256Digest, now: Timestamp) -> Option<Answer> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, answer) = remembered.get(digest.as_bytes())?;
        (now < *until).then(|| answer.clone())
    }

    fn remember(&self, digest: &Sha256Digest, until: Timestamp, answer: Answer, now: Timestamp) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, (until, _)| now < *until);
        }
        // Who still finds no place is asked about again.
        if remembered.len() < MOST_REMEMBERED && answer.is_small() {
            remembered.insert(*digest.as_bytes(), (until, answer));
        }
    }
}

impl Answer {
    fn is_small(&self) -> bool {
        serde_json::to_vec(&self.authorization_details).is_ok_and(|json| json.len() <= LARGEST_REMEMBERED)
    }

    fn about(self, mut token: AccessToken) -> Result<AccessToken, Refusal> {
        if !self.active {
            return Err(Refusal::InvalidToken(Unacceptable::Inactive));
        }
        // What the issuer does not name any more is gone, also where the token still has it: it leaves out what is empty.
        token.claims.scope = token.claims.scope.intersection(&self.scope.unwrap_or_default());
        token.claims.authorization_details = self.authorization_details.unwrap_or_default();
        Ok(token)
    }
}

async fn ask(
    token: &AccessToken,
    issuer: &Issuer,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<Answer, Trouble> {
    const WHAT: &str = "the issuer's introspection";
    let documents = issuer.documents(None).await?;
    let endpoint = documents.metadata.introspection_endpoint.as_deref();
    let endpoint = endpoint
        .filter(|endpoint| fetch::is_safe(endpoint, issuer.url()))
        .ok_or_else(|| Trouble::unusable(WHAT, "the metadata has no safe address of it"))?;
    let parameters = [("token", token.text.expose().as_str()), ("token_type_hint", "access_token")];
    let request = credentials
        .form(endpoint, issuer.url(), now, &parameters)
        .ok_or_else(|| Trouble::unusable(WHAT, "no request can be made for it"))?;
    fetch::json(issuer.fetch(), WHAT, request).await.map(|(answer, _)| answer)
}
