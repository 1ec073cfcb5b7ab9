//! What holds of a person's grant, however it came about.

use oauth::configuration::Lifetimes;
use oauth::{Authorization, AuthorizationDetails, Scope, Timestamp};

/// A grant lies within what was asked, never changes, and nothing outlives it.
pub(crate) fn hold_of_the_grant(
    stored: &Authorization,
    before: &Authorization,
    (scope, details): (&Scope, &AuthorizationDetails),
    now: Timestamp,
) {
    let Some(grant) = stored.grant() else { return };
    assert!(grant.scope.is_within(scope), "no scope beyond what was asked");
    assert!(
        grant.details.iter().all(|one| details.iter().any(|other| one == other)),
        "no detail beyond what was asked"
    );
    assert!(grant.ends_at <= grant.granted_at.after(Lifetimes::default().authorization));
    if let Some(earlier) = before.grant() {
        assert_eq!(earlier.scope, grant.scope, "a grant never changes");
        assert_eq!(earlier.details, grant.details, "a grant never changes");
        assert!(grant.ends_at <= earlier.ends_at, "a grant never lives longer than it was given");
    }
    if stored.live_grant(now).is_ok() {
        assert!(now < grant.ends_at, "nothing outlives its end");
    }
}
