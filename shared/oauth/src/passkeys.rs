use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::identifiers::identifier;
use crate::request::disturbs_a_page;
use crate::{Secret, Sha256Digest, Timestamp};

/// How many passkeys a person may have.
pub const MOST_PASSKEYS: usize = 10;
/// The most characters of a passkey's name.
pub const LONGEST_PASSKEY_NAME: usize = 40;
/// How long a challenge is good: a person has to look for their phone.
pub const CHALLENGE_LASTS: Duration = Duration::from_mins(10);
/// How long the link is good by which a passkey is registered.
pub const ENROLMENT_LASTS: Duration = Duration::from_hours(1);
/// The longest identifier of a credential, in bytes (Web Authentication Level 3, section 4, "credential ID").
const LONGEST_ID: usize = 1023;

/// The domain of pages at this URL, to which their passkeys belong (Web Authentication Level 3, section 4, "relying party
/// identifier"); `None` where they have an address in its place, and so no passkeys.
pub fn passkey_domain(pages: &str) -> Option<String> {
    Url::parse(pages).ok()?.domain().map(str::to_owned)
}

identifier!(
    /// What an authenticator calls a passkey (Web Authentication Level 3, section 4, "credential ID"), in base64url.
    PasskeyId,
    |text| URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| (1..=LONGEST_ID).contains(&bytes.len()))
);

identifier!(
    /// What a person calls a passkey: some words on one line.
    PasskeyName,
    |text| {
        (1..=LONGEST_PASSKEY_NAME).contains(&text.chars().count())
            && text.trim() == text
            && !text.chars().any(disturbs_a_page)
    }
);

impl PasskeyId {
    /// The identifier of these bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::parse(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A passkey of a person (a credential record: Web Authentication Level 3, section 4). It holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passkey {
    /// What its authenticator calls it.
    pub id: PasskeyId,
    /// What the person calls it.
    pub name: PasskeyName,
    /// Its public key and its count of signatures, as the room that verifies them wrote it.
    pub credential: Value,
    /// When it was registered.
    pub made_at: Timestamp,
    /// When the person last signed in with it.
    pub used_at: Option<Timestamp>,
}

/// A challenge that was answered, until it is worth nothing by its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    challenge: Sha256Digest,
    until: Timestamp,
}

/// A link by which the person registers a passkey without being signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Enrolment {
    code: Sha256Digest,
    expires_at: Timestamp,
}

/// A person's passkeys, and the challenges that were answered with them. A move consumes it and gives what has become of it; whoever
/// keeps that, keeps it on condition that nothing was changed meanwhile: so of two answers to one challenge one counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Passkeys {
    #[serde(default, rename = "passkeys")]
    own: Vec<Passkey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answered: Vec<Answered>,
    /// There is one link at most. One whose passkey takes the place of all others has a field of its own: who does not know of such
    /// links must not take it for one of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enrolment: Option<Enrolment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replacement: Option<Enrolment>,
}

/// What becomes of the passkeys that a person has when they register one by a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherPasskeys {
    /// They stay.
    Stay,
    /// They are gone, and with them whoever else had one.
    Replaced,
}

/// Why a passkey was not registered, or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyRefused {
    /// The person has as many as anybody may have.
    TooMany,
    /// They have it already.
    AlreadyThere,
    /// They have none such, or not any more.
    Unknown,
    /// It is the only way in that they have.
    TheLast,
    /// Its challenge was answered before.
    Answered,
    /// The link was used, is too old, or is none of ours.
    LinkIsOver,
}

impl Passkeys {
    /// All of them, in the order in which they were registered.
    pub fn all(&self) -> &[Passkey] {
        &self.own
    }

    /// One of them.
    pub fn get(&self, id: &PasskeyId) -> Option<&Passkey> {
        self.own.iter().find(|passkey| passkey.id == *id)
    }

    /// Whether this challenge was answered before.
    pub fn has_answered(&self, challenge: &Sha256Digest, now: Timestamp) -> bool {
        self.answered.iter().any(|answered| answered.challenge == *challenge && now < answered.until)
    }

    /// What the link of this code does, while it is good: the person may register a passkey by it.
    pub fn link(&self, code: &Secret<String>, now: Timestamp) -> Option<OtherPasskeys> {
        let links = [(self.enrolment, OtherPasskeys::Stay), (self.replacement, OtherPasskeys::Replaced)];
        let is_good = |link: Enrolment| now < link.expires_at && code.matches(&link.code);
        links.into_iter().find(|(link, _)| link.is_some_and(is_good)).map(|(_, others)| others)
    }

    /// A link is made by which the person may register a passkey once. One that was made before is good no more.
    #[must_use]
    pub fn enrollable(self, code: Sha256Digest, others: OtherPasskeys, now: Timestamp) -> Self {
        let link = Some(Enrolment { code, expires_at: now.after(ENROLMENT_LASTS) });
        match others {
            OtherPasskeys::Stay => Self { enrolment: link, replacement: None, ..self },
            OtherPasskeys::Replaced => Self { enrolment: None, replacement: link, ..self },
        }
    }

