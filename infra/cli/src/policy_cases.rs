use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use oauth::configuration::{Client, Profile};
use oauth::{AuthorizationDetails, Scope, Timestamp, TokenType};
use policy::{Action, Answer, Context, Decision, Item, Person, Policies, Principal, Question};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Snapshot;

use crate::Complaint;
use crate::files::Lifetime;
use crate::reading::{read, text};

/// The file of `countersign policy test`: who, what, and what is expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCases {
    /// The cases, in the order in which they are told.
    pub cases: Vec<PolicyCase>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCase {
    /// What it shows, as a sentence.
    pub name: String,
    /// The request.
    pub request: PolicyRequest,
    /// What becomes of it.
    pub expected: Expected,
    /// Which policies decide it, where that matters: those that refuse, else those that permit.
    #[serde(default)]
    pub by: Option<BTreeSet<String>>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// All of it is allowed.
    Allowed,
    /// Something of it is refused.
    Denied,
}

/// A request that the policies are asked about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRequest {
    /// The client's id.
    pub client: String,
    /// The user name of the person for whom it acts.
    #[serde(default)]
    pub person: Option<String>,
    /// The person's groups, where they are not those of their record.
    #[serde(default)]
    pub groups: Option<BTreeSet<String>>,
    /// The person's attributes, where they are not those of their record.
    #[serde(default)]
    pub attributes: Option<BTreeMap<String, String>>,
    /// The action's name.
    pub action: String,
    /// The tool's id, or `issuer`.
    pub tool: String,
    /// The scopes that are asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The details that are asked for.
    #[serde(default)]
    pub details: Vec<Map<String, Value>>,
    /// What is issued, as policies call it; an access token where nothing is said.
    #[serde(default)]
    pub requested: Option<String>,
    /// The other issuer that vouches for whom it is about.
    #[serde(default)]
    pub origin: Option<String>,
    /// The clients between the person and this one.
    #[serde(default)]
    pub actors: Vec<String>,
    /// How strongly the person has authenticated.
    #[serde(default)]
    pub acr: Option<String>,
    /// By which means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How long ago.
    #[serde(default)]
    pub auth_age: Option<Lifetime>,
    /// The moment of the request, such as `2026-11-26T12:00:00Z`; the present one where nothing is said.
    #[serde(default)]
    pub now: Option<String>,
}

/// Reads a file of cases.
///
/// # Errors
/// All that is wrong with it.
pub fn read_policy_cases(path: &Path) -> Result<PolicyCases, Vec<Complaint>> {
    let source = text(path).map_err(|complaint| vec![complaint])?;
    read(path, source).map(|file| file.value)
}

impl PolicyCase {
    /// Decides the case, and says what is otherwise than expected; nothing when it is as expected.
    ///
    /// # Errors
    /// What is wrong with the case itself, such as a client that does not exist.
    pub fn run(
        &self,
        snapshot: &Snapshot,
        people: &[Profile],
        now: Timestamp,
    ) -> Result<Option<String>, String> {
        let answer = self.request.decide(snapshot, people, now)?;
        let came = if answer.refused.is_empty() { Expected::Allowed } else { Expected::Denied };
        let decided = || told(&answer).join("; ");
        if came != self.expected {
            return Ok(Some(format!("{:?} was expected: {}", self.expected, decided())));
        }
        let by: BTreeSet<String> = answer.by().into_iter().map(str::to_owned).collect();
        let is_other = self.by.as_ref().is_some_and(|expected| *expected != by);
        Ok(is_other.then(|| format!("other policies were expected: {}", decided())))
    }
}

impl PolicyRequest {
    /// What the policies of a configuration say to the request. People are known by their user names.
    ///
    /// # Errors
    /// What is wrong with the request itself, such as a client that does not exist.
    pub fn decide(&self, snapshot: &Snapshot, people: &[Profile], now: Timestamp) -> Result<Answer, String> {
        let action = Action::named(&self.action).ok_or_else(|| {
            let names: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
            format!("there is no action {:?}: {}", self.action, names.join(", "))
        })?;
        let scope = Scope::parse(&self.scopes.join(" ")).ok_or("the scopes are not scopes")?;
        let details = self.details(snapshot)?;
        let profile = self.profile(people)?;
        let now = self.moment()?.unwrap_or(now);
        let subject = format!("person-{}", self.person.as_deref().unwrap_or_default());
        let person = profile.as_ref().map(|profile| Person {
            subject: &subject,
            user_name: &profile.user_name,
            groups: &profile.groups,
            attributes: &profile.attributes,
        });
        let actors: Vec<&str> = self.actors.iter().map(String::as_str).collect();
        let amr: Vec<&str> = self.amr.iter().map(String::as_str).collect();
        Ok(Policies::new(&snapshot.policies, &snapshot.detail_types).each(&Question {
            principal: Principal { client: self.client(snapshot)?, person },
            action,
            tool: self.tool(snapshot)?,
            context: Context {
                scope: None,
                detail: None,
                scopes: &scope,
                details: &details,
                requested: self.requested()?,
                origin: self.origin.as_deref(),
                depth: u32::try_from(actors.len()).unwrap_or(u32::MAX),
                actors: &actors,
                acr: self.acr.as_deref(),
                amr: &amr,
                auth_age: self.auth_age.as_ref().map(|age| age.0),
                now,
            },
        }))
    }

