use oauth::{AuthorizationRequest, PersonId, Prompt, Refusal, Timestamp, meets_acr};

use crate::Interaction;

/// Who is signed in, as far as the next step depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Who.
    pub person: &'a PersonId,
    /// Their user name.
    pub user_name: &'a str,
    /// Since when.
    pub auth_time: Timestamp,
    /// How surely it was them (`acr`).
    pub acr: Option<&'a str>,
}

/// What the person still has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum NextStep {
    /// Sign in, or sign in anew.
    SignIn,
    /// Decide. A remembered consent may stand in for it, unless the client asked for a decision.
    Decide {
        /// Whether a remembered consent is enough.
        memory_is_enough: bool,
        /// Whether no page may be shown (`prompt=none`).
        silently: bool,
    },
    /// Nothing: the client wanted no page, and it cannot be done without (OpenID Connect Core, section 3.1.2.6).
    Refuse(Refusal),
}

/// Decides what a person still has to do (OpenID Connect Core, sections 3.1.2.1 to 3.1.2.4; RFC 9470, section 5).
pub fn next_step(
    request: &AuthorizationRequest,
    interaction: &Interaction,
    signed: Option<Signed<'_>>,
    now: Timestamp,
) -> NextStep {
    let silently = request.prompts(Prompt::None);
    let Some(signed) = signed.filter(|signed| is_enough(request, interaction, *signed, now)) else {
        return if silently { NextStep::Refuse(Refusal::LoginRequired) } else { NextStep::SignIn };
    };
    if !meets_acr(signed.acr, &request.acr_values) {
        return without_context(interaction, signed, silently);
    }
    if request.demanded.as_ref().is_some_and(|demanded| demanded != signed.person) {
        // Who has just signed in as somebody else than the one demanded will not do better the next time.
        let tried = interaction.signed_in.is_some() || silently;
        return if tried { NextStep::Refuse(Refusal::LoginRequired) } else { NextStep::SignIn };
    }
    let expected =
        request.login_hint.as_deref().is_none_or(|hint| hint.eq_ignore_ascii_case(signed.user_name));
    if silently && !expected {
        return NextStep::Refuse(Refusal::LoginRequired);
    }
    NextStep::Decide { memory_is_enough: !request.prompts(Prompt::Consent), silently }
}

/// What is left to do for somebody who has not signed in as surely as is demanded: to do so, unless they have just tried.
fn without_context(interaction: &Interaction, signed: Signed<'_>, silently: bool) -> NextStep {
    if interaction.signed_in.as_ref() == Some(signed.person) {
        NextStep::Refuse(Refusal::AuthenticationContextUnmet)
    } else if silently {
        NextStep::Refuse(Refusal::LoginRequired)
    } else {
        NextStep::SignIn
    }
}

/// Whether a session is fresh enough. Signing in during this very interaction always is, by the same person.
fn is_enough(
    request: &AuthorizationRequest,
    interaction: &Interaction,
    signed: Signed<'_>,
    now: Timestamp,
) -> bool {
    if interaction.signed_in.as_ref() == Some(signed.person) {
        return true;
    }
    let young = request.max_age.is_none_or(|age| now.since(signed.auth_time) <= age && !age.is_zero());
    young && !request.prompts(Prompt::Login) && !request.prompts(Prompt::SelectAccount)
}
