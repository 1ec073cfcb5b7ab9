use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use cedar_policy::{
    AuthorizationError, Authorizer, Decision as Verdict, Policy, PolicyId, PolicySet, Response,
};
use oauth::AuthorizationDetail;
use oauth::configuration::{DetailType, PolicyText, Tool};

use crate::{Decision, Question, entities};

/// The annotation that names a policy in the audit trail and in explanations.
pub(crate) const ID: &str = "id";

/// What stands in the audit trail where something is refused because no policy permits it.
pub const NOBODY: &str = "none";

/// The policies of a configuration. Cheap to clone.
#[derive(Clone)]
pub struct Policies(Arc<Inner>);

struct Inner {
    texts: Vec<PolicyText>,
    types: BTreeMap<String, DetailType>,
    parsed: OnceLock<Result<PolicySet, String>>,
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
        parsed.as_ref().is_ok_and(|policies| policies.policies().any(names_one))
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
        let policies = match self.0.parsed.get_or_init(|| parse_all(&self.0.texts)) {
            Ok(policies) => policies,
            Err(why) => return Decision::Failed { by: Vec::new(), why: why.clone() },
        };
        match entities::of(question, &self.0.types) {
            Ok((request, entities)) => {
                decision(&Authorizer::new().is_authorized(&request, policies, &entities))
            }
            Err(why) => Decision::Failed { by: Vec::new(), why },
        }
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

fn parse_all(texts: &[PolicyText]) -> Result<PolicySet, String> {
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
    PolicySet::from_policies(policies).map_err(|error| error.to_string())
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
