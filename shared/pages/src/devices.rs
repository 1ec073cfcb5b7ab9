use std::time::Duration;

use askama::Template;
use languages::{Arguments, Message, Texts};
use oauth::{LONGEST_DEVICE_NAME, QuietHours};

use crate::frame::{Frame, Person, rendered};
use crate::sign_in::asked_to_wait;

/// The page of what a person is reached on. All its forms post `csrf` and `do` to `/account/devices`: `sms` and `email` with `name`
/// and `address`; `rename` with `device` and `name`; `earlier`, `later`, `check` and `remove` with `device`; `quiet` with `from`,
/// `to` and `zone`; `loud`.
#[derive(Template)]
#[template(path = "devices.html")]
pub struct DevicesPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Whose devices they are.
    pub person: Person<'a>,
    /// The devices in their order.
    pub devices: Vec<ListedDevice<'a>>,
    /// Whether text messages are sent to anybody.
    pub offers_sms: bool,
    /// Whether the person may name an e-mail address.
    pub offers_email: bool,
    /// The person's quiet hours.
    pub quiet_hours: Option<&'a QuietHours>,
    /// Where the person's clock goes, as far as is known.
    pub zone: &'a str,
    /// What was wrong with the last form.
    pub problem: Option<DeviceProblem>,
    /// What the form had in it that was wrong.
    pub typed: TypedDevice<'a>,
    /// What has just been done.
    pub notice: Option<DeviceNotice>,
}

/// A device in the list.
#[derive(Clone, Copy, Debug)]
pub struct ListedDevice<'a> {
    /// Which one.
    pub id: &'a str,
    /// What the person calls it.
    pub name: &'a str,
    /// How it is reached.
    pub way: DeviceWay<'a>,
    /// Whether it is used, and if not, what is missing.
    pub standing: DeviceStanding,
}

/// How a device is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceWay<'a> {
    /// An app on a phone.
    Push,
    /// A text message to this number.
    Sms(&'a str),
    /// A mail to this address.
    Email(&'a str),
}

/// Whether a device is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceStanding {
    /// It is.
    Confirmed,
    /// Not before the link is opened that was sent to it.
    WaitsForLink,
    /// Not before the addressee has agreed to be written to.
    WaitsForAddressee,
}

/// What stood in the form for a new device.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypedDevice<'a> {
    /// The name.
    pub name: &'a str,
    /// The number or address.
    pub address: &'a str,
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceProblem {
    /// No text message can be sent there.
    NumberUnusable,
    /// The company sends no text messages there.
    NumberNotAllowed,
    /// No mail can be sent there.
    AddressUnusable,
    /// The company sends no such mail there.
    AddressNotAllowed,
    /// Nothing that a device can be called.
    NameUnusable,
    /// The person has as many devices as anybody may have.
    TooMany,
    /// The person has this one already.
    AlreadyThere,
    /// Too much was sent lately.
    TooOften {
        /// How long to wait.
        wait: Duration,
    },
    /// It is used for somebody else's messages, or another device's.
    InUse,
    /// The message that it is confirmed by did not go out.
    NotSent,
    /// The addressee has not agreed yet.
    NotYetAgreed,
    /// There is no such device any more.
    Gone,
    /// These are no hours.
    HoursUnusable,
    /// There is no such time zone.
    ZoneUnknown,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceNotice {
    /// A link was sent to a device.
    LinkSent,
    /// The addressee is asked whether they want to be written to.
    AddresseeAsked,
    /// A device is used from now on.
    Confirmed,
    /// A device was renamed or moved.
    Changed,
    /// A device was removed.
    Removed,
    /// The quiet hours were set.
    QuietHoursSet,
    /// There are no quiet hours any more.
    QuietHoursOver,
}

impl DeviceNotice {
    /// All of them.
    const ALL: [Self; 7] = [
        Self::LinkSent,
        Self::AddresseeAsked,
        Self::Confirmed,
        Self::Changed,
        Self::Removed,
        Self::QuietHoursSet,
        Self::QuietHoursOver,
    ];

    /// Reads what the address of the page says.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == name)
    }

    /// What the address of the page says.
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    const fn key(self) -> &'static str {
        self.names().1
    }

    /// What the address of the page says, and the key of the text.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::LinkSent => ("link-sent", "notice-link-sent"),
            Self::AddresseeAsked => ("addressee-asked", "notice-addressee-asked"),
            Self::Confirmed => ("device-confirmed", "notice-device-confirmed"),
            Self::Changed => ("device-changed", "notice-device-changed"),
            Self::Removed => ("device-removed", "notice-device-removed"),
            Self::QuietHoursSet => ("quiet-hours-set", "notice-quiet-hours-set"),
            Self::QuietHoursOver => ("quiet-hours-over", "notice-quiet-hours-over"),
        }
    }
}

/// What the server itself says on a person's devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceNews {
    /// Whoever has the device is asked to open the link.
    Confirm,
    /// A device was added.
    Added,
    /// A device was removed.
    Removed,
    /// Another device is told first.
    OtherFirst,
    /// The quiet hours were changed.
    QuietHours,
    /// The code that agents have to show was set, changed or removed.
    UserCode,
    /// A passkey was registered.
    PasskeyRegistered,
    /// A passkey was removed.
    PasskeyRemoved,
}

impl DeviceNews {
    /// It, in a language.
    pub fn text(self, texts: &Texts) -> String {
        let key = match self {
            Self::Confirm => "message-confirm-device",
            Self::Added => "message-device-added",
            Self::Removed => "message-device-removed",
            Self::OtherFirst => "message-other-first",
            Self::QuietHours => "message-quiet-hours",
            Self::UserCode => "message-user-code",
            Self::PasskeyRegistered => "message-passkey-registered",
            Self::PasskeyRemoved => "message-passkey-removed",
        };
        texts.message(key, &Arguments::none()).unwrap_or_default().plain()
    }

