use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::timeout::TimeoutConfig;
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use aws_sdk_sns::types::MessageAttributeValue;
use environment::{Fault, setting};
use oauth::configuration::Profile;
use oauth::{Channel, Device, DeviceId, PersonId, Sha256Digest};
use tokio::time::timeout;

use crate::failure::of_aws;
use crate::{Applications, Message, Undelivered};

/// Whom a message is for.
pub struct Addressee<'a> {
    /// Who.
    pub person: &'a PersonId,
    /// What is known of them.
    pub profile: &'a Profile,
    /// What they are reached on, confirmed or not, in the order that they chose.
    pub devices: &'a [Device],
}

/// Who was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The person, on this device of theirs.
    On(DeviceId),
    /// The person, in the inbox of this machine.
    Inbox,
    /// Nobody: they have no device. What is to be decided waits on their page all the same.
    Nobody,
}

/// What takes the place of everybody's phone where there is no AWS.
pub trait Inbox: Send + Sync {
    /// Takes a message.
    fn receive(&self, addressee: &Addressee<'_>, message: &Message);
}

/// How people are reached.
#[derive(Clone)]
pub enum People {
    /// By SNS, on the devices that they registered.
    Sns(Sns),
    /// All of them in one inbox on this machine, whatever devices they have.
    Inbox(Arc<dyn Inbox>),
}

/// SNS: apps on phones, text messages, and a topic for e-mail.
#[derive(Clone)]
pub struct Sns {
    pub(crate) client: Client,
    pub(crate) topic: Arc<str>,
    pub(crate) applications: Applications,
}

/// How long SNS may take to answer. It takes what it has heard of whether its answer arrives or not, so a phone would ring twice for
/// an answer that was only slow; and what it did not hear of comes again from the queue.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
/// How long it may take to be reached at all.
const REACHED_WITHIN: Duration = Duration::from_secs(1);

/// How long a person's devices may take together, of which each may be slow: the function that tells has thirty seconds, for a request
/// and all that is read for it. Each has its share of it, so that none that says nothing hides the ones after it.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

/// The attribute by which a subscription of the topic is filtered to what is for one person at its address.
pub(crate) const DEVICE: &str = "device";

impl People {
    /// SNS, with the topic that the process's environment names (`COUNTERSIGN_PEOPLE_TOPIC`).
    ///
    /// # Errors
    /// [`Fault::Broken`] naming the variable when it is missing.
    pub fn from_environment(sdk: &aws::SdkConfig) -> Result<Self, Fault> {
        Ok(Self::reached_by(sdk, &setting("COUNTERSIGN_PEOPLE_TOPIC")?))
    }

    /// SNS, as the SDK's configuration reaches it; e-mail goes to this topic. Its calls are counted.
    pub fn reached_by(sdk: &aws::SdkConfig, topic: &str) -> Self {
        Self::offering(sdk, topic, Applications::default())
    }

    /// As [`People::reached_by`], and people can enrol phones that have one of these apps.
    pub fn offering(sdk: &aws::SdkConfig, topic: &str, applications: Applications) -> Self {
        let patience = TimeoutConfig::builder()
            .connect_timeout(REACHED_WITHIN)
            .operation_attempt_timeout(HEARD_WITHIN)
            .operation_timeout(HEARD_WITHIN)
            .build();
        let configuration = aws_sdk_sns::config::Builder::from(sdk)
            .timeout_config(patience)
            .retry_config(RetryConfig::disabled())
            .interceptor(aws::CallWatch)
            .build();
        Self::Sns(Sns { client: Client::from_conf(configuration), topic: topic.into(), applications })
    }

    /// Tells a person something, on the first device in their order that takes it. A mail does not end the order: SNS takes it whether or
    /// not its addressee is subscribed still, and whether or not it arrives.
    ///
    /// # Errors
    /// When none takes it, or none did in time. It may pass, if that is so of any of them.
    pub async fn tell(&self, addressee: &Addressee<'_>, message: &Message) -> Result<Told, Undelivered> {
        match self {
            Self::Sns(sns) => sns.tell(addressee, message, TOLD_WITHIN).await,
            Self::Inbox(inbox) => {
                aws::count("Inbox.Receive");
                inbox.receive(addressee, message);
                Ok(Told::Inbox)
            }
        }
    }

    /// Sends something to one device, confirmed or not: what it is confirmed by, or what every device is told.
    ///
    /// # Errors
    /// When it does not take it.
    pub async fn tell_on(
        &self,
        device: &Device,
        addressee: &Addressee<'_>,
        message: &Message,
    ) -> Result<(), Undelivered> {
        match self {
            Self::Sns(sns) => sns.publish(device, message).await,
            Self::Inbox(inbox) => {
                aws::count("Inbox.Receive");
                inbox.receive(addressee, message);
                Ok(())
            }
        }
    }
}

impl Sns {
    /// The first device that takes it and is no mailbox, else the first mailbox that was written to.
    async fn tell(
        &self,
        addressee: &Addressee<'_>,
        message: &Message,
        within: Duration,
    ) -> Result<Told, Undelivered> {
        let confirmed: Vec<&Device> = addressee.devices.iter().filter(|one| one.is_confirmed()).collect();
        let devices = u32::try_from(confirmed.len()).unwrap_or(u32::MAX).max(1);
        let share = HEARD_WITHIN.min(within / devices);
        let (mut written_to, mut problems) = (None, Vec::<Undelivered>::new());
        for device in confirmed {
            let published = timeout(share, self.publish(device, message)).await;
            match published.unwrap_or_else(|_| Err(Undelivered::for_now("SNS takes too long"))) {
                Ok(()) if matches!(device.channel, Channel::Email { .. }) => {
                    written_to.get_or_insert_with(|| device.id.clone());
                }
                Ok(()) => return Ok(Told::On(device.id.clone())),
                Err(problem) => {
                    let (device_id, why) = (device.id.as_str(), problem.why.as_str());
                    tracing::warn!(target: "deliver", device_id, why, "a device did not take a message");
                    problems.push(problem);
                }
            }
        }
        if let Some(mailbox) = written_to {
            return Ok(Told::On(mailbox));
        }
        match problems.last() {
            None => Ok(Told::Nobody),
            Some(last) => {
                let may_pass = problems.iter().any(|problem| problem.may_pass);
                Err(Undelivered::of(may_pass, &last.why))
            }
        }
    }

