use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::{HashedSecret, Secret, Sha256Digest, Timestamp};

/// The text of a new secret, to be shown once, and what is kept of it.
pub fn new_secret(random: [u8; 32]) -> (Secret<String>, Sha256Digest) {
    let text = URL_SAFE_NO_PAD.encode(random);
    let digest = Sha256Digest::of(text.as_bytes());
    (Secret::new(text), digest)
}

/// Whether a secret is one of those kept. All are compared, each in constant time, and a client without any
/// costs as much as one with.
pub(crate) fn is_one_of(presented: &Secret<String>, kept: &[HashedSecret], now: Timestamp) -> bool {
    // Nothing hashes to this; it is compared so that there always is a comparison.
    let nobody = HashedSecret { digest: Sha256Digest::of(b"nobody's secret"), expires_at: Some(now) };
    let presented = presented.digest();
    kept.iter().chain([&nobody]).fold(false, |found, secret| {
        let is_good = secret.expires_at.is_none_or(|end| now < end);
        found | (presented.equals(&secret.digest) & is_good)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn kept(random: u8, expires_at: Option<i64>) -> HashedSecret {
        HashedSecret {
            digest: new_secret([random; 32]).1,
            expires_at: expires_at.map(Timestamp::from_seconds),
        }
    }

    #[test]
    fn two_secrets_are_good_while_they_rotate() {
        let rotating = [kept(1, Some(1_700_000_001)), kept(2, None)];
        assert!(is_one_of(&new_secret([1; 32]).0, &rotating, NOON));
        assert!(is_one_of(&new_secret([2; 32]).0, &rotating, NOON));
        assert!(!is_one_of(&new_secret([3; 32]).0, &rotating, NOON));
    }

    #[test]
    fn a_secret_ends_at_its_last_moment() {
        assert!(!is_one_of(&new_secret([1; 32]).0, &[kept(1, Some(1_700_000_000))], NOON));
    }

    #[test]
    fn without_any_secret_none_is_right() {
        for presented in [String::new(), "nobody's secret".to_owned()] {
            assert!(!is_one_of(&Secret::new(presented), &[], NOON));
        }
    }

    #[test]
    fn a_secret_has_256_bits_in_base64url() {
        let (secret, digest) = new_secret([0xff; 32]);
        assert_eq!(secret.expose().len(), 43);
        assert!(secret.matches(&digest));
    }
}
