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
    /// Whether the client proved to be that one, or whoever asks holds what it was given.
    pub(crate) client_is_proven: bool,
    pub(crate) grant_id: Option<GrantId>,
    pub(crate) person: Option<PersonId>,
    pub(crate) asked: Option<Sha256Digest>,
    /// What another issuer calls whom it is about.
    pub(crate) outside_name: Option<String>,
    /// The authorization that an authorization by exchange goes back to.
    pub(crate) root_grant_id: Option<GrantId>,
    /// Which policies decided, by id.
    pub(crate) policies: Option<String>,
}

/// Notes which client the request that is being answered says it is about, unless it is known already. Its line in the log says
/// so, as a claim, and an audit event of it that names no other: a refusal may come from deep inside, where nobody knows any
/// more whom it concerns.
pub fn note_client(client: &ClientId) {
    note(|subject| {
        if !subject.client_is_proven {
            subject.client = Some(client.clone());
        }
    });
}

/// Notes whose request it is: the first client that proved itself in it, or that had what was presented. Its line in the log
/// says so without reserve, and what it costs is counted as that client's.
pub fn note_proven_client(client: &ClientId) {
    note(|subject| {
        if !subject.client_is_proven {
            subject.client = Some(client.clone());
            subject.client_is_proven = true;
        }
    });
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

/// Notes what another issuer, whose word was proven, calls the subject. No token says it.
pub fn note_outside_name(name: &str) {
    note(|subject| subject.outside_name = Some(name.to_owned()));
}

/// Notes which policies decided, by id. The audit's events of the request say so from then on; whoever asked is not told.
pub fn note_policies(ids: impl IntoIterator<Item = String>) {
    let ids = ids.into_iter().collect::<Vec<_>>().join(" ");
    note(|subject| subject.policies = Some(ids).filter(|ids| !ids.is_empty()));
}

/// Notes an authorization with its client, its person, what was asked and what it goes back to, as far as it says so. As for
/// [`note_grant`], the caller must have proven to hold something of it.
pub fn note_authorization(authorization: &Authorization) {
    note_grant(&authorization.id);
    note_proven_client(authorization.client_id());
    match (authorization.grant(), &authorization.stage) {
        (Some(grant), _) => {
            note_person(&grant.person);
            note_asked(grant.asked);
        }
        (None, Stage::Child(child)) => {
            child.person().iter().for_each(note_person);
            child.claims.asked.into_iter().for_each(note_asked);
            note(|subject| subject.root_grant_id.clone_from(&child.claims.grant_id));
        }
        (None, Stage::Pushed(pushed)) => note_asked(pushed.request.asked().digest()),
        (None, Stage::Requested(requested)) => {
            requested.person.iter().for_each(note_person);
            note_asked(requested.request.asked().digest());
        }
        (None, Stage::Declined(declined)) => note_person(&declined.person),
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
