use std::sync::Arc;

use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use environment::Fault;
use oauth::{ApplicationArn, EmailAddress, EndpointArn, Secret, Sha256Digest, SubscriptionArn};
use serde_json::json;

use crate::failure::of_aws;
use crate::people::{DEVICE, Sns};
use crate::{People, Undelivered};

/// What wakes an app on a phone, by the names that SNS has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Firebase Cloud Messaging.
    Gcm,
    /// The Apple Push Notification service.
    Apns,
}

impl Platform {
    /// Reads SNS's name of a platform.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "GCM" => Some(Self::Gcm),
            "APNS" => Some(Self::Apns),
            _ => None,
        }
    }

    /// SNS's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gcm => "GCM",
            Self::Apns => "APNS",
        }
    }
}

/// The company's own app, as SNS wakes it on each platform, where there is one.
#[derive(Clone, Debug, Default)]
pub struct Applications {
    /// On phones with Google's services.
    pub gcm: Option<Arc<ApplicationArn>>,
    /// On Apple's.
    pub apns: Option<Arc<ApplicationArn>>,
}

impl Applications {
    /// Those that the process's environment names (`COUNTERSIGN_PUSH_GCM`, `COUNTERSIGN_PUSH_APNS`): empty means none.
    ///
    /// # Errors
    /// [`Fault::Broken`] naming the variable when it names something else.
    pub fn from_environment() -> Result<Self, Fault> {
        Ok(Self { gcm: named("COUNTERSIGN_PUSH_GCM")?, apns: named("COUNTERSIGN_PUSH_APNS")? })
    }

    fn on(&self, platform: Platform) -> Option<&ApplicationArn> {
        match platform {
            Platform::Gcm => self.gcm.as_deref(),
            Platform::Apns => self.apns.as_deref(),
        }
    }
}

fn named(variable: &'static str) -> Result<Option<Arc<ApplicationArn>>, Fault> {
    let arn = std::env::var(variable).unwrap_or_default();
    if arn.is_empty() {
        return Ok(None);
    }
    let arn = ApplicationArn::parse(&arn);
    let broken = || Fault::broken("configuration", format!("{variable} is no platform application of SNS"));
    arn.map(|arn| Some(Arc::new(arn))).ok_or_else(broken)
}

/// How an e-mail address comes to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// SNS asks the addressee whether they want to be written to, and sends nothing before they say so.
    AskedBySns(SubscriptionArn),
    /// Nobody asks: the address is sent a link, as a telephone number is.
    ByLink,
}

/// Why an address was not subscribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSubscribed {
    /// SNS has a subscription of it that is filtered to something else, and that could not be ended.
    InUse,
    /// SNS did not answer as it should.
    Undelivered(Undelivered),
}

/// Why a phone was not enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotEnrolled {
    /// There is no app for its platform.
    NotOffered,
    /// The platform knows no such app on any phone.
    TokenRefused,
    /// SNS did not answer as it should.
    Undelivered(Undelivered),
}

impl People {
    /// SNS, with the topic and the apps that the process's environment names.
    ///
    /// # Errors
    /// [`Fault::Broken`] naming the variable that is missing or wrong.
    pub fn enrolling_from_environment(sdk: &aws::SdkConfig) -> Result<Self, Fault> {
        let topic = environment::setting("COUNTERSIGN_PEOPLE_TOPIC")?;
        Ok(Self::offering(sdk, &topic, Applications::from_environment()?))
    }

    /// Subscribes an e-mail address to the topic, to what has this filter's value alone. The same again is the same subscription, and
    /// its addressee is asked again where they have not agreed yet. SNS has one subscription for an address: a former one that is
    /// filtered to something else is ended first, where it is known.
    ///
    /// # Errors
    /// See [`NotSubscribed`].
    pub async fn subscribe(
        &self,
        address: &EmailAddress,
        filter: &Sha256Digest,
        former: Option<&SubscriptionArn>,
    ) -> Result<Subscribed, NotSubscribed> {
        let Self::Sns(sns) = self else { return Ok(Subscribed::ByLink) };
        let subscribed = match (sns.subscribe(address, filter).await, former) {
            (Err(NotSubscribed::InUse), Some(former)) => {
                self.unsubscribe(former).await.map_err(|problem| {
                    // SNS forgets by itself what waits to be confirmed, and nobody can end that.
                    if problem.may_pass { NotSubscribed::Undelivered(problem) } else { NotSubscribed::InUse }
                })?;
                sns.subscribe(address, filter).await
            }
            (subscribed, _) => subscribed,
        };
        subscribed.map(Subscribed::AskedBySns)
    }

