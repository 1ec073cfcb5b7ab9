use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::types::KeyState;
use keys::{KeyRing, RingCustody, RingKey, ScheduledKey};
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use store::Store;

use super::inside::{Deployment, allowed, of_fault};
use super::published::published;
use super::{Finding, Verdict};

/// The rotation looks once a day; it may fail one day and succeed the next.
const MAY_BE_LATE_BY: Duration = Duration::from_hours(48);

/// Looks at the key ring in the table, and at the KMS keys that it names.
pub(super) async fn keys(deployment: &Deployment<'_>, store: &Store, now: Timestamp) -> Vec<Finding> {
    let ring = match store.key_ring::<KeyRing>().await {
        Ok(Some(kept)) => kept.ring,
        Ok(None) => {
            let remedy = "invoke the rotation function once (output Next1MakeTheKeys)";
            return vec![Finding::new("signing keys", Verdict::wrong("there are none yet", remedy))];
        }
        Err(fault) => {
            return vec![Finding::new("signing keys", of_fault(&fault, "dynamodb:GetItem"))];
        }
    };
    let kms = Client::new(deployment.sdk);
    vec![
        Finding::new("signing keys", signing_keys(&ring, deployment.rotation, now)),
        Finding::new("signing keys in KMS", signing_keys_in_kms(&kms, &ring, now).await),
        Finding::new("signing keys published", published(deployment.issuer, &ring, now).await),
        Finding::new("data key", enabled(&kms, &ring.data_key).await),
    ]
}

/// What the server signs with.
const ALGORITHMS: [SigningAlgorithm; 2] = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256];

/// The key that signs now, for each algorithm that has one.
pub(super) fn signing_now(ring: &KeyRing, now: Timestamp) -> impl Iterator<Item = &ScheduledKey<RingKey>> {
    ALGORITHMS.into_iter().filter_map(move |algorithm| ring.signing_keys.signing_key(algorithm, now))
}

/// Whether each algorithm has a key that signs, and the newest is not older than it should be.
fn signing_keys(ring: &KeyRing, rotation: Duration, now: Timestamp) -> Verdict {
    let mut next = None;
    for algorithm in ALGORITHMS {
        let name = algorithm.as_str();
        if ring.signing_keys.signing_key(algorithm, now).is_none() {
            return Verdict::wrong(
                format_args!("no key signs {name}"),
                "invoke the rotation function, and look at its log",
            );
        }
        let newest = newest(ring, algorithm).map_or(now, |key| key.schedule.first_use);
        let due = newest.after(rotation);
        if due.after(MAY_BE_LATE_BY) < now {
            return Verdict::wrong(
                format_args!("the newest key for {name} should have been replaced on {}", day(due)),
                "look at the rotation function's log and at the alarm failed-rotation; give --rotation-days if it is not 90",
            );
        }
        next = Some(next.map_or(due, |other: Timestamp| other.min(due)));
    }
    Verdict::ok(format_args!("both sign; the next are due on {}", next.map(day).unwrap_or_default()))
}

fn newest(ring: &KeyRing, algorithm: SigningAlgorithm) -> Option<&ScheduledKey<RingKey>> {
    ring.signing_keys.iter().filter(|key| key.algorithm == algorithm).max_by_key(|key| key.schedule.first_use)
}

async fn signing_keys_in_kms(kms: &Client, ring: &KeyRing, now: Timestamp) -> Verdict {
    let ids: Vec<&str> = signing_now(ring, now)
        .filter_map(|key| match &key.key.custody {
            RingCustody::Kms { key_id } => Some(key_id.as_str()),
            RingCustody::KmsWrapped { .. } | RingCustody::Gone { .. } => None,
        })
        .collect();
    if ids.is_empty() {
        return Verdict::ok("none sign there: the ring has them as ciphertext");
    }
    for id in &ids {
        let verdict = enabled(kms, id).await;
        if !matches!(verdict, Verdict::Ok { .. }) {
            return verdict;
        }
    }
    Verdict::ok(format_args!("{} enabled", ids.len()))
}

async fn enabled(kms: &Client, id: &str) -> Verdict {
    let described = match allowed(kms.describe_key().key_id(id).send().await, "kms:DescribeKey") {
        Ok(answer) => answer.key_metadata,
        Err(verdict) => return verdict,
    };
    let state = described.as_ref().and_then(|key| key.key_state());
    match state {
        Some(KeyState::Enabled) => Verdict::ok("enabled"),
        other => Verdict::wrong(
            format_args!("the key {id} is {}", other.map_or("unknown", KeyState::as_str)),
            "enable it: aws kms enable-key, or cancel-key-deletion first; what it sealed opens with it alone",
        ),
    }
}

fn day(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_seconds())
        .map_or_else(|_| at.as_seconds().to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}
