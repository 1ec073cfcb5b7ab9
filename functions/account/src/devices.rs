//! `/account/devices`: what a person is reached on, in which order, and when not. Nothing but what it is confirmed by is sent to a
//! device before it is confirmed; and whoever changes where somebody's messages go is seen there by the person whom they belong to.

mod change;
mod confirming;
mod links;
mod places;
mod registering;
mod telling;

use std::convert::Infallible;

use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode, form, query};
use languages::Zone;
use oauth::{
    Channel, Device, DeviceId, Parameters, Place, ProvenBy, QuietHours, Reach, Refusal, Sha256Digest,
    Standing, TimeOfDay, Towards,
};
use pages::{
    DeviceNews, DeviceNotice, DeviceProblem, DeviceStanding, DeviceWay, DevicesPage, ListedDevice,
    TypedDevice,
};
use reception::{AccountPage, Destination, Guest, SignedIn};
use store::Person;

pub(crate) use self::change::{Changed, MOST_TRIES, change_at, others_came_first};
pub(crate) use self::links::{show as show_link, submit as submit_link};
pub(crate) use self::places::{of_device, of_phone};
pub(crate) use self::telling::{tell_at, tell_of};
use crate::Services;

/// The seal of these forms.
const FORM: &str = "devices";

/// A person at this page, who is signed in.
struct Visitor<'a> {
    services: &'a Services,
    guest: &'a Guest<'a>,
    signed_in: SignedIn,
}

/// What became of a form: what has been done, or why nothing was.
type Done = Result<DeviceNotice, DeviceProblem>;

/// Shows the devices, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let to_sign_in = || guest.sign_in_alone(&Destination::Page { page: AccountPage::Devices });
    let Some(signed_in) = guest.signed_in().await? else { return to_sign_in() };
    let (person, kept) = guest.store.person_and_devices(&signed_in.session.person).await?;
    let Some(person) = person.filter(|person| person.allows(&signed_in.session)) else {
        return to_sign_in();
    };
    let notice = query(guest.request)?.optional("notice")?.and_then(DeviceNotice::parse);
    let visitor = Visitor { services, guest, signed_in };
    visitor.page(Some(&person), kept.reach, None, TypedDevice::default(), notice)
}

/// Does what a form says. It names the device, and the session the person: nobody reaches another's.
pub(crate) async fn submit(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    let visitor = Visitor { services, guest, signed_in };
    match visitor.does(&parameters).await? {
        Ok(done) => Ok(guest.back_to("/account/devices", done.as_str())),
        Err(problem) => {
            let typed = |name| Ok::<_, Refusal>(parameters.optional(name)?.unwrap_or_default());
            let typed = TypedDevice { name: typed("name")?, address: typed("address")? };
            let (person, kept) = guest.store.person_and_devices(&visitor.signed_in.session.person).await?;
            visitor.page(person.as_ref(), kept.reach, Some(problem), typed, None)
        }
    }
}

