//! The line of audit that each decision is (RFC 9068, section 4; RFC 6750, section 5.2: a token in a log is a token in others' hands).

use std::cell::RefCell;
use std::io;

use super::looking_up::LookedAt;
use super::*;

thread_local! {
    /// What was logged on this test's thread.
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One log for the whole program, so that no other test's thread switches a line off for all; each thread reads its own.
struct OfThisThread;

impl io::Write for OfThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.with_borrow_mut(|written| written.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn taken() -> String {
    String::from_utf8(WRITTEN.take()).expect("text")
}

/// What is asked for with which header, and the outcome and the reason that the audit has.
type Row<'a> = (&'static str, Value, &'static str, &'a str);

#[tokio::test]
async fn each_decision_is_one_line_that_says_how_it_was_decided_and_has_no_token() {
    tracing_subscriber::fmt().json().flatten_event(true).with_writer(|| OfThisThread).init();

    let issuer = LookedAt::start();
    let authorizer = issuer.authorizer();
    let file = json!({
        "type": "file_access", "locations": ["https://files.internal.corp/finance"], "actions": ["read"],
        "identifier": "Q4-report.pdf",
    });
    let active = json!({"active": true, "scope": "files.access", "authorization_details": [file]});
    let (q4, q3) = ("/files/finance/Q4-report.pdf", "/files/finance/Q3-report.pdf");
    let token = |jti: &str| issuer.token(&json!({"jti": jti}));
    let foreign = issuer.token(&json!({"aud": "https://mail.internal.corp", "sub": "somebody"}));
    let [one, two, three, four] = ["one", "two", "three", "four"].map(token);
    let many = |values: Value| {
        let mut event = asks("GET", q4, "");
        event["multiValueHeaders"]["Authorization"] = values;
        event
    };
    let bearer = format!("Bearer {one}");
    let rows: [(Row<'_>, Option<&Value>); 10] = [
        (("allowed", asks("GET", q4, &one), "granted", "-"), Some(&active)),
        (("another file", asks("GET", q3, &two), "refused", "insufficient_authorization"), Some(&active)),
        (("what no rule names", asks("DELETE", q4, &one), "refused", "access_denied"), Some(&active)),
        (("another tool's", asks("GET", q4, &foreign), "refused", "another audience"), Some(&active)),
        (("junk", asks("GET", q4, "junk"), "refused", "not a JWT"), None),
        (("two headers", many(json!([bearer, bearer])), "refused", "invalid_request"), None),
        (("no text", many(json!(["Bearer \n"])), "refused", "invalid_request"), None),
        (("no header", many(json!([])), "refused", "no token"), None),
        (("taken back", asks("GET", q4, &three), "refused", "taken back"), Some(&json!({"active": false}))),
        (("nobody can say", asks("GET", q4, &four), "refused", "the issuer's introspection answered"), None),
    ];
    for ((name, event, outcome, reason), says) in rows {
        issuer.says(says.cloned());
        let _ = authorizer.handle(&event.to_string()).await;
        let text = taken();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let audit: Vec<Value> = lines.filter(|line| line["target"] == "audit").collect();
        let [line] = audit.as_slice() else { panic!("{name}: {text}") };
        assert_eq!((&line["event"], &line["outcome"]), (&json!("access"), &json!(outcome)), "{name}: {line}");
        assert!(line["reason"].as_str().unwrap_or("-").starts_with(reason), "{name}: {line}");
        // Only of a token that was good it says whose it is.
        let is_known = ["granted", "access_denied", "insufficient_authorization"];
        let is_known = is_known.iter().any(|known| *known == outcome || *known == reason);
        assert_eq!(line["subject"] == "person-1", is_known, "{name}: {line}");
        for secret in [&one, &two, &three, &four, &foreign] {
            let parts = secret.split('.').skip(1).chain(["top-secret", "ZmlsZXMtdG9vbDp0b3Atc2VjcmV0"]);
            assert!(
                parts.into_iter().all(|part| !text.contains(part)),
                "{name}: a secret in the log: {text}"
            );
        }
    }
}
