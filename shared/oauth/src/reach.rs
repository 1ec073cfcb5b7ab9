use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::device::{Channel, Confirmation, Device, DeviceName, ProvenBy, Standing};
use crate::{DeviceId, QuietHours, Secret, Timestamp};

/// How many devices a person may have.
const MOST_DEVICES: usize = 10;
/// How long the link is good that a device is confirmed by.
pub const CONFIRMED_WITHIN: Duration = Duration::from_mins(15);
/// How long a person may take to answer the mail by which SNS asks whether an address wants to be written to.
pub const SUBSCRIBED_WITHIN: Duration = Duration::from_hours(1);
/// How many devices a person may have asked to confirm themselves within [`COUNTED_TOGETHER`].
const MOST_CONFIRMATIONS: usize = 3;
/// Over how long these are counted.
const COUNTED_TOGETHER: Duration = Duration::from_hours(1);

/// What a person is reached on, in the order they chose, and when not. A move consumes it and gives what has become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Reach {
    devices: Vec<Device>,
    quiet_hours: Option<QuietHours>,
    /// When devices were asked to confirm themselves, as far as it counts.
    asked: Vec<Timestamp>,
}

/// Why a device was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRegistered {
    /// The person has as many as anybody may have.
    TooMany,
    /// They have it already.
    AlreadyThere,
    /// Too many were asked to confirm themselves lately.
    TooOften {
        /// How long until the next may be.
        wait: Duration,
    },
}

/// Why a device was not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotConfirmed {
    /// It was before.
    Before,
    /// There is none such, it took too long, or the code is not its own.
    NotItsOwn,
}

/// What shows that a device reaches its person.
#[derive(Clone, Copy)]
pub enum ShownToConfirm<'a> {
    /// The code that was sent to it came back.
    Code(&'a Secret<String>),
    /// SNS says that the addressee wants to be written to.
    Subscription,
}

/// Where a device goes in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// One place nearer to the first.
    First,
    /// One place nearer to the last.
    Last,
}

