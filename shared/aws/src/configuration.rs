use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::{ReconnectMode, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use environment::{Fault, setting};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::connections::Connections;
use crate::credentials::EnvironmentCredentials;

/// The public roots of Amazon Trust Services, which every endpoint of AWS chains to: Amazon Root CA 1 to 4
/// and the Starfield Services Root Certificate Authority G2. No other authority can vouch for AWS here.
pub(crate) const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("../roots/amazon-root-ca-1.der"),
    include_bytes!("../roots/amazon-root-ca-2.der"),
    include_bytes!("../roots/amazon-root-ca-3.der"),
    include_bytes!("../roots/amazon-root-ca-4.der"),
    include_bytes!("../roots/starfield-services-root-ca-g2.der"),
];

/// The configuration of a function on Lambda: region and credentials from the environment, and
/// `AWS_ENDPOINT_URL` in place of every service's own address when it is set.
///
/// The interceptor that watches calls cannot be part of it: each client adds [`crate::CallWatch`] to its own
/// configuration.
///
/// # Errors
/// [`Fault::Broken`] when `AWS_REGION` is missing or the embedded certificates cannot be read.
pub fn from_environment() -> Result<SdkConfig, Fault> {
    let mut configuration = common()
        .region(Region::new(setting("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentCredentials))
        // The environment is the cache: reading it costs less than asking whether a copy has expired.
        .identity_cache(IdentityCache::no_cache())
        .http_client(Connections::new(tls(&AMAZON_ROOTS)?))
        .timeout_config(timeouts()?)
        .retry_config(quick_retries());
    configuration.set_endpoint_url(endpoint_url());
    Ok(configuration.build())
}

/// The configuration of the local runner: a plain HTTP endpoint on loopback that checks no credentials.
pub fn local(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::from_keys("local", "local", None);
    common()
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Connections::without_tls())
        .endpoint_url(endpoint)
        .timeout_config(patient())
        .retry_config(quick_retries())
        .build()
}

/// The same for work that no caller waits for, such as making a key, for which KMS takes longer than a request has.
pub fn unhurried(sdk: &SdkConfig) -> SdkConfig {
    if std::env::var_os(SLOWER).is_some() {
        return sdk.clone();
    }
    sdk.to_builder().timeout_config(patient()).build()
}

/// How long it may take until a right that hangs on a new key's tag holds: up to five minutes, as KMS's manual says of tags and
/// authorization. An endpoint that is named as slower than AWS is an emulator, where it holds at once.
pub fn until_a_tag_is_known() -> Duration {
    if std::env::var_os(SLOWER).is_some() { Duration::ZERO } else { Duration::from_mins(5) }
}

fn common() -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        // Answers are a few kilobytes and arrive at once; the attempt's timeout covers them.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

fn endpoint_url() -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty())
}

/// TLS 1.2 or 1.3 by the one crypto library, with whom these roots vouch for and with nobody else.
pub(crate) fn tls(roots: &[&'static [u8]]) -> Result<TlsConnector, Fault> {
    let broken = |error| Fault::broken("trust store", error);
    let mut trusted = RootCertStore::empty();
    for root in roots {
        trusted.add(CertificateDer::from(*root)).map_err(broken)?;
    }
    let mut client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(client)))
}

/// Names an endpoint that is slower than AWS, in milliseconds an operation.
pub(crate) const SLOWER: &str = "COUNTERSIGN_AWS_MILLISECONDS";

/// What suits AWS, or an emulator that is as slow as the environment says.
fn timeouts() -> Result<TimeoutConfig, Fault> {
    if std::env::var_os(SLOWER).is_none() {
        return Ok(within_one_second());
    }
    let operation = setting(SLOWER)?.parse().map_err(|error| Fault::broken(SLOWER, error))?;
    let operation = Duration::from_millis(operation);
    Ok(TimeoutConfig::builder()
        .connect_timeout(operation)
        .operation_attempt_timeout(operation)
        .operation_timeout(operation)
        .build())
}

/// A caller waits a second at most: one attempt may hang and another still succeed within it.
fn within_one_second() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(400))
        .operation_attempt_timeout(Duration::from_millis(550))
        .operation_timeout(Duration::from_millis(950))
        .build()
}

/// A laptop that is compiling at the same time is given longer than a caller on AWS, and so is what nobody waits for.
fn patient() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25))
        .build()
}

fn quick_retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(25))
        .with_max_backoff(Duration::from_millis(200))
        // [`Connections`] leaves a host that fails by itself. The SDK looks for a connection to close, finds none of its own,
        // and would write an error into the log at each attempt that a service turns away.
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_configuration_talks_to_its_endpoint_and_nowhere_else() {
        let configuration = local("http://127.0.0.1:4321");
        assert_eq!(configuration.endpoint_url(), Some("http://127.0.0.1:4321"));
        assert_eq!(configuration.region().map(Region::as_ref), Some("us-east-1"));
    }

    /// The SHA-256 fingerprints that <https://www.amazontrust.com/repository/> publishes.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn exactly_the_five_public_roots_of_amazon_are_trusted() {
        let fingerprint = |root: &&[u8]| {
            let digest = ring::digest::digest(&ring::digest::SHA256, root);
            digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
        };
        assert_eq!(AMAZON_ROOTS.iter().map(fingerprint).collect::<Vec<_>>(), FINGERPRINTS);
        assert!(tls(&AMAZON_ROOTS).is_ok(), "the embedded certificates make a client");
    }

    #[test]
    fn two_attempts_fit_into_one_second() {
        let timeouts = within_one_second();
        let operation = timeouts.operation_timeout().expect("set");
        let attempt = timeouts.operation_attempt_timeout().expect("set");
        let connect = timeouts.connect_timeout().expect("set");
        assert!(connect < attempt && attempt < operation && operation < Duration::from_secs(1));
        let left_for_a_second_attempt = operation.saturating_sub(attempt + quick_retries().initial_backoff());
        assert!(left_for_a_second_attempt >= Duration::from_millis(300));
    }
}