    async fn publish(&self, device: &Device, message: &Message) -> Result<(), Undelivered> {
        let unfit = || Undelivered::for_good("the request could not be built");
        let request = self.client.publish();
        let request = match &device.channel {
            Channel::Push { endpoint, .. } => push(request, endpoint.as_str(), message).ok_or_else(unfit)?,
            Channel::Sms { number } => {
                let kind = text("Transactional").ok_or_else(unfit)?;
                request
                    .phone_number(number.as_str())
                    .message(message.text())
                    .message_attributes("AWS.SNS.SMS.SMSType", kind)
            }
            Channel::Email { filter, .. } => {
                let named = filter.as_ref().map_or_else(|| device.id.to_string(), Sha256Digest::to_base64url);
                let device = text(&named).ok_or_else(unfit)?;
                request
                    .topic_arn(&*self.topic)
                    .subject(message.subject())
                    .message(message.text())
                    .message_attributes(DEVICE, device)
            }
        };
        request.send().await.map(drop).map_err(|error| of_aws(&error))
    }
}

/// A message for an app. A phone that was off until there is nothing more to decide is not woken for it.
fn push(request: PublishFluentBuilder, endpoint: &str, message: &Message) -> Option<PublishFluentBuilder> {
    let seconds = message.good_for.as_secs().to_string();
    let request = request
        .target_arn(endpoint)
        .message_structure("json")
        .message(message.by_platform())
        .message_attributes("AWS.SNS.MOBILE.GCM.TTL", text(&seconds)?)
        .message_attributes("AWS.SNS.MOBILE.APNS.TTL", text(&seconds)?)
        .message_attributes("AWS.SNS.MOBILE.APNS.PUSH_TYPE", text("alert")?)
        .message_attributes("AWS.SNS.MOBILE.APNS.PRIORITY", text("10")?);
    Some(request)
}

fn text(value: &str) -> Option<MessageAttributeValue> {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use fake_aws::sns::{self, Said};
    use oauth::{DeviceName, PhoneNumber, Standing, Timestamp};

    use super::*;

    fn phone(number: u8) -> Device {
        Device {
            id: DeviceId::from_random([number; 16]),
            name: DeviceName::parse("Phone").expect("a name"),
            channel: Channel::Sms { number: PhoneNumber::parse("+4915112345678").expect("a number") },
            standing: Standing::Confirmed { since: Timestamp::from_seconds(0) },
        }
    }

    fn alice() -> (PersonId, Profile, Message) {
        let profile =
            serde_json::json!({ "user_name": "alice", "name": "Alice", "groups": [], "attributes": {} });
        let message = Message {
            agent: "Agent".to_owned(),
            binding_message: None,
            link: "https://as.test/approval".to_owned(),
            good_for: Duration::from_mins(3),
        };
        let profile = serde_json::from_value(profile).expect("a profile");
        (PersonId::from_random([1; 16]), profile, message)
    }

    #[tokio::test]
    async fn devices_of_which_nothing_is_heard_do_not_hide_the_ones_after_them() {
        let taken = sns::xml("Publish", &Said::Yes("<MessageId>m</MessageId>".to_owned()));
        let sdk = fake_aws::silent_to(3, taken.expect("an answer").1);
        let People::Sns(sns) = People::reached_by(&sdk, "arn:people") else { panic!("no SNS") };
        let devices: Vec<Device> = (0..4).map(phone).collect();
        let (person, profile, message) = alice();
        let addressee = Addressee { person: &person, profile: &profile, devices: &devices };
        let told = sns.tell(&addressee, &message, Duration::from_secs(2)).await;
        assert_eq!(told.expect("the last one takes it"), Told::On(devices[3].id.clone()));
    }

    /// As many as a person can have.
    #[tokio::test]
    async fn ten_devices_at_an_sns_that_says_nothing_are_told_later_and_not_waited_for_one_by_one() {
        let People::Sns(sns) = People::reached_by(&fake_aws::silent(), "arn:people") else {
            panic!("no SNS")
        };
        let devices: Vec<Device> = (0..10).map(phone).collect();
        let (person, profile, message) = alice();
        let addressee = Addressee { person: &person, profile: &profile, devices: &devices };
        let within = Duration::from_millis(50);
        assert!(
            within < HEARD_WITHIN && TOLD_WITHIN <= Duration::from_secs(15),
            "half of the function's time"
        );
        let began = Instant::now();
        let told = sns.tell(&addressee, &message, within).await;
        assert!(told.is_err_and(|problem| problem.may_pass));
        assert!(began.elapsed() < HEARD_WITHIN, "{:?}", began.elapsed());
    }
}
