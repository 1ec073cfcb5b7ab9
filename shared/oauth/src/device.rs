use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::identifiers::{DeviceId, identifier};

/// The longest address of RFC 5321, section 4.5.3.1.3, without its brackets.
const LONGEST_ADDRESS: usize = 254;
/// More digits no number has (ITU-T E.164, section 6.2.1).
const MOST_DIGITS: usize = 15;
/// Fewer digits no number has that a message could be sent to from abroad.
const FEWEST_DIGITS: usize = 7;

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
    |text| {
        let is_word = |word: &&str| {
            (1..=256).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, service, region, account, endpoint] = parts[..] else { return false };
        let names: Vec<&str> = endpoint.split('/').collect();
        arn == "arn"
            && partition.starts_with("aws")
            && service == "sns"
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && names.len() == 4
            && names[0] == "endpoint"
            && [partition, region].iter().chain(&names).all(is_word)
    }
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

/// Something that a person is reached on. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Which one.
    pub id: DeviceId,
    /// What the person calls it.
    pub name: String,
    /// How it is reached.
    pub channel: Channel,
    /// Since when the person has proven that it reaches them. Until then nothing is sent to it.
    pub confirmed_at: Option<Timestamp>,
    /// Where it stands in the order that the person chose; the lowest comes first.
    pub order: u32,
}

/// How a device is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Channel {
    /// An app, which the phone's platform wakes.
    Push {
        /// SNS's name for it.
        endpoint: EndpointArn,
    },
    /// A text message.
    Sms {
        /// Where to.
        number: PhoneNumber,
    },
    /// An e-mail. It goes out by a topic that everybody's addresses are subscribed to, each filtered to what names its device.
    Email {
        /// Where to.
        address: EmailAddress,
    },
}

/// The devices that a person may be reached on now, in their order.
pub fn devices_in_use(mut devices: Vec<Device>) -> Vec<Device> {
    devices.retain(|device| device.confirmed_at.is_some());
    devices.sort_by_key(|device| device.order);
    devices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u8, confirmed_at: Option<Timestamp>, order: u32) -> Device {
        let channel = Channel::Sms { number: PhoneNumber::parse("+4915112345678").unwrap() };
        Device { id: DeviceId::from_random([number; 16]), name: "Phone".into(), channel, confirmed_at, order }
    }

    #[test]
    fn only_confirmed_devices_are_used_and_in_the_order_that_the_person_chose() {
        let then = Some(Timestamp::from_seconds(1_800_000_000));
        let devices = vec![device(1, then, 3), device(2, None, 0), device(3, then, 1)];
        let orders: Vec<u32> = devices_in_use(devices).iter().map(|device| device.order).collect();
        assert_eq!(orders, [1, 3]);
    }

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
    fn what_was_written_otherwise_than_it_may_be_is_not_read() {
        let written = serde_json::to_string(&device(1, None, 0)).unwrap();
        assert_eq!(serde_json::from_str::<Device>(&written).unwrap(), device(1, None, 0));
        let other = written.replace("+4915112345678", "call me");
        assert!(serde_json::from_str::<Device>(&other).is_err());
    }
}
