use environment::Fault;
use evidence::{Evidence, EvidenceFile};
use http::answer::attachment;
use http::{Problem, Response, StatusCode, query};
use oauth::{ApprovalId, PersonId, Refusal};
use pages::{SignedApproval, SignedPage};
use reception::{Guest, SignedIn};

use super::to_sign_in;

/// What a person signed with a passkey.
struct Signed {
    /// The newest first.
    approvals: Vec<Evidence>,
    /// How many are not what was kept.
    changed: usize,
}

impl Signed {
    /// The chain of one person, by whose it is: one query. What stands in it and is another's is not theirs.
    async fn by(guest: &Guest<'_>, person: &PersonId) -> Result<Self, Fault> {
        let mut signed = Self { approvals: vec![], changed: 0 };
        for kept in guest.store.kept_approvals(person).await?.into_iter().rev() {
            match Evidence::read(&kept.text) {
                Ok(evidence) if evidence.entry().person == *person => signed.approvals.push(evidence),
                Ok(_) | Err(_) => signed.changed += 1,
            }
        }
        Ok(signed)
    }
}

/// Shows what the person signed, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let Some(signed_in) = guest.standing().await? else { return to_sign_in(guest) };
    let signed = Signed::by(guest, &signed_in.session.person).await?;
    page(guest, &signed_in, &signed, StatusCode::OK)
}

/// Gives out the evidence of one of them as a file, for its person alone: the same as an operator exports, but for its place in a
/// checkpoint, for which the heads of everybody's chains would have to be read.
pub(crate) async fn give_out(guest: &Guest<'_>) -> Result<Response, Problem> {
    let malformed = Refusal::MalformedParameter { name: "of", expected: "an approval's identifier" };
    let id = ApprovalId::parse(query(guest.request)?.required("of")?).ok_or(malformed)?;
    let Some(signed_in) = guest.standing().await? else { return to_sign_in(guest) };
    let signed = Signed::by(guest, &signed_in.session.person).await?;
    let found = signed.approvals.iter().find(|evidence| evidence.entry().approval == id);
    let Some(evidence) = found else { return page(guest, &signed_in, &signed, StatusCode::NOT_FOUND) };
    let file = EvidenceFile::new(evidence.clone(), None).to_bytes();
    Ok(attachment("application/json", &format!("approval-{id}.json"), file))
}

fn page(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    signed: &Signed,
    status: StatusCode,
) -> Result<Response, Problem> {
    let page = SignedPage {
        frame: guest.frame(),
        person: signed_in.person(),
        zone: &signed_in.zone(),
        approvals: signed.approvals.iter().map(as_shown).collect(),
        changed: signed.changed,
    };
    guest.page(status, page.render(), &[])
}

fn as_shown(evidence: &Evidence) -> SignedApproval<'_> {
    SignedApproval { shown: evidence.displayed().shown(), at: evidence.entry().approved_at }
}
