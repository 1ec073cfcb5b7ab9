use oauth::{AuthorizationRequest, Parameters, Refusal, Scope};

use crate::with_required;

/// What the form says.
pub(crate) enum Answered {
    /// Yes, to some or all of it.
    Approved { scope: Scope, details: Vec<usize>, remember: bool },
    /// Yes, but to nothing.
    Nothing,
    /// No.
    Denied,
    /// Somebody else wants to decide.
    SignInAsSomeoneElse,
}

impl Answered {
    /// Reads the form. What was not asked cannot be ticked.
    pub(crate) fn read(parameters: &Parameters, request: &AuthorizationRequest) -> Result<Self, Refusal> {
        match parameters.required("decision")? {
            "deny" => Ok(Self::Denied),
            "switch" => Ok(Self::SignInAsSomeoneElse),
            "approve" => Self::approved(parameters, request),
            _ => Err(Refusal::MalformedParameter { name: "decision", expected: "approve, deny or switch" }),
        }
    }

    fn approved(parameters: &Parameters, request: &AuthorizationRequest) -> Result<Self, Refusal> {
        let malformed = Refusal::MalformedParameter { name: "detail", expected: "the number of a detail" };
        let mut details = ticked(parameters, "detail")
            .map(|text| text.parse().ok().filter(|index| *index < request.details.len()))
            .collect::<Option<Vec<usize>>>()
            .ok_or(malformed)?;
        details.sort_unstable();
        details.dedup();
        let ticked_scope =
            request.scope.retaining(|token| ticked(parameters, "scope").any(|ticked| ticked == token));
        let scope = with_required(&ticked_scope, &request.scope);
        let asked_for_anything = !request.details.is_empty() || !request.scope.is_empty();
        if asked_for_anything && details.is_empty() && ticked_scope.is_empty() && !only_signs_in(request) {
            return Ok(Self::Nothing);
        }
        Ok(Self::Approved { scope, details, remember: parameters.optional("remember")? == Some("yes") })
    }
}

/// A request for `openid` alone has no box to tick.
fn only_signs_in(request: &AuthorizationRequest) -> bool {
    request.details.is_empty() && request.scope.iter().all(|token| token == oauth::scope::OPENID)
}

/// The values of the boxes with this name. A request has at most a hundred details.
fn ticked<'a>(parameters: &'a Parameters, name: &'a str) -> impl Iterator<Item = &'a str> {
    parameters.iter().filter(move |(own, _)| *own == name).map(|(_, value)| value)
}
