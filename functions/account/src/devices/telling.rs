use std::time::Duration;

use admission::Visit;
use deliver::{Addressee, Message};
use languages::{Languages, Texts};
use oauth::Device;
use oauth::configuration::Server;
use pages::DeviceNews;
use store::Person;

use super::Visitor;
use super::change::Changed;
use crate::Services;

/// How long a phone that is off may be told of a change when it comes back.
const STILL_NEWS: Duration = Duration::from_hours(24);

impl Visitor<'_> {
    /// Tells these devices of the person, if they are confirmed, that something has changed. Who is not reached finds it on the
    /// page all the same: the change stands.
    pub(super) async fn tell<'d, T>(
        &self,
        changed: &Changed<T>,
        devices: impl Iterator<Item = &'d Device>,
        news: DeviceNews,
    ) {
        let (server, texts) = (&self.guest.configuration.server, self.guest.texts());
        tell(self.services, server, texts, &changed.person, devices, news).await;
    }
}

/// As a page does, where an app has changed something: in the person's own language.
pub(crate) async fn tell_of<'d>(
    services: &Services,
    visit: &Visit<'_>,
    person: &Person,
    devices: impl Iterator<Item = &'d Device>,
    news: DeviceNews,
) {
    let locale = person.profile.locale.as_deref().and_then(|locale| locale.parse().ok());
    let texts = Languages::shipped().choose(None, locale.as_ref());
    tell(services, &visit.configuration.server, texts, person, devices, news).await;
}

async fn tell<'d>(
    services: &Services,
    server: &Server,
    texts: &Texts,
    person: &Person,
    devices: impl Iterator<Item = &'d Device>,
    news: DeviceNews,
) {
    let message = message(server, texts, news, server.page("/account/devices"), STILL_NEWS);
    for device in devices.filter(|device| device.is_confirmed()) {
        if let Err(problem) = services.people.tell_on(device, &addressee(person), &message).await {
            let (device_id, why) = (device.id.as_str(), problem.why.as_str());
            tracing::warn!(target: "account", device_id, why, "a device was not told of a change");
        }
    }
}

/// What the server itself says to somebody, in their language.
pub(super) fn message(
    server: &Server,
    texts: &Texts,
    news: DeviceNews,
    link: String,
    good_for: Duration,
) -> Message {
    Message { agent: server.brand.name.clone(), binding_message: Some(news.text(texts)), link, good_for }
}

/// A person, where it is said on which device they are told.
pub(super) fn addressee(person: &Person) -> Addressee<'_> {
    Addressee { person: &person.id, profile: &person.profile, devices: &[] }
}
