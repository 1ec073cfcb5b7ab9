use std::time::Duration;

use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use oauth::time::CLOCK_SKEW;
use serde::{Deserialize, Serialize};

/// How long whoever fetches the JWKS may keep it (RFC 9111, section 5.2.2.1): a new key is published at least this
/// long before it signs.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// The longest life that a configuration can give to an access token or an ID token.
pub const LONGEST_TOKEN_LIFE: Duration = Duration::from_hours(1);

/// When a signing key may do what. A key is published before it signs, so that everybody who caches the JWKS has
/// it in time, and stays published after its last signature until the last token it signed has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// From here on it stands in the JWKS.
    pub published_at: Timestamp,
    /// From here on it signs.
    pub first_use: Timestamp,
    /// From here on it signs no more. `None` while no successor is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// From here on it no longer stands in the JWKS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished_at: Option<Timestamp>,
    /// Somebody else may have it: nothing that it signed is believed, however old.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distrusted: bool,
}

impl Schedule {
    /// The schedule of a deployment's first key: nobody has cached anything, so it signs at once.
    pub const fn first(now: Timestamp) -> Self {
        Self { published_at: now, first_use: now, retired_at: None, unpublished_at: None, distrusted: false }
    }

    /// The schedule of a key that takes over from another: it signs when every cached JWKS has it.
    pub fn successor(now: Timestamp, jwks_max_age: Duration) -> Self {
        Self { first_use: now.after(jwks_max_age), ..Self::first(now) }
    }

    /// The same schedule with its end.
    #[must_use]
    pub fn retired(self, at: Timestamp, longest_token_life: Duration) -> Self {
        // A little longer than the tokens live, because whoever checks them may have a clock behind ours.
        let unpublished_at = at.after(longest_token_life).after(CLOCK_SKEW);
        Self { retired_at: Some(at), unpublished_at: Some(unpublished_at), ..self }
    }

    /// Whether the key signs.
    pub fn signs_at(&self, now: Timestamp) -> bool {
        self.first_use <= now && self.retired_at.is_none_or(|retired_at| now < retired_at)
    }

    /// Whether the key stands in the JWKS.
    pub fn is_published_at(&self, now: Timestamp) -> bool {
        self.published_at <= now && self.unpublished_at.is_none_or(|unpublished_at| now < unpublished_at)
    }
}

/// A key, what it signs with, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledKey<K> {
    /// The one algorithm that the key is used with.
    pub algorithm: SigningAlgorithm,
    /// When it may do what.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// The key itself, or where it is.
    #[serde(flatten)]
    pub key: K,
}

/// All signing keys of a deployment, past, present and future, in the order in which they were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeySet<K>(Vec<ScheduledKey<K>>);

impl<K> KeySet<K> {
    /// A set of these keys, oldest first.
    pub const fn new(keys: Vec<ScheduledKey<K>>) -> Self {
        Self(keys)
    }

    /// The key that signs now: of several, the one that came into use last.
    pub fn signing_key(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Option<&ScheduledKey<K>> {
        self.0
            .iter()
            .filter(|key| key.algorithm == algorithm && key.schedule.signs_at(now))
            .max_by_key(|key| key.schedule.first_use)
    }

    /// The keys that stand in the JWKS now.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &ScheduledKey<K>> {
        self.0.iter().filter(move |key| key.schedule.is_published_at(now))
    }

    /// Every key, also those that are retired or not yet in use.
    pub fn iter(&self) -> impl Iterator<Item = &ScheduledKey<K>> {
        self.0.iter()
    }

    /// Lets a new key take over: it is published now and signs one `jwks_max_age` later, the moment at which
    /// the present one retires. The old keys stay in the set; none is published for longer than its tokens
    /// can live.
    #[must_use]
    pub fn rotate(
        self,
        algorithm: SigningAlgorithm,
        successor: K,
        now: Timestamp,
        jwks_max_age: Duration,
        longest_token_life: Duration,
    ) -> Self {
        let schedule = Schedule::successor(now, jwks_max_age);
        let retire = |mut key: ScheduledKey<K>| {
            if key.algorithm == algorithm && key.schedule.retired_at.is_none() {
                key.schedule = key.schedule.retired(schedule.first_use, longest_token_life);
            }
            key
        };
        let mut keys: Vec<_> = self.0.into_iter().map(retire).collect();
        keys.push(ScheduledKey { algorithm, schedule, key: successor });
        Self(keys)
    }

    /// Lets a new key take over at once. Those before are published no more: what they signed is worth nothing from
    /// now on. For a key that somebody else may have.
    #[must_use]
    pub fn replace_at_once(self, algorithm: SigningAlgorithm, successor: K, now: Timestamp) -> Self {
        let end = |mut key: ScheduledKey<K>| {
            if key.algorithm == algorithm && key.schedule.unpublished_at.is_none_or(|moment| moment > now) {
                key.schedule.distrusted = true;
                key.schedule.retired_at = Some(key.schedule.retired_at.map_or(now, |moment| moment.min(now)));
                key.schedule.unpublished_at = Some(now);
            }
            key
        };
        let mut keys: Vec<_> = self.0.into_iter().map(end).collect();
        keys.push(ScheduledKey { algorithm, schedule: Schedule::first(now), key: successor });
        Self(keys)
    }

