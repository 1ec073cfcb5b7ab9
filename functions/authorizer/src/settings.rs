//! How the authorizer is set up: by its environment.
//!
//! - `COUNTERSIGN_ISSUER`: the issuer, as it stands in tokens.
//! - `COUNTERSIGN_RESOURCE`: the tool's resource identifier, the `aud` of its tokens.
//! - `COUNTERSIGN_SCOPE`: the scopes that every request needs, separated by spaces.
//! - `COUNTERSIGN_RULES`: JSON, what requests need by method and path. With it, what no rule names is denied. At least one of
//!   the last two is there: a token's audience alone says nothing of what it allows.
//! - `COUNTERSIGN_CLIENT_ID`, `COUNTERSIGN_CLIENT_SECRET`: the tool's credentials at the issuer, for tokens that refer to
//!   their details.
//! - `COUNTERSIGN_METADATA_URL`: where the tool publishes what it says of itself, if it does: the place that RFC 9728, section
//!   3.1, prescribes for its resource, and no other. Challenges then point there (section 5.1).
//! - `COUNTERSIGN_LOOK_UP`: `true` asks the issuer about every token, so that one that was taken back ends within ten seconds: for so
//!   long an answer is remembered. Takes the tool's credentials. While the issuer does not answer, nobody is let in.
//!
//! The rules are an array of objects. The first whose `methods` and `path` are the request's is the one that counts. `{name}`
//! is one segment of a path. All that a rule says must hold, each as [`resource::Demand`] has it:
//!
//! - `scope`: scopes, separated by spaces.
//! - `details`: what the token's `authorization_details` must allow (RFC 9396). Each has a `type`, and of its members those
//!   that must contain a value (`among`), be one (`is`), be one or absent (`is_or_absent`), or may be anything (`ignoring`).
//!   `{name}` in a value is what stands in the path.
//! - `actor`: the current actor, the outermost `act` (RFC 8693, section 4.1).
//! - `through`: an array of actors, each of them anywhere in the chain.
//! - `acr_values`: authentication contexts, one of which must be the token's `acr`, separated by spaces, the preferred first.
//! - `max_age`: how many seconds ago the person may have signed in (`auth_time`); clocks may differ by a minute.
//! - `approval`: `true` where the person must have countersigned with a passkey what the token comes from (the claim `approval`), so that
//!   there is evidence of it. Whether that evidence is good, and what exactly was approved, is looked up elsewhere.
//!
//! `acr_values` and `max_age` are what the client is told to ask for where they are not met (RFC 9470, section 3), and `phr` where
//! there is no such approval. The last five only restrict what scope and details allow: a rule with nothing else is refused,
//! where all requests need no scope.

use resource::{Credentials, ResourceUri, SetUpWrong, metadata_url};

use crate::rules::{OfAll, Rule, Rules};

/// What the environment says.
pub struct Settings {
    /// The issuer.
    pub issuer: String,
    /// The tool's resource identifier.
    pub resource: String,
    /// What requests demand.
    pub rules: Rules,
    /// The tool's credentials at the issuer.
    pub credentials: Option<Credentials>,
    /// Whether the tool publishes its metadata (RFC 9728).
    pub describes_itself: bool,
}

/// What is wrong with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A variable is missing or empty.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable is of no use.
    #[error("{name}: {why}")]
    Unusable {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Issuer or resource are of no use.
    #[error(transparent)]
    Guard(#[from] SetUpWrong),
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn from_environment() -> Result<Self, Wrong> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads what `variable` says.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let set = |name: &'static str| variable(name).filter(|value| !value.trim().is_empty());
        let needed = |name: &'static str| set(name).ok_or(Wrong::Missing(name));
        let scope = set("COUNTERSIGN_SCOPE").unwrap_or_default();
        let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        let rules = set("COUNTERSIGN_RULES").map(|json| rules(&json)).transpose()?;
        if scope.is_empty() && rules.is_none() {
            return Err(Wrong::Missing("COUNTERSIGN_SCOPE or COUNTERSIGN_RULES"));
        }
        let demands_nothing = |rules: &Vec<Rule>| rules.iter().any(|rule| !rule.demands_something());
        if scope.is_empty() && rules.as_ref().is_some_and(demands_nothing) {
            return Err(unusable(
                "COUNTERSIGN_RULES",
                "a rule needs a scope or details, where COUNTERSIGN_SCOPE has none",
            ));
        }
        let looked_up = match set("COUNTERSIGN_LOOK_UP").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(unusable("COUNTERSIGN_LOOK_UP", "neither true nor false")),
        };
        let credentials = match (set("COUNTERSIGN_CLIENT_ID"), set("COUNTERSIGN_CLIENT_SECRET")) {
            (Some(id), Some(secret)) => Some(Credentials::secret(id, secret)),
            (None, None) if looked_up => return Err(Wrong::Missing("COUNTERSIGN_CLIENT_ID")),
            (None, None) => None,
            (Some(_), None) => return Err(Wrong::Missing("COUNTERSIGN_CLIENT_SECRET")),
            (None, Some(_)) => return Err(Wrong::Missing("COUNTERSIGN_CLIENT_ID")),
        };
        let resource = needed("COUNTERSIGN_RESOURCE")?;
        let metadata = set("COUNTERSIGN_METADATA_URL");
        if let Some(url) = &metadata {
            require_place_of_metadata(&resource, url)?;
        }
        Ok(Self {
            issuer: needed("COUNTERSIGN_ISSUER")?,
            resource,
            describes_itself: metadata.is_some(),
            rules: Rules { of_all: OfAll { scope, looked_up }, rules },
            credentials,
        })
    }
}

