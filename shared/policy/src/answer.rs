use std::collections::BTreeSet;

use oauth::{Refusal, Scope};

use crate::{Decision, NOBODY, Policies, Question};

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A scope.
    Scope(String),
    /// The detail at this position of what was asked, counted from 0.
    Detail(usize),
    /// The action as such, when neither scope nor detail is asked for.
    Whole,
}

/// Something that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// What.
    pub item: Item,
    /// The policies that permit it, by id.
    pub by: Vec<String>,
}

/// Something that was refused, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What.
    pub item: Item,
    /// Denied or failed.
    pub decision: Decision,
}

impl Refused {
    const fn waits(&self) -> bool {
        matches!(self.decision, Decision::OnceApproved { .. })
    }
}

/// What the policies say to each thing that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The scopes that are allowed.
    pub scopes: Scope,
    /// The positions of the details that are allowed, counted from 0.
    pub details: Vec<usize>,
    /// What is allowed, one by one.
    pub permitted: Vec<Permitted>,
    /// What is refused. When nothing is, everything is allowed.
    pub refused: Vec<Refused>,
}

impl Answer {
    /// Refuses a request that names what it wants when anything of it is refused. The refusal names no policy: who decided is
    /// for the audit ([`Answer::by`]), not for the client.
    ///
    /// # Errors
    /// [`Refusal::ScopeNotPermitted`], [`Refusal::DetailNotPermitted`], [`Refusal::ClientNotPermitted`].
    pub fn everything(&self) -> Result<(), Refusal> {
        self.refused.first().map_or(Ok(()), |refused| Err(refusal(&refused.item)))
    }

    /// Refuses a request that names its details when any of these is refused. Its scopes it left to the server.
    ///
    /// # Errors
    /// [`Refusal::DetailNotPermitted`], [`Refusal::ClientNotPermitted`].
    pub fn everything_but_scopes(&self) -> Result<(), Refusal> {
        let named = self.refused.iter().find(|refused| !matches!(refused.item, Item::Scope(_)));
        named.map_or(Ok(()), |refused| Err(refusal(&refused.item)))
    }

    /// For the audit trail, the policies that decided, by id: those that refused where anything is refused, else those that
    /// permitted. [`NOBODY`] stands for those that would have to permit and are not there. What failed is marked: `countersign
    /// policy explain` says why.
    pub fn for_audit(&self) -> BTreeSet<String> {
        let refused = self.refused.iter().flat_map(|refused| match &refused.decision {
            Decision::Failed { by, .. } if by.is_empty() => vec!["(failed)".to_owned()],
            Decision::Failed { by, .. } => by.iter().map(|id| format!("{id}(failed)")).collect(),
            decision if decision.by().is_empty() => vec![NOBODY.to_owned()],
            decision => decision.by().to_vec(),
        });
        let permitted = self.permitted.iter().filter(|_| self.refused.is_empty());
        refused.chain(permitted.flat_map(|one| one.by.iter().cloned())).collect()
    }

    /// The same where what they leave is granted and the rest is not: those that permitted it, and those that refused the rest.
    pub fn for_audit_in_part(&self) -> BTreeSet<String> {
        let permitted = self.permitted.iter().flat_map(|permitted| permitted.by.iter().cloned());
        permitted.chain(self.for_audit()).collect()
    }

    /// Whether all that is refused was permitted by nobody: no policy forbids it, and none failed.
    pub fn is_refused_by_nobody(&self) -> bool {
        self.refused
            .iter()
            .all(|refused| matches!(&refused.decision, Decision::Denied { by } if by.is_empty()))
    }

    /// Whether anything of it is refused only until a person approves it.
    pub fn waits(&self) -> bool {
        self.refused.iter().any(Refused::waits)
    }

    /// The answer once a person has approved everything that waits for that. What is refused otherwise stays so.
    #[must_use]
    pub fn once_approved(mut self) -> Self {
        let (waiting, refused): (Vec<Refused>, Vec<Refused>) =
            self.refused.into_iter().partition(Refused::waits);
        self.refused = refused;
        for Refused { item, decision } in waiting {
            match &item {
                Item::Scope(scope) => {
                    self.scopes = self.scopes.union(&std::iter::once(scope.as_str()).collect());
                }
                Item::Detail(position) => self.details.push(*position),
                Item::Whole => {}
            }
            self.permitted.push(Permitted { item, by: decision.by().to_vec() });
        }
        self.details.sort_unstable();
        self
    }

    /// The policies that decided, by id: those that refused where anything is refused, else those that permitted.
    pub fn by(&self) -> BTreeSet<&str> {
        let refused = self.refused.iter().flat_map(|refused| refused.decision.by());
        let permitted = self.permitted.iter().filter(|_| self.refused.is_empty()).flat_map(|one| &one.by);
        refused.chain(permitted).map(String::as_str).collect()
    }
}

const fn refusal(item: &Item) -> Refusal {
    match item {
        Item::Scope(_) => Refusal::ScopeNotPermitted,
        Item::Detail(index) => Refusal::DetailNotPermitted { index: *index },
        Item::Whole => Refusal::ClientNotPermitted,
    }
}

impl Policies {
    /// Puts a question for each scope and each detail in `whole.context`, or one for the action as such when there are neither.
    /// A request that names what it wants is refused when anything of it is; one that leaves the choice to the server gets
    /// what is left.
    pub fn each(&self, whole: &Question<'_>) -> Answer {
        let mut answer = Answer::default();
        let about = |scope, detail| {
            let mut one = *whole;
            (one.context.scope, one.context.detail) = (scope, detail);
            self.decide(&one)
        };
        let mut allowed: Vec<&str> = Vec::new();
        for scope in whole.context.scopes.iter() {
            if answer.note(Item::Scope(scope.to_owned()), about(Some(scope), None)) {
                allowed.push(scope);
            }
        }
        for (position, detail) in whole.context.details.iter().enumerate() {
            if answer.note(Item::Detail(position), about(None, Some(detail))) {
                answer.details.push(position);
            }
        }
        if whole.context.scopes.is_empty() && whole.context.details.is_empty() {
            answer.note(Item::Whole, about(None, None));
        }
        answer.scopes = whole.context.scopes.retaining(|scope| allowed.contains(&scope));
        answer
    }
}

impl Answer {
    pub(crate) fn note(&mut self, item: Item, decision: Decision) -> bool {
        match decision {
            Decision::Allowed { by } => {
                self.permitted.push(Permitted { item, by });
                true
            }
            decision => {
                self.refused.push(Refused { item, decision });
                false
            }
        }
    }
}
