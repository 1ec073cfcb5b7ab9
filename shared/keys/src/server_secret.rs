use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::{GrantId, Handle, Secret};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use subtle::ConstantTimeEq;

/// The purpose under which a client's `client_notification_token` is concealed.
pub const NOTIFICATION_TOKEN: &str = "client_notification_token";
/// The purpose under which tokens are concealed that lie ready to be brought to a client.
pub const BROUGHT_TOKENS: &str = "brought_tokens";

/// The purpose under which a token request is concealed that waits for a person.
pub const DEFERRED_REQUEST: &str = "deferred_request";

/// The one secret of a deployment, 32 random bytes that everything short-lived is authenticated or derived
/// with. It never leaves this type.
#[derive(Clone)]
pub struct ServerSecret(Secret<[u8; 32]>);

impl ServerSecret {
    /// Takes the 32 bytes into custody.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(Secret::new(secret))
    }

    /// HMAC-SHA-256 (RFC 2104) over the label and the parts. Each is preceded by its length, so that no two
    /// different lists, and no two purposes, are ever the same message.
    pub fn hmac(&self, label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose());
        let mut context = hmac::Context::with_key(&key);
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Whether the tag is that of the label and the parts, in time that does not depend on where it differs.
    pub fn verify(&self, label: &'static str, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.hmac(label, parts).as_slice().ct_eq(tag).into()
    }

    /// The `auth_req_id` of a request at the backchannel. Its secret is derived, so that it can be said again in a ping and is stored
    /// nowhere.
    pub fn auth_req_id(&self, id: &GrantId) -> Handle {
        Handle::new(id.clone(), self.hmac("auth_req_id", &[id.as_str().as_bytes()]))
    }

    /// The deferral code of a token request that waits for a person. It is given out once.
    pub fn deferral_code(&self, id: &GrantId) -> Handle {
        Handle::new(id.clone(), self.hmac("deferral_code", &[id.as_str().as_bytes()]))
    }

    /// Encrypts what must be said again later (ChaCha20-Poly1305, RFC 8439), for one purpose and one thing that it belongs to. Its
    /// key is derived for both, and each is concealed once, under random bytes of the caller's.
    ///
    /// # Panics
    /// Never: no text of ours comes near what the algorithm takes at most.
    pub fn conceal(
        &self,
        label: &'static str,
        belongs_to: &str,
        nonce: [u8; NONCE_LEN],
        text: &str,
    ) -> String {
        let mut sealed = text.as_bytes().to_vec();
        let key = self.concealing(label, belongs_to);
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .expect("a text of ours is short enough");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// What was concealed for the same purpose and the same thing; nothing else opens.
    pub fn reveal(&self, label: &'static str, belongs_to: &str, concealed: &str) -> Option<Secret<String>> {
        let bytes = URL_SAFE_NO_PAD.decode(concealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened =
            self.concealing(label, belongs_to).open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok().map(Secret::new)
    }

    fn concealing(&self, label: &'static str, belongs_to: &str) -> LessSafeKey {
        let key = self.hmac("conceal", &[label.as_bytes(), belongs_to.as_bytes()]);
        LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("32 bytes are a key"))
    }

    /// Whether this is the same secret, in time that does not depend on where it differs.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl oauth::Mac for ServerSecret {
    fn tag(&self, label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        self.hmac(label, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: ServerSecret = ServerSecret::new([7; 32]);

    #[test]
    fn a_tag_is_that_of_its_own_purpose_and_parts() {
        let tag = SECRET.hmac("cookie", &[b"a", b"b"]);
        assert!(SECRET.verify("cookie", &[b"a", b"b"], &tag));
        assert!(!SECRET.verify("code", &[b"a", b"b"], &tag));
        assert!(!SECRET.verify("cookie", &[b"b", b"a"], &tag));
        assert!(!ServerSecret::new([8; 32]).verify("cookie", &[b"a", b"b"], &tag));
    }

    #[test]
    fn parts_cannot_be_shifted_into_one_another() {
        let tag = SECRET.hmac("cookie", &[b"ab", b"c"]);
        for parts in [&[b"a".as_slice(), b"bc"][..], &[b"abc"], &[b"ab", b"c", b""], &[b"", b"ab", b"c"]] {
            assert!(!SECRET.verify("cookie", parts, &tag), "{parts:?}");
        }
        assert_ne!(SECRET.hmac("cookie", &[]), SECRET.hmac("cooki", &[b"e"]));
    }

    #[test]
    fn what_is_concealed_opens_for_its_own_purpose_and_thing_alone_and_only_untouched() {
        let concealed = SECRET.conceal("token", "grant", [1; NONCE_LEN], "bearer");
        let reveal = |secret: &ServerSecret, label, grant, text: &str| {
            secret.reveal(label, grant, text).map(|opened| opened.expose().clone())
        };
        assert_eq!(reveal(&SECRET, "token", "grant", &concealed).as_deref(), Some("bearer"));
        assert!(!concealed.contains("bearer"));
        assert_eq!(reveal(&SECRET, "other", "grant", &concealed), None);
        assert_eq!(reveal(&SECRET, "token", "other", &concealed), None);
        assert_eq!(reveal(&ServerSecret::new([8; 32]), "token", "grant", &concealed), None);
        for position in 0..concealed.len() {
            let mut altered = concealed.clone().into_bytes();
            altered[position] = if altered[position] == b'A' { b'Q' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert_eq!(reveal(&SECRET, "token", "grant", &altered), None, "byte {position}");
        }
        assert_eq!(reveal(&SECRET, "token", "grant", ""), None);
    }

    #[test]
    fn a_cut_or_flipped_tag_is_refused() {
        let tag = SECRET.hmac("cookie", &[b"a"]);
        assert!(!SECRET.verify("cookie", &[b"a"], &tag[..31]));
        assert!(!SECRET.verify("cookie", &[b"a"], &[]));
        for position in 0..32 {
            let mut flipped = tag;
            flipped[position] ^= 1;
            assert!(!SECRET.verify("cookie", &[b"a"], &flipped), "byte {position}");
        }
    }

    /// The same by Python: `hmac.new(bytes([7]*32), struct.pack(">Q", 6) + b"cookie" + struct.pack(">Q", 1) + b"a", "sha256")`.
    #[test]
    fn the_tag_is_the_documented_one() {
        let tag = SECRET.hmac("cookie", &[b"a"]);
        let documented = [
            0xf1, 0x07, 0x55, 0x9a, 0xc1, 0x9b, 0x3b, 0xd7, 0xcd, 0xcc, 0x48, 0xf6, 0xec, 0x12, 0xba, 0x75,
            0x44, 0x1b, 0x12, 0x1e, 0x9c, 0x96, 0x66, 0x8e, 0x8f, 0x6c, 0xfe, 0x09, 0x44, 0xde, 0xa6, 0x95,
        ];
        assert_eq!(tag, documented);
    }
}
