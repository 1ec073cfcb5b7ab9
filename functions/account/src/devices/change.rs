use environment::Fault;
use http::Problem;
use oauth::{PersonId, Place, Reach, Refusal, Sha256Digest, Timestamp};
use store::{Person, Store};

/// How often it is tried again because something else changed the same at the same moment.
pub(crate) const MOST_TRIES: usize = 8;

/// What has become of what a person is reached on.
pub(crate) struct Changed<T> {
    /// Whose it is.
    pub(crate) person: Person,
    /// As it is now.
    pub(crate) reach: Reach,
    /// What else came of it.
    pub(crate) told: T,
}

/// Changes what a person is reached on, and whose the place is whose digest `at` finds in it, if it finds one: both or neither, on top
/// of whatever else changes meanwhile. One conditional write, or none where what is decided changes nothing. A person who is gone
/// meanwhile is answered with `gone`.
pub(crate) async fn change_at<T, E>(
    store: &Store,
    person_id: &PersonId,
    (now, gone): (Timestamp, Refusal),
    at: impl Fn(&Reach) -> Option<Sha256Digest>,
    decide: impl Fn(Reach, Option<Place>) -> Result<(Reach, Option<Place>, T), E>,
) -> Result<Result<Changed<T>, E>, Problem> {
    for _ in 0..MOST_TRIES {
        let (person, kept) = store.person_and_devices(person_id).await?;
        let Some(person) = person else { return Err(gone.into()) };
        let before = match at(&kept.reach) {
            Some(digest) => Some(store.place(&digest).await?),
            None => None,
        };
        let stands = before.as_ref().map(|before| &before.place);
        let (reach, place, told) = match decide(kept.reach.clone(), stands.cloned()) {
            Ok(decided) => decided,
            Err(problem) => return Ok(Err(problem)),
        };
        let is_same = reach == kept.reach && place.as_ref() == stands;
        let is_kept = is_same
            || match before.as_ref().zip(place.as_ref()) {
                Some(place) => store.keep_devices_and_place(&[(&kept, &reach)], place, now).await?,
                None => store.keep_devices(&kept, &reach).await?,
            };
        if is_kept {
            return Ok(Ok(Changed { person, reach, told }));
        }
    }
    Err(others_came_first().into())
}

pub(crate) fn others_came_first() -> Fault {
    Fault::unavailable("table", "what this person is reached on has just changed")
}