    /// No link is good any more.
    #[must_use]
    pub fn without_links(self) -> Self {
        Self { enrolment: None, replacement: None, ..self }
    }

    /// No passkey is good any more, and no link. What was answered stays answered.
    #[must_use]
    pub fn removed(self) -> Self {
        Self { own: vec![], ..self.without_links() }
    }

    /// The person, who is signed in, registers a passkey by answering a challenge.
    ///
    /// # Errors
    /// [`PasskeyRefused::TooMany`], [`PasskeyRefused::AlreadyThere`], [`PasskeyRefused::Answered`].
    pub fn registered(
        self,
        passkey: Passkey,
        challenge: Sha256Digest,
        now: Timestamp,
    ) -> Result<Self, PasskeyRefused> {
        if self.get(&passkey.id).is_some() {
            return Err(PasskeyRefused::AlreadyThere);
        }
        if self.own.len() >= MOST_PASSKEYS {
            return Err(PasskeyRefused::TooMany);
        }
        let mut next = self.having_answered(challenge, now)?;
        next.own.push(passkey);
        Ok(next)
    }

    /// Whoever has the link registers a passkey by answering a challenge: the link is used up by it. What became of the others is said.
    ///
    /// # Errors
    /// [`PasskeyRefused::LinkIsOver`], and those of [`Passkeys::registered`].
    pub fn enrolled(
        self,
        code: &Secret<String>,
        passkey: Passkey,
        challenge: Sha256Digest,
        now: Timestamp,
    ) -> Result<(Self, OtherPasskeys), PasskeyRefused> {
        let others = self.link(code, now).ok_or(PasskeyRefused::LinkIsOver)?;
        let standing = match others {
            OtherPasskeys::Stay => self.without_links(),
            OtherPasskeys::Replaced => self.removed(),
        };
        Ok((standing.registered(passkey, challenge, now)?, others))
    }

    /// The person has answered a challenge with a passkey of theirs. `passkey` is what has become of it.
    ///
    /// # Errors
    /// [`PasskeyRefused::Unknown`], [`PasskeyRefused::Answered`].
    pub fn used(
        self,
        passkey: Passkey,
        challenge: Sha256Digest,
        now: Timestamp,
    ) -> Result<Self, PasskeyRefused> {
        let mut next = self.having_answered(challenge, now)?;
        let own = next.own.iter_mut().find(|own| own.id == passkey.id);
        *own.ok_or(PasskeyRefused::Unknown)? = passkey;
        Ok(next)
    }

    /// The person removes one. Whoever has no other way in keeps their last: nobody who sits at their session shuts them out.
    ///
    /// # Errors
    /// [`PasskeyRefused::Unknown`], [`PasskeyRefused::TheLast`].
    pub fn without(mut self, id: &PasskeyId, has_other_way_in: bool) -> Result<Self, PasskeyRefused> {
        self.get(id).ok_or(PasskeyRefused::Unknown)?;
        if self.own.len() == 1 && !has_other_way_in {
            return Err(PasskeyRefused::TheLast);
        }
        self.own.retain(|passkey| passkey.id != *id);
        Ok(self)
    }