impl Visitor<'_> {
    async fn does(&self, parameters: &Parameters) -> Result<Done, Problem> {
        match parameters.required("do")? {
            "sms" => self.registers(registering::number(parameters)?).await,
            "email" => self.registers(registering::address(parameters)?).await,
            "check" => self.has_agreed(&device(parameters)?).await,
            "rename" => self.renames(&device(parameters)?, parameters.optional("name")?).await,
            "earlier" => self.moves(&device(parameters)?, Towards::First).await,
            "later" => self.moves(&device(parameters)?, Towards::Last).await,
            "remove" => self.removes(&device(parameters)?).await,
            "quiet" => self.is_quiet(parameters).await,
            "loud" => self.keeps_hours(None).await,
            _ => Err(Refusal::MalformedParameter { name: "do", expected: "what a button says" }.into()),
        }
    }

    async fn renames(&self, id: &DeviceId, name: Option<&str>) -> Result<Done, Problem> {
        let Some(name) = registering::name(name) else { return Ok(Err(DeviceProblem::NameUnusable)) };
        self.changes(id, |reach| reach.renamed(id, name.clone())).await
    }

    async fn moves(&self, id: &DeviceId, towards: Towards) -> Result<Done, Problem> {
        self.changes(id, |reach| reach.moved(id, towards)).await
    }

    async fn changes(
        &self,
        id: &DeviceId,
        move_of: impl Fn(Reach) -> Option<Reach>,
    ) -> Result<Done, Problem> {
        let moved = |reach: Reach| {
            let first = reach.first_in_use().cloned();
            let next = move_of(reach).ok_or(DeviceProblem::Gone)?;
            let is_led_by_another = next.first_in_use() != first.as_ref();
            Ok((next, is_led_by_another))
        };
        let changed = match self.change(moved).await? {
            Ok(changed) => changed,
            Err(problem) => return Ok(Err(problem)),
        };
        self.record(Event::DeviceChanged, Some(id), Outcome::Granted);
        if changed.told {
            // The person's own would stay silent: whoever put another before them is seen there.
            let first = changed.reach.first_in_use();
            let others = changed.reach.in_use().filter(|device| Some(&device.id) != first);
            self.tell(&changed, others, DeviceNews::OtherFirst).await;
        }
        Ok(Ok(DeviceNotice::Changed))
    }

    /// What a device was is told there, too: whoever removed it may not have been the person. An app's endpoint stays: it belongs to
    /// the app's installation, and another person may enrol that. No message goes there once no device of anybody leads to it.
    async fn removes(&self, id: &DeviceId) -> Result<Done, Problem> {
        let own = &self.signed_in.session.person;
        let secret = self.guest.keys.server_secret().await?;
        let at = |reach: &Reach| reach.device(id).and_then(|device| of_device(secret, device));
        let without = |reach: Reach, place: Option<Place>| {
            let (rest, removed) = reach.without(id).ok_or(DeviceProblem::Gone)?;
            Ok((rest, place.map(|place| place.let_go(own)), removed))
        };
        let changed = match self.change_at(at, without).await? {
            Ok(changed) => changed,
            Err(problem) => return Ok(Err(problem)),
        };
        self.record(Event::DeviceRemoved, Some(id), Outcome::Granted);
        let removed = &changed.told;
        self.tell(&changed, std::iter::once(removed).chain(changed.reach.in_use()), DeviceNews::Removed)
            .await;
        self.ends(removed).await;
        Ok(Ok(DeviceNotice::Removed))
    }

    async fn is_quiet(&self, parameters: &Parameters) -> Result<Done, Problem> {
        let time = |name| Ok::<_, Refusal>(parameters.optional(name)?.and_then(TimeOfDay::parse));
        let zone = parameters.optional("zone")?.unwrap_or_default().trim();
        let (Some(from), Some(to)) = (time("from")?, time("to")?) else {
            return Ok(Err(DeviceProblem::HoursUnusable));
        };
        let Ok(zone) = zone.parse::<Zone>() else { return Ok(Err(DeviceProblem::ZoneUnknown)) };
        match QuietHours::new(from, to, zone.to_string()) {
            Some(hours) => self.keeps_hours(Some(hours)).await,
            None => Ok(Err(DeviceProblem::HoursUnusable)),
        }
    }

    /// Whoever silences somebody's phone is seen on it.
    async fn keeps_hours(&self, hours: Option<QuietHours>) -> Result<Done, Problem> {
        let set = |reach: Reach| {
            let next = reach.clone().quiet(hours.clone());
            let is_new = next != reach;
            Ok::<_, Infallible>((next, is_new))
        };
        let Ok(changed) = self.change(set).await?;
        let notice = if hours.is_some() { DeviceNotice::QuietHoursSet } else { DeviceNotice::QuietHoursOver };
        if changed.told {
            self.record(Event::QuietHours, None, Outcome::Granted);
            self.tell(&changed, changed.reach.in_use(), DeviceNews::QuietHours).await;
        }
        Ok(Ok(notice))
    }

    /// Changes what the person is reached on.
    async fn change<T, E>(
        &self,
        decide: impl Fn(Reach) -> Result<(Reach, T), E>,
    ) -> Result<Result<Changed<T>, E>, Problem> {
        self.change_at(|_| None, |reach, _| decide(reach).map(|(next, told)| (next, None, told))).await
    }

    /// As [`Visitor::change`], and with it whose the place is whose digest `at` finds.
    async fn change_at<T, E>(
        &self,
        at: impl Fn(&Reach) -> Option<Sha256Digest>,
        decide: impl Fn(Reach, Option<Place>) -> Result<(Reach, Option<Place>, T), E>,
    ) -> Result<Result<Changed<T>, E>, Problem> {
        let (store, person) = (self.guest.store, &self.signed_in.session.person);
        change_at(store, person, (self.guest.now, Refusal::FormRejected), at, decide).await
    }

    fn record(&self, event: Event, device: Option<&DeviceId>, outcome: Outcome<'_>) {
        let decision = Decision::new(event, outcome, self.guest.request, self.guest.now)
            .person(&self.signed_in.session.person);
        match device {
            Some(device) => decision.device(device).record(),
            None => decision.record(),
        }
    }

    fn page(
        &self,
        person: Option<&Person>,
        reach: Reach,
        problem: Option<DeviceProblem>,
        typed: TypedDevice<'_>,
        notice: Option<DeviceNotice>,
    ) -> Result<Response, Problem> {
        let (guest, signed_in) = (self.guest, &self.signed_in);
        let own = person.and_then(|person| person.profile.email.as_deref());
        let settings = &guest.configuration.server.devices;
        let reach = reach.tidied(guest.now);
        let page = DevicesPage {
            frame: guest.frame(),
            csrf: &guest.seal_form(FORM, &signed_in.binding())?,
            person: signed_in.person(),
            devices: reach.devices().iter().map(listed).collect(),
            offers_sms: settings.offer_sms(),
            offers_email: settings.offer_email(own),
            quiet_hours: reach.quiet_hours(),
            zone: &signed_in.zone().to_string(),
            problem,
            typed,
            notice,
        };
        guest.page(status_of(problem), page.render(), &[])
    }
}

const fn status_of(problem: Option<DeviceProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        Some(DeviceProblem::TooOften { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Which device a form is about.
fn device(parameters: &Parameters) -> Result<DeviceId, Refusal> {
    DeviceId::parse(parameters.required("device")?)
        .ok_or(Refusal::MalformedParameter { name: "device", expected: "a device's identifier" })
}

fn listed(device: &Device) -> ListedDevice<'_> {
    let way = match &device.channel {
        Channel::Push { .. } => DeviceWay::Push,
        Channel::Sms { number } => DeviceWay::Sms(number.as_str()),
        Channel::Email { address, .. } => DeviceWay::Email(address.as_str()),
    };
    let standing = match &device.standing {
        Standing::Confirmed { .. } => DeviceStanding::Confirmed,
        Standing::Unconfirmed(waiting) if waiting.by == ProvenBy::Subscription => {
            DeviceStanding::WaitsForAddressee
        }
        Standing::Unconfirmed(_) => DeviceStanding::WaitsForLink,
    };
    ListedDevice { id: device.id.as_str(), name: device.name.as_str(), way, standing }
}
