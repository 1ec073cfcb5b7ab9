use environment::Fault;
use evidence::{AllHeads, Evidence, EvidenceFile, Inclusion, SignedCheckpoint, Why};
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
    /// What is kept of a later approval of theirs was changed: the checkpoint cannot be shown to hold the one that is meant.
    #[error("what is kept of approval {0} of {1}, a later one, is no evidence of it ({why}), and only by that the last checkpoint is shown \
             to hold the one that you want: countersign evidence audit says more", why = .2.code())]
    LaterChanged(u64, PersonId, Why),
    /// What is kept of the last checkpoint was changed.
    #[error("the last checkpoint cannot be used: it was changed. countersign evidence audit says more")]
    Checkpoint,
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

/// The evidence of an approval as a file, with its inclusion in the last checkpoint where that holds it.
///
/// # Errors
/// [`NoEvidence::Unknown`], [`NoEvidence::Changed`], [`NoEvidence::Checkpoint`], [`NoEvidence::Fault`].
pub async fn export_evidence(store: &Store, approval: &ApprovalId) -> Result<EvidenceFile, NoEvidence> {
    let changed = |why| NoEvidence::Changed(approval.clone(), why);
    let kept = store.kept_approval(approval).await?;
    let kept = kept.ok_or_else(|| NoEvidence::Unknown(approval.clone()))?;
    let evidence = Evidence::read(&kept.text).map_err(changed)?;
    if evidence.entry().approval != *approval {
        return Err(changed(Why::Entry));
    }
    let inclusion = inclusion(store, &evidence).await?;
    Ok(EvidenceFile::new(evidence, inclusion))
}

/// Where the last checkpoint holds an approval. It is none where the approval is younger, or where the issuer has had another name then.
async fn inclusion(store: &Store, evidence: &Evidence) -> Result<Option<Inclusion>, NoEvidence> {
    let mut heads = AllHeads::default();
    let mut last = None;
    for one in store.newest_checkpoints().await? {
        let kept = one.kept.ok_or(NoEvidence::Checkpoint)?;
        last = Some(SignedCheckpoint::read(&kept.signed).ok_or(NoEvidence::Checkpoint)?);
        heads.take_on(kept.heads, kept.are_all);
    }
    let Some(last) = last else { return Ok(None) };
    let tree = heads.tree();
    if !last.says().is_over(&tree) {
        return Err(NoEvidence::Checkpoint);
    }
    let entry = evidence.entry();
    let held = heads.of(&entry.person).map_or(0, |head| head.number);
    if held < entry.number {
        return Ok(None);
    }
    let mut links = Vec::new();
    for kept in store.kept_approvals(&entry.person).await? {
        if kept.place > entry.number && kept.place <= held {
            let later = Evidence::read(&kept.text);
            let later =
                later.map_err(|why| NoEvidence::LaterChanged(kept.place, entry.person.clone(), why))?;
            links.push(later.entry().digest());
        }
    }
    match Inclusion::of(evidence, links, &tree, last) {
        Ok(inclusion) => Ok(Some(inclusion)),
        Err(Why::OtherCheckpoint) => Ok(None),
        Err(why) => Err(NoEvidence::Changed(entry.approval.clone(), why)),
    }
}

/// The approvals of a person, by user name or `sub`. What was changed is not passed over in silence.
///
/// # Errors
/// [`NoEvidence::Nobody`], [`NoEvidence::Fault`].
pub async fn approvals(store: &Store, name: &str) -> Result<ApprovalsOfPerson, NoEvidence> {
    let person = whose(store, name).await?;
    let (mut listed, mut changed) = (Vec::new(), Vec::new());
    for kept in store.kept_approvals(&person).await? {
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
        Self {
            approval: entry.approval.clone(),
            number: entry.number,
            approved_at: entry.approved_at,
            client_id: shown.client.id.clone(),
            client_name: shown.client.name.clone(),
            sentence: shown.approved_sentences().next().map(ToString::to_string),
        }
    }
}
