use http::Problem;
use oauth::{Parameters, Passkeys, Refusal};
use pages::SignInProblem;
use passkeys::{Claim, RelyingParty, Unproven};
use reception::Guest;
use store::Person;

/// Why nobody was signed in: what they are told, and what the audit is.
pub(crate) struct NotProven {
    pub(crate) problem: SignInProblem,
    pub(crate) why: String,
}

/// Whether a form is an answer to the challenge that the sign-in page had.
pub(crate) fn is_meant(parameters: &Parameters) -> Result<bool, Refusal> {
    Ok(parameters.optional("answer")?.is_some())
}

/// Finds out who answers (Web Authentication Level 3, section 7.2): one read of the person that the answer names and of their
/// passkeys, and one conditional write that keeps the passkey's count and that its challenge was answered. Who does not exist, who has
/// no such passkey and whose answer is wrong are told the same.
pub(crate) async fn check(
    guest: &Guest<'_>,
    parameters: &Parameters,
) -> Result<Result<Person, NotProven>, Problem> {
    let Some(relying_party) = guest.relying_party() else {
        return Ok(Err(refused("nobody signs in with a passkey here")));
    };
    let Ok(begun) = guest.open_passkey_sign_in(parameters.required("ceremony")?) else {
        return Ok(Err(late("the challenge is too old, or of another browser")));
    };
    let claim = match begun.claimed(parameters.required("answer")?) {
        Ok(claim) => claim,
        Err(unproven) => return Ok(Err(unproven.into())),
    };
    let decide = |person, own| answered(guest, &relying_party, &claim, person, own);
    Ok(guest.change_passkeys(claim.person(), decide).await?)
}

/// Who has answered, and their passkeys once that is kept.
fn answered(
    guest: &Guest<'_>,
    relying_party: &RelyingParty,
    claim: &Claim,
    person: Option<Person>,
    own: Passkeys,
) -> Result<(Person, Passkeys), NotProven> {
    let person = person.ok_or_else(|| refused("there is no such person"))?;
    // For the audit alone: the answer is the same, be there such a person or not.
    http::note_person(&person.id);
    let came_again = || late("the challenge was answered before");
    if own.has_answered(&claim.challenge(), guest.now) {
        return Err(came_again());
    }
    let proven = claim.clone().proven(relying_party, &own, guest.now)?;
    if person.disabled {
        return Err(refused("the person may not sign in"));
    }
    let next = own.used(proven.passkey, proven.challenge, guest.now).map_err(|_| came_again())?;
    Ok((person, next))
}

fn refused(why: &str) -> NotProven {
    NotProven { problem: SignInProblem::PasskeyRefused, why: why.to_owned() }
}

fn late(why: &str) -> NotProven {
    NotProven { problem: SignInProblem::PasskeyTooLate, why: why.to_owned() }
}

impl From<Unproven> for NotProven {
    fn from(unproven: Unproven) -> Self {
        let problem = match unproven {
            Unproven::Copied => SignInProblem::PasskeyCopied,
            _ => SignInProblem::PasskeyRefused,
        };
        Self { problem, why: unproven.to_string() }
    }
}
