//! Reading CloudWatch Logs: `FilterLogEvents` (Amazon CloudWatch Logs API), imitated. What is shown is that the command
//! asks for the right lines, goes on to the last page, and says what is wrong; not that CloudWatch answers so.

use serde_json::{Value, json};

use crate::command::{bare, complained, countersign, output, said};
use crate::loopback::{Answered, Arrived, Loopback, Reply};

const GROUP: &str = "/countersign/acme";

fn event(line: &Value) -> Value {
    json!({ "timestamp": 1_795_543_500_000_i64, "message": line.to_string() })
}

fn audit(request: &str, client: &str) -> Value {
    json!({"target": "audit", "event": "token", "outcome": "granted", "at": 1_795_543_500, "request_id": request, "client": client})
}

fn request(request: &str, client: &str) -> Value {
    json!({
        "timestamp": "2026-11-24T18:05:00.1Z", "target": "request", "request_id": request, "function": "token",
        "client": client, "status": 200, "milliseconds": 8.0, "aws": "KMS.Sign=1",
    })
}

/// A log group of three pages, the second of them empty, as a group that is searched often has.
async fn pages(first: Vec<Value>, last: Vec<Value>) -> Loopback {
    Loopback::start(move |arrived| {
        let asked: Value = serde_json::from_str(&arrived.body).expect("JSON");
        let page = match asked["nextToken"].as_str() {
            None => json!({ "events": first, "nextToken": "two" }),
            Some("two") => json!({ "events": [], "nextToken": "three" }),
            Some(_) => json!({ "events": last }),
        };
        Answered::Here(Reply::json(200, &page).with("content-type", "application/x-amz-json-1.1"))
    })
    .await
}

fn asked(arrived: &Arrived) -> Value {
    assert_eq!(arrived.headers["x-amz-target"], "Logs_20140328.FilterLogEvents");
    serde_json::from_str(&arrived.body).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_read_to_the_last_page() {
    let first = vec![event(&audit("r1", "agent")), event(&audit("r2", "other"))];
    let logs = pages(first, vec![event(&audit("r3", "agent"))]).await;
    let arguments = ["audit", "--log-group", GROUP, "--client", "agent", "--since", "2026-11-24"];
    let output = countersign(&logs.url, &[&arguments[..], &["--until", "2026-11-25"]].concat()).await;
    let lines = said(&output);
    assert!(output.status.success(), "{}", complained(&output));
    assert!(lines.contains("request=r1") && lines.contains("request=r3") && !lines.contains("r2"), "{lines}");

    let arrived = logs.arrived();
    assert_eq!(arrived.len(), 3, "every page");
    let asked = asked(&arrived[0]);
    assert_eq!(asked["logGroupName"], GROUP);
    assert_eq!(asked["filterPattern"], r#"{ ($.target = "audit") && ($.client = "agent") }"#);
    assert_eq!(asked["startTime"], 1_795_478_400_000_i64);
    assert_eq!(
        asked["endTime"],
        1_795_564_800_000_i64 + 60_000,
        "a line is written a little after its moment"
    );
}

/// A grant's identifier is random letters, digits, `-` and `_`: one in 64 begins as an option does.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_begins_as_an_option_does_is_looked_for() {
    let logs = pages(vec![], vec![]).await;
    let output = countersign(&logs.url, &["audit", "--grant", "-Kq3_x", "--log-group", GROUP]).await;
    assert!(output.status.success(), "{}", complained(&output));
    assert_eq!(
        asked(&logs.arrived()[0])["filterPattern"],
        r#"{ ($.target = "audit") && ($.grant_id = "-Kq3_x") }"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_from_the_months_lines() {
    let first =
        vec![event(&audit("r1", "agent")), event(&request("r1", "agent")), event(&request("r2", "other"))];
    let logs = pages(first, vec![event(&request("r3", "agent"))]).await;
    let arguments = ["usage", "--log-group", GROUP, "--month", "2026-11", "--json"];
    let output = countersign(&logs.url, &arguments).await;
    assert!(output.status.success(), "{}", complained(&output));
    let told: Value = serde_json::from_str(&said(&output)).expect("JSON");
    let rows = told["usage"].as_array().expect("rows");
    let counts: Vec<_> =
        rows.iter().map(|row| (&row["name"], &row["requests"], &row["ecc_signatures"])).collect();
    assert_eq!(counts, [(&json!("agent"), &json!(2), &json!(2)), (&json!("other"), &json!(1), &json!(1))]);
    let asked = asked(&logs.arrived()[0]);
    assert_eq!(
        asked["filterPattern"],
        r#"{ ($.target = "request") || ($.target = "event") || ($.target = "audit") }"#
    );
    assert_eq!(asked["startTime"], 1_793_491_200_000_i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hinders_the_reading_is_said_in_one_line() {
    for (code, words) in [
        ("AccessDeniedException", "logs:FilterLogEvents is not among your rights"),
        ("ResourceNotFoundException", "there is no log group"),
    ] {
        let logs = Loopback::start(move |_| {
            Answered::Here(Reply::json(400, &json!({ "__type": code, "message": "no" })))
        })
        .await;
        let output = countersign(&logs.url, &["audit", "--log-group", GROUP]).await;
        assert_eq!(output.status.code(), Some(1));
        let why = complained(&output);
        assert!(why.contains(words) && why.lines().count() == 1, "{why}");
    }
    let output = countersign("http://127.0.0.1:1", &["usage", "--log-group", GROUP]).await;
    let why = complained(&output);
    assert!(why.contains("cannot be read") && why.contains("refused") && why.lines().count() == 1, "{why}");
}

/// An operator without any rights hears so, and nothing is asked of anybody.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_without_credentials_is_told_what_to_do() {
    let mut command = bare(&["audit", "--log-group", GROUP]);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    let output_without_region = output(command).await;
    assert_eq!(output_without_region.status.code(), Some(1));
    assert!(complained(&output_without_region).starts_with("Which region?"), "{output_without_region:?}");

    let mut command = bare(&["user", "list", "--table", "t"]);
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nonexistent")
        .env("AWS_REGION", "us-east-1");
    let output = output(command).await;
    assert_eq!(output.status.code(), Some(1));
    let why = complained(&output);
    assert!(why.starts_with("No credentials for AWS (") && why.lines().count() == 1, "{why}");
}

/// A profile names region and credentials, as the AWS command line reads them.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_found() {
    let folder = std::env::temp_dir().join(format!("countersign-profile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let keys = r#"printf '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "example"}'"#;
    std::fs::write(folder.join("keys.sh"), keys).expect("written");
    let process = folder.join("keys.sh");
    let config =
        format!("[profile acme]\nregion = eu-central-1\ncredential_process = sh {}\n", process.display());
    std::fs::write(folder.join("config"), config).expect("written");
    let logs = pages(Vec::new(), Vec::new()).await;
    let mut command = bare(&["audit", "--log-group", GROUP]);
    command
        .env("AWS_CONFIG_FILE", folder.join("config"))
        .env("AWS_PROFILE", "acme")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &logs.url);
    let output = output(command).await;
    let _ = std::fs::remove_dir_all(&folder);
    assert!(output.status.success(), "{}", complained(&output));
    let arrived = logs.arrived();
    let authorization = &arrived[0].headers["authorization"];
    assert!(
        authorization.contains("AKIDPROCESS/") && authorization.contains("/eu-central-1/logs/"),
        "{authorization}"
    );
}
