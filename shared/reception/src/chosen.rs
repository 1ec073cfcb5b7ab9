use evidence::Shown;
use oauth::scope::OPENID;
use oauth::{Approval, Asked, AuthenticationEvent, Parameters, Refusal, Scope, SignedTerms};

use crate::SignedIn;

/// What a person chose of what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// How much of the scope.
    pub scope: Scope,
    /// Which of the details, by their place in the request.
    pub details: Vec<usize>,
}

impl Chosen {
    /// Reads the boxes of a form in which a person said yes; `None` when they said it to nothing. What was not asked cannot be
    /// ticked.
    ///
    /// # Errors
    /// [`Refusal::MalformedParameter`] for a detail that was not asked for.
    pub fn read(parameters: &Parameters, asked: &Asked<'_>) -> Result<Option<Self>, Refusal> {
        let malformed = Refusal::MalformedParameter { name: "detail", expected: "the number of a detail" };
        let mut details = ticked(parameters, "detail")
            .map(|text| text.parse().ok().filter(|index| *index < asked.details.len()))
            .collect::<Option<Vec<usize>>>()
            .ok_or(malformed)?;
        details.sort_unstable();
        details.dedup();
        let ticked_scope =
            asked.scope.retaining(|token| ticked(parameters, "scope").any(|ticked| ticked == token));
        let scope = with_required(&ticked_scope, asked.scope);
        let asked_for_anything = !asked.details.is_empty() || !asked.scope.is_empty();
        if asked_for_anything && details.is_empty() && ticked_scope.is_empty() && !only_signs_in(asked) {
            return Ok(None);
        }
        Ok(Some(Self { scope, details }))
    }

    /// The yes of whoever has countersigned it now, as it was displayed.
    pub fn countersigned_by(
        self,
        signed_in: &SignedIn,
        authentication: AuthenticationEvent,
        shown: &Shown,
    ) -> Approval {
        let signed = SignedTerms {
            approval: shown.approval.clone(),
            access: shown.access,
            resources: shown.tools.iter().map(|tool| tool.resource.clone()).collect(),
        };
        Approval { authentication, countersigned: Some(signed), ..self.approved_by(signed_in) }
    }

    /// The yes of whoever is signed in.
    pub fn approved_by(self, signed_in: &SignedIn) -> Approval {
        let session = &signed_in.session;
        Approval {
            person: session.person.clone(),
            authentication: session.authentication.clone(),
            scope: self.scope,
            details: self.details,
            countersigned: None,
        }
    }
}

/// A request for `openid` alone has no box to tick.
pub(crate) fn only_signs_in(asked: &Asked<'_>) -> bool {
    asked.details.is_empty() && asked.scope.iter().all(|token| token == OPENID)
}

/// `openid` says that the person signs in at all: it is part of every yes.
fn with_required(scope: &Scope, asked: &Scope) -> Scope {
    scope.union(&asked.retaining(|token| token == OPENID))
}

/// The values of the boxes with this name. A request has at most a hundred details.
fn ticked<'a>(parameters: &'a Parameters, name: &'a str) -> impl Iterator<Item = &'a str> {
    parameters.iter().filter(move |(own, _)| *own == name).map(|(_, value)| value)
}
