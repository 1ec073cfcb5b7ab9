use environment::Fault;
use http::Problem;
use oauth::{Parameters, PasskeyRefused, Refusal};
use pages::SignInProblem;
use passkeys::{Claim, RelyingParty, Unproven};
use reception::Guest;
use store::Person;

/// How often it is tried again because the same person's passkeys changed at the same moment.
const MOST_TRIES: usize = 8;

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
) -> Result<Result<Box<Person>, NotProven>, Problem> {
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
    for _ in 0..MOST_TRIES {
        if let Some(settled) = settle(guest, &relying_party, claim.clone()).await? {
            return Ok(settled);
        }
    }
    Err(Fault::unavailable("table", "the passkeys of this person have just changed").into())
}

/// One try; `None` when something else changed the person's passkeys meanwhile, and this has to be decided again.
async fn settle(
    guest: &Guest<'_>,
    relying_party: &RelyingParty,
    claim: Claim,
) -> Result<Option<Result<Box<Person>, NotProven>>, Problem> {
    let (person, kept) = guest.store.person_and_passkeys(claim.person()).await?;
    let Some(person) = person else {
        return Ok(Some(Err(refused("there is no such person"))));
    };
    // For the audit alone: the answer is the same, be there such a person or not.
    http::note_person(&person.id);
    if kept.passkeys.has_answered(&claim.challenge(), guest.now) {
        return Ok(Some(Err(late("the challenge was answered before"))));
    }
    let proven = match claim.proven(relying_party, &kept.passkeys, guest.now) {
        Ok(proven) => proven,
        Err(unproven) => return Ok(Some(Err(unproven.into()))),
    };
    if person.disabled {
        return Ok(Some(Err(refused("the person may not sign in"))));
    }
    match kept.passkeys.clone().used(proven.passkey, proven.challenge, guest.now) {
        Ok(next) if guest.store.keep_passkeys(&kept, &next).await? => Ok(Some(Ok(Box::new(person)))),
        Ok(_) => Ok(None),
        Err(PasskeyRefused::Answered) => Ok(Some(Err(late("the challenge was answered before")))),
        Err(_) => Ok(Some(Err(refused("the person has no such passkey")))),
    }
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