    /// Whether the addressee of a subscription has said that they want to be written to.
    ///
    /// # Errors
    /// When SNS does not answer.
    pub async fn is_subscribed(&self, subscription: &SubscriptionArn) -> Result<bool, Undelivered> {
        let Self::Sns(Sns { client, .. }) = self else { return Ok(false) };
        let request = client.get_subscription_attributes().subscription_arn(subscription.as_str());
        let attributes = request.send().await.map_err(|error| of_aws(&error))?;
        let pending = attributes.attributes().and_then(|all| all.get("PendingConfirmation"));
        Ok(pending.is_some_and(|pending| pending == "false"))
    }

    /// Ends a subscription. One that is still to be confirmed SNS forgets by itself after two days.
    ///
    /// # Errors
    /// When SNS does not answer or refuses.
    pub async fn unsubscribe(&self, subscription: &SubscriptionArn) -> Result<(), Undelivered> {
        let Self::Sns(Sns { client, .. }) = self else { return Ok(()) };
        let request = client.unsubscribe().subscription_arn(subscription.as_str());
        request.send().await.map(drop).map_err(|error| of_aws(&error))
    }

    /// Has SNS wake an app on a phone, by the token that the phone's platform gave the app there. The same token again gives the same
    /// endpoint, woken again if the platform had given it up.
    ///
    /// # Errors
    /// See [`NotEnrolled`].
    pub async fn enrol(
        &self,
        platform: Platform,
        token: &Secret<String>,
    ) -> Result<EndpointArn, NotEnrolled> {
        match self {
            Self::Sns(sns) => sns.enrol(platform, token).await,
            Self::Inbox(_) => Ok(in_the_inbox(platform, token)),
        }
    }
}

/// What an app is called whose messages arrive in the inbox: by its token, so that it is the same each time.
fn in_the_inbox(platform: Platform, token: &Secret<String>) -> EndpointArn {
    let id = Sha256Digest::of(token.expose().as_bytes()).to_base64url();
    let arn = format!("arn:aws:sns:local:000000000000:endpoint/{}/inbox/{id}", platform.as_str());
    EndpointArn::parse(&arn).expect("it is one")
}

impl Sns {
    async fn subscribe(
        &self,
        address: &EmailAddress,
        filter: &Sha256Digest,
    ) -> Result<SubscriptionArn, NotSubscribed> {
        let filter = json!({ DEVICE: [filter.to_base64url()] }).to_string();
        let request = self
            .client
            .subscribe()
            .topic_arn(&*self.topic)
            .protocol("email")
            .endpoint(address.as_str())
            .attributes("FilterPolicy", filter)
            .return_subscription_arn(true);
        let answer = request.send().await.map_err(|error| match refused_because(&error) {
            Some(("InvalidParameter", said)) if said.contains(ALREADY_THERE) => NotSubscribed::InUse,
            _ => NotSubscribed::Undelivered(of_aws(&error)),
        })?;
        let nameless = || NotSubscribed::Undelivered(Undelivered::for_good("a subscription without an ARN"));
        answer.subscription_arn().and_then(SubscriptionArn::parse).ok_or_else(nameless)
    }

    /// SNS names an endpoint that is there already in the text of its refusal, and nowhere else, where anything about it is
    /// otherwise than asked for (Amazon SNS developer guide, "Creating a platform endpoint and managing device tokens").
    async fn enrol(&self, platform: Platform, token: &Secret<String>) -> Result<EndpointArn, NotEnrolled> {
        let application = self.applications.on(platform).ok_or(NotEnrolled::NotOffered)?;
        let request = self.client.create_platform_endpoint();
        let made = request.platform_application_arn(application.as_str()).token(token.expose()).send().await;
        let (arn, known) = match made {
            Ok(made) => (made.endpoint_arn().and_then(EndpointArn::parse), false),
            Err(error) => match refused_because(&error) {
                Some(("InvalidParameter", said)) => {
                    let named = if said.contains(ALREADY_THERE) { named_in(said) } else { None };
                    let arn = named.filter(|arn| is_of(arn, application));
                    (Some(arn.ok_or(NotEnrolled::TokenRefused)?), true)
                }
                _ => return Err(NotEnrolled::Undelivered(of_aws(&error))),
            },
        };
        let nameless = || NotEnrolled::Undelivered(Undelivered::for_good("an endpoint without an ARN"));
        let arn = arn.ok_or_else(nameless)?;
        tracing::info!(target: "deliver", platform = platform.as_str(), known, "a phone was enrolled");
        self.wake(&arn, token).await?;
        Ok(arn)
    }

    /// One that its platform had given up is given another chance: the app on the phone has just said that it is there.
    async fn wake(&self, endpoint: &EndpointArn, token: &Secret<String>) -> Result<(), NotEnrolled> {
        let request = self
            .client
            .set_endpoint_attributes()
            .endpoint_arn(endpoint.as_str())
            .attributes("Token", token.expose())
            .attributes("Enabled", "true");
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match refused_because(&error) {
                Some(("InvalidParameter", _)) => NotEnrolled::TokenRefused,
                _ => NotEnrolled::Undelivered(of_aws(&error)),
            }),
        }
    }
}

