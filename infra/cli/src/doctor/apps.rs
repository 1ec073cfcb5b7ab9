use aws_sdk_sns::Client;
use aws_sdk_sns::types::Endpoint;

use super::inside::allowed;
use super::{Finding, Verdict};

/// Of so many phones one may be gone: people lose some all the time.
const ONE_IN: usize = 10;

/// How many phones of each app are gone. SNS disables an endpoint for good once the phone's platform has refused it, and `notify`
/// then goes on to the person's next device, if there is one.
pub(super) async fn apps(sns: &Client, applications: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for application in applications {
        findings.push(Finding::new("phones", phones(sns, application).await));
    }
    findings
}

/// "`ListEndpointsByPlatformApplication`", Amazon SNS API Reference. Of an endpoint nothing is looked at but whether it is enabled.
async fn phones(sns: &Client, application: &str) -> Verdict {
    let asked = sns.list_endpoints_by_platform_application().platform_application_arn(application);
    let listed: Result<Vec<Endpoint>, _> = asked.into_paginator().items().send().try_collect().await;
    let endpoints = match allowed(listed, "sns:ListEndpointsByPlatformApplication") {
        Ok(endpoints) => endpoints,
        Err(verdict) => return verdict,
    };
    let (all, gone) = (endpoints.len(), endpoints.iter().filter(|endpoint| is_gone(endpoint)).count());
    if gone * ONE_IN <= all {
        return Verdict::ok(format_args!("{gone} of {all} are gone, of {application}"));
    }
    Verdict::wrong(
        format_args!("{gone} of {all} are gone, of {application}: who has no other device hears nothing"),
        "see that the application's credentials are those of the app that people have; else have them enrol their phones again",
    )
}

fn is_gone(endpoint: &Endpoint) -> bool {
    let enabled = endpoint.attributes().and_then(|attributes| attributes.get("Enabled"));
    enabled.is_some_and(|enabled| enabled == "false")
}
