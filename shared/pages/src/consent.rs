use askama::Template;
use languages::{Arguments, Message};

use crate::CountersignProblem;
use crate::choices::Choices;
use crate::frame::{Frame, Person, rendered};
use crate::lifetime::Lifetime;
use crate::words::said;

/// The page where a person decides what an agent may do. Posts to `/consent`: `interaction`, `decision` (`approve`, `deny`, or
/// `switch` for signing in as someone else), and with `approve` every chosen `detail` (its index), every chosen `scope`
/// (its name) and `remember` (`yes`).
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The opaque token of the interaction.
    pub interaction: &'a str,
    /// Who asks.
    pub client: AskingClient<'a>,
    /// The host, with its port, that the browser is sent back to.
    pub returns_to: &'a str,
    /// Whose account it is.
    pub person: Person<'a>,
    /// Why the agent asks, in its own words.
    pub purpose: Option<&'a str>,
    /// What it asks for.
    pub choices: Choices<'a>,
    /// How long the access lasts.
    pub lifetime: Lifetime,
    /// Whether the person may choose not to be asked again for the same.
    pub may_be_remembered: bool,
    /// What was wrong with the last answer.
    pub problem: Option<ConsentProblem>,
}

/// The client as a person should see it.
#[derive(Clone, Copy, Debug)]
pub struct AskingClient<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its `client_id`.
    pub id: &'a str,
    /// Whether somebody of this company registered it. Nobody vouches for a client that only says itself who it is.
    pub is_vouched_for: bool,
    /// Whether it waits for this answer on the person's own machine.
    pub waits_on_this_machine: bool,
}

/// Why an answer could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentProblem {
    /// The person approved without choosing anything.
    NothingChosen,
    /// It takes a countersignature, and none was made.
    NotCountersigned(CountersignProblem),
}

impl ConsentPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn title(&self) -> Message {
        self.frame.tell("consent-title", &Arguments::none().with("client", self.client.name))
    }

    fn client_id(&self) -> Message {
        self.frame.client_id(self.client.id)
    }

    fn way_back(&self) -> Message {
        self.frame.tell("consent-returns-to", &Arguments::none().with("host", self.returns_to))
    }

    fn problem_text(&self) -> Option<String> {
        self.problem.map(|problem| match problem {
            ConsentProblem::NothingChosen => self.frame.say("problem-nothing-chosen"),
            ConsentProblem::NotCountersigned(problem) => self.frame.say(problem.key()),
        })
    }

    fn purpose_text(&self) -> Option<String> {
        said(self.purpose, 600)
    }
}
