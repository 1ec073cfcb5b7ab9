use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::EventSourceMappingConfiguration;

use super::Verdict;
use super::inside::allowed;

/// How the name of the function ends that tells people and clients, whatever the stack is called.
const NOTIFY: &str = "-notify";

/// Whether Lambda brings `notify` what the table's stream says. A mapping belongs to one stream, and a table that was restored has
/// another one ("Event source mappings", AWS Lambda Developer Guide).
pub(super) async fn news(lambda: &Client, stream: Option<&str>) -> Verdict {
    let Some(stream) = stream else { return Verdict::not_checked("the table has no stream") };
    let asked = lambda.list_event_source_mappings().event_source_arn(stream);
    let found: Result<Vec<_>, _> = asked.into_paginator().items().send().try_collect().await;
    match allowed(found, "lambda:ListEventSourceMappings") {
        Ok(found) => judge(&found),
        Err(verdict) => verdict,
    }
}

/// What the mappings of one stream come to.
fn judge(of_stream: &[EventSourceMappingConfiguration]) -> Verdict {
    let of_notify: Vec<_> = of_stream.iter().filter(|mapping| is_of_notify(mapping)).collect();
    let is_running = |mapping: &&&EventSourceMappingConfiguration| mapping.state() == Some("Enabled");
    let running: Vec<_> = of_notify.iter().filter(is_running).collect();
    match (&running[..], &of_notify[..]) {
        ([mapping], _) => health(mapping),
        ([], []) => Verdict::wrong(
            "nothing brings the table's stream to notify: nobody hears that they are asked or that it is decided",
            "after a restore, step 6 of \"The table was lost or damaged\" (infra/runbook.md); else deploy template.yaml again",
        ),
        ([], [stopped, ..]) => {
            let (id, state) = (id(stopped), stopped.state().unwrap_or("in no known state"));
            Verdict::wrong(
                format_args!("what brings the table's stream to notify is {state}: nobody is told anything"),
                format_args!(
                    "if it is not so in a minute: aws lambda update-event-source-mapping --enabled --uuid {id}"
                ),
            )
        }
        (several, _) => Verdict::wrong(
            format_args!(
                "{} mappings bring the table's stream to notify: everybody is told as often",
                several.len()
            ),
            "delete all but the stack's own, which carries its tag: aws lambda delete-event-source-mapping --uuid",
        ),
    }
}

/// Whether one that runs does its work.
fn health(mapping: &EventSourceMappingConfiguration) -> Verdict {
    let id = id(mapping);
    if mapping.filter_criteria().is_none_or(|criteria| criteria.filters().is_empty()) {
        return Verdict::wrong(
            format_args!(
                "the mapping {id} has no filter: notify is woken by every write, and gives up what is no news"
            ),
            "give it the FilterCriteria that News has in template.yaml: aws lambda update-event-source-mapping --uuid",
        );
    }
    let last = mapping.last_processing_result().unwrap_or("nothing so far");
    if ["PROBLEM", "FAILED"].iter().any(|trouble| last.starts_with(trouble)) {
        return Verdict::wrong(
            format_args!("notify could not be brought the last records: {last}"),
            "look at the log of notify and at its role, FollowTheTable; what is older than a quarter of an hour is given up",
        );
    }
    Verdict::ok(format_args!("notify is brought the table's stream: {last}"))
}

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and maybe a version behind it.
fn is_of_notify(mapping: &EventSourceMappingConfiguration) -> bool {
    let name = mapping.function_arn().and_then(|arn| arn.split(':').nth(6));
    name.is_some_and(|name| name.ends_with(NOTIFY))
}

fn id(mapping: &EventSourceMappingConfiguration) -> &str {
    mapping.uuid().unwrap_or("without an id")
}