/// Refuses another place than the prescribed one: a client takes no metadata from there (RFC 9728, section 3.3).
fn require_place_of_metadata(resource: &str, url: &str) -> Result<(), Wrong> {
    let place = ResourceUri::parse(resource).as_ref().and_then(metadata_url);
    if place.as_deref() == Some(url) {
        return Ok(());
    }
    let place = place.unwrap_or_else(|| "nowhere".to_owned());
    Err(unusable("COUNTERSIGN_METADATA_URL", &format!("what this resource says of itself stands at {place}")))
}

fn rules(json: &str) -> Result<Vec<Rule>, Wrong> {
    const NAME: &str = "COUNTERSIGN_RULES";
    let rules: Vec<Rule> = serde_json::from_str(json).map_err(|error| unusable(NAME, &error))?;
    match rules.iter().find_map(Rule::defect) {
        Some(defect) => Err(unusable(NAME, &defect)),
        None => Ok(rules),
    }
}

fn unusable(name: &'static str, why: &(impl ToString + ?Sized)) -> Wrong {
    Wrong::Unusable { name, why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 3] = [
        ("COUNTERSIGN_ISSUER", "https://auth.example.com"),
        ("COUNTERSIGN_RESOURCE", "https://files.internal.corp"),
        ("COUNTERSIGN_SCOPE", "files.access"),
    ];

    fn wrong(changes: &[(&str, &str)]) -> Option<String> {
        let look = |name: &str| {
            let all = changes.iter().chain(&GOOD);
            all.into_iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::read(look).err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_missing_or_of_no_use_is_named() {
        assert_eq!(wrong(&[]), None);
        let itself = "https://files.internal.corp/.well-known/oauth-protected-resource";
        assert_eq!(wrong(&[("COUNTERSIGN_METADATA_URL", itself)]), None);
        for (name, value, named) in [
            ("COUNTERSIGN_ISSUER", "", "COUNTERSIGN_ISSUER"),
            ("COUNTERSIGN_RESOURCE", " ", "COUNTERSIGN_RESOURCE"),
            ("COUNTERSIGN_SCOPE", "", "COUNTERSIGN_RULES"),
            ("COUNTERSIGN_RULES", "{}", "COUNTERSIGN_RULES"),
            ("COUNTERSIGN_RULES", r#"[{"methods": ["GET"], "path": "/*"}]"#, "COUNTERSIGN_RULES"),
            (
                "COUNTERSIGN_RULES",
                r#"[{"methods": ["GET"], "path": "/{id}/versions/{id}", "scope": "files.access"}]"#,
                "twice",
            ),
            (
                "COUNTERSIGN_METADATA_URL",
                "https://evil.example/.well-known/oauth-protected-resource",
                "at https://files.internal.corp/.well-known/oauth-protected-resource",
            ),
            ("COUNTERSIGN_LOOK_UP", "yes", "COUNTERSIGN_LOOK_UP"),
            ("COUNTERSIGN_LOOK_UP", "true", "COUNTERSIGN_CLIENT_ID"),
            ("COUNTERSIGN_CLIENT_ID", "files-tool", "COUNTERSIGN_CLIENT_SECRET"),
            ("COUNTERSIGN_CLIENT_SECRET", "secret", "COUNTERSIGN_CLIENT_ID"),
        ] {
            let told = wrong(&[(name, value)]).unwrap_or_else(|| panic!("{name}={value} is accepted"));
            assert!(told.contains(named), "{name}={value}: {told}");
        }
    }

    #[test]
    fn a_rule_that_demands_nothing_needs_a_scope_of_all() {
        let rule = ("COUNTERSIGN_RULES", r#"[{"methods": ["GET"], "path": "/x"}]"#);
        let narrowed = r#"[{"methods": ["GET"], "path": "/x", "actor": "files-agent", "through": ["finance-agent"],
            "acr_values": "phr", "max_age": 300}]"#;
        for rule in [rule, ("COUNTERSIGN_RULES", narrowed)] {
            assert_eq!(wrong(&[rule]), None);
            let told =
                wrong(&[rule, ("COUNTERSIGN_SCOPE", "")]).expect("any token of this audience would do");
            assert!(told.contains("a rule needs a scope or details"), "{told}");
        }
    }

    #[test]
    fn the_templates_example_is_taken_as_it_stands() {
        let template = include_str!("../../../infra/authorizer.yaml");
        let (_, rest) = template.split_once("an example:\n#\n").expect("an example");
        let (example, _) = rest.split_once("\n#\n").expect("its end");
        let rules = rules(&example.replace('#', "")).expect("rules");
        assert!(rules.len() > 1 && rules.iter().all(Rule::demands_something));
    }

    /// Neither scope nor rules would let in everybody whose token has this audience.
    #[test]
    fn rules_without_any_in_it_allow_nothing() {
        let rules = rules("[]").expect("rules");
        let rules = Rules { of_all: OfAll::default(), rules: Some(rules) };
        let asked = crate::event::Asked { method: "GET".into(), path: "/".into(), certain: true };
        assert!(rules.demand(&asked).is_none());
    }
}
