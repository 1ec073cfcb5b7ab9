use environment::Fault;
use evidence::{Evidence, Kind, Shown};
use oauth::{ApprovalId, ClientId, PersonId, ResourceUri, Timestamp};
use serde::Serialize;
use store::Store;

use crate::approvals::{NoEvidence, whose};

/// One approval that a passkey signed, as it was displayed: names are those of then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalFound {
    /// Its id: the claim `approval` of the tokens that came of it.
    pub approval: ApprovalId,
    /// When.
    pub approved_at: Timestamp,
    /// Who approved.
    pub person: PersonId,
    /// What they signed in with.
    pub user_name: String,
    /// The how many-th of their approvals it is.
    pub number: u64,
    /// Who asked.
    pub client_id: ClientId,
    /// What that was called.
    pub client_name: String,
    /// Who would act, where that is another.
    pub actor: Option<ClientId>,
    /// What it is for.
    pub tools: Vec<ResourceUri>,
    /// Whether it was asked in the person's browser, on their phone, or for a request that waited.
    pub kind: Kind,
    /// What was approved, as it was read.
    pub sentences: Vec<String>,
    /// What the agent said of it.
    pub binding_message: Option<String>,
}

/// Which approvals are meant: those that fit all that is said.
#[derive(Clone, Debug, Default)]
pub struct ApprovedBy {
    /// A person, by user name or `sub`.
    pub person: Option<String>,
    /// The client that asked, or that would act, by its id.
    pub client: Option<String>,
    /// A tool: its id in the configuration in force, or its resource, also of one that is gone.
    pub tool: Option<String>,
    /// Words that all are somewhere in what was displayed.
    pub text: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApprovalsFound {
    /// The approvals, the newest first.
    pub found: Vec<ApprovalFound>,
    /// Those that cannot be looked at, because what is kept of them was changed: whose, and the place.
    pub changed: Vec<(PersonId, u64)>,
}

/// Why nothing was looked for.
#[derive(Debug, thiserror::Error)]
pub enum NotLookedFor {
    /// Nobody has this user name.
    #[error(transparent)]
    Person(#[from] NoEvidence),
    /// The configuration in force has no such tool.
    #[error("the configuration in force has no tool {0:?}; one that is gone is found by its resource, a URI")]
    Tool(String),
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Who approved what for which agent when. One query for a person, after one read where they are named by user name; of everybody, sixteen
/// queries of whose chains there are, and one for each.
///
/// # Errors
/// [`NotLookedFor`]: a mistyped name must not look as if nothing was approved.
pub async fn find_approvals(
    store: &Store,
    by: &ApprovedBy,
    now: Timestamp,
) -> Result<ApprovalsFound, NotLookedFor> {
    let tool = match &by.tool {
        None => None,
        Some(name) => Some(resource(store, name, now).await?),
    };
    let people = match &by.person {
        Some(name) => vec![whose(store, name).await?],
        None => store.people_with_chains().await?,
    };
    let mut all = ApprovalsFound::default();
    for person in people {
        for kept in store.kept_approvals(&person).await? {
            match Evidence::read(&kept.text) {
                Ok(evidence) if is_meant(&evidence, by, tool.as_ref()) => {
                    all.found.push(ApprovalFound::of(&evidence));
                }
                Ok(_) => {}
                Err(_) => all.changed.push((person.clone(), kept.place)),
            }
        }
    }
    all.found.sort_by(|one, other| {
        other.approved_at.cmp(&one.approved_at).then_with(|| other.number.cmp(&one.number))
    });
    Ok(all)
}

/// The resource of a tool. One that is a URI is taken at its word: what was approved for a tool that is gone stays.
async fn resource(store: &Store, name: &str, now: Timestamp) -> Result<ResourceUri, NotLookedFor> {
    let configuration = store.configuration(now).await?;
    let known = configuration.tools.iter().find(|tool| tool.id.as_str() == name);
    let known = known.map(|tool| tool.resource.clone()).or_else(|| ResourceUri::parse(name));
    known.ok_or_else(|| NotLookedFor::Tool(name.to_owned()))
}

fn is_meant(evidence: &Evidence, by: &ApprovedBy, tool: Option<&ResourceUri>) -> bool {
    let shown = evidence.displayed().shown();
    let at = evidence.entry().approved_at;
    let is_client = |id: &String| {
        let parties = std::iter::once(&shown.client).chain(&shown.actor);
        parties.into_iter().any(|party| party.id.as_str() == id)
    };
    by.since.is_none_or(|since| at >= since)
        && by.until.is_none_or(|until| at <= until)
        && by.client.iter().all(is_client)
        && tool.is_none_or(|tool| shown.tools.iter().any(|shown| shown.resource == *tool))
        && by.text.as_ref().is_none_or(|text| has_words(shown, text))
}

/// Whether each of the words is somewhere in what was displayed.
fn has_words(shown: &Shown, words: &str) -> bool {
    let mut texts =
        vec![shown.person.name.clone(), shown.person.user_name.clone(), shown.client.name.clone()];
    texts.extend(shown.actor.iter().map(|actor| actor.name.clone()));
    texts.extend(shown.tools.iter().map(|tool| tool.name.clone()));
    texts.extend(shown.binding_message.iter().chain(&shown.purpose).cloned());
    texts.extend(shown.details.iter().map(|detail| plain(&detail.sentence)));
    texts.extend(shown.scopes.iter().map(|scope| plain(&scope.sentence)));
    let all = texts.join("\n").to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| all.contains(word))
}

/// Without the marks by which a page sets off values.
fn plain(sentence: &evidence::Sentence) -> String {
    sentence.to_string().replace(['\u{2068}', '\u{2069}'], "")
}

impl ApprovalFound {
    fn of(evidence: &Evidence) -> Self {
        let (entry, shown) = (evidence.entry(), evidence.displayed().shown());
        Self {
            approval: entry.approval.clone(),
            approved_at: entry.approved_at,
            person: entry.person.clone(),
            user_name: shown.person.user_name.clone(),
            number: entry.number,
            client_id: shown.client.id.clone(),
            client_name: shown.client.name.clone(),
            actor: shown.actor.as_ref().map(|actor| actor.id.clone()),
            tools: shown.tools.iter().map(|tool| tool.resource.clone()).collect(),
            kind: shown.request.kind,
            sentences: shown.approved_sentences().map(plain).collect(),
            binding_message: shown.binding_message.clone(),
        }
    }
}
