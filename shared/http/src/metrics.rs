//! Failures of ours as CloudWatch metrics, for the alarms. Each metric that is written costs money in every hour it is
//! written in, so a line is written only when something failed, and only of that.

use environment::Clock;
use oauth::Timestamp;
use serde_json::{Value, json};

/// The target of an event whose field `document` is a line of the log by itself.
pub(crate) const TARGET: &str = "metrics";

const NAMESPACE: &str = "Countersign";
/// The dimension, and the environment variable that has its value.
const DEPLOYMENT: &str = "deployment";
const DEPLOYMENT_SETTING: &str = "COUNTERSIGN_DEPLOYMENT";

/// What the table's faults are called ([`aws::fault`]). What fails beside it is a call of KMS. What SNS and SQS
/// refuse is no fault of a request: it comes again, and at last lies among the dead letters, which have an alarm of their own.
const TABLE: &str = "table";

/// Writes what failed while `function` worked, in CloudWatch's embedded metric format.
pub(crate) fn tell_of_faults(function: &str, request_id: &str, calls: &aws::Calls) {
    if calls.faults().next().is_none() {
        return;
    }
    let deployment = std::env::var(DEPLOYMENT_SETTING).ok().filter(|name| !name.is_empty());
    let deployment = deployment.as_deref().unwrap_or(function);
    let document = document(deployment, function, request_id, calls, Clock::system().now()).to_string();
    tracing::info!(target: TARGET, document);
}

fn document(deployment: &str, function: &str, request_id: &str, calls: &aws::Calls, now: Timestamp) -> Value {
    let sum = |of_table: bool| -> u32 {
        calls.faults().filter(|(what, _)| (*what == TABLE) == of_table).map(|(_, times)| times).sum()
    };
    let counts = [("KmsFaults", sum(false)), ("TableFaults", sum(true))];
    let failed: Vec<_> = counts.into_iter().filter(|(_, times)| *times > 0).collect();
    let metrics: Vec<_> = failed.iter().map(|(name, _)| json!({ "Name": name, "Unit": "Count" })).collect();
    let directive = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [[DEPLOYMENT]],
        "Metrics": metrics,
    });
    let mut document = json!({
        "_aws": { "Timestamp": now.as_seconds() * 1000, "CloudWatchMetrics": [directive] },
        DEPLOYMENT: deployment,
        "function": function,
        "request_id": request_id,
    });
    for (name, times) in failed {
        document[name] = times.into();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call of the AWS SDK that fails: that of `aws::fault` is all it takes.
    async fn failed(parts: &[&'static str]) -> aws::Calls {
        let ((), calls) = aws::counted(async {
            for part in parts {
                aws::count_fault(part);
            }
        })
        .await;
        calls
    }

    #[tokio::test]
    async fn what_failed_is_told_in_the_embedded_metric_format() {
        let calls = failed(&["signing key", "table", "server secret"]).await;
        let document =
            document("acme-prod", "token", "req-1", &calls, Timestamp::from_seconds(1_800_000_000));
        assert_eq!(
            document,
            json!({
                "_aws": {
                    "Timestamp": 1_800_000_000_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Countersign",
                        "Dimensions": [["deployment"]],
                        "Metrics": [{"Name": "KmsFaults", "Unit": "Count"}, {"Name": "TableFaults", "Unit": "Count"}],
                    }],
                },
                "deployment": "acme-prod", "function": "token", "request_id": "req-1", "KmsFaults": 2, "TableFaults": 1,
            })
        );
    }

    /// Every metric that is named costs, even when it is zero.
    #[tokio::test]
    async fn only_what_failed_is_named() {
        let calls = failed(&["table"]).await;
        let document = document("acme-prod", "token", "req-1", &calls, Timestamp::from_seconds(0));
        assert_eq!(
            document["_aws"]["CloudWatchMetrics"][0]["Metrics"],
            json!([{"Name": "TableFaults", "Unit": "Count"}])
        );
        assert!(document.get("KmsFaults").is_none());
    }
}
