use std::time::Duration;

use reception::{Guest, SignedIn};

/// For how long after they signed in that is proof enough that it is still the person.
const JUST_NOW: Duration = Duration::from_mins(10);

/// Whether whoever is signed in has shown just now that it is them: a session may have been left open, or stolen.
pub(crate) fn signed_in_just_now(guest: &Guest<'_>, signed_in: &SignedIn) -> bool {
    guest.now.since(signed_in.session.authentication.auth_time) <= JUST_NOW
}
