use environment::Fault;
use http::Problem;
use oauth::{PersonId, Reach, Refusal};
use store::{Person, Store};

/// How often it is tried again because something else changed the same at the same moment.
const MOST_TRIES: usize = 8;

/// What has become of what a person is reached on.
pub(crate) struct Changed<T> {
    /// Whose it is.
    pub(crate) person: Person,
    /// As it is now.
    pub(crate) reach: Reach,
    /// Whether that is otherwise than before.
    pub(crate) is_new: bool,
    /// What else came of it.
    pub(crate) told: T,
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
        let is_new = reach != kept.reach;
        if !is_new || store.keep_devices(&kept, &reach).await? {
            return Ok(Ok(Changed { person, reach, is_new, told }));
        }
    }
    Err(Fault::unavailable("table", "what this person is reached on has just changed").into())
}
