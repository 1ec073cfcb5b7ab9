//! An authenticator made of nothing but the specification (Web Authentication Level 3, section 6), with which everything can be wrong.

#![expect(clippy::disallowed_methods, reason = "the keys of a test are its own")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// Flags of authenticator data (section 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_A_CREDENTIAL: u8 = 0x40;

/// An authenticator with one passkey, and the browser that it is used in. Every field may be made wrong.
pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    /// What it calls its passkey.
    pub(crate) id: Vec<u8>,
    /// Whose it says it is.
    pub(crate) handle: String,
    /// How often it has signed; `None` for one that does not count.
    pub(crate) counter: Option<u32>,
    /// Whether somebody is there.
    pub(crate) is_touched: bool,
    /// Whether it verifies who that is.
    pub(crate) verifies: bool,
    /// The page's origin.
    pub(crate) origin: String,
    /// In whose frame the page is.
    pub(crate) top_origin: Option<String>,
}

impl Authenticator {
    /// A new one, in a browser that is at a page of this origin.
    pub(crate) fn at(origin: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random)
            .expect("a key");
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref()[..16].to_vec();
        Self {
            key,
            id,
            handle: String::new(),
            counter: Some(0),
            is_touched: true,
            verifies: true,
            origin: origin.to_owned(),
            top_origin: None,
        }
    }

    /// Makes its passkey, as a page asked (section 6.3.2), and answers as the page's script would send it.
    pub(crate) fn create(&mut self, options: &Value) -> String {
        self.handle = text_of(&options["user"]["id"]);
        let client_data = self.client_data("webauthn.create", options);
        let data = self.data(options["rp"]["id"].as_str().expect("a domain"), HAS_A_CREDENTIAL);
        let public = self.key.public_key().as_ref();
        let id_length = u16::try_from(self.id.len()).expect("a short name").to_be_bytes();
        // A COSE key (RFC 9052): kty EC2, alg ES256, crv P-256, x, y.
        let key = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            &public[1..33],
            &[0x22, 0x58, 0x20],
            &public[33..65],
        ]
        .concat();
        let data = [&data, &[0; 16][..], &id_length, &self.id, &key].concat();
        let length = u8::try_from(data.len()).expect("short data");
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let attestation =
            [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58", &[length][..], &data].concat();
        let id = encoded(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": { "clientDataJSON": encoded(&client_data), "attestationObject": encoded(&attestation) },
        })
        .to_string()
    }

    /// Signs, as a page asked (section 6.3.3), and answers as the page's script would send it.
    pub(crate) fn get(&mut self, options: &Value) -> String {
        self.counter = self.counter.map(|counter| counter + 1);
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(options["rpId"].as_str().expect("a domain"), 0);
        let signed = [&data, digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        let id = encoded(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": encoded(&client_data),
                "authenticatorData": encoded(&data),
                "signature": encoded(signature.as_ref()),
                "userHandle": encoded(self.handle.as_bytes()),
            },
        })
        .to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        if let Some(top_origin) = &self.top_origin {
            data["crossOrigin"] = json!(true);
            data["topOrigin"] = json!(top_origin);
        }
        data.to_string().into_bytes()
    }

    fn data(&self, domain: &str, flags: u8) -> Vec<u8> {
        let touched = if self.is_touched { PRESENT } else { 0 };
        let verified = if self.verifies { VERIFIED } else { 0 };
        let counter = self.counter.unwrap_or(0).to_be_bytes();
        let domain = digest(&SHA256, domain.as_bytes());
        [domain.as_ref(), &[touched | verified | flags], &counter].concat()
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn text_of(encoded: &Value) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(encoded.as_str().expect("text")).expect("base64url");
    String::from_utf8(bytes).expect("UTF-8")
}
