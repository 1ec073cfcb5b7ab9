//! Whom and what a request turned out to be about, for its line in the log and for the audit.

use std::cell::RefCell;
use std::future::Future;

use oauth::{Authorization, ClientId, Ended, GrantId, PersonId, Sha256Digest, Stage};

tokio::task_local! {
    static SUBJECT: RefCell<Subject>;
}

/// What became known of a request while it was answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) client: Option<ClientId>,
    pub(crate) grant_id: Option<GrantId>,
    pub(crate) person: Option<PersonId>,
    pub(crate) asked: Option<Sha256Digest>,
}

/// Notes which client the request that is being answered is about. Its line in the log says so, and so does an audit event
/// of it that names no other: a refusal may come from deep inside, where nobody knows any more whom it concerns.
pub fn note_client(client: &ClientId) {
    note(|subject| subject.client = Some(client.clone()));
}

/// Notes which authorization it is about. Only for one of which the caller has proven to hold something: an identifier
/// that a stranger made up, or saw, must not stand in the audit as if it were theirs.
pub fn note_grant(grant_id: &GrantId) {
    note(|subject| subject.grant_id = Some(grant_id.clone()));
}

/// Notes whom it is about.
pub fn note_person(person: &PersonId) {
    note(|subject| subject.person = Some(person.clone()));
}

/// Notes the digest of what was asked.
pub fn note_asked(asked: Sha256Digest) {
    note(|subject| subject.asked = Some(asked));
}

/// Notes an authorization with its person and what was asked, as far as it says so. As for [`note_grant`], the caller must
/// have proven to hold something of it.
pub fn note_authorization(authorization: &Authorization) {
    note_grant(&authorization.id);
    match (authorization.grant(), &authorization.stage) {
        (Some(grant), _) => {
            note_person(&grant.person);
            note_asked(grant.asked);
        }
        (None, Stage::Pushed(pushed)) => note_asked(pushed.request.asked().digest()),
        (None, Stage::Ended(Ended { person: Some(person), .. })) => note_person(person),
        (None, _) => {}
    }
}

/// What became known so far.
pub(crate) fn known() -> Subject {
    SUBJECT.try_with(|subject| subject.borrow().clone()).unwrap_or_default()
}

/// Runs a future, and gives back what was noted meanwhile.
pub(crate) async fn noted<F: Future>(future: F) -> (F::Output, Subject) {
    SUBJECT
        .scope(RefCell::default(), async {
            let output = future.await;
            (output, SUBJECT.with(RefCell::take))
        })
        .await
}

fn note(change: impl FnOnce(&mut Subject)) {
    // A decision outside of any request, as in a test of the audit alone, has no line to stand in.
    let _ = SUBJECT.try_with(|subject| change(&mut subject.borrow_mut()));
}