    /// The same set without the keys that are not to stay.
    #[must_use]
    pub(crate) fn keeping(self, stays: impl FnMut(&ScheduledKey<K>) -> bool) -> Self {
        let mut keys = self.0;
        keys.retain(stays);
        Self(keys)
    }

    /// The same set with another form of each key.
    pub(crate) fn map<L>(&self, mut form: impl FnMut(&ScheduledKey<K>) -> L) -> KeySet<L> {
        let keys = self.0.iter().map(|key| ScheduledKey {
            algorithm: key.algorithm,
            schedule: key.schedule,
            key: form(key),
        });
        KeySet(keys.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SigningAlgorithm::{Es256, Rs256};

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const MAX_AGE: Duration = Duration::from_hours(1);
    const TOKEN_LIFE: Duration = Duration::from_mins(10);

    fn set() -> KeySet<&'static str> {
        let key = |algorithm, key| ScheduledKey { algorithm, schedule: Schedule::first(NOW), key };
        KeySet::new(vec![key(Es256, "old"), key(Rs256, "rsa")])
    }

    fn after(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    fn rotated() -> KeySet<&'static str> {
        set().rotate(Es256, "new", NOW, MAX_AGE, TOKEN_LIFE)
    }

    fn signs(set: &KeySet<&'static str>, at: Timestamp) -> Option<&'static str> {
        set.signing_key(Es256, at).map(|key| key.key)
    }

    fn published(set: &KeySet<&'static str>, at: Timestamp) -> Vec<&'static str> {
        set.published(at).map(|key| key.key).collect()
    }

    #[test]
    fn a_first_key_is_published_and_signs_at_once() {
        assert_eq!(signs(&set(), NOW), Some("old"));
        assert_eq!(published(&set(), NOW), ["old", "rsa"]);
        assert_eq!(signs(&set(), Timestamp::from_seconds(NOW.as_seconds() - 1)), None);
    }

    #[test]
    fn a_new_key_is_published_one_max_age_before_its_first_use() {
        let set = rotated();
        assert_eq!(published(&set, NOW), ["old", "rsa", "new"]);
        assert_eq!(signs(&set, NOW), Some("old"));
        assert_eq!(signs(&set, after(3_599)), Some("old"));
        assert_eq!(signs(&set, after(3_600)), Some("new"));
    }

    #[test]
    fn an_old_key_stays_published_until_its_last_token_has_expired() {
        let set = rotated();
        let last_signature = after(3_599);
        assert_eq!(signs(&set, last_signature), Some("old"));
        let last_expiry = last_signature.after(TOKEN_LIFE);
        assert!(published(&set, last_expiry).contains(&"old"));
        assert!(published(&set, last_expiry.after(CLOCK_SKEW)).contains(&"old"));
        assert!(
            !published(&set, last_expiry.after(CLOCK_SKEW).after(Duration::from_secs(1))).contains(&"old")
        );
    }

    #[test]
    fn somebody_signs_at_every_moment_of_a_rotation() {
        let mut set = set();
        for hour in 0..5 {
            set = set.rotate(Es256, "next", after(hour * 1_800), MAX_AGE, TOKEN_LIFE);
        }
        for minute in 0..600 {
            let at = after(minute * 60);
            let signing = set.signing_key(Es256, at).expect("somebody signs");
            assert!(signing.schedule.is_published_at(at), "minute {minute}");
        }
    }

    #[test]
    fn no_key_signs_before_a_cached_jwks_must_have_it() {
        let mut set = set();
        for hour in 0..5 {
            set = set.rotate(Es256, "next", after(hour * 700), MAX_AGE, TOKEN_LIFE);
        }
        for key in set.iter().filter(|key| key.key == "next") {
            assert!(key.schedule.first_use.since(key.schedule.published_at) >= MAX_AGE);
        }
    }

    #[test]
    fn a_key_that_somebody_else_may_have_is_worth_nothing_at_once() {
        let set = rotated().replace_at_once(Es256, "clean", NOW);
        assert_eq!(published(&set, NOW), ["rsa", "clean"]);
        assert_eq!(signs(&set, NOW), Some("clean"));
        assert_eq!(signs(&set, after(1_000_000)), Some("clean"));
    }

    #[test]
    fn rotating_one_algorithm_leaves_the_other_alone() {
        let set = rotated();
        let key = set.signing_key(Rs256, after(100_000)).expect("still signs");
        assert_eq!((key.key, key.schedule), ("rsa", Schedule::first(NOW)));
    }

    #[test]
    fn a_rotation_after_a_rotation_does_not_lengthen_the_first_key_s_life() {
        let once = rotated();
        let twice = once.clone().rotate(Es256, "newest", after(5_000), MAX_AGE, TOKEN_LIFE);
        assert_eq!(once.iter().next(), twice.iter().next());
    }

    #[test]
    fn the_schedule_is_written_beside_the_key() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Place {
            key_id: String,
        }
        let text = r#"[{"algorithm":"ES256","published_at":5,"first_use":7,"key_id":"a"}]"#;
        let set: KeySet<Place> = serde_json::from_str(text).expect("a set");
        assert_eq!(serde_json::to_string(&set).expect("JSON"), text);
    }
}
