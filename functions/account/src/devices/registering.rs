use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deliver::Subscribed;
use environment::Fault;
use http::Problem;
use http::audit::{Event, Outcome};
use oauth::{
    CONFIRMED_WITHIN, Channel, Confirmation, Device, DeviceId, DeviceName, EmailAddress, NotRegistered,
    Parameters, PhoneNumber, ProvenBy, Reach, Refusal, SUBSCRIBED_WITHIN, Secret, Standing,
};
use pages::{DeviceNews, DeviceNotice, DeviceProblem};
use reception::Destination;
use store::Person;

use super::telling::{addressee, message};
use super::{Done, Visitor};
use crate::HOUR;

/// How often in an hour one number or address is asked whether it is somebody's, whoever asks.
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
    named(address.map(|address| Channel::Email { address, subscription: None }), parameters)
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
        if !self.may_ask(&device.channel).await? {
            let refusal = Refusal::SlowDown { retry_after: HOUR };
            self.record(Event::DeviceRegistered, Some(&device.id), Outcome::Refused(&refusal));
            return Ok(Err(DeviceProblem::TooOften { wait: HOUR }));
        }
        let device = match self.subscribed(device).await {
            Ok(device) => device,
            Err(problem) => return Ok(Err(problem)),
        };
        self.keeps(&person, device, &code).await
    }

    async fn keeps(&self, person: &Person, device: Device, code: &Secret<String>) -> Result<Done, Problem> {
        let guest = self.guest;
        let register = |reach: Reach| {
            reach.registered(device.clone(), guest.now).map(|next| (next, ())).map_err(problem_of)
        };
        if let Err(problem) = self.change(register).await? {
            return Ok(Err(problem));
        }
        self.record(Event::DeviceRegistered, Some(&device.id), Outcome::Granted);
        if is_asked_by_sns(&device) {
            return Ok(Ok(DeviceNotice::AddresseeAsked));
        }
        let leads_to = Destination::Device { device: device.id.clone(), code: code.expose().clone() };
        let link = guest.configuration.server.page(&leads_to.path());
        let server = &guest.configuration.server;
        let message = message(server, guest.texts(), DeviceNews::Confirm, link, CONFIRMED_WITHIN);
        match self.services.people.tell_on(&device, &addressee(person), &message).await {
            Ok(()) => Ok(Ok(DeviceNotice::LinkSent)),
            Err(problem) => {
                let (device_id, why) = (device.id.as_str(), problem.why.as_str());
                tracing::warn!(target: "account", device_id, why, "a device was not asked to confirm itself");
                Ok(Err(DeviceProblem::NotSent))
            }
        }
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

    /// Whether one more message may be sent to somebody of whom is not known whether they want it: to this place, and at all.
    async fn may_ask(&self, channel: &Channel) -> Result<bool, Fault> {
        let guest = self.guest;
        let place = format!("DEVICE#{}", channel.digest().to_base64url());
        let most = guest.configuration.server.devices.confirmations_per_hour;
        let count =
            async |what: &str, allowed| guest.store.count_within(what, allowed, HOUR, guest.now).await;
        let own = format!("DEVICES#{}", self.signed_in.session.person);
        // The narrowest first: who is turned away takes nobody else's place.
        Ok(count(&own, ASKED_BY_ONE_PERSON).await?
            && count(&place, ASKED_AT_ONE_PLACE).await?
            && count("DEVICES", most).await?)
    }

    /// A mail goes out by a topic, and SNS sends nothing to anybody who has not agreed.
    async fn subscribed(&self, device: Device) -> Result<Device, DeviceProblem> {
        let Channel::Email { address, .. } = &device.channel else { return Ok(device) };
        match self.services.people.subscribe(address, &device.id).await {
            Ok(Subscribed::ByLink) => Ok(device),
            Ok(Subscribed::AskedBySns(subscription)) => {
                let expires_at = self.guest.now.after(SUBSCRIBED_WITHIN);
                let standing = Standing::Unconfirmed(Confirmation { by: ProvenBy::Subscription, expires_at });
                let channel = Channel::Email { address: address.clone(), subscription: Some(subscription) };
                Ok(Device { channel, standing, ..device })
            }
            Err(problem) => {
                let (device_id, why) = (device.id.as_str(), problem.why.as_str());
                tracing::warn!(target: "account", device_id, why, "an address was not subscribed");
                // SNS has one subscription an address, and it is filtered to another device.
                let is_taken = why == "InvalidParameter";
                Err(if is_taken { DeviceProblem::InUse } else { DeviceProblem::NotSent })
            }
        }
    }
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
