use std::future::Future;
use std::sync::Arc;

use oauth::configuration::{Authentication, Client};
use oauth::{ClientRejection, HashedSecret, Refusal, Secret, Timestamp};

use crate::assertion::verify;
use crate::secrets::is_one_of;
use crate::signature::nobodys_keys;
use crate::{AcceptedAudiences, Presented, SignatureCheck, SpendOnce};

/// What is true of a client outside its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Its secrets: two while it rotates.
    pub secrets: Vec<HashedSecret>,
    /// Whether an operator has switched it off.
    pub disabled: bool,
}

/// A client that is registered under the name that was presented. It has proven nothing.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its configuration.
    pub client: Arc<Client>,
    /// Its secrets, and whether it may act at all.
    pub credentials: Credentials,
}

/// A client that is who it says it is, as far as its kind can prove it. Only [`Proof::complete`] makes one.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient(Arc<Client>);

impl AuthenticatedClient {
    /// Its configuration.
    pub fn client(&self) -> &Arc<Client> {
        &self.0
    }

    /// The client, if it has proven who it is. A public client has not: anybody can use its name.
    ///
    /// # Errors
    /// [`Refusal::ClientNotAuthenticated`].
    pub fn confidential(&self) -> Result<&Arc<Client>, Refusal> {
        if self.0.is_confidential() { Ok(&self.0) } else { Err(Refusal::ClientNotAuthenticated) }
    }
}

/// What a client has shown: enough, or an assertion that must still be spent.
#[must_use = "a client is authenticated only once its proof is complete"]
#[derive(Debug)]
pub struct Proof(Kind);

#[derive(Debug)]
enum Kind {
    Complete(AuthenticatedClient),
    Assertion(UnspentAssertion),
}

/// A good assertion that may have been used before.
#[derive(Debug)]
pub struct UnspentAssertion {
    client: AuthenticatedClient,
    spend: SpendOnce,
}

impl Proof {
    /// Completes the proof. An assertion is spent by `spend`, one conditional write that answers whether this
    /// was the first time; nothing else calls it.
    ///
    /// # Errors
    /// [`Refusal::ClientRejected`] when the assertion was spent before; those of `spend`.
    pub async fn complete<F, E>(self, spend: impl FnOnce(SpendOnce) -> F) -> Result<AuthenticatedClient, E>
    where
        F: Future<Output = Result<bool, E>>,
        E: From<Refusal>,
    {
        match self.0 {
            Kind::Complete(client) => Ok(client),
            Kind::Assertion(UnspentAssertion { client, spend: once }) => {
                if spend(once).await? {
                    Ok(client)
                } else {
                    Err(rejected(ClientRejection::AssertionReplayed).into())
                }
            }
        }
    }

    /// What is still to be spent, if it is an assertion.
    pub const fn to_spend(&self) -> Option<&SpendOnce> {
        match &self.0 {
            Kind::Complete(_) => None,
            Kind::Assertion(assertion) => Some(&assertion.spend),
        }
    }
}

/// Decides whether what was presented proves who the client is (OAuth 2.1, section 2.4). `registered` is what
/// is known under [`Presented::client_id`]; a client that nobody knows takes the same way through here, so
/// that neither the answer nor its time tells.
///
/// # Errors
/// [`Refusal::ClientRejected`], the same for the caller whatever it was.
pub fn authenticate(
    presented: &Presented,
    registered: Option<&Registered>,
    signatures: &impl SignatureCheck,
    audiences: &AcceptedAudiences,
    now: Timestamp,
) -> Result<Proof, Refusal> {
    // Looked up under another name: a bug, and it must not become a way in.
    let registered = registered.filter(|found| found.client.id == *presented.client_id());
    let shown = show(presented, registered, signatures, audiences, now);
    let Some(registered) = registered else {
        return Err(rejected(ClientRejection::Unknown));
    };
    if registered.client.authentication.method() != presented.method() {
        return Err(rejected(ClientRejection::MethodNotRegistered));
    }
    let spend = shown.map_err(rejected)?;
    if registered.credentials.disabled {
        return Err(rejected(ClientRejection::Disabled));
    }
    let client = AuthenticatedClient(Arc::clone(&registered.client));
    Ok(Proof(match spend {
        None => Kind::Complete(client),
        Some(spend) => Kind::Assertion(UnspentAssertion { client, spend }),
    }))
}

/// Compares what was presented with what is known, or with nobody's where nothing is.
fn show(
    presented: &Presented,
    registered: Option<&Registered>,
    signatures: &impl SignatureCheck,
    audiences: &AcceptedAudiences,
    now: Timestamp,
) -> Result<Option<SpendOnce>, ClientRejection> {
    match presented {
        Presented::Nothing { .. } => Ok(None),
        Presented::Basic { secret, .. } | Presented::Post { secret, .. } => {
            check_secret(secret, registered, now).map(|()| None)
        }
        Presented::Assertion { client_id, assertion } => {
            let nobodys = nobodys_keys();
            let jwks = match registered.map(|registered| &registered.client.authentication) {
                Some(Authentication::PrivateKeyJwt { jwks }) => jwks,
                _ => &nobodys,
            };
            verify(assertion.expose(), client_id, jwks, signatures, audiences, now).map(Some)
        }
    }
}

fn check_secret(
    secret: &Secret<String>,
    registered: Option<&Registered>,
    now: Timestamp,
) -> Result<(), ClientRejection> {
    let kept = registered.map_or(&[][..], |registered| &registered.credentials.secrets);
    if is_one_of(secret, kept, now) { Ok(()) } else { Err(ClientRejection::WrongSecret) }
}

const fn rejected(why: ClientRejection) -> Refusal {
    Refusal::ClientRejected { why }
}
