//! SNS: a form in, XML out.

use std::collections::BTreeMap;

/// The parameters of a request, `Action` among them.
pub type Form = BTreeMap<String, String>;

/// What SNS says.
#[derive(Clone, Debug)]
pub enum Said<'a> {
    /// The result of the call, as XML.
    Yes(String),
    /// A refusal, by status, code and text.
    No(u16, &'a str, &'a str),
    /// Nothing, in time.
    Nothing,
}

/// What is answered to an action, by status and body, or not in time.
pub fn xml(action: &str, said: &Said<'_>) -> Option<(u16, String)> {
    match said {
        Said::Yes(result) => {
            let answer =
                format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
            Some((200, answer))
        }
        Said::No(status, code, text) => {
            let error = format!("<Error><Code>{code}</Code><Message>{text}</Message></Error>");
            Some((*status, format!("<ErrorResponse>{error}</ErrorResponse>")))
        }
        Said::Nothing => None,
    }
}
