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
    /// Whether that is otherwise than before.
    pub(crate) is_new: bool,
    /// Whether another device is the first to be told than before.
    pub(crate) is_led_by_another: bool,
    /// What else came of it.
    pub(crate) told: T,
}

impl<T> Changed<T> {
    pub(crate) fn of(person: Person, (before, reach): (&Reach, Reach), told: T) -> Self {
        let (is_new, is_led_by_another) = (reach != *before, reach.first_in_use() != before.first_in_use());
        Self { person, reach, is_new, is_led_by_another, told }
    }
}

/// Changes what a person is reached on, on top of whatever else changes meanwhile: one conditional write, or none where what is
/// decided changes nothing. A person who is gone meanwhile is answered with `gone`.
pub(crate) async fn change<T, E>(
    store: &Store,
    person_id: &PersonId,
    gone: Refusal,
    decide: impl Fn(Reach) -> Result<(Reach, T), E>,
) -> Result<Result<Changed<T>, E>, Problem> {
    for _ in 0..MOST_TRIES {
        let (person, kept) = store.person_and_devices(person_id).await?;
        let Some(person) = person else { return Err(gone.into()) };
        let (reach, told) = match decide(kept.reach.clone()) {
            Ok(decided) => decided,
            Err(problem) => return Ok(Err(problem)),
        };
        if reach == kept.reach || store.keep_devices(&kept, &reach).await? {
            return Ok(Ok(Changed::of(person, (&kept.reach, reach), told)));
        }
    }
    Err(others_came_first().into())
}

/// As [`change`], and with it whose the place with this digest is: both, or neither.
pub(crate) async fn change_at<T, E>(
    store: &Store,
    (person_id, digest): (&PersonId, &Sha256Digest),
    now: Timestamp,
    gone: Refusal,
    decide: impl Fn(Reach, Place) -> Result<(Reach, Place, T), E>,
) -> Result<Result<Changed<T>, E>, Problem> {
    for _ in 0..MOST_TRIES {
        let before = store.place(digest).await?;
        let (person, kept) = store.person_and_devices(person_id).await?;
        let Some(person) = person else { return Err(gone.into()) };
        let (reach, place, told) = match decide(kept.reach.clone(), before.place.clone()) {
            Ok(decided) => decided,
            Err(problem) => return Ok(Err(problem)),
        };
        let is_same = reach == kept.reach && place == before.place;
        let changed = [(&kept, &reach)];
        if is_same || store.keep_devices_and_place(&changed, (&before, &place), now).await? {
            return Ok(Ok(Changed::of(person, (&kept.reach, reach), told)));
        }
    }
    Err(others_came_first().into())
}

pub(crate) fn others_came_first() -> Fault {
    Fault::unavailable("table", "what this person is reached on has just changed")
}
