use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use cedar_policy::{
    AuthorizationError, Authorizer, Decision as Verdict, Effect, Policy, PolicyId, PolicySet, Response,
};
use oauth::AuthorizationDetail;
use oauth::configuration::{DetailType, PolicyText, Tool};

use crate::{Action, Decision, Question, entities};

/// The annotation that names a policy in the audit trail and in explanations.
pub(crate) const ID: &str = "id";

/// The annotation of a policy that forbids only as long as nobody has approved it.
pub(crate) const APPROVAL: &str = "approval";
/// Its value: who is asked is the person at the start of the chain.
pub(crate) const BY_THE_PERSON: &str = "person";

/// What stands in the audit trail where something is refused because no policy permits it.
pub const NOBODY: &str = "none";

/// The policies of a configuration. Cheap to clone.
#[derive(Clone)]
pub struct Policies(Arc<Inner>);

struct Inner {
    texts: Vec<PolicyText>,
    types: BTreeMap<String, DetailType>,
    parsed: OnceLock<Result<Parsed, String>>,
}

/// The policies as they are evaluated.
struct Parsed {
    /// All of them.
    all: PolicySet,
    /// Those that forbid only as long as nobody has approved it, by id.
    until_approved: BTreeSet<String>,
    /// The others: what holds once somebody has.
    once_approved: PolicySet,
}

impl Policies {
    /// The policies in these texts, about details of these types. They are parsed when first asked.
    pub fn new(texts: &[PolicyText], types: &[DetailType]) -> Self {
        let types = types.iter().map(|registered| (registered.name.clone(), registered.clone())).collect();
        Self(Arc::new(Inner { texts: texts.to_vec(), types, parsed: OnceLock::new() }))
    }

    /// Whether there is no policy at all. An exchange is then refused; what registration decides goes on as registered.
    pub fn are_absent(&self) -> bool {
        self.0.texts.is_empty()
    }

    /// Whether any policy names a person by `sub`: what it decides of somebody can then be told by nobody who does not know theirs.
    pub fn name_people(&self) -> bool {
        let names_one = |policy: &Policy| {
            policy.entity_literals().iter().any(|literal| literal.type_name().to_string() == "Person")
        };
        let parsed = self.0.parsed.get_or_init(|| parse_all(&self.0.texts));
        parsed.as_ref().is_ok_and(|parsed| parsed.all.policies().any(names_one))
    }

    /// Whether a token for `tool` could carry `detail`.
    pub(crate) fn belongs(&self, detail: &AuthorizationDetail, tool: &Tool) -> bool {
        self.0.types.get(&detail.detail_type).is_some_and(|registered| registered.belongs_to(detail, tool))
    }

    /// Answers a question. What cannot be evaluated is refused: in Cedar a policy that fails is passed over, and it could be one
    /// that forbids.
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        if self.are_absent() {
            return if question.action.is_open_without_policies() {
                Decision::Allowed { by: Vec::new() }
            } else {
                Decision::Denied { by: Vec::new() }
            };
        }
        let parsed = match self.0.parsed.get_or_init(|| parse_all(&self.0.texts)) {
            Ok(parsed) => parsed,
            Err(why) => return Decision::Failed { by: Vec::new(), why: why.clone() },
        };
        let (request, entities) = match entities::of(question, &self.0.types) {
            Ok(put) => put,
            Err(why) => return Decision::Failed { by: Vec::new(), why },
        };
        let by = |policies| decision(&Authorizer::new().is_authorized(&request, policies, &entities));
        match by(&parsed.all) {
            Decision::Denied { by: forbidding } if parsed.waits(question.action, &forbidding) => {
                // What is refused however anybody decides is no question to a person.
                match by(&parsed.once_approved) {
                    Decision::Allowed { .. } => Decision::OnceApproved { by: forbidding },
                    _ => Decision::Denied { by: forbidding },
                }
            }
            decided => decided,
        }
    }
}

impl Parsed {
    /// Whether something is refused for nothing but that nobody has approved it. An exchange alone can wait for that.
    fn waits(&self, action: Action, forbidding: &[String]) -> bool {
        action == Action::TokenExchange
            && !forbidding.is_empty()
            && forbidding.iter().all(|id| self.until_approved.contains(id))
    }
}

fn decision(response: &Response) -> Decision {
    let diagnostics = response.diagnostics();
    let failed: Vec<_> = diagnostics.errors().collect();
    if !failed.is_empty() {
        let why = failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        return Decision::Failed { by: sorted(failed.iter().map(|error| failing(error))), why };
    }
    let by = sorted(diagnostics.reason());
    match response.decision() {
        Verdict::Allow => Decision::Allowed { by },
        Verdict::Deny => Decision::Denied { by },
    }
}

fn sorted<'a>(ids: impl Iterator<Item = &'a PolicyId>) -> Vec<String> {
    let mut ids: Vec<String> = ids.map(ToString::to_string).collect();
    ids.sort();
    ids
}

fn parse_all(texts: &[PolicyText]) -> Result<Parsed, String> {
    let mut policies = Vec::new();
    for text in texts {
        let parsed = PolicySet::from_str(&text.text).map_err(|error| format!("{}: {error}", text.file))?;
        if parsed.num_of_templates() > 0 {
            return Err(format!("{}: a template decides nothing", text.file));
        }
        for policy in parsed.policies() {
            policies.push(named(policy).ok_or_else(|| format!("{}: a policy without @id", text.file))?);
        }
    }
    let set = |policies: Vec<Policy>| PolicySet::from_policies(policies).map_err(|error| error.to_string());
    let (until_approved, others): (Vec<Policy>, Vec<Policy>) =
        policies.iter().cloned().partition(is_until_approved);
    let until_approved = until_approved.iter().map(|policy| policy.id().to_string()).collect();
    Ok(Parsed { all: set(policies)?, until_approved, once_approved: set(others)? })
}

/// Whether it forbids only as long as nobody has approved it. A policy that permits something waits for nobody, whatever is written
/// above it.
fn is_until_approved(policy: &Policy) -> bool {
    policy.effect() == Effect::Forbid && policy.annotation(APPROVAL) == Some(BY_THE_PERSON)
}

/// The policy under its own name instead of its position in the file.
fn named(policy: &Policy) -> Option<Policy> {
    let id = policy.annotation(ID).filter(|id| !id.is_empty())?;
    Some(policy.new_id(PolicyId::new(id)))
}

fn failing(error: &AuthorizationError) -> &PolicyId {
    match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
    }
}

/// Each policy as it is written, by its id, in the order of the files: for showing what a configuration changes. What cannot be
/// read is left out.
pub fn by_id(texts: &[PolicyText]) -> Vec<(String, String)> {
    let sets = texts.iter().filter_map(|text| PolicySet::from_str(&text.text).ok());
    let written = |policy: &Policy| Some((policy.annotation(ID)?.to_owned(), policy.to_cedar()?));
    sets.flat_map(|set| set.policies().filter_map(written).collect::<Vec<_>>()).collect()
}
