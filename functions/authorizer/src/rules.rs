use std::collections::BTreeMap;
use std::time::Duration;

use resource::{Demand, WantedDetail};
use serde::{Deserialize, Deserializer};

use crate::event::{Asked, reads_one_way, segments};

/// What each request demands of its token: the first rule that names its method and path, on top of what all demand. A
/// request that no rule names is denied.
#[derive(Debug, Default)]
pub struct Rules {
    pub(crate) of_all: OfAll,
    pub(crate) rules: Option<Vec<Rule>>,
}

/// What every request demands.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfAll {
    pub(crate) scope: Vec<String>,
    pub(crate) looked_up: bool,
}

/// One rule, in the words of [`Demand`]. `{name}` in its path stands for one segment, and may stand in the details' values
/// again. The members are told in [`crate::settings`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    methods: Vec<String>,
    path: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    details: Vec<DetailRule>,
    /// The current actor.
    #[serde(default, deserialize_with = "given")]
    actor: Option<String>,
    /// Actors anywhere in the chain, all of them.
    #[serde(default)]
    through: Vec<String>,
    /// Authentication contexts, one of which must be the token's, the preferred first, separated by spaces.
    #[serde(default, deserialize_with = "given")]
    acr_values: Option<String>,
    /// How long ago the person may have signed in, in seconds.
    #[serde(default, deserialize_with = "given")]
    max_age: Option<u64>,
    /// Whether the person must have countersigned what the token comes from: true.
    #[serde(default, deserialize_with = "given")]
    approval: Option<bool>,
}

/// A detail that must be allowed, as [`WantedDetail`] has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailRule {
    r#type: String,
    #[serde(default)]
    among: BTreeMap<String, String>,
    #[serde(default)]
    is: BTreeMap<String, String>,
    #[serde(default)]
    is_or_absent: BTreeMap<String, String>,
    #[serde(default)]
    ignoring: Vec<String>,
}

impl Rules {
    /// What this request demands, or `None` when nobody may do it.
    pub(crate) fn demand(&self, asked: &Asked) -> Option<Demand> {
        let mut demand = Demand::new();
        for scope in &self.of_all.scope {
            demand = demand.scope(scope);
        }
        if self.of_all.looked_up {
            demand = demand.looked_up();
        }
        match &self.rules {
            None => Some(demand),
            Some(_) if !asked.certain => None,
            Some(rules) => rules.iter().find_map(|rule| rule.adds_to(&demand, asked)),
        }
    }
}

impl Rule {
    /// Whether it demands something that a token is given for. Who acted and how the person signed in only restrict that
    /// further (RFC 8693, section 4.1; RFC 9470, section 3).
    pub(crate) fn demands_something(&self) -> bool {
        !self.scope.trim().is_empty() || !self.details.is_empty()
    }

    /// Why it could not mean what it says.
    pub(crate) fn defect(&self) -> Option<String> {
        self.defect_of_path().or_else(|| self.defect_of_demand())
    }

    fn defect_of_path(&self) -> Option<String> {
        if !self.path.starts_with('/') || self.methods.is_empty() {
            return Some(format!("{:?} needs a path that begins with a slash, and methods", self.path));
        }
        let named: Vec<&str> = segments(&self.path).filter_map(placeholder).collect();
        if let Some(name) =
            named.iter().enumerate().find_map(|(at, name)| named[..at].contains(name).then_some(name))
        {
            return Some(format!(
                "{:?}: {{{name}}} stands there twice, and only one of them would be looked at",
                self.path
            ));
        }
        let stray =
            segments(&self.path).any(|part| placeholder(part).is_none() && part.contains(['{', '}', '*']));
        if stray {
            return Some(format!("{:?}: a segment is {{name}} or text, and nothing else", self.path));
        }
        (!reads_one_way(&self.path)).then(|| {
            format!("{:?} would never be matched: not everybody reads such a path in the same way", self.path)
        })
    }

