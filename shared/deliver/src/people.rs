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
    /// When none takes it. It may pass, if that is so of any of them.
    pub async fn tell(&self, addressee: &Addressee<'_>, message: &Message) -> Result<Told, Undelivered> {
        match self {
            Self::Sns(sns) => sns.tell(addressee, message).await,
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
    async fn tell(&self, addressee: &Addressee<'_>, message: &Message) -> Result<Told, Undelivered> {
        let (mut problems, mut written_to): (Vec<Undelivered>, _) = (Vec::new(), None);
        for device in addressee.devices.iter().filter(|device| device.is_confirmed()) {
            match self.publish(device, message).await {
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