    fn client<'a>(&self, snapshot: &'a Snapshot) -> Result<&'a Client, String> {
        let found = snapshot.clients.iter().find(|client| client.id.as_str() == self.client);
        found.ok_or_else(|| format!("there is no client {:?}", self.client))
    }

    fn tool<'a>(&self, snapshot: &'a Snapshot) -> Result<&'a str, String> {
        if self.tool == policy::ISSUER {
            return Ok(policy::ISSUER);
        }
        let found = snapshot.tools.iter().find(|tool| tool.id.as_str() == self.tool);
        found.map(|tool| tool.resource.as_str()).ok_or_else(|| format!("there is no tool {:?}", self.tool))
    }

    fn requested(&self) -> Result<TokenType, String> {
        let name = self.requested.as_deref().unwrap_or("access_token");
        TokenType::issued_as(name).ok_or_else(|| format!("no token is called {name:?}"))
    }

    fn details(&self, snapshot: &Snapshot) -> Result<AuthorizationDetails, String> {
        let values = self.details.iter().cloned().map(Value::Object).collect();
        let details = AuthorizationDetails::from_values(values).map_err(|refusal| refusal.to_string())?;
        let is_unknown = |name: &str| !snapshot.detail_types.iter().any(|known| known.name == name);
        let unknown = details.iter().find(|detail| is_unknown(&detail.detail_type));
        match unknown.map(|detail| detail.detail_type.clone()) {
            Some(name) => Err(format!("there is no detail type {name:?}")),
            None => Ok(details),
        }
    }

    fn profile(&self, people: &[Profile]) -> Result<Option<Profile>, String> {
        let Some(user_name) = &self.person else {
            let without = self.groups.is_none() && self.attributes.is_none();
            return without.then_some(None).ok_or_else(|| "groups and attributes need a person".to_owned());
        };
        let known = people.iter().find(|profile| profile.user_name == *user_name).cloned();
        let made_up = || self.groups.is_some().then(|| nobody(user_name));
        let mut profile = known.or_else(made_up).ok_or_else(|| {
            format!("nobody is known by the user name {user_name:?}: say groups, and perhaps attributes")
        })?;
        profile.groups = self.groups.clone().unwrap_or(profile.groups);
        profile.attributes = self.attributes.clone().unwrap_or(profile.attributes);
        Ok(Some(profile))
    }

    fn moment(&self) -> Result<Option<Timestamp>, String> {
        let read = |text: &String| match text.parse::<jiff::Timestamp>() {
            Ok(moment) => Ok(Timestamp::from_seconds(moment.as_second())),
            Err(_) => Err(format!("{text:?} is not a moment such as 2026-11-26T12:00:00Z")),
        };
        self.now.as_ref().map(read).transpose()
    }
}

fn nobody(user_name: &str) -> Profile {
    Profile {
        user_name: user_name.to_owned(),
        name: user_name.to_owned(),
        email: None,
        groups: BTreeSet::new(),
        attributes: BTreeMap::new(),
        locale: None,
        zone: None,
    }
}

/// What the policies say to each part of a request, a line each.
pub fn told(answer: &Answer) -> Vec<String> {
    let permitted = answer.permitted.iter().map(|one| format!("allowed: {}{}", part(&one.item), by(&one.by)));
    let refused = answer.refused.iter().map(|refused| {
        let part = part(&refused.item);
        match &refused.decision {
            Decision::Failed { by: failed, why } => format!("failed: {part}{}: {why}", by(failed)),
            Decision::Denied { by: forbidding } if forbidding.is_empty() => {
                format!("denied: {part}: no policy permits it")
            }
            decision => format!("denied: {part}{}", by(decision.by())),
        }
    });
    permitted.chain(refused).collect()
}

fn part(item: &Item) -> String {
    match item {
        Item::Scope(scope) => format!("scope {scope}"),
        Item::Detail(position) => format!("details[{position}]"),
        Item::Whole => "the action as such".to_owned(),
    }
}

fn by(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!(" by {}", ids.join(", ")) }
}
