use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identifiers::{DeviceId, identifier};
use crate::request::disturbs_a_page;
use crate::{Sha256Digest, Timestamp};

/// The longest address of RFC 5321, section 4.5.3.1.3, without its brackets.
const LONGEST_ADDRESS: usize = 254;
/// More digits no number has (ITU-T E.164, section 6.2.1).
const MOST_DIGITS: usize = 15;
/// Fewer digits no number has that a message could be sent to from abroad.
const FEWEST_DIGITS: usize = 7;
/// The most characters of a device's name.
pub const LONGEST_DEVICE_NAME: usize = 40;

identifier!(
    /// A telephone number as it is dialled from anywhere: `+` and 7 to 15 digits, of which the first is no zero (ITU-T E.164).
    PhoneNumber,
    |text| {
        text.strip_prefix('+').is_some_and(|digits| {
            (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    }
);

identifier!(
    /// What SNS calls one app on one phone: `arn:aws:sns:REGION:ACCOUNT:endpoint/PLATFORM/APPLICATION/ID`. Nothing else of SNS is
    /// named so: a topic's ARN, which would tell many, is refused.
    EndpointArn,
    |text| named_by_sns(text).is_some_and(|name| {
        let names: Vec<&str> = name.split('/').collect();
        names.len() == 4 && names[0] == "endpoint" && names.iter().all(is_word)
    })
);

identifier!(
    /// An e-mail address, as far as that can be told by looking: one `@` between what has neither spaces nor brackets nor commas.
    EmailAddress,
    |text| {
        let plain = |part: &str| {
            !part.is_empty()
                && part.chars().all(|letter| {
                    !letter.is_whitespace() && !letter.is_control() && !"<>()[],;:\\\"@".contains(letter)
                })
        };
        let Some((mailbox, host)) = text.split_once('@') else { return false };
        text.len() <= LONGEST_ADDRESS && plain(mailbox) && plain(host) && host.contains('.')
    }
);

identifier!(
    /// An app that SNS can wake on phones: `arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME`.
    ApplicationArn,
    |text| named_by_sns(text).is_some_and(|name| {
        let names: Vec<&str> = name.split('/').collect();
        names.len() == 3 && names[0] == "app" && names.iter().all(is_word)
    })
);

identifier!(
    /// What SNS calls one address's subscription to a topic: `arn:aws:sns:REGION:ACCOUNT:TOPIC:ID`.
    SubscriptionArn,
    |text| text.rsplit_once(':').is_some_and(|(topic, id)| {
        is_word(&id) && named_by_sns(topic).is_some_and(|name| is_word(&name))
    })
);

identifier!(
    /// What a person calls a device: some words on one line.
    DeviceName,
    |text| {
        (1..=LONGEST_DEVICE_NAME).contains(&text.chars().count())
            && text.trim() == text
            && !text.chars().any(disturbs_a_page)
    }
);

impl PhoneNumber {
    /// Reads a number as people write it, however its digits are grouped; `None` for what is none, or not written as it is dialled
    /// from anywhere.
    pub fn typed(text: &str) -> Option<Self> {
        let digits: String =
            text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
        Self::parse(&digits)
    }
}

impl EmailAddress {
    /// Reads an address as people write it, in lower case as a whole: who distinguishes mailboxes by capitals is not known. `None` for
    /// what is none.
    pub fn typed(text: &str) -> Option<Self> {
        Self::parse(&text.trim().to_lowercase())
    }
}

/// What follows `arn:PARTITION:sns:REGION:ACCOUNT:`.
fn named_by_sns(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, name] = parts[..] else { return None };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let fits = arn == "arn" && partition.starts_with("aws") && service == "sns" && is_account;
    (fits && [partition, region].iter().all(is_word)).then_some(name)
}

fn is_word(word: &&str) -> bool {
    (1..=256).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Something that a person is reached on. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which one.
    pub id: DeviceId,
    /// What the person calls it.
    pub name: DeviceName,
    /// How it is reached.
    pub channel: Channel,
    /// Whether it is known to reach them.
    pub standing: Standing,
}

/// Whether a device is known to reach its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is, since then.
    Confirmed {
        /// When it was proven.
        since: Timestamp,
    },
    /// Not yet: nothing is sent to it but what it is confirmed by.
    Unconfirmed(Confirmation),
}

/// How a device is proven to reach the person who named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// What proves it.
    pub by: ProvenBy,
    /// When it is too late, and the device is forgotten.
    pub expires_at: Timestamp,
}

/// What proves that a device reaches somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProvenBy {
    /// The code in the link that was sent to it: this is its digest.
    Link(Sha256Digest),
    /// SNS asks the addressee itself, and says what came of it.
    Subscription,
}

