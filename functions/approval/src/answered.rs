use oauth::{BackchannelRequest, Parameters, Refusal};
use reception::Chosen;

/// What the form says.
#[derive(Debug, PartialEq)]
pub(crate) enum Answered {
    /// Yes, to some or all of it.
    Approved(Chosen),
    /// Yes, but to nothing.
    Nothing,
    /// No.
    Denied,
    /// No, and this agent shall not ask again.
    NotMe,
}

impl Answered {
    /// Reads the form. What was not asked cannot be ticked.
    pub(crate) fn read(parameters: &Parameters, request: &BackchannelRequest) -> Result<Self, Refusal> {
        match parameters.required("decision")? {
            "deny" => Ok(Self::Denied),
            "not-me" => Ok(Self::NotMe),
            "approve" => {
                let chosen = Chosen::read(parameters, &request.asked())?;
                Ok(chosen.map_or(Self::Nothing, Self::Approved))
            }
            _ => Err(Refusal::MalformedParameter { name: "decision", expected: "approve, deny or not-me" }),
        }
    }
}
