use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::SdkConfig;
use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::timeout::TimeoutConfig;
use serde::Deserialize;
use store::Store;

use crate::Stop;
use crate::arguments::Where;

/// The folder where a local server keeps its data, unless another is named.
pub(crate) const DATA: &str = ".countersign";
/// The file in it that says where the running server's table is.
const RUNNING: &str = "running.json";

/// What a local server tells about itself while it runs.
#[derive(Deserialize)]
struct Running {
    table: String,
    table_endpoint: String,
}

impl Where {
    /// The data folder of the local server, if it is one that is meant.
    pub(crate) fn data_folder(&self) -> Option<PathBuf> {
        match &self.data {
            Some(folder) => Some(folder.clone()),
            None if self.table().is_some() || self.endpoint_url().is_some() => None,
            None => Some(PathBuf::from(DATA)),
        }
    }

    /// The table that is meant.
    pub(crate) async fn store(&self) -> Result<Store, Stop> {
        if let Some(folder) = self.data_folder() {
            let running = running(&folder)?;
            let table = self.table.clone().unwrap_or(running.table);
            return Ok(Store::reached_by(&aws::local(&running.table_endpoint), &table));
        }
        let table = self.table().ok_or_else(|| {
            Stop::Usage("Which table? Name it with --table or COUNTERSIGN_TABLE.".to_owned())
        })?;
        Ok(Store::reached_by(&self.sdk().await?, &table))
    }

    /// How AWS is reached, or what stands in for it at another endpoint.
    pub(crate) async fn sdk(&self) -> Result<SdkConfig, Stop> {
        let Some(endpoint) = self.endpoint_url() else { return as_operator().await };
        let configuration = aws::from_environment().map_err(Stop::refused)?.into_builder();
        Ok(configuration.endpoint_url(endpoint).timeout_config(patient()).build())
    }

    /// The table's name, if one was said.
    pub(crate) fn table(&self) -> Option<String> {
        self.table.clone().or_else(|| variable("COUNTERSIGN_TABLE"))
    }

    fn endpoint_url(&self) -> Option<String> {
        self.endpoint_url.clone().or_else(|| variable("AWS_ENDPOINT_URL"))
    }
}

/// The operator's own rights, from wherever the AWS command line takes them: environment, profile, IAM Identity Center,
/// a process, the role of a machine.
async fn as_operator() -> Result<SdkConfig, Stop> {
    let client =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let configuration = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(client)
        .timeout_config(patient())
        .load()
        .await;
    if configuration.region().is_none() {
        return Err(Stop::refused(
            "Which region? Set AWS_REGION, or AWS_PROFILE to a profile that names one.",
        ));
    }
    let credentials = match configuration.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.map_err(|error| innermost(&error)),
        None => Err("nothing provides any".to_owned()),
    };
    match credentials {
        Ok(_) => Ok(configuration),
        Err(why) => Err(Stop::refused(format_args!(
            "No credentials for AWS ({why}): set AWS_PROFILE, and sign in with `aws sso login` where the profile uses it."
        ))),
    }
}

/// What is at the bottom of an error, in one line.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().replace('\n', " ")
}

/// An operator sits further from the table than a function does, and waits longer.
fn patient() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build()
}

fn running(folder: &Path) -> Result<Running, Stop> {
    let path = folder.join(RUNNING);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Stop::refused(format_args!(
            "No server runs on the data folder {} ({}: {error}). Start it with `cargo run`, name its folder with --data, or \
             name the table of a deployed stack with --table.",
            folder.display(),
            path.display(),
        ))
    })?;
    serde_json::from_str(&text).map_err(|error| Stop::refused(format_args!("{}: {error}", path.display())))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