/// How SNS says, in the text of an `InvalidParameter` and nowhere else, that something is there already with other attributes: "Token
/// Reason: Endpoint … already exists …", "Attributes Reason: Subscription already exists …". Any other text is about what was sent.
const ALREADY_THERE: &str = "already exists";

/// The code and text by which SNS refused a call, if it did.
fn refused_because<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<(&str, &str)> {
    let refused = error.as_service_error()?;
    Some((refused.code()?, refused.message().unwrap_or_default()))
}

/// The endpoint that is named in a text.
fn named_in(text: &str) -> Option<EndpointArn> {
    text.split_ascii_whitespace().find_map(EndpointArn::parse)
}

/// Whether an endpoint is an app's: `…:endpoint/GCM/NAME/ID` is one of `…:app/GCM/NAME`.
fn is_of(endpoint: &EndpointArn, application: &ApplicationArn) -> bool {
    let named = application.as_str().replacen(":app/", ":endpoint/", 1);
    endpoint.as_str().strip_prefix(&named).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_sns::FakeSns;

    #[test]
    fn the_endpoint_that_sns_names_is_taken_if_it_is_one_of_the_app() {
        let arn = "arn:aws:sns:ap-northeast-1:123456789012:endpoint/GCM/agents/830d456e-dbea-304f-a2af-e2e9e666cd70";
        let said = format!(
            "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
        );
        let named = named_in(&said).expect("named");
        assert_eq!(named.as_str(), arn);
        assert_eq!(
            named_in("Invalid parameter: Token Reason: iOS device tokens must be 64 characters"),
            None
        );
        let app = |name: &str| {
            ApplicationArn::parse(&format!("arn:aws:sns:ap-northeast-1:123456789012:app/GCM/{name}"))
                .expect("an ARN")
        };
        assert!(is_of(&named, &app("agents")));
        assert!(!is_of(&named, &app("agent")) && !is_of(&named, &app("others")));
    }

    #[test]
    fn an_app_in_the_inbox_is_the_same_each_time_and_does_not_show_its_token() {
        let token = |text: &str| Secret::new(text.to_owned());
        let arn = in_the_inbox(Platform::Gcm, &token("a-token"));
        assert_eq!(arn, in_the_inbox(Platform::Gcm, &token("a-token")));
        assert_ne!(arn, in_the_inbox(Platform::Gcm, &token("another")));
        assert!(!arn.as_str().contains("a-token"));
    }

    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:people";
    const SUBSCRIPTION: &str =
        "arn:aws:sns:us-east-1:123456789012:people:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
    const APP: &str = "arn:aws:sns:us-east-1:123456789012:app/GCM/agents";
    const ENDPOINT: &str = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/agents/3f2a";

    fn people(sns: &FakeSns) -> People {
        let gcm = ApplicationArn::parse(APP).map(Arc::new);
        People::offering(&sns.sdk(), TOPIC, Applications { gcm, apns: None })
    }

    fn token() -> Secret<String> {
        Secret::new("a-token-of-google".to_owned())
    }

    fn address() -> EmailAddress {
        EmailAddress::parse("alice@example.com").expect("an address")
    }

    fn filter() -> Sha256Digest {
        Sha256Digest::of(b"alice there")
    }

    const OTHERS: &str =
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes";

    #[tokio::test]
    async fn an_address_is_subscribed_to_what_is_for_one_person_and_to_nothing_else() {
        let sns = FakeSns::default();
        sns.answers("Subscribe", 200, &format!("<SubscriptionArn>{SUBSCRIPTION}</SubscriptionArn>"));
        let subscribed = people(&sns).subscribe(&address(), &filter(), None).await.expect("subscribed");
        let arn = SubscriptionArn::parse(SUBSCRIPTION).expect("an ARN");
        assert_eq!(subscribed, Subscribed::AskedBySns(arn));
        let [asked] = &sns.asked()[..] else { panic!("one call") };
        let filter = format!("{{\"device\":[\"{}\"]}}", filter().to_base64url());
        for (name, value) in [
            ("Action", "Subscribe"),
            ("TopicArn", TOPIC),
            ("Protocol", "email"),
            ("Endpoint", "alice@example.com"),
            ("ReturnSubscriptionArn", "true"),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", &filter),
        ] {
            assert_eq!(asked.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!asked.contains_key("Attributes.entry.2.key"), "{asked:?}");
    }

    #[tokio::test]
    async fn only_the_text_that_says_so_means_that_an_address_is_in_use() {
        for (said, is_in_use) in
            [(OTHERS, true), ("Invalid parameter: Email address", false), ("InvalidParameter", false)]
        {
            let sns = FakeSns::default();
            sns.answers("Subscribe", 400, said);
            let refused = people(&sns).subscribe(&address(), &filter(), None).await.expect_err("refused");
            assert_eq!(refused == NotSubscribed::InUse, is_in_use, "{said}");
        }
    }

    #[tokio::test]
    async fn what_stands_in_the_way_of_an_address_is_ended_where_it_is_known_and_asked_for_once_more() {
        let former = SubscriptionArn::parse(SUBSCRIPTION).expect("an ARN");
        for (status, said, expected) in [
            (200, "", NotSubscribed::InUse),
            (400, "InvalidParameter", NotSubscribed::InUse),
            (500, "InternalFailure", NotSubscribed::Undelivered(Undelivered::for_now("InternalFailure"))),
        ] {
            let sns = FakeSns::default();
            sns.answers("Subscribe", 400, OTHERS);
            sns.answers("Unsubscribe", status, said);
            let refused = people(&sns).subscribe(&address(), &filter(), Some(&former)).await;
            assert_eq!(refused, Err(expected), "{said}");
            let asked = sns.asked();
            assert_eq!(asked[1]["SubscriptionArn"], SUBSCRIPTION);
            assert_eq!(asked.len(), if status == 200 { 3 } else { 2 });
        }
    }

    #[tokio::test]
    async fn only_what_sns_says_is_confirmed_is() {
        let arn = SubscriptionArn::parse(SUBSCRIPTION).expect("an ARN");
        let entry = |value: &str| {
            format!(
                "<Attributes><entry><key>PendingConfirmation</key><value>{value}</value></entry></Attributes>"
            )
        };
        for (said, expected) in [(entry("false"), true), (entry("true"), false), (String::new(), false)] {
            let sns = FakeSns::default();
            sns.answers("GetSubscriptionAttributes", 200, &said);
            assert_eq!(people(&sns).is_subscribed(&arn).await, Ok(expected), "{said}");
        }
        let sns = FakeSns::default();
        sns.answers("GetSubscriptionAttributes", 404, "NotFound");
        assert!(people(&sns).is_subscribed(&arn).await.is_err());
    }

    #[tokio::test]
    async fn a_phone_is_enrolled_once_and_woken_again_where_its_platform_had_given_it_up() {
        let known = format!(
            "Invalid parameter: Token Reason: Endpoint {ENDPOINT} already exists with the same Token, but different attributes."
        );
        let made = format!("<EndpointArn>{ENDPOINT}</EndpointArn>");
        for (status, said) in [(200, made.as_str()), (400, known.as_str())] {
            let sns = FakeSns::default();
            sns.answers("CreatePlatformEndpoint", status, said);
            let arn = people(&sns).enrol(Platform::Gcm, &token()).await.expect("enrolled");
            assert_eq!(arn.as_str(), ENDPOINT);
            let [made, woken] = &sns.asked()[..] else { panic!("two calls") };
            assert_eq!(
                (made["PlatformApplicationArn"].as_str(), made["Token"].as_str()),
                (APP, "a-token-of-google")
            );
            assert!(!made.contains_key("CustomUserData"), "nothing about anybody: {made:?}");
            assert_eq!(
                (woken["Action"].as_str(), woken["EndpointArn"].as_str()),
                ("SetEndpointAttributes", ENDPOINT)
            );
            let entries: Vec<&String> =
                woken.iter().filter(|(name, _)| name.starts_with("Attr")).map(|(_, value)| value).collect();
            assert!(
                entries.iter().any(|value| *value == "Enabled")
                    && entries.iter().any(|value| *value == "true")
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_phone_of_the_apps_is_not_enrolled() {
        let other = ENDPOINT.replace("agents", "others");
        for (status, said, expected) in [
            (
                400,
                "Invalid parameter: Token Reason: iOS device tokens must be 64 characters".to_owned(),
                NotEnrolled::TokenRefused,
            ),
            (
                400,
                format!("Invalid parameter: Token Reason: Endpoint {other} already exists"),
                NotEnrolled::TokenRefused,
            ),
        ] {
            let sns = FakeSns::default();
            sns.answers("CreatePlatformEndpoint", status, &said);
            assert_eq!(people(&sns).enrol(Platform::Gcm, &token()).await, Err(expected), "{said}");
        }
        let sns = FakeSns::default();
        assert_eq!(people(&sns).enrol(Platform::Apns, &token()).await, Err(NotEnrolled::NotOffered));
        assert!(sns.asked().is_empty());
        sns.answers("CreatePlatformEndpoint", 500, "InternalFailure");
        let down = people(&sns).enrol(Platform::Gcm, &token()).await;
        assert!(matches!(down, Err(NotEnrolled::Undelivered(problem)) if problem.may_pass));
    }
}
