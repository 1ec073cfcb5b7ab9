use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicySet, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;
use oauth::PersonId;
use oauth::configuration::{DetailType, PolicyText, Server};

use crate::policies::{APPROVAL, BY_THE_PERSON, ID};
use crate::schema::schema;
use crate::{Action, NOBODY};

/// Something that is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as [`PolicyText::file`] names it.
    pub file: String,
    /// The byte of its text where it is; 0 when nobody can say.
    pub offset: usize,
    /// What is wrong, as a sentence.
    pub wrong: String,
    /// What to do, as a sentence; empty when that is plain.
    pub remedy: String,
}

/// What exists, so that a policy about a name that does not is seen.
pub struct Known<'a> {
    /// The registered types of details.
    pub types: &'a [DetailType],
    /// The clients' ids.
    pub clients: Vec<&'a str>,
    /// The tools' resource indicators.
    pub tools: Vec<&'a str>,
    /// The server's settings, which say what ids clients can have that nobody registers.
    pub server: Option<&'a Server>,
}

/// Checks policies before they are applied: whether they are Cedar, fit the schema, and each has an id of its own. A
/// policy that can never apply is a mistake too: whoever wrote it meant something else.
///
/// # Panics
/// Never: the schema is made from checked types, which a test holds.
pub fn check(texts: &[PolicyText], known: &Known<'_>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let validator = match Schema::from_cedarschema_str(&schema(known.types)) {
        Ok((schema, _)) => Validator::new(schema),
        Err(error) => {
            let wrong = format!("The detail types make no schema for policies: {error}.");
            return vec![Mistake { file: String::new(), offset: 0, wrong, remedy: String::new() }];
        }
    };
    for text in texts {
        let mut in_file = InFile { text, mistakes: &mut mistakes };
        match PolicySet::from_str(&text.text) {
            Ok(policies) => in_file.check(&policies, &validator, known, &mut first),
            Err(errors) => errors.iter().for_each(|error| {
                let wrong = format!("This is not Cedar: {error}.");
                in_file.note(
                    place(error),
                    wrong,
                    &error.help().map(|help| help.to_string()).unwrap_or_default(),
                );
            }),
        }
    }
    mistakes
}

struct InFile<'a> {
    text: &'a PolicyText,
    mistakes: &'a mut Vec<Mistake>,
}

