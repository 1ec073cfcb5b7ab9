//! DynamoDB with one item and KMS, under the real SDK: what the tests of this room need of both. The whole ring is
//! tried against services that others wrote in the deployed tests.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use environment::{Clock, Dice};
use fake_aws::{Fake, Service};
use oauth::configuration::SigningAlgorithm;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use store::Store;

use crate::fixtures::{OTHER_P256_PKCS8, P256_PKCS8, P256_SPKI, RSA_PKCS8, RSA_SPKI, SECRET};
use crate::local_key::generator;
use crate::{Keys, Rotation, RotationPlan, SigningMode};

/// The KMS keys that the template made.
pub(crate) const FIRST_P256: &str = "arn:first-ec";
pub(crate) const FIRST_RSA: &str = "arn:first-rsa";

/// What rotation knows of the deployment.
pub(crate) fn plan(mode: SigningMode) -> RotationPlan {
    let first = [(SigningAlgorithm::Es256, FIRST_P256), (SigningAlgorithm::Rs256, FIRST_RSA)];
    RotationPlan {
        deployment: "trial".to_owned(),
        data_key: "data-key".to_owned(),
        mode,
        period: Duration::from_hours(24 * 90),
        first_keys: first.map(|(algorithm, key_id)| (algorithm, key_id.to_owned())).into(),
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeAws(Fake<State>);

#[derive(Debug, Default)]
struct State {
    /// The one item of the table.
    ring: Option<Value>,
    requests: Vec<(String, Value)>,
    /// What both services refuse to do.
    refused: Option<&'static str>,
    /// How often a public half is refused until the key's tag is known.
    unknown_tags: u32,
    /// Somebody else writes first, once.
    overtaken: bool,
    /// The keys of KMS that it uses no more, and what it says of each.
    ended: Vec<(Value, &'static str)>,
}

impl FakeAws {
    pub(crate) fn sdk(&self) -> aws::SdkConfig {
        self.0.sdk()
    }

    pub(crate) fn store(&self) -> Store {
        Store::reached_by(&self.sdk(), "table")
    }

    pub(crate) fn keys(&self, clock: &Clock) -> Keys {
        Keys::of_deployment(&self.sdk(), &self.store(), clock)
    }

    pub(crate) fn rotation(&self, plan: RotationPlan) -> Rotation {
        Rotation::new(&self.sdk(), self.store(), Dice::system(), plan)
    }

    /// New keys' tags become known after so many questions.
    pub(crate) fn learn_tags_after(&self, questions: u32) {
        self.0.state().unknown_tags = questions;
    }

    /// KMS uses a key no more, and says so by this code.
    pub(crate) fn end_key(&self, key_id: &str, code: &'static str) {
        self.0.state().ended.push((json!(key_id), code));
    }

    pub(crate) fn refuse(&self, operation: Option<&'static str>) {
        self.0.state().refused = operation;
    }

    pub(crate) fn overtake(&self) {
        self.0.state().overtaken = true;
    }

    pub(crate) fn requests_of(&self, operation: &str) -> Vec<Value> {
        let state = self.0.state();
        state.requests.iter().filter(|(of, _)| of == operation).map(|(_, request)| request.clone()).collect()
    }

    /// What the ring says, and a way to change it behind everybody's back.
    pub(crate) fn ring(&self) -> Value {
        let body = self.0.state().ring.as_ref().expect("a ring")["body"]["S"].clone();
        serde_json::from_str(body.as_str().expect("text")).expect("JSON")
    }

    pub(crate) fn change_ring(&self, change: impl FnOnce(&mut Value)) {
        let mut ring = self.ring();
        change(&mut ring);
        self.0.state().ring.as_mut().expect("a ring")["body"]["S"] = json!(ring.to_string());
    }

    pub(crate) fn lose_ring(&self) {
        self.0.state().ring = None;
    }
}

impl Service for State {
    fn json(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        self.requests.push((operation.to_owned(), request.clone()));
        self.answer(operation, request)
    }
}

impl State {
    fn answer(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        let refuse = |code: &str| (400, json!({ "__type": code }));
        if self.refused == Some(operation) {
            return refuse("AccessDeniedException");
        }
        if operation == "GetPublicKey" && self.unknown_tags > 0 {
            self.unknown_tags -= 1;
            return refuse("AccessDeniedException");
        }
        let ended = self.ended.iter().rev().find(|(key_id, _)| *key_id == request["KeyId"]);
        if let ("GetPublicKey" | "Sign", Some((_, code))) = (operation, ended) {
            return refuse(code);
        }
        match operation {
            "GetItem" => (200, self.ring.as_ref().map_or(json!({}), |item| json!({ "Item": item }))),
            "PutItem" => self.put(request),
            "GetPublicKey" => {
                let public = STANDARD.encode(KmsKey::of(request).public_half());
                (200, json!({ "KeyId": request["KeyId"], "PublicKey": public }))
            }
            "Sign" => {
                let signature = KmsKey::of(request).signature_of(request);
                (200, json!({ "Signature": STANDARD.encode(signature) }))
            }
            "CreateKey" => {
                let arn = format!("arn:{}", request["KeySpec"].as_str().expect("a kind"));
                (200, json!({ "KeyMetadata": { "KeyId": arn, "Arn": arn } }))
            }
            "DisableKey" => {
                self.ended.push((request["KeyId"].clone(), "DisabledException"));
                (200, json!({}))
            }
            "GenerateDataKeyWithoutPlaintext" => {
                (200, json!({ "CiphertextBlob": seal(&request["EncryptionContext"], &SECRET) }))
            }
            "GenerateDataKeyPairWithoutPlaintext" => (200, pair(request)),
            "Decrypt" => {
                open(request).map_or_else(|| refuse("InvalidCiphertextException"), |plain| (200, plain))
            }
            _ => refuse("UnknownOperationException"),
        }
    }

    fn put(&mut self, request: &Value) -> (u16, Value) {
        let before = self.ring.as_ref().map(|item| item["body"].clone());
        let holds = match request["ConditionExpression"].as_str() {
            Some("attribute_not_exists(pk)") => before.is_none(),
            Some("body = :before") => before == Some(request["ExpressionAttributeValues"][":before"].clone()),
            _ => false,
        };
        if std::mem::take(&mut self.overtaken) || !holds {
            let standing = self.ring.clone().unwrap_or_default();
            return (400, json!({ "__type": "ConditionalCheckFailedException", "Item": standing }));
        }
        self.ring = Some(request["Item"].clone());
        (200, json!({}))
    }
}

/// A key that KMS keeps: the one of the template, or the one that it made since. What it signs is told by its digest alone, as
/// to the real one, which ring cannot do.
enum KmsKey {
    P256(aws_lc_rs::signature::EcdsaKeyPair),
    Rsa(&'static RsaKeyPair),
}

impl KmsKey {
    fn of(request: &Value) -> Self {
        let p256 = |pkcs8| {
            let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
            Self::P256(aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).expect("a key"))
        };
        match request["KeyId"].as_str().expect("a name") {
            FIRST_P256 => p256(P256_PKCS8),
            "arn:ECC_NIST_P256" => p256(OTHER_P256_PKCS8),
            FIRST_RSA => Self::Rsa(&RSA),
            "arn:RSA_2048" => Self::Rsa(&OTHER_RSA),
            other => panic!("{other} was never made"),
        }
    }

    fn public_half(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::P256(key) => key.public_key().as_der().expect("DER"),
            Self::Rsa(key) => key.public_key().as_der().expect("DER"),
        };
        der.as_ref().to_vec()
    }

    fn signature_of(&self, request: &Value) -> Vec<u8> {
        let digest = STANDARD.decode(request["Message"].as_str().expect("a digest")).expect("base64");
        let digest = Digest::import_less_safe(&digest, &SHA256).expect("of SHA-256");
        match self {
            Self::P256(key) => key.sign_digest(&digest).expect("signed").as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).expect("signed");
                signature
            }
        }
    }
}

