use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value};

use crate::jws::Received;
use crate::{Algorithm, Unacceptable};

/// The most keys that are taken from a JWK Set.
pub const MOST_KEYS: usize = 32;

/// Members of a JWK that belong to a private or symmetric key (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// An issuer's public keys (RFC 7517, section 5), as far as they can verify access tokens.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: String,
    public: PublicKey,
}

#[derive(Clone, Debug)]
enum PublicKey {
    /// The uncompressed point.
    P256(Vec<u8>),
    /// Modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl KeySet {
    /// Reads a JWK Set; `None` when it is none. Keys of a kind that is not used here, for encryption, without a name, or
    /// with something private in them are passed over (RFC 7517, section 5).
    pub fn parse(document: &Value) -> Option<Self> {
        let keys = document.get("keys")?.as_array()?;
        Some(Self(keys.iter().filter_map(Value::as_object).filter_map(Key::read).take(MOST_KEYS).collect()))
    }

    /// Whether a key of that name is among them.
    pub fn has(&self, key_id: &str) -> bool {
        self.0.iter().any(|key| key.id == key_id)
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Verifies the signature by the key that the token names. The key decides which algorithm that is: a token that says
    /// another is refused (RFC 8725, section 3.1).
    pub(crate) fn verify(&self, received: &Received<'_>) -> Result<(), Unacceptable> {
        let mut outcome = Unacceptable::UnknownKey;
        for key in self.0.iter().filter(|key| key.id == received.key_id) {
            if key.public.algorithm() != received.algorithm {
                outcome = Unacceptable::AlgorithmNotAllowed;
            } else if key.public.verifies(received.signing_input, &received.signature) {
                return Ok(());
            } else {
                outcome = Unacceptable::BadSignature;
            }
        }
        Err(outcome)
    }
}

impl Key {
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let public = PublicKey::read(jwk)?;
        let id = jwk.get("kid")?.as_str()?.to_owned();
        let says = |member: &str| jwk.get(member).map(|value| value.as_str().unwrap_or_default());
        let for_signatures = says("use").is_none_or(|purpose| purpose == "sig");
        let may_verify = jwk.get("key_ops").is_none_or(|operations| {
            operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
        });
        let for_this_algorithm =
            says("alg").is_none_or(|name| Algorithm::parse(name) == Some(public.algorithm()));
        (for_signatures && may_verify && for_this_algorithm).then_some(Self { id, public })
    }
}

impl PublicKey {
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        if SECRET_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return None;
        }
        let bytes = |member: &str| URL_SAFE_NO_PAD.decode(jwk.get(member)?.as_str()?).ok();
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        match (text("kty")?, text("crv")) {
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                (x.len() == 32 && y.len() == 32).then(|| Self::P256([&[4], x.as_slice(), &y].concat()))
            }
            ("RSA", _) => Some(Self::Rsa { n: bytes("n")?, e: bytes("e")? }),
            _ => None,
        }
    }

    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256(_) => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// ring refuses a point that is not on the curve, a modulus below 2048 bits and an exponent that proves nothing.
    fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input, signature)
            }
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, input, signature)
            }
        }
        .is_ok()
    }
}