impl Reach {
    /// All devices in their order, confirmed or not.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// One of them.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id)
    }

    /// The one that leads there.
    pub fn leading_to(&self, channel: &Channel) -> Option<&Device> {
        self.devices.iter().find(|device| device.channel.is_as(channel))
    }

    /// Whether the person has as many devices as anybody may have, those that wait to be confirmed among them.
    pub const fn is_full(&self) -> bool {
        self.devices.len() >= MOST_DEVICES
    }

    /// The first of those that may be used.
    pub fn first_in_use(&self) -> Option<&DeviceId> {
        self.in_use().next().map(|device| &device.id)
    }

    /// Without those that may not be used any more, whatever was allowed when they were registered.
    #[must_use]
    pub fn only(mut self, is_allowed: impl Fn(&Channel) -> bool) -> Self {
        self.devices.retain(|device| is_allowed(&device.channel));
        self
    }

    /// Those that may be used, in their order.
    pub fn in_use(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.is_confirmed())
    }

    /// When the person wants to hear of nothing that is not urgent.
    pub const fn quiet_hours(&self) -> Option<&QuietHours> {
        self.quiet_hours.as_ref()
    }

    /// Forgets the devices that were not confirmed in time.
    #[must_use]
    pub fn tidied(mut self, now: Timestamp) -> Self {
        self.devices.retain(|device| device.is_confirmed() || device.waits(now));
        self.asked.retain(|asked| now < asked.after(COUNTED_TOGETHER));
        self
    }

    /// A device is registered that has yet to be confirmed. It takes the place of one that leads to the same place and waits: its
    /// earlier code is good no more.
    ///
    /// # Errors
    /// See [`NotRegistered`].
    pub fn registered(self, device: Device, now: Timestamp) -> Result<Self, NotRegistered> {
        let mut next = self.tidied(now);
        let same = next.devices.iter().position(|own| own.channel.is_as(&device.channel));
        if same.is_some_and(|at| next.devices[at].is_confirmed()) {
            return Err(NotRegistered::AlreadyThere);
        }
        if next.asked.len() >= MOST_CONFIRMATIONS {
            let oldest = next.asked.iter().min().map_or(now, |asked| asked.after(COUNTED_TOGETHER));
            return Err(NotRegistered::TooOften { wait: oldest.since(now) });
        }
        if let Some(at) = same {
            next.devices[at] = device;
        } else if next.is_full() {
            return Err(NotRegistered::TooMany);
        } else {
            next.devices.push(device);
        }
        next.asked.push(now);
        Ok(next)
    }

    /// An app on a phone of the person, who is signed in there, says how it is woken. One that is known stays what it was.
    ///
    /// # Errors
    /// [`NotRegistered::TooMany`].
    pub fn enrolled(self, device: Device, now: Timestamp) -> Result<Self, NotRegistered> {
        let mut next = self.tidied(now);
        if let Some(own) = next.devices.iter_mut().find(|own| own.channel.is_as(&device.channel)) {
            own.channel = device.channel;
            return Ok(next);
        }
        if next.is_full() {
            return Err(NotRegistered::TooMany);
        }
        next.devices.push(device);
        Ok(next)
    }

    /// A device is proven to reach the person.
    ///
    /// # Errors
    /// See [`NotConfirmed`].
    pub fn confirmed(
        mut self,
        id: &DeviceId,
        shown: ShownToConfirm<'_>,
        now: Timestamp,
    ) -> Result<Self, NotConfirmed> {
        let own = self.devices.iter_mut().find(|device| device.id == *id).ok_or(NotConfirmed::NotItsOwn)?;
        let Standing::Unconfirmed(confirmation) = &own.standing else { return Err(NotConfirmed::Before) };
        let is_proof = match (&confirmation.by, shown) {
            (ProvenBy::Link(digest), ShownToConfirm::Code(code)) => code.matches(digest),
            (ProvenBy::Subscription, ShownToConfirm::Subscription) => true,
            _ => false,
        };
        if !is_proof || now >= confirmation.expires_at {
            return Err(NotConfirmed::NotItsOwn);
        }
        own.standing = Standing::Confirmed { since: now };
        Ok(self.tidied(now))
    }

    /// The person calls a device something else; nothing where there is none such.
    pub fn renamed(mut self, id: &DeviceId, name: DeviceName) -> Option<Self> {
        self.devices.iter_mut().find(|device| device.id == *id)?.name = name;
        Some(self)
    }

    /// The person wants to be told on a device sooner or later than on another; nothing where there is none such. The first cannot
    /// become more than that.
    pub fn moved(mut self, id: &DeviceId, towards: Towards) -> Option<Self> {
        let at = self.devices.iter().position(|device| device.id == *id)?;
        let other = match towards {
            Towards::First => at.checked_sub(1),
            Towards::Last => Some(at + 1).filter(|other| *other < self.devices.len()),
        };
        if let Some(other) = other {
            self.devices.swap(at, other);
        }
        Some(self)
    }

    /// The person does not want to be reached on a device any more: without it, and the device. Nothing where there is none such.
    pub fn without(mut self, id: &DeviceId) -> Option<(Self, Device)> {
        let at = self.devices.iter().position(|device| device.id == *id)?;
        let removed = self.devices.remove(at);
        Some((self, removed))
    }

    /// The person has these quiet hours from now on, or none.
    #[must_use]
    pub fn quiet(mut self, hours: Option<QuietHours>) -> Self {
        self.quiet_hours = hours;
        self
    }
}

/// As it stands in the table.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    devices: Vec<WrittenDevice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet_hours: Option<QuietHours>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asked: Vec<Timestamp>,
}

#[derive(Clone, Serialize, Deserialize)]
struct WrittenDevice {
    id: DeviceId,
    name: DeviceName,
    channel: Channel,
    confirmed_at: Option<Timestamp>,
    order: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmation: Option<Confirmation>,
}

impl From<Written> for Reach {
    fn from(mut written: Written) -> Self {
        written.devices.sort_by_key(|device| device.order);
        let device = |WrittenDevice { id, name, channel, confirmed_at, confirmation, .. }: WrittenDevice| {
            let standing = match (confirmed_at, confirmation) {
                (Some(since), _) => Standing::Confirmed { since },
                (None, Some(confirmation)) => Standing::Unconfirmed(confirmation),
                // Nothing can confirm it any more.
                (None, None) => return None,
            };
            Some(Device { id, name, channel, standing })
        };
        let devices = written.devices.into_iter().filter_map(device).collect();
        Self { devices, quiet_hours: written.quiet_hours, asked: written.asked }
    }
}

