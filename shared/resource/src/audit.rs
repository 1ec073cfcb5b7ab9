use oauth::Timestamp;
use serde_json::Value;

use crate::{AccessToken, Demand, Refusal};

/// One line a decision, under the target `audit`. Only what was verified stands in it: of a token that is not accepted,
/// nothing but the reason.
pub(crate) fn record(
    resource: &str,
    demand: &Demand,
    decision: Result<&AccessToken, (&Refusal, Option<&AccessToken>)>,
    now: Timestamp,
) {
    let (outcome, refusal, token) = match decision {
        Ok(token) => ("granted", None, Some(token)),
        Err((refusal, token)) => ("refused", Some(refusal), token),
    };
    let why = refusal.map(reason);
    let actors: Option<Vec<&str>> =
        token.and_then(AccessToken::actor).map(|newest| newest.chain().map(crate::Actor::subject).collect());
    tracing::info!(
        target: "audit",
        event = "access",
        outcome,
        at = now.as_seconds(),
        resource,
        error = refusal.and_then(Refusal::error),
        reason = why,
        client = token.map(AccessToken::client_id),
        subject = token.map(AccessToken::subject),
        actors = actors.map(|actors| actors.join(" < ")),
        token_id = token.map(AccessToken::id),
        grant_id = token.and_then(|token| token.claims.grant_id.as_deref()),
        wanted = wanted(demand),
    );
}

fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::InvalidToken(why) => why.to_string(),
        Refusal::Undecided(trouble) => trouble.to_string(),
        other => other.error().unwrap_or("no token").to_owned(),
    }
}

/// The details that were demanded, as JSON.
fn wanted(demand: &Demand) -> Option<String> {
    let values = demand.detail_values();
    (!values.is_empty()).then(|| Value::from(values).to_string())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{self, Write};

    use serde_json::{Value, json};

    use crate::stage::{FakeIssuer, Hands, token};
    use crate::{Demand, WantedDetail};

    thread_local! {
        /// What was logged on this test's thread.
        static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// One log for the whole program, so that no other test's thread switches a line off for all; each thread reads its own.
    struct OfThisThread;

    impl Write for OfThisThread {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.with_borrow_mut(|written| written.write(bytes))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn each_decision_is_one_line_that_says_who_and_why_and_no_secret() {
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(|| OfThisThread).init();

        let guard = FakeIssuer::new().guard(&Hands::new()).build().expect("a guard");
        let demand = Demand::new().detail(WantedDetail::of_type("file_access").identifier("Q4"));
        let q4 = json!({"type": "file_access", "identifier": "Q4"});
        let chain = json!({"sub": "tool-a", "act": {"sub": "agent"}});
        let good = token(&json!({"authorization_details": [q4], "act": chain, "grant_id": "g-1"}));
        let narrow = token(&json!({}));
        let foreign = token(&json!({"aud": "https://mail.internal.corp", "sub": "somebody"}));
        for token in [&good, &narrow, &foreign] {
            let _ = guard.check_token(token, &demand).await;
        }

        let written = String::from_utf8(WRITTEN.take()).expect("text");
        let lines: Vec<Value> =
            written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let seen = |place: usize, name: &str| lines[place][name].as_str().unwrap_or("-").to_owned();
        assert_eq!(lines.len(), 3, "{written}");
        assert!(lines.iter().all(|line| line["target"] == "audit" && line["event"] == "access"), "{written}");
        for (name, expected) in [
            ("outcome", ["granted", "refused", "refused"]),
            ("error", ["-", "insufficient_authorization", "invalid_token"]),
            ("reason", ["-", "insufficient_authorization", "another audience"]),
            ("subject", ["person-1", "person-1", "-"]),
            ("client", ["finance-agent", "finance-agent", "-"]),
            ("token_id", ["t-1", "t-1", "-"]),
            ("grant_id", ["g-1", "-", "-"]),
            ("actors", ["tool-a < agent", "-", "-"]),
        ] {
            assert_eq!([0, 1, 2].map(|place| seen(place, name)), expected, "{name}");
        }
        assert!(seen(0, "wanted").contains("Q4"), "{written}");
        for token in [good, narrow, foreign] {
            for part in token.split('.').skip(1) {
                assert!(!written.contains(part), "a token in the log");
            }
        }
    }
}
