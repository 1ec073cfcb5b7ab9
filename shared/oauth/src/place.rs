use serde::{Deserialize, Serialize};

use crate::{PersonId, SubscriptionArn, Timestamp};

/// Something that people are reached at and that belongs to one of them at a time: an e-mail address, or the company's app on a
/// phone. A telephone number is no place, since families share them. A move consumes it and gives what has become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    holder: Option<Holder>,
    /// SNS has one subscription for an address: what stands in the way of the next holder, until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscription: Option<SubscriptionArn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    person: PersonId,
    /// When the claim lapses, if it is not proven until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Place {
    /// Whose it is at this moment.
    pub fn holder(&self, now: Timestamp) -> Option<&PersonId> {
        let holder = self.holder.as_ref()?;
        holder.until.is_none_or(|until| now < until).then_some(&holder.person)
    }

    /// Whether its holder has proven that it is theirs.
    pub fn is_proven(&self) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.until.is_none())
    }

    /// Under whose name it is listed, be it theirs still or not.
    pub fn listed_under(&self) -> Option<&PersonId> {
        self.holder.as_ref().map(|holder| &holder.person)
    }

    /// The subscription that SNS may have for it.
    pub const fn subscription(&self) -> Option<&SubscriptionArn> {
        self.subscription.as_ref()
    }

    /// When nothing of it matters any more, and it may be forgotten.
    pub fn forgotten_at(&self, now: Timestamp) -> Option<Timestamp> {
        match (&self.holder, &self.subscription) {
            (Some(holder), None) => holder.until,
            (None, None) => Some(now),
            (_, Some(_)) => None,
        }
    }

    /// Somebody says that it is theirs, and has until then to prove it; nothing where it is another's. What they have proven before
    /// stays so.
    pub fn claimed(self, by: &PersonId, until: Timestamp, now: Timestamp) -> Option<Self> {
        if self.holder(now).is_some_and(|holder| holder != by) {
            return None;
        }
        if self.is_proven() && self.listed_under() == Some(by) {
            return Some(self);
        }
        Some(Self { holder: Some(Holder { person: by.clone(), until: Some(until) }), ..self })
    }

    /// Its holder has proven that it is theirs; nothing where it is not, or no longer.
    pub fn proven(self, by: &PersonId, now: Timestamp) -> Option<Self> {
        (self.holder(now) == Some(by)).then(|| self.taken(by))
    }

    /// It is somebody's from now on, whoever's it was: they have proven it.
    #[must_use]
    pub fn taken(self, by: &PersonId) -> Self {
        Self { holder: Some(Holder { person: by.clone(), until: None }), ..self }
    }

    /// Somebody lets go of it. Another's it stays.
    #[must_use]
    pub fn let_go(self, by: &PersonId) -> Self {
        let is_theirs = self.listed_under() == Some(by);
        Self { holder: self.holder.filter(|_| !is_theirs), ..self }
    }

    /// SNS has this subscription for it now, or none.
    #[must_use]
    pub fn subscribed(self, subscription: Option<SubscriptionArn>) -> Self {
        Self { subscription, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn person(number: u8) -> PersonId {
        PersonId::from_random([number; 16])
    }

    fn later() -> Timestamp {
        NOW.after(Duration::from_mins(1))
    }

    #[test]
    fn what_one_person_claims_another_cannot_until_the_claim_lapses() {
        let claimed = Place::default().claimed(&person(1), later(), NOW).unwrap();
        assert_eq!(claimed.holder(NOW), Some(&person(1)));
        assert_eq!(claimed.clone().claimed(&person(2), later(), NOW), None);
        assert!(claimed.clone().claimed(&person(1), later(), NOW).is_some());
        assert_eq!(claimed.holder(later()), None);
        let other = claimed.claimed(&person(2), later().after(Duration::from_mins(1)), later()).unwrap();
        assert_eq!(other.holder(later()), Some(&person(2)));
    }

    #[test]
    fn only_its_holder_proves_it_and_then_it_lapses_no_more() {
        let claimed = Place::default().claimed(&person(1), later(), NOW).unwrap();
        assert_eq!(claimed.clone().proven(&person(2), NOW), None);
        assert_eq!(claimed.clone().proven(&person(1), later()), None, "too late");
        let proven = claimed.proven(&person(1), NOW).unwrap();
        assert_eq!(proven.holder(NOW.after(Duration::from_hours(9_999))), Some(&person(1)));
        assert_eq!(proven.clone().claimed(&person(2), later(), NOW), None);
        assert_eq!(proven.clone().claimed(&person(1), later(), NOW), Some(proven));
    }

    #[test]
    fn whoever_lets_go_frees_it_and_what_sns_has_is_remembered() {
        let arn = "arn:aws:sns:eu-central-1:123456789012:people:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
        let arn = SubscriptionArn::parse(arn).unwrap();
        let held = Place::default().taken(&person(1)).subscribed(Some(arn.clone()));
        assert_eq!(held.clone().let_go(&person(2)), held);
        let free = held.let_go(&person(1));
        assert_eq!((free.holder(NOW), free.subscription(), free.forgotten_at(NOW)), (None, Some(&arn), None));
        assert!(!serde_json::to_string(&free).unwrap().contains(person(1).as_str()));
        assert_eq!(free.subscribed(None).forgotten_at(NOW), Some(NOW));
    }
}
