//! Whom and what a request turned out to be about, for its line in the log.

use std::cell::RefCell;
use std::future::Future;

use oauth::{ClientId, GrantId};

tokio::task_local! {
    static SUBJECT: RefCell<Subject>;
}

/// What became known of a request while it was answered.
#[derive(Debug, Default)]
pub(crate) struct Subject {
    pub(crate) client: Option<ClientId>,
    pub(crate) grant_id: Option<GrantId>,
}

/// Notes in the line of the request that is being answered which client it is about. An audit event notes it as well,
/// so this is for what is decided about nobody else: a page that is shown, a token that nobody knows.
pub fn note_client(client: &ClientId) {
    note(|subject| subject.client = Some(client.clone()));
}

/// Notes which authorization it is about.
pub(crate) fn note_grant(grant_id: &GrantId) {
    note(|subject| subject.grant_id = Some(grant_id.clone()));
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
