use std::time::Duration;

use admission::Visit;
use deliver::{Addressee, Message, at_once, boxed};
use languages::{Languages, Texts};
use oauth::configuration::Server;
use oauth::{Device, Timestamp};
use pages::DeviceNews;
use reception::Guest;
use store::Person;

use super::Visitor;
use super::change::Changed;
use crate::{HOUR, Services};

/// How long a phone that is off may be told of a change when it comes back.
const STILL_NEWS: Duration = Duration::from_hours(24);
/// Of how many changes a person is told in an hour.
const NEWS_PER_HOUR: u32 = 10;

impl Visitor<'_> {
    /// Tells these devices of the person, if they are confirmed, that something has changed. Who is not reached finds it on the
    /// page all the same: the change stands.
    pub(super) async fn tell<'d, T>(
        &self,
        changed: &Changed<T>,
        devices: impl Iterator<Item = &'d Device>,
        news: DeviceNews,
    ) {
        tell_at(self.services, self.guest, &changed.person, devices, news).await;
    }
}

/// Tells these devices of a person who is at a page, signed in or by a link of theirs.
pub(crate) async fn tell_at<'d>(
    services: &Services,
    guest: &Guest<'_>,
    person: &Person,
    devices: impl Iterator<Item = &'d Device>,
    news: DeviceNews,
) {
    let (server, texts) = (&guest.configuration.server, guest.texts());
    tell(services, server, texts, person, devices, (news, guest.now)).await;
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
    tell(services, &visit.configuration.server, texts, person, devices, (news, visit.now)).await;
}

async fn tell<'d>(
    services: &Services,
    server: &Server,
    texts: &Texts,
    person: &Person,
    devices: impl Iterator<Item = &'d Device>,
    (news, now): (DeviceNews, Timestamp),
) {
    let own = person.profile.email.as_deref();
    // What was allowed when it was registered may have been taken back since.
    let may_be_told = |device: &&Device| device.is_confirmed() && server.devices.allow(&device.channel, own);
    let devices: Vec<&Device> = devices.filter(may_be_told).collect();
    if devices.is_empty() || !may_tell(services, person, now).await {
        return;
    }
    let message = message(server, texts, news, server.page(news.leads_to()), STILL_NEWS);
    let tell_on = async |device: &Device| {
        if let Err(problem) = services.people.tell_on(device, &addressee(person), &message).await {
            let (device_id, why) = (device.id.as_str(), problem.why.as_str());
            tracing::warn!(target: "account", device_id, why, "a device was not told of a change");
        }
    };
    // Side by side: whoever waits for the page waits for the slowest alone.
    at_once(devices.into_iter().map(|device| boxed(tell_on(device))).collect()).await;
}

/// Whether the person is told of one more change: whoever has their session must not be able to run up a bill with it.
async fn may_tell(services: &Services, person: &Person, now: Timestamp) -> bool {
    let caller = format!("TOLD#{}", person.id);
    match services.pages.store.count_within(&caller, NEWS_PER_HOUR, HOUR, now).await {
        Ok(within) => {
            if !within {
                tracing::warn!(target: "account", person = person.id.as_str(), "a person is told of no more changes");
            }
            within
        }
        Err(fault) => {
            tracing::warn!(target: "account", person = person.id.as_str(), %fault, "a person was not told of a change");
            false
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
