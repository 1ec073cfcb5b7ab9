use details::DetailTypes;
use oauth::configuration::{Assurance, Client, Tool};
use oauth::{AuthorizationDetails, ClientId, Refusal, Scope, Timestamp};

use crate::{Answer, Policies};

/// What a client would have a person approve, wherever it asks: pushed, by a browser, or at the backchannel.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// Who would act, where an actor token names one.
    pub actor: Option<&'a ClientId>,
    /// By scope.
    pub scope: &'a Scope,
    /// In detail.
    pub details: &'a AuthorizationDetails,
    /// The tools that it is for.
    pub tools: &'a [&'a Tool],
    /// Whether people here can approve with a passkey.
    pub has_passkeys: bool,
    /// Whether the client itself sent it, and not by a browser.
    pub is_pushed: bool,
    /// The moment of the request.
    pub now: Timestamp,
}

impl Asking<'_> {
    /// Refuses what nobody could approve: details that do not fit their types (RFC 9396, section 5) or that are for no tool of the
    /// request, what no policy lets this client ask, and what would have to be approved with a passkey where there are none. What the policies
    /// say is told to `note`, whatever comes of it.
    ///
    /// # Errors
    /// The refusals of [`DetailTypes::validate`], [`DetailTypes::refuse_homeless`] and [`Answer::everything`];
    /// [`Refusal::AuthenticationStrengthUnavailable`].
    pub fn check(
        &self,
        types: &DetailTypes,
        policies: &Policies,
        note: impl FnOnce(&Answer),
    ) -> Result<(), Refusal> {
        let Self { client, actor, scope, details, tools, has_passkeys, is_pushed, now } = *self;
        types.validate(details, client, is_pushed)?;
        types.refuse_homeless(details, tools)?;
        let answer = policies.ask((client, actor), (scope, details), tools, now);
        note(&answer);
        answer.everything()?;
        match types.strongest_assurance(details) {
            Assurance::Strong if !has_passkeys => Err(Refusal::AuthenticationStrengthUnavailable),
            Assurance::Strong | Assurance::Session => Ok(()),
        }
    }
}
