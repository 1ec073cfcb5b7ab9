use oauth::{AuthorizationRequest, Parameters, Refusal};
use reception::Chosen;

/// What the form says.
pub(crate) enum Answered {
    /// Yes, to some or all of it.
    Approved { chosen: Chosen, remember: bool },
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
        let Some(chosen) = Chosen::read(parameters, &request.asked())? else { return Ok(Self::Nothing) };
        Ok(Self::Approved { chosen, remember: parameters.optional("remember")? == Some("yes") })
    }
}