impl InFile<'_> {
    fn check(
        &mut self,
        policies: &PolicySet,
        validator: &Validator,
        known: &Known<'_>,
        first: &mut BTreeMap<String, String>,
    ) {
        for template in policies.templates() {
            let wrong = "This is a template: it has a `?principal` or `?resource`, and decides nothing.";
            self.note(
                self.text.text.find(&template.to_cedar()),
                wrong.to_owned(),
                "Write a policy for each.",
            );
        }
        for policy in policies.policies() {
            self.id(policy, first);
            self.approval(policy);
            self.names(policy, known);
        }
        let result = validator.validate(policies, ValidationMode::Strict);
        let errors: Vec<_> = result.validation_errors().collect();
        for error in &errors {
            self.misfit(*error, policies.policy(error.policy_id()));
        }
        // What follows from a mistake explains nothing.
        for warning in result.validation_warnings().filter(|_| errors.is_empty()) {
            self.misfit(warning, policies.policy(warning.policy_id()));
        }
    }

    fn misfit(&mut self, found: &dyn Diagnostic, policy: Option<&Policy>) {
        let offset = place(found).or_else(|| self.start_of(policy?));
        let help = found.help().map(|help| sentence(&help.to_string())).unwrap_or_default();
        self.note(offset, format!("This policy does not fit: {}", plain(&found.to_string(), policy)), &help);
    }

    /// The id stands in the audit trail, alone: it must say which policy it was.
    fn id(&mut self, policy: &Policy, first: &mut BTreeMap<String, String>) {
        let offset = self.start_of(policy);
        let Some(id) = policy.annotation(ID) else {
            self.note(offset, "The policy has no id.".to_owned(), "Write @id(\"what-it-permits\") above it.");
            return;
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if id == NOBODY {
            self.note(
                offset,
                format!("{id:?} is what the audit trail says where no policy decides."),
                "Name it otherwise.",
            );
        } else if !(1..=64).contains(&id.len()) || !id.bytes().all(is_name) {
            let remedy = "Use up to 64 letters, digits, hyphens, underscores and points.";
            self.note(offset, format!("{id:?} is not an id."), remedy);
        } else if let Some(file) = first.get(id) {
            let wrong = format!("There are two policies with the id {id:?}; the first is in {file}.");
            self.note(offset, wrong, "Change or remove one of them.");
        } else {
            first.insert(id.to_owned(), self.text.file.clone());
        }
    }

    /// What waits for a person has to be something that can: an exchange, and forbidden until then.
    fn approval(&mut self, policy: &Policy) {
        let Some(by) = policy.annotation(APPROVAL) else { return };
        let offset = self.start_of(policy);
        let is_about_exchange = match policy.action_constraint() {
            ActionConstraint::Eq(action) => action.id().unescaped() == Action::TokenExchange.as_str(),
            ActionConstraint::Any | ActionConstraint::In(_) => false,
        };
        if by != BY_THE_PERSON {
            let wrong = format!("Nobody is asked for an approval by {by:?}.");
            self.note(offset, wrong, "Write @approval(\"person\"): the person at the start of the chain.");
        } else if policy.effect() != Effect::Forbid {
            let wrong = "A policy that permits something waits for no approval.";
            self.note(
                offset,
                wrong.to_owned(),
                "Permit it, and forbid it with @approval(\"person\") above that.",
            );
        } else if !is_about_exchange {
            let wrong = "An exchange alone can wait for an approval.";
            self.note(offset, wrong.to_owned(), "Write action == Action::\"token_exchange\".");
        }
    }

    /// The validator takes any name for one that could exist. A policy that forbids something to a client whose name is
    /// misspelt would forbid nothing.
    fn names(&mut self, policy: &Policy, known: &Known<'_>) {
        for literal in policy.entity_literals() {
            let id = literal.id().unescaped();
            let (kind, exists) = match kind(&literal).as_str() {
                "Client" => {
                    let may_come = known.server.is_some_and(|server| server.may_meet(id));
                    ("client", may_come || known.clients.contains(&id))
                }
                "Tool" => {
                    ("tool with the resource indicator", id == crate::ISSUER || known.tools.contains(&id))
                }
                // Who that is, if anybody, stands in no configuration.
                "Person" => ("person with the sub", PersonId::parse(id).is_some()),
                _ => continue,
            };
            if !exists {
                let offset = self.text.text.find(&format!("\"{id}\"")).or_else(|| self.start_of(policy));
                self.note(offset, format!("There is no {kind} {id:?}."), "");
            }
        }
    }

    fn note(&mut self, offset: Option<usize>, wrong: String, remedy: &str) {
        let file = self.text.file.clone();
        let mistake = Mistake { file, offset: offset.unwrap_or(0), wrong, remedy: remedy.to_owned() };
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    fn start_of(&self, policy: &Policy) -> Option<usize> {
        self.text.text.find(&policy.to_cedar()?)
    }
}

/// What Cedar says, without the policy's position in the file and without the action: it says the same for each.
fn plain(said: &str, policy: Option<&Policy>) -> String {
    let name = policy.map(|policy| format!("for policy `{}`, ", policy.id())).unwrap_or_default();
    let of_each =
        |said: String, action: &Action| said.replace(&format!(" for Action::\"{}\"", action.as_str()), "");
    Action::ALL.iter().fold(said.replace(&name, ""), of_each) + "."
}

fn sentence(help: &str) -> String {
    let mut characters = help.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if help.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

fn kind(uid: &EntityUid) -> String {
    uid.type_name().to_string()
}

fn place(found: &dyn Diagnostic) -> Option<usize> {
    found.labels().and_then(|mut labels| labels.next()).map(|label| label.offset())
}
