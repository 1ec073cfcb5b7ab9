use std::collections::BTreeMap;

use resource::{Demand, WantedDetail};
use serde::Deserialize;

use crate::event::{Asked, segments};

/// What each request demands of its token: the first rule that names its method and path, on top of what all demand. A request
/// that no rule names is denied.
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

/// One rule. `{name}` in its path stands for one segment, and may stand in the details' values again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    methods: Vec<String>,
    path: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    details: Vec<DetailRule>,
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
    /// Whether it demands anything of a token.
    pub(crate) fn demands_something(&self) -> bool {
        !self.scope.trim().is_empty() || !self.details.is_empty()
    }

    /// Whether the path is one, and each placeholder of the details stands in it.
    pub(crate) fn defect(&self) -> Option<String> {
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
        let values = self.details.iter().flat_map(DetailRule::values);
        let unknown = values.flat_map(placeholders).find(|name| !named.contains(name));
        unknown.map(|name| format!("{:?} has no segment {{{name}}}", self.path))
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
        Some(demand)
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
