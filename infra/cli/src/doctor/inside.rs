use std::time::Duration;

use aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TableDescription, TableStatus, TimeToLiveStatus};
use environment::{Clock, Fault};
use store::{Snapshot, Store, Version};

use super::apps::apps;
use super::key_ring::keys;
use super::news::news;
use super::texts::texts;
use super::{Finding, Verdict};

const EXPIRY: &str = "expires_at";

/// What is examined from inside.
pub struct Deployment<'a> {
    /// How AWS is reached, by the operator's rights.
    pub sdk: &'a SdkConfig,
    /// The table's name.
    pub table: &'a str,
    /// The issuer that should be in force.
    pub issuer: &'a str,
    /// How long a signing key signs, as the stack was deployed (`RotationDays`).
    pub rotation: Duration,
    /// The platform applications of SNS whose phones are to be counted, by their ARNs.
    pub push_applications: &'a [String],
}

/// Looks at a deployment's table, configuration and keys, and at what brings messages to people. Nothing is written, and a right
/// that is missing is told as such.
pub async fn examine_inside(deployment: &Deployment<'_>, clock: &Clock) -> Vec<Finding> {
    let client = Client::new(deployment.sdk);
    let lambda = aws_sdk_lambda::Client::new(deployment.sdk);
    let mut findings = table(&client, &lambda, deployment.table).await;
    findings.push(Finding::new("time to live", time_to_live(&client, deployment.table).await));
    findings.push(Finding::new("backups", backups(&client, deployment.table).await));
    let store = Store::reached_by(deployment.sdk, deployment.table);
    let snapshot = store.snapshot().await;
    findings.push(Finding::new("configuration", configuration(&snapshot, deployment.issuer)));
    findings.extend(keys(deployment, &store, clock.now()).await);
    let settings =
        snapshot.as_ref().ok().and_then(Option::as_ref).map(|(_, snapshot)| &snapshot.server.devices);
    let sns = aws_sdk_sns::Client::new(deployment.sdk);
    findings.extend(texts(&sns, settings).await);
    findings.extend(apps(&sns, deployment.push_applications).await);
    findings
}

async fn table(client: &Client, lambda: &aws_sdk_lambda::Client, name: &str) -> Vec<Finding> {
    let described = allowed(client.describe_table().table_name(name).send().await, "dynamodb:DescribeTable");
    let description = match described {
        Ok(answer) => answer.table,
        Err(verdict) => return vec![Finding::new("table", verdict)],
    };
    let Some(description) = description else {
        return vec![Finding::new("table", Verdict::not_checked("the answer says nothing of it"))];
    };
    vec![
        Finding::new("table", status(&description)),
        Finding::new("stream", stream(&description)),
        Finding::new("news", news(lambda, description.latest_stream_arn()).await),
        Finding::new("deletion protection", protection(&description)),
    ]
}

fn status(table: &TableDescription) -> Verdict {
    match table.table_status() {
        Some(TableStatus::Active) => Verdict::ok("active"),
        other => Verdict::wrong(
            format_args!("its status is {}", other.map_or("unknown", TableStatus::as_str)),
            "wait until it is active, and look at it in the console",
        ),
    }
}

fn stream(table: &TableDescription) -> Verdict {
    match table.stream_specification() {
        Some(stream) if stream.stream_enabled() => Verdict::ok("enabled"),
        _ => Verdict::wrong("it is off", "deploy template.yaml again: StreamSpecification"),
    }
}

fn protection(table: &TableDescription) -> Verdict {
    match table.deletion_protection_enabled() {
        Some(true) => Verdict::ok("enabled"),
        _ => Verdict::wrong(
            "the table can be deleted by one call, with every grant and every person in it",
            "deploy with DeletionProtection=true; for a trial stack it may be as it is",
        ),
    }
}

async fn time_to_live(client: &Client, table: &str) -> Verdict {
    let request = client.describe_time_to_live().table_name(table);
    let described = match allowed(request.send().await, "dynamodb:DescribeTimeToLive") {
        Ok(answer) => answer.time_to_live_description,
        Err(verdict) => return verdict,
    };
    let remedy =
        "deploy template.yaml again: TimeToLiveSpecification; without it, what has expired stays and costs";
    match described {
        Some(description) if description.time_to_live_status() == Some(&TimeToLiveStatus::Enabled) => {
            match description.attribute_name() {
                Some(EXPIRY) => Verdict::ok(format_args!("on {EXPIRY}")),
                other => Verdict::wrong(format_args!("it is on {other:?} and not on {EXPIRY}"), remedy),
            }
        }
        _ => Verdict::wrong("it is off", remedy),
    }
}

async fn backups(client: &Client, table: &str) -> Verdict {
    let request = client.describe_continuous_backups().table_name(table);
    let described = match allowed(request.send().await, "dynamodb:DescribeContinuousBackups") {
        Ok(answer) => answer.continuous_backups_description,
        Err(verdict) => return verdict,
    };
    let status = described
        .as_ref()
        .and_then(|backups| backups.point_in_time_recovery_description())
        .and_then(|recovery| recovery.point_in_time_recovery_status());
    match status {
        Some(PointInTimeRecoveryStatus::Enabled) => Verdict::ok("point-in-time recovery is on"),
        _ => Verdict::wrong(
            "point-in-time recovery is off",
            "deploy template.yaml again: PointInTimeRecoverySpecification",
        ),
    }
}

fn configuration(found: &Result<Option<(Version, Snapshot)>, Fault>, issuer: &str) -> Verdict {
    let apply = "countersign apply DIR --issuer URL --table NAME";
    match found {
        Err(fault) => of_fault(fault, "dynamodb:GetItem and dynamodb:Query"),
        Ok(None) => Verdict::wrong("none was ever applied", apply),
        Ok(Some((version, snapshot))) if snapshot.server.issuer == issuer => {
            Verdict::ok(format_args!("version {version} is in force, {} clients", snapshot.clients.len()))
        }
        Ok(Some((_, snapshot))) => {
            Verdict::wrong(format_args!("the issuer in force is {}", snapshot.server.issuer), apply)
        }
    }
}

/// What an answer of AWS says, or why it says nothing.
pub(super) fn allowed<T, E>(answer: Result<T, SdkError<E, HttpResponse>>, right: &str) -> Result<T, Verdict>
where
    E: ProvideErrorMetadata,
{
    let unknown = || Verdict::not_checked("this endpoint knows no such operation");
    answer.map_err(|error| match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        // SNS has names of its own for both.
        Some("AccessDeniedException" | "AccessDenied" | "AuthorizationError") => missing_right(right),
        Some("UnknownOperationException" | "InvalidAction") => unknown(),
        Some(_) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 501) => unknown(),
        Some(code) => Verdict::wrong(code, "see that table, region and account are the deployment's"),
        None => Verdict::not_checked("AWS does not answer"),
    })
}

/// The same of a fault of our own rooms.
pub(super) fn of_fault(fault: &Fault, right: &str) -> Verdict {
    let words = fault.to_string();
    if words.contains("AccessDenied") {
        return missing_right(right);
    }
    match fault {
        Fault::Unavailable { .. } => Verdict::not_checked(words),
        Fault::Broken { .. } => {
            Verdict::wrong(words, "see that table, region and account are the deployment's")
        }
    }
}

fn missing_right(right: &str) -> Verdict {
    Verdict::not_checked(format_args!("{right} is not among your rights"))
}
