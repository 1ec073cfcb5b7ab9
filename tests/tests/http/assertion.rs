use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

use crate::stack::Stack;

/// A client's RSA key. It is the same in each run, for making one takes long; it is of use nowhere.
const RSA_KEY: &[u8] = include_bytes!("../../../shared/keys/fixtures/rsa_2048.pkcs8.der");

/// The keys with which a client authenticates, one an algorithm family.
pub(crate) struct ClientKey {
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    rsa: RsaKeyPair,
    random: SystemRandom,
}

impl ClientKey {
    #[expect(clippy::disallowed_methods, reason = "the client's dice, not the server's")]
    pub(crate) fn generate() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let p256 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
        Self {
            p256: EcdsaKeyPair::from_pkcs8(algorithm, p256.as_ref(), &random).expect("just made"),
            ed25519: Ed25519KeyPair::from_pkcs8(ed25519.as_ref()).expect("just made"),
            rsa: RsaKeyPair::from_pkcs8(RSA_KEY).expect("an RSA key"),
            random,
        }
    }

    /// The public keys, as the client registers them.
    pub(crate) fn jwks(&self) -> Value {
        let point = self.p256.public_key().as_ref();
        let rsa = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "p256", "use": "sig",
              "x": encode(&point[1..33]), "y": encode(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed25519", "use": "sig",
              "x": encode(self.ed25519.public_key().as_ref()) },
            { "kty": "RSA", "kid": "rsa", "use": "sig",
              "n": encode(&rsa.n),
              "e": encode(&rsa.e) },
        ]})
    }

    /// A JWT of any header and claims.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(&header.to_string(), &claims.to_string());
        let signature = self.signature(header["alg"].as_str().unwrap_or_default(), input.as_bytes());
        format!("{input}.{}", encode(&signature))
    }

    fn signature(&self, algorithm: &str, input: &[u8]) -> Vec<u8> {
        let rsa = |padding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &self.random, input, &mut signature).expect("signed");
            signature
        };
        match algorithm {
            "ES256" => self.p256.sign(&self.random, input).expect("signed").as_ref().to_vec(),
            "EdDSA" => self.ed25519.sign(input).as_ref().to_vec(),
            "RS256" => rsa(&RSA_PKCS1_SHA256),
            "PS256" => rsa(&RSA_PSS_SHA256),
            _ => Vec::new(),
        }
    }
}

/// The header of an assertion by an algorithm.
pub(crate) fn header(algorithm: &str) -> Value {
    let kid = match algorithm {
        "ES256" => "p256",
        "EdDSA" => "ed25519",
        _ => "rsa",
    };
    json!({ "alg": algorithm, "typ": "JWT", "kid": kid })
}

/// The claims of a good assertion (RFC 7523, section 3) with a fresh `jti`.
pub(crate) fn claims(stack: &Stack, client: &str) -> Value {
    let now = stack.now();
    json!({ "iss": client, "sub": client, "aud": stack.issuer, "jti": unguessable(), "iat": now, "exp": now + 60 })
}

/// 256 random bits as text: verifiers, states, identifiers.
#[expect(clippy::disallowed_methods, reason = "the client's dice, not the server's")]
pub(crate) fn unguessable() -> String {
    let random: [u8; 32] = ring::rand::generate(&SystemRandom::new()).expect("random bytes").expose();
    encode(&random)
}

/// What a JWT's signature is over (RFC 7515, section 5.1).
pub(crate) fn signing_input(header: &str, claims: &str) -> String {
    [header, claims].map(|part| encode(part.as_bytes())).join(".")
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