impl From<Reach> for Written {
    fn from(reach: Reach) -> Self {
        let device = |(order, Device { id, name, channel, standing }): (u32, Device)| {
            let (confirmed_at, confirmation) = match standing {
                Standing::Confirmed { since } => (Some(since), None),
                Standing::Unconfirmed(confirmation) => (None, Some(confirmation)),
            };
            WrittenDevice { id, name, channel, confirmed_at, order, confirmation }
        };
        let devices = (0..).zip(reach.devices).map(device).collect();
        Self { devices, quiet_hours: reach.quiet_hours, asked: reach.asked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PhoneNumber, TimeOfDay};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn code() -> Secret<String> {
        Secret::new("the code".to_owned())
    }

    fn phone(number: u8) -> Device {
        let channel =
            Channel::Sms { number: PhoneNumber::parse(&format!("+49151123456{number:02}")).unwrap() };
        let by = ProvenBy::Link(code().digest());
        let confirmation = Confirmation { by, expires_at: NOW.after(CONFIRMED_WITHIN) };
        Device {
            id: DeviceId::from_random([number; 16]),
            name: DeviceName::parse(&format!("Phone {number}")).unwrap(),
            channel,
            standing: Standing::Unconfirmed(confirmation),
        }
    }

    fn confirmed(number: u8) -> Device {
        Device { standing: Standing::Confirmed { since: NOW }, ..phone(number) }
    }

    fn with(devices: impl IntoIterator<Item = u8>) -> Reach {
        let none = Reach::default();
        devices.into_iter().fold(none, |reach, number| reach.enrolled(confirmed(number), NOW).unwrap())
    }

    fn order(reach: &Reach) -> Vec<String> {
        reach.devices().iter().map(|device| device.name.to_string()).collect()
    }

    #[test]
    fn a_device_is_used_only_after_its_code_came_back() {
        let waiting = Reach::default().registered(phone(1), NOW).unwrap();
        assert_eq!(waiting.in_use().count(), 0);
        let reach = waiting.confirmed(&phone(1).id, ShownToConfirm::Code(&code()), NOW).unwrap();
        assert_eq!(reach.in_use().map(|device| &device.id).collect::<Vec<_>>(), [&phone(1).id]);
        let again = reach.confirmed(&phone(1).id, ShownToConfirm::Code(&code()), NOW);
        assert_eq!(again, Err(NotConfirmed::Before));
    }

    #[test]
    fn a_wrong_code_one_too_late_and_one_of_another_device_confirm_nothing() {
        let waiting = Reach::default().registered(phone(1), NOW).unwrap();
        let (wrong, right) = (Secret::new("another".to_owned()), code());
        let late = NOW.after(CONFIRMED_WITHIN);
        for (id, shown, at) in [
            (phone(1).id, ShownToConfirm::Code(&wrong), NOW),
            (phone(1).id, ShownToConfirm::Code(&right), late),
            (phone(1).id, ShownToConfirm::Subscription, NOW),
            (phone(2).id, ShownToConfirm::Code(&right), NOW),
        ] {
            assert_eq!(waiting.clone().confirmed(&id, shown, at), Err(NotConfirmed::NotItsOwn));
        }
    }

    #[test]
    fn what_sns_confirms_no_code_does() {
        let by = ProvenBy::Subscription;
        let confirmation = Confirmation { by, expires_at: NOW.after(SUBSCRIBED_WITHIN) };
        let mail = Device { standing: Standing::Unconfirmed(confirmation), ..phone(1) };
        let waiting = Reach::default().registered(mail.clone(), NOW).unwrap();
        let by_code = waiting.clone().confirmed(&mail.id, ShownToConfirm::Code(&code()), NOW);
        assert_eq!(by_code, Err(NotConfirmed::NotItsOwn));
        assert!(waiting.confirmed(&mail.id, ShownToConfirm::Subscription, NOW).is_ok());
    }

    #[test]
    fn a_device_that_nobody_confirmed_in_time_is_forgotten() {
        let waiting = with([2]).registered(phone(1), NOW).unwrap();
        assert_eq!(waiting.devices().len(), 2);
        let late = waiting.tidied(NOW.after(CONFIRMED_WITHIN));
        assert_eq!(order(&late), ["Phone 2"]);
    }

    #[test]
    fn who_registers_a_waiting_device_again_has_one_and_its_first_code_is_good_no_more() {
        let first = Reach::default().registered(phone(1), NOW).unwrap();
        let by = ProvenBy::Link(Secret::new("a second code".to_owned()).digest());
        let confirmation = Confirmation { by, expires_at: NOW.after(CONFIRMED_WITHIN) };
        let again = Device { standing: Standing::Unconfirmed(confirmation), ..phone(1) };
        let second = first.registered(again, NOW).unwrap();
        assert_eq!(second.devices().len(), 1);
        assert!(second.confirmed(&phone(1).id, ShownToConfirm::Code(&code()), NOW).is_err());
    }

    #[test]
    fn nobody_has_an_eleventh_device() {
        let full = with(0..10);
        assert_eq!(full.clone().registered(phone(10), NOW), Err(NotRegistered::TooMany));
        assert_eq!(full.clone().enrolled(confirmed(10), NOW), Err(NotRegistered::TooMany));
        let (room, _) = full.without(&phone(3).id).unwrap();
        assert!(room.registered(phone(10), NOW).is_ok());
    }

    #[test]
    fn a_device_that_one_has_cannot_be_registered_again_and_enrolling_it_changes_nothing() {
        assert_eq!(with([1]).registered(phone(1), NOW), Err(NotRegistered::AlreadyThere));
        let other_name = Device { id: DeviceId::from_random([9; 16]), ..confirmed(1) };
        assert_eq!(with([1]).enrolled(other_name, NOW).unwrap(), with([1]));
    }

    #[test]
    fn only_three_devices_an_hour_are_asked_to_confirm_themselves() {
        let reach = (0..3).fold(Reach::default(), |reach, number| {
            let then = NOW.after(Duration::from_mins(u64::from(number)));
            reach.registered(phone(number), then).unwrap()
        });
        let soon = NOW.after(Duration::from_mins(10));
        let refused = reach.clone().registered(phone(4), soon);
        assert_eq!(refused, Err(NotRegistered::TooOften { wait: Duration::from_mins(50) }));
        let (fewer, _) = reach.clone().without(&phone(0).id).unwrap();
        assert!(fewer.registered(phone(4), soon).is_err(), "who removes it has asked it all the same");
        assert!(reach.registered(phone(4), NOW.after(COUNTED_TOGETHER)).is_ok());
    }

    #[test]
    fn what_is_no_longer_allowed_is_not_used_and_the_first_of_the_rest_comes_first() {
        let reach = with([1, 2, 3]);
        assert_eq!(reach.first_in_use(), Some(&phone(1).id));
        let allowed = reach.only(|channel| channel.destination() != "+4915112345601");
        assert_eq!((order(&allowed).len(), allowed.first_in_use()), (2, Some(&phone(2).id)));
        let waits = Reach::default().registered(phone(1), NOW).unwrap();
        assert_eq!(waits.first_in_use(), None, "nobody has confirmed it");
    }

    #[test]
    fn the_order_is_what_the_person_makes_of_it() {
        let reach = with([1, 2, 3]).moved(&phone(3).id, Towards::First).unwrap();
        assert_eq!(order(&reach), ["Phone 1", "Phone 3", "Phone 2"]);
        let reach = reach.moved(&phone(1).id, Towards::First).unwrap();
        assert_eq!(order(&reach), ["Phone 1", "Phone 3", "Phone 2"]);
        let reach = reach.moved(&phone(1).id, Towards::Last).unwrap();
        assert_eq!(order(&reach), ["Phone 3", "Phone 1", "Phone 2"]);
        assert_eq!(reach.clone().moved(&phone(2).id, Towards::Last), Some(reach));
        assert_eq!(with([1]).moved(&phone(9).id, Towards::Last), None);
    }

    #[test]
    fn what_is_not_there_is_neither_renamed_nor_removed() {
        let name = DeviceName::parse("Mine").unwrap();
        assert_eq!(with([1]).renamed(&phone(2).id, name.clone()), None);
        assert!(with([1]).without(&phone(2).id).is_none());
        assert_eq!(order(&with([1]).renamed(&phone(1).id, name).unwrap()), ["Mine"]);
    }

    #[test]
    fn it_comes_back_from_the_table_as_it_was() {
        let hours = QuietHours::new(TimeOfDay::new(22, 0).unwrap(), TimeOfDay::new(7, 0).unwrap(), "UTC");
        let reach = with([2, 1]).registered(phone(3), NOW).unwrap().quiet(hours);
        let text = serde_json::to_string(&reach).unwrap();
        assert_eq!(serde_json::from_str::<Reach>(&text).unwrap(), reach);
        assert!(!text.contains("the code"), "{text}");
        let other = text.replace("+4915112345601", "call me");
        assert!(serde_json::from_str::<Reach>(&other).is_err());
    }

    /// As the version before wrote them, and as it reads what this one writes.
    #[test]
    fn what_the_version_before_wrote_is_read_in_its_order_and_what_nothing_confirms_is_not() {
        let device = |number: u8, order: u32, confirmed_at: Option<i64>| {
            serde_json::json!({
                "id": DeviceId::from_random([number; 16]), "name": format!("Phone {number}"),
                "channel": { "kind": "email", "address": "a@b.example" },
                "confirmed_at": confirmed_at, "order": order,
            })
        };
        let then = Some(1_700_000_000);
        let written =
            serde_json::json!({ "devices": [device(1, 3, then), device(2, 0, None), device(3, 1, then)] });
        let read: Reach = serde_json::from_value(written).unwrap();
        assert_eq!(order(&read), ["Phone 3", "Phone 1"]);
        let again = serde_json::to_value(&read).unwrap();
        assert_eq!(
            (&again["devices"][1]["order"], &again["devices"][1]["confirmed_at"]),
            (&1.into(), &1_700_000_000.into())
        );
    }
}