    /// The page on which it can be seen and changed.
    pub const fn leads_to(self) -> &'static str {
        match self {
            Self::UserCode => "/account/user-code",
            Self::PasskeyRegistered | Self::PasskeyRemoved => "/account/passkeys",
            _ => "/account/devices",
        }
    }
}

impl ListedDevice<'_> {
    fn name_text(&self) -> String {
        languages::foreign_text(self.name, LONGEST_DEVICE_NAME)
    }
}

impl TypedDevice<'_> {
    fn name_text(&self) -> String {
        languages::foreign_text(self.name, LONGEST_DEVICE_NAME)
    }

    fn address_text(&self) -> String {
        languages::foreign_text(self.address, 254)
    }
}

impl DevicesPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    const fn longest_name() -> usize {
        LONGEST_DEVICE_NAME
    }

    fn is_first(&self, device: &ListedDevice<'_>) -> bool {
        self.devices.first().is_some_and(|first| first.id == device.id)
    }

    fn is_last(&self, device: &ListedDevice<'_>) -> bool {
        self.devices.last().is_some_and(|last| last.id == device.id)
    }

    fn way_text(&self, device: &ListedDevice<'_>) -> Message {
        let place = |place: &str| Arguments::none().with("place", place);
        match device.way {
            DeviceWay::Push => self.frame.tell("device-push", &Arguments::none()),
            DeviceWay::Sms(number) => self.frame.tell("device-sms", &place(number)),
            DeviceWay::Email(address) => self.frame.tell("device-email", &place(address)),
        }
    }

    fn standing_text(&self, device: &ListedDevice<'_>) -> Option<String> {
        match device.standing {
            DeviceStanding::Confirmed => None,
            DeviceStanding::WaitsForLink => Some(self.frame.say("device-waits-for-link")),
            DeviceStanding::WaitsForAddressee => Some(self.frame.say("device-waits-for-addressee")),
        }
    }

    fn quiet_text(&self) -> Option<Message> {
        self.quiet_hours.map(|hours| {
            let arguments = Arguments::none()
                .with("from", hours.from.to_string())
                .with("to", hours.to.to_string())
                .with("zone", hours.zone.as_str());
            self.frame.tell("quiet-hours-are", &arguments)
        })
    }

    fn problem_text(&self) -> Option<Message> {
        let key = match self.problem? {
            DeviceProblem::NumberUnusable => "problem-number-unusable",
            DeviceProblem::NumberNotAllowed => "problem-number-not-allowed",
            DeviceProblem::AddressUnusable => "problem-address-unusable",
            DeviceProblem::AddressNotAllowed => "problem-address-not-allowed",
            DeviceProblem::NameUnusable => {
                let arguments = Arguments::none().with("most", LONGEST_DEVICE_NAME);
                return Some(self.frame.tell("problem-device-name", &arguments));
            }
            DeviceProblem::TooMany => "problem-too-many-devices",
            DeviceProblem::AlreadyThere => "problem-device-is-there",
            DeviceProblem::TooOften { wait } => {
                return Some(asked_to_wait(&self.frame, "problem-too-many-confirmations", wait));
            }
            DeviceProblem::InUse => "problem-device-in-use",
            DeviceProblem::NotSent => "problem-device-not-sent",
            DeviceProblem::NotYetAgreed => "problem-addressee-not-agreed",
            DeviceProblem::Gone => "problem-device-gone",
            DeviceProblem::HoursUnusable => "problem-hours-unusable",
            DeviceProblem::ZoneUnknown => "problem-zone-unknown",
        };
        Some(self.frame.tell(key, &Arguments::none()))
    }

    /// The id of the field that the problem is about.
    fn field_with_problem(&self) -> Option<&'static str> {
        match self.problem? {
            DeviceProblem::NumberUnusable | DeviceProblem::NumberNotAllowed => Some("number"),
            DeviceProblem::AddressUnusable | DeviceProblem::AddressNotAllowed => Some("address"),
            DeviceProblem::HoursUnusable => Some("to"),
            DeviceProblem::ZoneUnknown => Some("zone"),
            _ => None,
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.field_with_problem() == Some(field)
    }

    /// What was typed, in the form that it was typed in.
    fn typed_for(&self, field: &str) -> TypedDevice<'_> {
        if self.is_wrong(field) { self.typed } else { TypedDevice::default() }
    }

    /// The zone in the form: that of the hours that there are, else the person's.
    fn form_zone(&self) -> &str {
        self.quiet_hours.map_or(self.zone, |hours| hours.zone.as_str())
    }

    fn form_from(&self) -> String {
        self.quiet_hours.map_or_else(|| "22:00".to_owned(), |hours| hours.from.to_string())
    }

    fn form_to(&self) -> String {
        self.quiet_hours.map_or_else(|| "07:00".to_owned(), |hours| hours.to.to_string())
    }
}

/// The page that a link leads to which was sent to a device. Posts `csrf`, `device` and `code` to `/account/devices/confirm`.
#[derive(Template)]
#[template(path = "confirm_device.html")]
pub struct ConfirmDevicePage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Who is signed in.
    pub person: Person<'a>,
    /// What the link says of the device; whether there is such a one is looked at when the form comes.
    pub device: &'a str,
    /// The code of the link.
    pub code: &'a str,
    /// Whether the form came and was not good.
    pub is_refused: bool,
}

impl ConfirmDevicePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_has_a_name_of_its_own() {
        for notice in DeviceNotice::ALL {
            assert_eq!(DeviceNotice::parse(notice.as_str()), Some(notice));
        }
        assert_eq!(DeviceNotice::parse("<b>"), None);
    }
}