/// How a device is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Channel {
    /// An app, which the phone's platform wakes.
    Push {
        /// SNS's name for it.
        endpoint: EndpointArn,
        /// Under which digest it is kept whose phone it is ([`crate::Place`]).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Sha256Digest>,
    },
    /// A text message.
    Sms {
        /// Where to.
        number: PhoneNumber,
    },
    /// An e-mail. It goes out by a topic that everybody's addresses are subscribed to, each filtered to what is for one person there.
    Email {
        /// Where to.
        address: EmailAddress,
        /// SNS's name for the address's subscription, where SNS sends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subscription: Option<SubscriptionArn>,
        /// What this subscription is filtered to: a keyed digest of the person and the address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<Sha256Digest>,
    },
}

impl Channel {
    /// Whether both lead to the same place.
    pub fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Push { endpoint, .. }, Self::Push { endpoint: other, .. }) => endpoint == other,
            (Self::Sms { number }, Self::Sms { number: other }) => number == other,
            (Self::Email { address, .. }, Self::Email { address: other, .. }) => address == other,
            _ => false,
        }
    }

    /// Where to.
    pub fn destination(&self) -> &str {
        match self {
            Self::Push { endpoint, .. } => endpoint.as_str(),
            Self::Sms { number } => number.as_str(),
            Self::Email { address, .. } => address.as_str(),
        }
    }

    /// Whether a phone is the one whose place has this digest.
    pub fn is_at(&self, digest: &Sha256Digest) -> bool {
        matches!(self, Self::Push { place: Some(place), .. } if place == digest)
    }
}

impl Device {
    /// Whether it may be used: it is known to reach its person.
    pub const fn is_confirmed(&self) -> bool {
        matches!(self.standing, Standing::Confirmed { .. })
    }

    /// Whether it still waits to be confirmed.
    pub fn waits(&self, now: Timestamp) -> bool {
        matches!(&self.standing, Standing::Unconfirmed(confirmation) if now < confirmation.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_from_anywhere_or_is_none() {
        assert!(PhoneNumber::parse("+4915112345678").is_some());
        for wrong in
            ["", "+", "015112345678", "+015112345678", "+49 151", "+491511234567890123", "+4915a123", "+12"]
        {
            assert_eq!(PhoneNumber::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_endpoint_is_one_app_on_one_phone_and_no_topic() {
        let own = "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/agents/3f2a-4d";
        assert!(EndpointArn::parse(own).is_some());
        assert!(EndpointArn::parse(&own.replace("arn:aws:", "arn:aws-us-gov:")).is_some());
        for wrong in [
            "",
            "arn:aws:sns:eu-central-1:123456789012:everybody",
            "arn:aws:sns:eu-central-1:123456789012:app/GCM/agents",
            "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/agents",
            "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/agents/a/b",
            "arn:aws:sns:eu-central-1:1234:endpoint/GCM/agents/a",
            "arn:aws:sqs:eu-central-1:123456789012:endpoint/GCM/agents/a",
            "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/agents/*",
        ] {
            assert_eq!(EndpointArn::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_has_one_addressee() {
        assert!(EmailAddress::parse("alice@example.com").is_some());
        for wrong in [
            "",
            "alice",
            "alice@",
            "@example.com",
            "alice@localhost",
            "a@b.example,c@d.example",
            "a b@c.example",
            "a@b.example\n",
            "<a@b.example>",
        ] {
            assert_eq!(EmailAddress::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_subscription_and_an_application_are_not_taken_for_each_other_or_for_a_topic() {
        let subscription =
            "arn:aws:sns:eu-central-1:123456789012:people:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
        let application = "arn:aws:sns:eu-central-1:123456789012:app/GCM/agents";
        let topic = "arn:aws:sns:eu-central-1:123456789012:people";
        assert!(SubscriptionArn::parse(subscription).is_some());
        assert!(ApplicationArn::parse(application).is_some());
        for wrong in [application, topic, "PendingConfirmation", "pending confirmation", ""] {
            assert_eq!(SubscriptionArn::parse(wrong), None, "{wrong}");
        }
        for wrong in [subscription, topic, "arn:aws:sns:eu-central-1:123456789012:app/GCM", ""] {
            assert_eq!(ApplicationArn::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_some_words_on_one_line() {
        for fine in ["My phone", "Büro", "携帯"] {
            assert!(DeviceName::parse(fine).is_some(), "{fine}");
        }
        for wrong in ["", " ", " a", "a ", "a\nb", "a\u{202e}b", &"a".repeat(LONGEST_DEVICE_NAME + 1)] {
            assert_eq!(DeviceName::parse(wrong), None, "{wrong:?}");
        }
    }
}