static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::from_pkcs8(RSA_PKCS8).expect("a key"));
static OTHER_RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));

/// A ciphertext here is what it was made for and what it holds. KMS's is opaque; what matters is that it opens under
/// its own context alone.
fn seal(context: &Value, plain: &[u8]) -> String {
    STANDARD.encode(json!({ "context": context, "plain": STANDARD.encode(plain) }).to_string())
}

fn open(request: &Value) -> Option<Value> {
    let sealed = STANDARD.decode(request["CiphertextBlob"].as_str()?).ok()?;
    let sealed: Value = serde_json::from_slice(&sealed).ok()?;
    let same = sealed["context"] == request["EncryptionContext"] && request["KeyId"] == "data-key";
    same.then(|| json!({ "Plaintext": sealed["plain"] }))
}

fn pair(request: &Value) -> Value {
    let sealed = |pkcs8: &[u8]| seal(&request["EncryptionContext"], pkcs8);
    if request["KeyPairSpec"] == "RSA_2048" {
        return json!({ "PublicKey": STANDARD.encode(RSA_SPKI), "PrivateKeyCiphertextBlob": sealed(RSA_PKCS8) });
    }
    let random = generator();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let whole = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let public = EcdsaKeyPair::from_pkcs8(algorithm, whole.as_ref(), &random).expect("a key");
    let spki = [&P256_SPKI[..26], ring::signature::KeyPair::public_key(&public).as_ref()].concat();
    let pkcs8 = without_the_public_half(whole.as_ref());
    json!({ "PublicKey": STANDARD.encode(spki), "PrivateKeyCiphertextBlob": sealed(&pkcs8) })
}

/// PKCS#8 as some make it: the public half, which ring's reader demands, is optional in RFC 5915.
fn without_the_public_half(pkcs8: &[u8]) -> Vec<u8> {
    let scalar = crate::der::p256_private_scalar(pkcs8).expect("a key");
    let identifier = &P256_SPKI[2..23];
    [
        &[0x30, 0x41, 0x02, 0x01, 0x00],
        identifier,
        &[0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20],
        scalar,
    ]
    .concat()
}
