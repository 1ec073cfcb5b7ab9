use admission::Visit;
use http::Problem;
use oauth::{
    Channel, Device, DeviceId, DeviceName, EndpointArn, PersonId, Place, Reach, Sha256Digest, Standing,
};
use store::{KeptDevices, Person, Store};

use super::{NOBODYS, TOO_MANY};
use crate::Services;
use crate::devices::{MOST_TRIES, others_came_first};

/// A phone as an app enrols it.
pub(super) struct Phone {
    pub(super) name: DeviceName,
    pub(super) endpoint: EndpointArn,
    /// Where it is kept whose it is.
    pub(super) place: Sha256Digest,
}

/// A phone that is the person's now.
pub(super) struct Kept {
    pub(super) id: DeviceId,
    pub(super) reach: Reach,
    /// Whether it was not before.
    pub(super) is_new: bool,
    /// Whose it was until now, if it was somebody else's.
    pub(super) former: Option<Former>,
}

/// Somebody whose phone is another's now.
pub(super) struct Former {
    pub(super) person: Person,
    /// What they are reached on without it.
    pub(super) reach: Reach,
    pub(super) device: DeviceId,
}

/// Keeps a phone for a person, and takes it from whoever had it before: both in one move, so that it rings for one of them alone,
/// whoever of them comes at the same moment. One that the person has stays what it was.
pub(super) async fn keep(
    services: &Services,
    visit: &Visit<'_>,
    person: &Person,
    phone: Phone,
) -> Result<Kept, Problem> {
    let (store, now) = (&services.pages.store, visit.now);
    let Phone { name, endpoint, place: digest } = phone;
    let channel = Channel::Push { endpoint, place: Some(digest) };
    let id = DeviceId::from_random(services.pages.dice.roll());
    let device = Device { id, name, channel, standing: Standing::Confirmed { since: now } };
    for _ in 0..MOST_TRIES {
        let before = store.place(&digest).await?;
        let (stands, own) = store.person_and_devices(&person.id).await?;
        stands.ok_or(NOBODYS)?;
        let reach = own.reach.clone().enrolled(device.clone(), now).map_err(|_| TOO_MANY)?;
        let former = former_of(store, &before.place, &person.id, &device.channel).await?;
        let place = before.place.clone().taken(&person.id);
        let mut changed = vec![(&own, &reach)];
        changed.extend(former.iter().map(|(kept, former)| (kept, &former.reach)));
        let is_same = reach == own.reach && place == before.place;
        if is_same || store.keep_devices_and_place(&changed, (&before, &place), now).await? {
            let id = reach.leading_to(&device.channel).map_or(device.id.clone(), |own| own.id.clone());
            let is_new = id == device.id;
            return Ok(Kept { id, is_new, former: former.map(|(_, former)| former), reach });
        }
    }
    Err(others_came_first().into())
}

/// Who else has the phone, and what is left to them without it.
async fn former_of(
    store: &Store,
    place: &Place,
    own: &PersonId,
    channel: &Channel,
) -> Result<Option<(KeptDevices, Former)>, Problem> {
    let Some(holder) = place.listed_under().filter(|holder| *holder != own) else { return Ok(None) };
    let (person, kept) = store.person_and_devices(holder).await?;
    let device = kept.reach.leading_to(channel).map(|device| device.id.clone());
    let left = device.and_then(|id| kept.reach.clone().without(&id));
    let (Some(person), Some((reach, device))) = (person, left) else { return Ok(None) };
    Ok(Some((kept, Former { person, reach, device: device.id })))
}