    /// A challenge is good once. It is remembered for twice as long as it is good: clocks differ.
    fn having_answered(mut self, challenge: Sha256Digest, now: Timestamp) -> Result<Self, PasskeyRefused> {
        if self.has_answered(&challenge, now) {
            return Err(PasskeyRefused::Answered);
        }
        self.answered.retain(|answered| now < answered.until);
        self.answered.push(Answered { challenge, until: now.after(CHALLENGE_LASTS * 2) });
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn passkey(number: u8) -> Passkey {
        Passkey {
            id: PasskeyId::of(&[number; 16]).unwrap(),
            name: PasskeyName::parse("My phone").unwrap(),
            credential: Value::Null,
            made_at: NOW,
            used_at: None,
        }
    }

    fn challenge(number: u8) -> Sha256Digest {
        Sha256Digest::of(&[number; 32])
    }

    fn code(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn with_one() -> Passkeys {
        Passkeys::default().registered(passkey(1), challenge(1), NOW).unwrap()
    }

    #[test]
    fn a_challenge_is_answered_once_be_it_by_registering_or_by_signing_in() {
        let used = with_one().used(passkey(1), challenge(2), NOW).unwrap();
        for answered in [challenge(1), challenge(2)] {
            assert_eq!(used.clone().used(passkey(1), answered, NOW), Err(PasskeyRefused::Answered));
            assert_eq!(used.clone().registered(passkey(2), answered, NOW), Err(PasskeyRefused::Answered));
        }
        let last = NOW.after(CHALLENGE_LASTS);
        assert_eq!(used.clone().used(passkey(1), challenge(2), last), Err(PasskeyRefused::Answered));
        // What is worth nothing by its age is forgotten: the item does not grow.
        let later = used.used(passkey(1), challenge(3), NOW.after(CHALLENGE_LASTS * 2)).unwrap();
        assert_eq!(later.answered.len(), 1);
    }

    #[test]
    fn a_passkey_that_was_removed_meanwhile_is_not_used() {
        let none = with_one().without(&passkey(1).id, true).unwrap();
        assert!(none.all().is_empty());
        assert_eq!(none.clone().used(passkey(1), challenge(2), NOW), Err(PasskeyRefused::Unknown));
        assert_eq!(none.without(&passkey(1).id, true), Err(PasskeyRefused::Unknown));
    }

    #[test]
    fn the_last_way_in_is_not_removed() {
        let two = with_one().registered(passkey(2), challenge(2), NOW).unwrap();
        let one = two.without(&passkey(1).id, false).unwrap();
        assert_eq!(one.clone().without(&passkey(2).id, false), Err(PasskeyRefused::TheLast));
        assert_eq!(one.clone().without(&passkey(1).id, false), Err(PasskeyRefused::Unknown));
        assert!(one.without(&passkey(2).id, true).unwrap().all().is_empty());
    }

    #[test]
    fn a_link_that_replaces_leaves_nothing_but_its_passkey_and_has_room_for_it() {
        let mut full = with_one();
        for number in 2..=10 {
            full = full.registered(passkey(number), challenge(number), NOW).unwrap();
        }
        let link = code("the link");
        let waiting = full.clone().enrollable(link.digest(), OtherPasskeys::Replaced, NOW);
        assert_eq!(waiting.all().len(), 10, "nothing is gone before it is used");
        let (replaced, others) = waiting.enrolled(&link, passkey(11), challenge(11), NOW).unwrap();
        assert_eq!((replaced.all(), others), (&[passkey(11)][..], OtherPasskeys::Replaced));
        assert!(replaced.link(&link, NOW).is_none());
        assert!(replaced.has_answered(&challenge(10), NOW), "what was answered stays answered");
        // Neither kind stands beside the other.
        for (first, then) in
            [(OtherPasskeys::Stay, OtherPasskeys::Replaced), (OtherPasskeys::Replaced, OtherPasskeys::Stay)]
        {
            let later = full.clone().enrollable(link.digest(), first, NOW);
            let later = later.enrollable(code("the next").digest(), then, NOW);
            assert!(later.link(&link, NOW).is_none() && later.link(&code("the next"), NOW) == Some(then));
            assert!(later.clone().without_links().link(&code("the next"), NOW).is_none());
            assert_eq!(later.clone().without_links().all().len(), 10);
            assert!(later.removed().all().is_empty());
        }
    }

    #[test]
    fn nobody_has_a_passkey_twice_or_more_than_ten() {
        let mut passkeys = with_one();
        let again = passkeys.clone().registered(passkey(1), challenge(9), NOW);
        assert_eq!(again, Err(PasskeyRefused::AlreadyThere));
        for number in 2..=10 {
            passkeys = passkeys.registered(passkey(number), challenge(number), NOW).unwrap();
        }
        assert_eq!(passkeys.registered(passkey(11), challenge(11), NOW), Err(PasskeyRefused::TooMany));
    }

    #[test]
    fn a_link_registers_one_passkey_within_its_hour() {
        let link = code("the link");
        let waiting = Passkeys::default().enrollable(link.digest(), OtherPasskeys::Stay, NOW);
        let enrol = |passkeys: &Passkeys, code: &Secret<String>, now| {
            let enrolled = passkeys.clone().enrolled(code, passkey(1), challenge(1), now);
            enrolled.map(|(passkeys, others)| {
                assert_eq!(others, OtherPasskeys::Stay);
                passkeys
            })
        };
        let last = Timestamp::from_seconds(NOW.as_seconds() + 3_599);
        let enrolled = enrol(&waiting, &link, last).unwrap();
        assert_eq!(enrolled.all().len(), 1);
        let twice = enrolled.clone().enrolled(&link, passkey(2), challenge(2), last);
        assert_eq!(twice.unwrap_err(), PasskeyRefused::LinkIsOver);
        for (code, now) in [(&code("another"), NOW), (&link, NOW.after(ENROLMENT_LASTS))] {
            assert_eq!(enrol(&waiting, code, now), Err(PasskeyRefused::LinkIsOver));
        }
        let anew = waiting.enrollable(code("the next").digest(), OtherPasskeys::Stay, NOW);
        assert_eq!(enrol(&anew, &link, NOW), Err(PasskeyRefused::LinkIsOver), "a later link replaces it");
        assert_eq!(enrol(&Passkeys::default(), &link, NOW), Err(PasskeyRefused::LinkIsOver));
    }

    #[test]
    fn what_is_kept_comes_back() {
        for others in [OtherPasskeys::Stay, OtherPasskeys::Replaced] {
            let kept = with_one().enrollable(code("the link").digest(), others, NOW);
            let text = serde_json::to_string(&kept).unwrap();
            assert_eq!(serde_json::from_str::<Passkeys>(&text).unwrap(), kept);
        }
        assert_eq!(serde_json::from_str::<Passkeys>("{}").unwrap(), Passkeys::default());
    }
}
