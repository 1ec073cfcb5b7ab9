use deliver::{Addressee, Message, Told};
use details::DetailTypes;
use environment::Fault;
use http::audit::{Event, Outcome as AuditOutcome};
use languages::Zone;
use oauth::{Reach, Requested, Stage, Timestamp};
use store::Configuration;

use crate::outcome::Outcome;
use crate::{Scene, Services};

impl Services {
    /// Tells a person that they are asked, while the request waits for them.
    pub(crate) async fn ask(&self, scene: &Scene<'_>) -> Result<Outcome, Fault> {
        let Scene { found, configuration, now, .. } = scene;
        let Stage::Requested(requested) = &found.stage else { return Ok(Outcome::Done("it waits no more")) };
        if !requested.rings {
            return Ok(Outcome::Done("its person finds it on their page"));
        }
        let Some(person) = &requested.person else { return Ok(Outcome::Done("nobody is asked")) };
        let until = requested.awaited.expires_at;
        if *now >= until {
            return Ok(Outcome::Done("it has expired"));
        }
        let client_id = &requested.request.client_id;
        let Some(client) = self.store.client(configuration, client_id, *now).await? else {
            return Ok(Outcome::Done("its client is registered no longer"));
        };
        let (person, reach, asks) = self.store.person_to_tell(person).await?;
        if asks.silence(&requested.request) || self.is_anybody_off(requested, *now).await? {
            return Ok(Outcome::Done("its client may ring nobody, or not this person"));
        }
        let Some(person) = person.filter(|person| person.allows_made_at(requested.requested_at)) else {
            return Ok(Outcome::Done("its person may decide nothing"));
        };
        if self.is_quiet(&reach, requested, configuration, *now) {
            return Ok(Outcome::Done("it is not urgent, and the person has quiet hours"));
        }
        let message = Message {
            agent: client.vouched_name().unwrap_or(client.id.as_str()).to_owned(),
            binding_message: requested.request.binding_message.clone(),
            link: format!("{}?request={}", configuration.server.page("/approval"), found.id),
            good_for: until.since(*now),
        };
        // What was allowed when it was registered may have been taken back since.
        let own = person.profile.email.as_deref();
        let reach = reach.only(|channel| configuration.server.devices.allow(channel, own));
        let mut devices = reach.devices().to_vec();
        if let Some(channel) = requested.channel {
            devices.sort_by_key(|device| !channel.includes(&device.channel));
        }
        let addressee = Addressee { person: &person.id, profile: &person.profile, devices: &devices };
        match self.people.tell(&addressee, &message).await {
            Ok(Told::Nobody) => Ok(Outcome::Done("the person has no device")),
            Ok(told) => {
                let device_id = if let Told::On(device) = &told { device.as_str() } else { "inbox" };
                tracing::info!(target: "notify", grant_id = found.id.as_str(), device_id, "a person was told");
                scene.decision(Event::Notification, AuditOutcome::Granted).person(&person.id).record();
                Ok(Outcome::Done("the person was told"))
            }
            Err(problem) => Ok(Outcome::undelivered(problem, until)),
        }
    }

    /// Whether the person wants to hear of nothing now but what is urgent, and this is not. A zone that is known no longer silences
    /// nothing.
    fn is_quiet(
        &self,
        reach: &Reach,
        requested: &Requested,
        configuration: &Configuration,
        now: Timestamp,
    ) -> bool {
        let Some(hours) = reach.quiet_hours() else { return false };
        let make = || DetailTypes::new(configuration.detail_types.clone());
        let is_urgent = self.types.of(configuration.version, make).are_urgent(&requested.request.details);
        let zone = hours.zone.parse::<Zone>();
        !is_urgent && zone.is_ok_and(|zone| hours.hold_at(zone.time_of_day(now)))
    }

    /// Whether who asks, or who would act, was switched off since it asked.
    async fn is_anybody_off(&self, requested: &Requested, now: Timestamp) -> Result<bool, Fault> {
        for party in requested.request.parties() {
            if self.store.client_state(party, now).await?.disabled {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
