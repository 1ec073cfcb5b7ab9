use askama::Template;
use languages::{Arguments, Message};

use crate::frame::{Frame, rendered};

/// The page for a request that cannot be answered by redirecting back to the client.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// What the person should know.
    pub what_happened: WhatHappened,
    /// The error code, for the client's developer (`invalid_request`).
    pub code: &'a str,
    /// What exactly is wrong, for the client's developer, in English (`error_description`).
    pub description: Option<&'a str>,
    /// Where the catalogue of errors explains it: an https URL, or a path below the base path.
    pub catalogue: Option<&'a str>,
    /// What to quote when asking for help.
    pub request_id: &'a str,
}

/// What happened, in words for the person at the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhatHappened {
    /// The client's request is wrong: nothing that the person can mend.
    RequestIsWrong,
    /// The client is not known or may not be used.
    ClientIsUnknown,
    /// The client wants the browser sent to a place that was not registered for it.
    ReturnIsUnknown,
    /// The interaction took too long, was finished before, or belongs to another browser.
    InteractionIsOver,
    /// The form was not sent by our page in this browser.
    FormIsForeign,
    /// The person may not do this.
    NotAllowed,
    /// There is no such page.
    NoSuchPage,
    /// No such request waits for this person: there is none, it is somebody else's, or it is long over.
    NothingToDecide,
    /// They had decided about the request before.
    DecidedBefore,
    /// The request was not decided in time.
    RequestExpired,
    /// We are overloaded, or something we need is down: trying again later helps.
    Unavailable,
    /// A fault of ours.
    Broken,
}

impl WhatHappened {
    /// All of them, for tests and previews.
    pub const ALL: [Self; 12] = [
        Self::RequestIsWrong,
        Self::ClientIsUnknown,
        Self::ReturnIsUnknown,
        Self::InteractionIsOver,
        Self::FormIsForeign,
        Self::NotAllowed,
        Self::NoSuchPage,
        Self::NothingToDecide,
        Self::DecidedBefore,
        Self::RequestExpired,
        Self::Unavailable,
        Self::Broken,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::RequestIsWrong => "request-is-wrong",
            Self::ClientIsUnknown => "client-is-unknown",
            Self::ReturnIsUnknown => "return-is-unknown",
            Self::InteractionIsOver => "interaction-is-over",
            Self::FormIsForeign => "form-is-foreign",
            Self::NotAllowed => "not-allowed",
            Self::NoSuchPage => "no-such-page",
            Self::NothingToDecide => "nothing-to-decide",
            Self::DecidedBefore => "decided-before",
            Self::RequestExpired => "request-expired",
            Self::Unavailable => "unavailable",
            Self::Broken => "broken",
        }
    }
}

#[derive(Template)]
#[template(path = "bare_error.html")]
struct Bare<'a> {
    page: &'a ErrorPage<'a>,
}

impl ErrorPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    /// The page without brand, style sheet and links, none of which can be had while the configuration cannot be read.
    pub fn render_bare(&self) -> String {
        rendered(&Bare { page: self })
    }

    fn title(&self) -> String {
        self.frame.say(&format!("error-{}", self.what_happened.name()))
    }

    fn explanation(&self) -> String {
        self.frame.say(&format!("error-{}-explained", self.what_happened.name()))
    }

    fn description_text(&self) -> Option<String> {
        self.description.map(|description| languages::foreign_text(description, 500))
    }

    /// Only a web address or a path of ours becomes a link.
    fn catalogue_link(&self) -> Option<String> {
        let catalogue = self.catalogue?;
        if catalogue.starts_with("https://") {
            return Some(catalogue.to_owned());
        }
        (catalogue.starts_with('/') && !catalogue.starts_with("//")).then(|| self.frame.path(catalogue))
    }

    fn code_text(&self) -> Message {
        self.frame.tell("error-code", &Arguments::none().with("code", self.code))
    }

    fn request_text(&self) -> Message {
        self.frame.tell("error-request", &Arguments::none().with("request", self.request_id))
    }
}
