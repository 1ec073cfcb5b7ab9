//! DynamoDB with one item and KMS, under the real SDK: what the tests of this room need of both. The whole ring is
//! tried against services that others wrote in the deployed tests.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use environment::{Clock, Dice};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use serde_json::{Value, json};
use store::Store;

use crate::fixtures::{P256_PKCS8, P256_SPKI, RSA_PKCS8, RSA_SPKI, SECRET};
use crate::local_key::generator;
use crate::{Keys, Rotation, RotationPlan};

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeAws(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The one item of the table.
    ring: Option<Value>,
    /// What KMS will be asked to sign by ECDSA. It is told beforehand, because the real one signs a digest and ring does not.
    message: Vec<u8>,
    requests: Vec<(String, Value)>,
    /// What both services refuse to do.
    refused: Option<&'static str>,
    /// Somebody else writes first, once.
    overtaken: bool,
    /// The keys of KMS that are disabled.
    disabled: Vec<Value>,
}

impl FakeAws {
    pub(crate) fn sdk(&self) -> aws::SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws::local("http://aws.invalid")
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
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

    pub(crate) fn expect_to_sign(&self, message: Vec<u8>) {
        self.state().message = message;
    }

    pub(crate) fn refuse(&self, operation: Option<&'static str>) {
        self.state().refused = operation;
    }

    pub(crate) fn overtake(&self) {
        self.state().overtaken = true;
    }

    pub(crate) fn requests_of(&self, operation: &str) -> Vec<Value> {
        let state = self.state();
        state.requests.iter().filter(|(of, _)| of == operation).map(|(_, request)| request.clone()).collect()
    }

    /// What the ring says, and a way to change it behind everybody's back.
    pub(crate) fn ring(&self) -> Value {
        let body = self.state().ring.as_ref().expect("a ring")["body"]["S"].clone();
        serde_json::from_str(body.as_str().expect("text")).expect("JSON")
    }

    pub(crate) fn change_ring(&self, change: impl FnOnce(&mut Value)) {
        let mut ring = self.ring();
        change(&mut ring);
        self.state().ring.as_mut().expect("a ring")["body"]["S"] = json!(ring.to_string());
    }

    pub(crate) fn lose_ring(&self) {
        self.state().ring = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("not poisoned")
    }
}

impl State {
    fn answer(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        let refuse = |code: &str| (400, json!({ "__type": code }));
        if self.refused == Some(operation) {
            return refuse("AccessDeniedException");
        }
        let is_disabled = self.disabled.contains(&request["KeyId"]);
        match operation {
            "GetPublicKey" | "Sign" if is_disabled => refuse("DisabledException"),
            "GetItem" => (200, self.ring.as_ref().map_or(json!({}), |item| json!({ "Item": item }))),
            "PutItem" => self.put(request),
            "GetPublicKey" => {
                let spki = if is_rsa(request) { RSA_SPKI } else { P256_SPKI };
                (200, json!({ "KeyId": request["KeyId"], "PublicKey": STANDARD.encode(spki) }))
            }
            "Sign" => (200, json!({ "Signature": STANDARD.encode(self.sign(request)) })),
            "CreateKey" => {
                let arn = format!("arn:{}", request["KeySpec"].as_str().expect("a kind"));
                (200, json!({ "KeyMetadata": { "KeyId": arn, "Arn": arn } }))
            }
            "DisableKey" => {
                self.disabled.push(request["KeyId"].clone());
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

    fn sign(&self, request: &Value) -> Vec<u8> {
        if is_rsa(request) {
            return rsa_signature_of_digest(request);
        }
        let random = generator();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, P256_PKCS8, &random);
        key.expect("a key").sign(&random, &self.message).expect("signed").as_ref().to_vec()
    }
}

/// What is signed is told by its digest alone, as to the real one.
fn rsa_signature_of_digest(request: &Value) -> Vec<u8> {
    use aws_lc_rs::digest::{Digest, SHA256};
    use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

    let digest = STANDARD.decode(request["Message"].as_str().expect("a digest")).expect("base64");
    let digest = Digest::import_less_safe(&digest, &SHA256).expect("of SHA-256");
    let key = RsaKeyPair::from_pkcs8(RSA_PKCS8).expect("a key");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).expect("signed");
    signature
}

fn is_rsa(request: &Value) -> bool {
    request["KeyId"].as_str().is_some_and(|id| id.to_lowercase().contains("rsa"))
}

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
    let spki = [&P256_SPKI[..26], public.public_key().as_ref()].concat();
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

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").expect("an operation");
        let operation = target.rsplit('.').next().expect("a name").to_owned();
        let body = serde_json::from_slice(request.body().bytes().expect("in memory")).expect("JSON");
        let mut state = self.state();
        let (status, answer) = state.answer(&operation, &body);
        state.requests.push((operation, body));
        let status = StatusCode::try_from(status).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer.to_string()))))
    }
}
