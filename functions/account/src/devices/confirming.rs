use http::Problem;
use http::audit::{Event, Outcome};
use oauth::{Channel, DeviceId, NotConfirmed, Place, Reach, ShownToConfirm};
use pages::{DeviceNews, DeviceNotice, DeviceProblem};

use super::places::of_device;
use super::{Done, Visitor};

impl Visitor<'_> {
    /// The addressee of a mail has agreed to be written to, if SNS says so.
    pub(super) async fn has_agreed(&self, id: &DeviceId) -> Result<Done, Problem> {
        let (_, kept) = self.guest.store.person_and_devices(&self.signed_in.session.person).await?;
        let reach = kept.reach.tidied(self.guest.now);
        let Some(device) = reach.device(id) else { return Ok(Err(DeviceProblem::Gone)) };
        let Channel::Email { subscription: Some(subscription), .. } = &device.channel else {
            return Ok(Err(DeviceProblem::NotYetAgreed));
        };
        match self.services.people.is_subscribed(subscription).await {
            Ok(true) => {
                let confirmed = self.confirms(id, ShownToConfirm::Subscription).await?;
                Ok(if confirmed { Ok(DeviceNotice::Confirmed) } else { Err(DeviceProblem::Gone) })
            }
            Ok(false) => Ok(Err(DeviceProblem::NotYetAgreed)),
            Err(problem) => {
                let (device_id, why) = (id.as_str(), problem.why.as_str());
                tracing::warn!(target: "account", device_id, why, "a subscription was not looked at");
                Ok(Err(DeviceProblem::NotYetAgreed))
            }
        }
    }

    /// Confirms a device of the person by what is shown, and tells the others. Whether it is confirmed now, or was before. An address
    /// is the person's from now on, and can be nobody else's until they let go of it.
    pub(super) async fn confirms(&self, id: &DeviceId, shown: ShownToConfirm<'_>) -> Result<bool, Problem> {
        let now = self.guest.now;
        let own = &self.signed_in.session.person;
        let secret = self.guest.keys.server_secret().await?;
        let at = |reach: &Reach| reach.device(id).and_then(|device| of_device(secret, device));
        let confirm = |reach: Reach, place: Option<Place>| {
            let next = reach.confirmed(id, shown, now)?;
            let prove = |place: Place| place.proven(own, now).ok_or(NotConfirmed::NotItsOwn);
            Ok((next, place.map(prove).transpose()?, ()))
        };
        match self.change_at(at, confirm).await? {
            Ok(changed) => {
                self.record(Event::DeviceAdded, Some(id), Outcome::Granted);
                let others = changed.reach.in_use().filter(|device| device.id != *id);
                self.tell(&changed, others, DeviceNews::Added).await;
                Ok(true)
            }
            Err(NotConfirmed::Before) => Ok(true),
            Err(NotConfirmed::NotItsOwn) => {
                self.record(Event::DeviceAdded, Some(id), Outcome::Failed("the proof is not good"));
                Ok(false)
            }
        }
    }
}
