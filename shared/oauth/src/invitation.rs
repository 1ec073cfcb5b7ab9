use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ClientId, PersonId, Secret, Sha256Digest, Timestamp};

/// The symbols of a code that is spoken or typed: none that is taken for another (no I, L, O, U, 0, 1).
const SYMBOLS: &[u8; 30] = b"ABCDEFGHJKMNPQRSTVWXYZ23456789";
/// How many of them: 49 bits.
const LENGTH: usize = 10;
/// After how many a code is broken up, so that it can be read aloud.
const GROUP: usize = 5;

/// How long an invitation is good.
pub const INVITATION_LIFE: Duration = Duration::from_mins(5);

/// What a person gives an agent so that it may ask them: a `login_hint_token` (OpenID CIBA Core 1.0, section 7.1), as a short code
/// and as a QR code of the same text. It proves nothing but that somebody was invited.
#[derive(Clone)]
pub struct InvitationCode(Secret<String>);

/// An invitation as it is kept: once, for minutes, for one agent or for any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who invites.
    pub person: PersonId,
    /// Whom; without it any agent that is registered to ask people.
    pub client: Option<ClientId>,
    /// Its last moment.
    pub expires_at: Timestamp,
}

impl Invitation {
    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        let life = i64::try_from(INVITATION_LIFE.as_secs()).unwrap_or_default();
        Timestamp::from_seconds(self.expires_at.as_seconds() - life)
    }

    /// Whether this client may use it now.
    pub fn is_for(&self, client: &ClientId, now: Timestamp) -> bool {
        now < self.expires_at && self.client.as_ref().is_none_or(|invited| invited == client)
    }
}

impl InvitationCode {
    /// A code of random bytes. Each symbol is as likely as any other to within one in a million.
    pub fn from_random(bytes: [u8; 4 * LENGTH]) -> Self {
        let symbols = u32::try_from(SYMBOLS.len()).unwrap_or(1);
        let symbol = |chunk: &[u8; 4]| {
            let at = u32::from_be_bytes(*chunk) % symbols;
            char::from(SYMBOLS[usize::try_from(at).unwrap_or(0)])
        };
        Self(Secret::new(bytes.as_chunks().0.iter().map(symbol).collect()))
    }

    /// Reads what was heard, typed or scanned: case, spaces and hyphens do not matter. `None` for what no code is.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |character: &char| !matches!(character, ' ' | '-');
        let code: String =
            text.chars().filter(plain).map(|character| character.to_ascii_uppercase()).collect();
        let well_formed = code.len() == LENGTH && code.bytes().all(|byte| SYMBOLS.contains(&byte));
        well_formed.then(|| Self(Secret::new(code)))
    }

    /// The text that the person is shown, in groups.
    pub fn reveal(&self) -> String {
        let (first, second) = self.0.expose().split_at(GROUP);
        format!("{first}-{second}")
    }

    /// Under which digest it is kept.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.0.expose().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_ten_symbols_that_nobody_takes_for_others_and_is_read_as_it_is_spoken() {
        let code = InvitationCode::from_random(std::array::from_fn(|at| u8::try_from(at * 7).unwrap_or(1)));
        let text = code.reveal();
        assert_eq!(text.len(), LENGTH + 1);
        assert!(text.bytes().all(|byte| byte == b'-' || SYMBOLS.contains(&byte)), "{text}");
        for heard in [text.clone(), text.to_lowercase(), text.replace('-', " "), text.replace('-', "")] {
            assert!(InvitationCode::parse(&heard).is_some_and(|heard| heard.digest() == code.digest()));
        }
        for wrong in ["", "ABCDE-FGHJ", "ABCDE-FGHJKM", "ABCDE-FGHJ0", "ABCDE-FGHJÄ", &"A".repeat(10_000)] {
            assert!(InvitationCode::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_invitation_is_for_whom_it_names_and_not_for_long() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let client = |name| ClientId::parse(name).unwrap();
        let any = Invitation {
            person: PersonId::from_random([1; 16]),
            client: None,
            expires_at: now.after(INVITATION_LIFE),
        };
        let one = Invitation { client: Some(client("kiosk")), ..any.clone() };
        assert!(any.is_for(&client("kiosk"), now) && any.is_for(&client("other"), now));
        assert!(one.is_for(&client("kiosk"), now) && !one.is_for(&client("other"), now));
        assert!(!any.is_for(&client("kiosk"), any.expires_at));
    }
}
