use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::{
    CONFIRMED_WITHIN, Channel, Confirmation, Contact, Device, DeviceId, DeviceName, EmailAddress,
    NotRegistered, Parameters, PhoneNumber, Place, ProvenBy, Reach, Refusal, SUBSCRIBED_WITHIN, Secret,
    Standing, Timestamp,
};
use pages::{DeviceNews, DeviceNotice, DeviceProblem};
use reception::Destination;
use store::Person;

use super::places::{Claimed, counted, of_device};
use super::telling::{addressee, message};
use super::{Done, Visitor};
use crate::HOUR;

/// How often in an hour one number or address is asked whether it is somebody's, whoever asks; and as often again for whose record
/// has it.
const ASKED_AT_ONE_PLACE: u32 = 3;
/// How often in an hour one person has a device asked.
const ASKED_BY_ONE_PERSON: u32 = 3;

/// A device as the form names it, if it does.
pub(super) type Named = Result<(Channel, DeviceName), DeviceProblem>;

/// What a person calls a device. What stands around it was typed by accident.
pub(super) fn name(typed: Option<&str>) -> Option<DeviceName> {
    DeviceName::parse(typed.unwrap_or_default().trim())
}

/// A telephone number, as people write them: with spaces, hyphens and brackets.
pub(super) fn number(parameters: &Parameters) -> Result<Named, Refusal> {
    let number = parameters.optional("address")?.and_then(PhoneNumber::typed);
    let number = number.ok_or(DeviceProblem::NumberUnusable);
    named(number.map(|number| Channel::Sms { number }), parameters)
}

/// An e-mail address. Upper and lower case reach the same mailbox.
pub(super) fn address(parameters: &Parameters) -> Result<Named, Refusal> {
    let address = parameters.optional("address")?.and_then(EmailAddress::typed);
    let address = address.ok_or(DeviceProblem::AddressUnusable);
    named(address.map(|address| Channel::Email { address, subscription: None, filter: None }), parameters)
}

fn named(channel: Result<Channel, DeviceProblem>, parameters: &Parameters) -> Result<Named, Refusal> {
    let name = name(parameters.optional("name")?).ok_or(DeviceProblem::NameUnusable);
    Ok(channel.and_then(|channel| Ok((channel, name?))))
}