    /// Whether each placeholder of the details stands in the path, and whatever is demanded beside them is something.
    fn defect_of_demand(&self) -> Option<String> {
        let named: Vec<&str> = segments(&self.path).filter_map(placeholder).collect();
        let values = self.details.iter().flat_map(DetailRule::values);
        let unknown = values.flat_map(placeholders).find(|name| !named.contains(name));
        if let Some(name) = unknown {
            return Some(format!("{:?} has no segment {{{name}}}", self.path));
        }
        let is_no_name = |name: &&String| name.trim().is_empty() || name.contains(['{', '}']);
        if let Some(name) = self.actor.iter().chain(&self.through).find(is_no_name) {
            return Some(format!("{:?}: {name:?} is no actor's name", self.path));
        }
        if self.approval == Some(false) {
            return Some(format!("{:?}: approval is true, or not there", self.path));
        }
        let no_context = self.acr_values.as_ref().is_some_and(|values| values.trim().is_empty());
        no_context.then(|| format!("{:?}: acr_values has none", self.path))
    }

    fn adds_to(&self, demand: &Demand, asked: &Asked) -> Option<Demand> {
        if !self.methods.contains(&asked.method) {
            return None;
        }
        let found = self.matched(&asked.path)?;
        let mut demand = demand.clone();
        for scope in self.scope.split_whitespace() {
            demand = demand.scope(scope);
        }
        for detail in &self.details {
            demand = demand.detail(detail.wanted(&found));
        }
        Some(self.narrowed(demand))
    }

    /// What is demanded of the chain of actors, of the sign-in and of the approval.
    fn narrowed(&self, mut demand: Demand) -> Demand {
        if let Some(actor) = &self.actor {
            demand = demand.actor(actor);
        }
        for actor in &self.through {
            demand = demand.through(actor);
        }
        if let Some(values) = &self.acr_values {
            demand = demand.authentication_context(values.split_whitespace());
        }
        if self.approval.is_some() {
            demand = demand.approval();
        }
        match self.max_age {
            Some(seconds) => demand.signed_in_within(Duration::from_secs(seconds)),
            None => demand,
        }
    }

    /// What stands for each placeholder.
    fn matched<'p>(&'p self, path: &'p str) -> Option<BTreeMap<&'p str, &'p str>> {
        if segments(&self.path).count() != segments(path).count() {
            return None;
        }
        let mut found = BTreeMap::new();
        for (pattern, segment) in segments(&self.path).zip(segments(path)) {
            match placeholder(pattern) {
                Some(name) if is_plain(segment) => drop(found.insert(name, segment)),
                None if pattern == segment => {}
                _ => return None,
            }
        }
        Some(found)
    }
}

impl DetailRule {
    fn values(&self) -> impl Iterator<Item = &str> {
        self.among.values().chain(self.is.values()).chain(self.is_or_absent.values()).map(String::as_str)
    }

    fn wanted(&self, found: &BTreeMap<&str, &str>) -> WantedDetail {
        let mut wanted = WantedDetail::of_type(&self.r#type);
        for (member, value) in &self.among {
            wanted = wanted.among(member, filled(value, found));
        }
        for (member, value) in &self.is {
            wanted = wanted.field(member, filled(value, found));
        }
        for (member, value) in &self.is_or_absent {
            wanted = wanted.field_or_absent(member, filled(value, found));
        }
        self.ignoring.iter().fold(wanted, WantedDetail::ignoring)
    }
}

/// A member that is there and says something: `null` would demand nothing.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A name that gateway, authorizer and tool cannot read differently.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(plain)
}

fn placeholder(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .then_some(name)
}

/// The names in braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// The text with each placeholder filled in. What was filled in is plain, so it brings no placeholder of its own.
fn filled(text: &str, found: &BTreeMap<&str, &str>) -> String {
    found.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests;
