use oauth::{BackchannelRequest, Parameters, Refusal};
use reception::Chosen;

/// The button of whoever did not start what is asked.
pub(crate) const NOT_ME: &str = "not-me";

/// What the form says.
#[derive(Debug, PartialEq)]
pub(crate) enum Answered {
    /// Yes, to some or all of it, and the number that they picked where the agent shows one.
    Approved(Chosen, Option<u8>),
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
            NOT_ME => Ok(Self::NotMe),
            "approve" => {
                let picked = parameters.optional("number")?.map(str::parse).transpose();
                let picked = picked.map_err(|_| Refusal::MalformedParameter {
                    name: "number",
                    expected: "one of the numbers",
                })?;
                let chosen = Chosen::read(parameters, &request.asked())?;
                Ok(chosen.map_or(Self::Nothing, |chosen| Self::Approved(chosen, picked)))
            }
            _ => Err(Refusal::MalformedParameter { name: "decision", expected: "approve, deny or not-me" }),
        }
    }
}