impl Visitor<'_> {
    /// Registers a device, and has it confirmed: by a link that is sent to it, or by SNS, which asks the addressee of a mail
    /// itself.
    pub(super) async fn registers(&self, named: Named) -> Result<Done, Problem> {
        let (channel, name) = match named {
            Ok(named) => named,
            Err(problem) => return Ok(Err(problem)),
        };
        let guest = self.guest;
        let (person, kept) = guest.store.person_and_devices(&self.signed_in.session.person).await?;
        let person = person.ok_or(Refusal::FormRejected)?;
        if let Some(problem) = self.is_not_allowed(&channel, &person) {
            return Ok(Err(problem));
        }
        let reach = kept.reach.tidied(guest.now);
        let id = reach.leading_to(&channel).map(|device| device.id.clone());
        let id = id.unwrap_or_else(|| DeviceId::from_random(guest.dice.roll()));
        let code = Secret::new(URL_SAFE_NO_PAD.encode(guest.dice.roll::<16>()));
        let device = waiting(id, name, channel, &code, self);
        // Before anything is counted or sent, and once more when it is written.
        if let Err(refused) = reach.registered(device.clone(), guest.now) {
            return Ok(Err(problem_of(refused)));
        }
        if !self.may_have_one_more_asked().await? {
            return Ok(Err(self.asks_too_often(&device)));
        }
        if let Channel::Email { address, .. } = &device.channel {
            let address = address.clone();
            return match self.claims(device, address, &person).await? {
                Ok(claimed) => self.keeps_address(&person, &claimed, &code).await,
                Err(problem) => Ok(Err(problem)),
            };
        }
        if !self.may_be_asked(&device.channel, &person).await? {
            return Ok(Err(self.asks_too_often(&device)));
        }
        let kept = self.change(|reach| registered(reach, &device, guest.now)).await?;
        match kept {
            Ok(_) => self.asks(&person, &device, &code).await,
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Keeps a device at an address that the person has claimed.
    async fn keeps_address(
        &self,
        person: &Person,
        claimed: &Claimed,
        code: &Secret<String>,
    ) -> Result<Done, Problem> {
        let (now, own) = (self.guest.now, &self.signed_in.session.person);
        let claim = |place: Place| {
            let place = place.claimed(own, now.after(SUBSCRIBED_WITHIN), now).ok_or(DeviceProblem::InUse)?;
            Ok(place.subscribed(claimed.subscription().cloned()))
        };
        let register = |reach: Reach, place: Option<Place>| {
            let (next, ()) = registered(reach, &claimed.device, now)?;
            Ok((next, place.map(claim).transpose()?, ()))
        };
        match self.change_at(|_| Some(claimed.digest), register).await? {
            Ok(_) => self.asks(person, &claimed.device, code).await,
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Asks a device whether it is the person's, unless SNS does so itself.
    async fn asks(&self, person: &Person, device: &Device, code: &Secret<String>) -> Result<Done, Problem> {
        let guest = self.guest;
        self.record(Event::DeviceRegistered, Some(&device.id), Outcome::Granted);
        if is_asked_by_sns(device) {
            return Ok(Ok(DeviceNotice::AddresseeAsked));
        }
        let leads_to = Destination::Device { device: device.id.clone(), code: code.expose().clone() };
        let link = guest.configuration.server.page(&leads_to.path());
        let server = &guest.configuration.server;
        let message = message(server, guest.texts(), DeviceNews::Confirm, link, CONFIRMED_WITHIN);
        match self.services.people.tell_on(device, &addressee(person), &message).await {
            Ok(()) => Ok(Ok(DeviceNotice::LinkSent)),
            Err(problem) => {
                let (device_id, why) = (device.id.as_str(), problem.why.as_str());
                tracing::warn!(target: "account", device_id, why, "a device was not asked to confirm itself");
                self.forgets_waiting(device).await?;
                Ok(Err(DeviceProblem::NotSent))
            }
        }
    }

    /// Nobody can confirm a device that was not asked: it does not wait on the page, and its address is free.
    async fn forgets_waiting(&self, device: &Device) -> Result<(), Problem> {
        let own = &self.signed_in.session.person;
        let forget = |reach: Reach| match reach.device(&device.id) {
            Some(stands) if stands == device => {
                reach.without(&device.id).map_or_else(Reach::default, |rest| rest.0)
            }
            _ => reach,
        };
        let secret = self.guest.keys.server_secret().await?;
        let both = |reach, place: Option<Place>| {
            Ok::<_, Infallible>((forget(reach), place.map(|place| place.let_go(own)), ()))
        };
        let Ok(_) = self.change_at(|_| of_device(secret, device), both).await?;
        Ok(())
    }

    /// Where the company does not want messages to go.
    fn is_not_allowed(&self, channel: &Channel, person: &Person) -> Option<DeviceProblem> {
        let settings = &self.guest.configuration.server.devices;
        match channel {
            Channel::Sms { number } if !settings.allow_number(number) => {
                Some(DeviceProblem::NumberNotAllowed)
            }
            Channel::Email { address, .. }
                if !settings.allow_address(address, person.profile.email.as_deref()) =>
            {
                Some(DeviceProblem::AddressNotAllowed)
            }
            _ => None,
        }
    }

    /// Whether the person may have one more device asked. It is counted before it is looked at whose a place is: who is turned away
    /// there takes nobody else's turn.
    async fn may_have_one_more_asked(&self) -> Result<bool, Fault> {
        self.counts(&format!("DEVICES#{}", self.signed_in.session.person), ASKED_BY_ONE_PERSON).await
    }

    /// Whether one more message may be sent to somebody of whom is not known whether they want it: to this place, and at all. Whose
    /// record has it is counted apart: nobody else uses up what they are asked there.
    pub(super) async fn may_be_asked(&self, channel: &Channel, person: &Person) -> Result<bool, Fault> {
        let secret = self.guest.keys.server_secret().await?;
        let mut place = format!("DEVICE#{}", counted(secret, channel).to_base64url());
        if is_in_record(channel, person) {
            place = format!("{place}#{}", person.id);
        }
        let most = self.guest.configuration.server.devices.confirmations_per_hour;
        Ok(self.counts(&place, ASKED_AT_ONE_PLACE).await? && self.counts("DEVICES", most).await?)
    }

    async fn counts(&self, what: &str, allowed: u32) -> Result<bool, Fault> {
        self.guest.store.count_within(what, allowed, HOUR, self.guest.now).await
    }

    pub(super) fn asks_too_often(&self, device: &Device) -> DeviceProblem {
        let refusal = Refusal::SlowDown { retry_after: HOUR };
        self.record(Event::DeviceRegistered, Some(&device.id), Outcome::Refused(&refusal));
        DeviceProblem::TooOften { wait: HOUR }
    }
}

/// Whether a person's record says that they are reached there.
fn is_in_record(channel: &Channel, person: &Person) -> bool {
    let there = match channel {
        Channel::Email { address, .. } => Some(Contact::from(address)),
        Channel::Sms { number } => Contact::phone(number.as_str()),
        Channel::Push { .. } => None,
    };
    there.is_some_and(|there| person.profile.contacts().contains(&there))
}

fn registered(reach: Reach, device: &Device, now: Timestamp) -> Result<(Reach, ()), DeviceProblem> {
    reach.registered(device.clone(), now).map(|next| (next, ())).map_err(problem_of)
}

fn waiting(
    id: DeviceId,
    name: DeviceName,
    channel: Channel,
    code: &Secret<String>,
    by: &Visitor<'_>,
) -> Device {
    let expires_at = by.guest.now.after(CONFIRMED_WITHIN);
    let confirmation = Confirmation { by: ProvenBy::Link(code.digest()), expires_at };
    Device { id, name, channel, standing: Standing::Unconfirmed(confirmation) }
}

fn is_asked_by_sns(device: &Device) -> bool {
    matches!(&device.standing, Standing::Unconfirmed(confirmation) if confirmation.by == ProvenBy::Subscription)
}

const fn problem_of(refused: NotRegistered) -> DeviceProblem {
    match refused {
        NotRegistered::TooMany => DeviceProblem::TooMany,
        NotRegistered::AlreadyThere => DeviceProblem::AlreadyThere,
        NotRegistered::TooOften { wait } => DeviceProblem::TooOften { wait },
    }
}
