use environment::Fault;
use evidence::{Evidence, EvidenceFile, Why};
use oauth::{ApprovalId, ClientId, PersonId, Timestamp};
use serde::Serialize;
use store::Store;

/// Why no evidence is handed out.
#[derive(Debug, thiserror::Error)]
pub enum NoEvidence {
    /// No approval has this id.
    #[error(
        "no approval that a passkey signed has the id {0}: a token names its approval in the claim `approval`"
    )]
    Unknown(ApprovalId),
    /// Nobody has this user name.
    #[error("there is nobody with the user name {0:?}; whoever was removed is known by their `sub`")]
    Nobody(String),
    /// What is kept was changed.
    #[error("what is kept of the approval {0} is no evidence of it ({why}): countersign evidence audit says more", why = .1.code())]
    Changed(ApprovalId, Why),
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// One approval of a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalListed {
    /// Its id: the claim `approval` of the tokens that came of it.
    pub approval: ApprovalId,
    /// The how many-th of the person's approvals it is.
    pub number: u64,
    /// When.
    pub approved_at: Timestamp,
    /// Who asked.
    pub client_id: ClientId,
    /// The name that was displayed of them.
    pub client_name: String,
    /// The first sentence that was approved: of a detail, else of a scope.
    pub sentence: Option<String>,
}

/// The approvals of one person, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalsOfPerson {
    /// The person.
    pub person: PersonId,
    /// Their approvals.
    pub listed: Vec<ApprovalListed>,
    /// The numbers of those that cannot be listed: what is kept of them was changed.
    pub changed: Vec<u64>,
}

/// The evidence of an approval as a file, younger than any checkpoint.
///
/// # Errors
/// [`NoEvidence::Unknown`], [`NoEvidence::Changed`], [`NoEvidence::Fault`].
pub async fn export_evidence(store: &Store, approval: &ApprovalId) -> Result<EvidenceFile, NoEvidence> {
    let changed = |why| NoEvidence::Changed(approval.clone(), why);
    let kept = store.kept_approval(approval).await?;
    let kept = kept.ok_or_else(|| NoEvidence::Unknown(approval.clone()))?;
    let evidence = Evidence::read(&kept.text).map_err(changed)?;
    if evidence.entry().approval != *approval {
        return Err(changed(Why::Entry));
    }
    Ok(EvidenceFile::new(evidence, None))
}

/// The approvals of a person, by user name or `sub`. What was changed is not passed over in silence.
///
/// # Errors
/// [`NoEvidence::Nobody`], [`NoEvidence::Fault`].
pub async fn approvals(store: &Store, name: &str) -> Result<ApprovalsOfPerson, NoEvidence> {
    let person = whose(store, name).await?;
    let (mut listed, mut changed) = (Vec::new(), Vec::new());
    for kept in store.kept_chain(&person).await?.approvals {
        match Evidence::read(&kept.text) {
            Ok(evidence) => listed.push(ApprovalListed::of(&evidence)),
            Err(_) => changed.push(kept.place),
        }
    }
    Ok(ApprovalsOfPerson { person, listed, changed })
}

/// Whose approvals are meant. A `sub` is taken at its word: the approvals of somebody who was removed stay, and no more is known of them.
pub(crate) async fn whose(store: &Store, name: &str) -> Result<PersonId, NoEvidence> {
    if let Some(person) = PersonId::parse(name) {
        return Ok(person);
    }
    let named = store.person_named(&name.to_lowercase()).await?;
    named.ok_or_else(|| NoEvidence::Nobody(name.to_owned()))
}

impl ApprovalListed {
    fn of(evidence: &Evidence) -> Self {
        let (entry, shown) = (evidence.entry(), evidence.displayed().shown());
        let details = shown.details.iter().map(|detail| (detail.choice, &detail.sentence));
        let scopes = shown.scopes.iter().map(|scope| (scope.choice, &scope.sentence));
        let sentence = details.chain(scopes).find(|(choice, _)| choice.is_approved());
        Self {
            approval: entry.approval.clone(),
            number: entry.number,
            approved_at: entry.approved_at,
            client_id: shown.client.id.clone(),
            client_name: shown.client.name.clone(),
            sentence: sentence.map(|(_, sentence)| sentence.to_string()),
        }
    }
}
