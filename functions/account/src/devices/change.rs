use environment::Fault;
use http::Problem;
use oauth::{PersonId, Reach, Refusal};
use reception::Guest;
use store::Person;

/// How often it is tried again because another page changed the same at the same moment.
const MOST_TRIES: usize = 8;

/// What has become of what a person is reached on.
pub(super) struct Changed<T> {
    /// Whose it is.
    pub(super) person: Person,
    /// As it is now.
    pub(super) reach: Reach,
    /// Whether that is otherwise than before.
    pub(super) is_new: bool,
    /// What else came of it.
    pub(super) told: T,
}

/// Changes what a person is reached on, on top of whatever else changes meanwhile: one conditional write.
pub(super) async fn change<T, E>(
    guest: &Guest<'_>,
    person: &PersonId,
    decide: impl Fn(Reach) -> Result<(Reach, T), E>,
) -> Result<Result<Changed<T>, E>, Problem> {
    for _ in 0..MOST_TRIES {
        let (person, kept) = guest.store.person_and_devices(person).await?;
        let person = person.ok_or(Refusal::FormRejected)?;
        let (reach, told) = match decide(kept.reach.clone()) {
            Ok(decided) => decided,
            Err(problem) => return Ok(Err(problem)),
        };
        let is_new = reach != kept.reach;
        if !is_new || guest.store.keep_devices(&kept, &reach).await? {
            return Ok(Ok(Changed { person, reach, is_new, told }));
        }
    }
    Err(Fault::unavailable("table", "what this person is reached on has just changed").into())
}
