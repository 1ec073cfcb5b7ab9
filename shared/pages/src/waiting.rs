use askama::Template;
use languages::{Arguments, Message, Zone};
use oauth::Timestamp;

use crate::choices::ScopeChoice;
use crate::frame::{Frame, rendered};
use crate::words::said;

/// The requests that wait for a person's answer, unless it is one alone.
#[derive(Template)]
#[template(path = "waiting.html")]
pub struct WaitingPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The requests.
    pub requests: Vec<WaitingRequest>,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
}

/// One request in the list.
#[derive(Clone, Debug)]
pub struct WaitingRequest {
    /// The name of the client that asks.
    pub client_name: String,
    /// What the agent shows on its side (`binding_message`).
    pub message: Option<String>,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// Its page, below the base path.
    pub path: String,
}

/// What a person has decided about a request, as it stands.
#[derive(Template)]
#[template(path = "decided.html")]
pub struct DecidedPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The name of the client that asked.
    pub client_name: &'a str,
    /// What was decided.
    pub decided: Decided<'a>,
    /// The page of a request that still waits, below the base path.
    pub next: Option<String>,
}

/// What a person has decided.
#[derive(Clone, Debug)]
pub enum Decided<'a> {
    /// This was allowed.
    Approved {
        /// Details, by the sentences of their types.
        sentences: Vec<Message>,
        /// Scopes.
        scopes: Vec<ScopeChoice<'a>>,
    },
    /// Nothing was allowed.
    Denied,
    /// Nothing was allowed, and the agent cannot ask again.
    Blocked,
    /// Nothing was allowed: the person picked another number than the agent shows.
    WrongNumber,
    /// Something was allowed, and nothing more comes of it.
    Over,
    /// Nothing was decided, and nothing could be given any more: who asked, or who would act, was switched off since.
    Gone,
}

impl WaitingPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn until(&self, request: &WaitingRequest) -> Message {
        let until = self.frame.texts.moment(request.expires_at, self.zone).unwrap_or_default();
        self.frame.tell("waiting-until", &Arguments::none().with("until", until))
    }
}

impl WaitingRequest {
    fn client(&self) -> String {
        languages::foreign_text(&self.client_name, 100)
    }

    fn message_text(&self) -> Option<String> {
        said(self.message.as_deref(), 100)
    }
}

impl DecidedPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn title(&self) -> String {
        self.frame.say(match self.decided {
            Decided::Approved { .. } => "decided-approved",
            Decided::Denied => "decided-denied",
            Decided::Blocked => "decided-blocked",
            Decided::WrongNumber => "decided-wrong-number",
            Decided::Over => "decided-over",
            Decided::Gone => "decided-gone",
        })
    }

    fn explanation(&self) -> Message {
        let key = match self.decided {
            Decided::Approved { .. } => "decided-approved-explained",
            Decided::Denied => "decided-denied-explained",
            Decided::Blocked => "decided-blocked-explained",
            Decided::WrongNumber => "decided-wrong-number-explained",
            Decided::Over => "decided-over-explained",
            Decided::Gone => "decided-gone-explained",
        };
        self.frame.tell(key, &Arguments::none().with("client", self.client_name))
    }
}
