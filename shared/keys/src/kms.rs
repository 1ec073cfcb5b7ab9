use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use environment::Fault;
use oauth::Sha256Digest;
use oauth::configuration::SigningAlgorithm;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use zeroize::Zeroize;

use crate::der::ecdsa_to_jose;
use crate::key_set::{KeySet, ScheduledKey};
use crate::public_key::PublicKey;
use crate::server_secret::ServerSecret;
use crate::signing_key::{LoadedKeys, PrivateKey, SigningKey};

/// The encryption context, name and value, under which the server's secret is wrapped: a ciphertext made for
/// another purpose with the same KMS key does not unwrap.
pub const SERVER_SECRET_CONTEXT: (&str, &str) = ("countersign", "server-secret");

/// Where a signing key is in KMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKey {
    /// The key's id or ARN. Not an alias: an alias can be moved to another key.
    pub key_id: String,
    /// The public half as KMS gives it out (`SubjectPublicKeyInfo`, base64). With it, no function has to ask KMS
    /// before it can sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// Keys that KMS keeps. What is needed of them is asked for when it is needed, once in a process. The SDK's
/// futures are large; they are boxed so that the future of every caller stays small.
pub(crate) struct KmsCustody {
    client: Client,
    keys: KeySet<KmsKey>,
    wrapped_secret: Option<String>,
    loaded: OnceCell<Arc<LoadedKeys>>,
    secret: OnceCell<ServerSecret>,
}

impl KmsCustody {
    pub(crate) fn new(sdk: &aws::SdkConfig, keys: KeySet<KmsKey>, wrapped_secret: Option<String>) -> Self {
        let configuration = Builder::from(sdk).interceptor(aws::CallCounter).build();
        Self {
            client: Client::from_conf(configuration),
            keys,
            wrapped_secret,
            loaded: OnceCell::new(),
            secret: OnceCell::new(),
        }
    }

    pub(crate) async fn keys(&self) -> Result<Arc<LoadedKeys>, Fault> {
        self.loaded.get_or_try_init(|| Box::pin(self.load())).await.cloned()
    }

    pub(crate) async fn server_secret(&self) -> Result<&ServerSecret, Fault> {
        self.secret.get_or_try_init(|| Box::pin(self.unwrap_secret())).await
    }

    async fn load(&self) -> Result<Arc<LoadedKeys>, Fault> {
        let mut keys = Vec::new();
        for stored in self.keys.iter() {
            let public = self.public_key(&stored.key).await?;
            let private = PrivateKey::Kms { client: self.client.clone(), key_id: stored.key.key_id.clone() };
            let key = SigningKey { kid: public.thumbprint(), public, private };
            keys.push(ScheduledKey { algorithm: stored.algorithm, schedule: stored.schedule, key });
        }
        LoadedKeys::new(keys).map(Arc::new)
    }

    async fn public_key(&self, key: &KmsKey) -> Result<PublicKey, Fault> {
        const WHAT: &str = "public key";
        let spki = if let Some(text) = &key.public_key {
            STANDARD.decode(text).map_err(|error| Fault::broken(WHAT, error))?
        } else {
            let answer = self.client.get_public_key().key_id(&key.key_id).send().await;
            let answer = answer.map_err(|error| aws::fault(WHAT, &error))?;
            answer.public_key.ok_or_else(|| Fault::broken(WHAT, "KMS answered without one"))?.into_inner()
        };
        PublicKey::from_spki(&spki).map_err(|defect| Fault::broken(WHAT, format!("{}: {defect}", key.key_id)))
    }

    async fn unwrap_secret(&self) -> Result<ServerSecret, Fault> {
        const WHAT: &str = "server secret";
        let wrapped =
            self.wrapped_secret.as_deref().ok_or_else(|| Fault::broken(WHAT, "it is not configured"))?;
        let wrapped = STANDARD.decode(wrapped).map_err(|error| Fault::broken(WHAT, error))?;
        let (name, value) = SERVER_SECRET_CONTEXT;
        let request =
            self.client.decrypt().ciphertext_blob(Blob::new(wrapped)).encryption_context(name, value);
        let answer = request.send().await.map_err(|error| aws::fault(WHAT, &error))?;
        let plain =
            answer.plaintext.ok_or_else(|| Fault::broken(WHAT, "KMS answered without a plaintext"))?;
        let mut bytes = plain.into_inner();
        let secret = bytes.as_slice().try_into().map(ServerSecret::new);
        bytes.zeroize();
        secret.map_err(|_| Fault::broken(WHAT, "it is not 32 bytes long"))
    }
}

/// Has KMS sign the SHA-256 of a message, and brings the signature into its JOSE form.
pub(crate) async fn sign(
    client: &Client,
    key_id: &str,
    algorithm: SigningAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, Fault> {
    const WHAT: &str = "signing key";
    let specification = match algorithm {
        SigningAlgorithm::Es256 => SigningAlgorithmSpec::EcdsaSha256,
        SigningAlgorithm::Rs256 => SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
    };
    let digest = Sha256Digest::of(message);
    let request = client
        .sign()
        .key_id(key_id)
        .message_type(MessageType::Digest)
        .message(Blob::new(digest.as_bytes().as_slice()))
        .signing_algorithm(specification);
    let answer = request.send().await.map_err(|error| aws::fault(WHAT, &error))?;
    let signature =
        answer.signature.ok_or_else(|| Fault::broken(WHAT, "KMS answered without a signature"))?;
    match algorithm {
        SigningAlgorithm::Es256 => ecdsa_to_jose(signature.as_ref())
            .map(|jose| jose.to_vec())
            .map_err(|defect| Fault::broken(WHAT, defect)),
        SigningAlgorithm::Rs256 => Ok(signature.into_inner()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use oauth::configuration::SigningAlgorithm::{Es256, Rs256};
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use serde_json::{Value, json};

    use super::*;
    use crate::fixtures::{P256_PKCS8, P256_SPKI, RSA_PKCS8, RSA_SPKI, SECRET, START, signer};
    use crate::local_key::generator;
    use crate::{AcceptedKeys, Expected, Keys, Schedule, jwt};

    const ISSUER: &str = "https://issuer.example";

    /// KMS with the keys of the fixtures. It is told beforehand which message will be signed, because the real
    /// one signs a digest and ring does not.
    #[derive(Clone, Debug, Default)]
    struct FakeKms {
        requests: Arc<Mutex<Vec<(String, Value)>>>,
        message: Arc<Mutex<Vec<u8>>>,
    }

    impl FakeKms {
        fn expect(&self, algorithm: SigningAlgorithm, spki: &[u8]) {
            let kid = PublicKey::from_spki(spki).expect("a key").thumbprint();
            let payload = claims().to_string();
            let input =
                jwt::signing_input(algorithm.as_str(), &kid, "at+jwt", payload.as_bytes()).expect("JSON");
            *self.message.lock().expect("a lock") = input.into_bytes();
        }

        fn keys(&self, signing: Value, wrapped_secret: Option<&str>) -> Keys {
            let connector = SharedHttpConnector::new(self.clone());
            let sdk = aws::local("http://kms.invalid")
                .into_builder()
                .http_client(http_client_fn(move |_, _| connector.clone()))
                .build();
            let signing = serde_json::from_value(signing).expect("a key set");
            Keys::from_kms(&sdk, signing, wrapped_secret.map(str::to_owned))
        }

        fn request(&self, place: usize) -> (String, Value) {
            self.requests.lock().expect("a lock")[place].clone()
        }

        fn answer(&self, operation: &str, request: &Value) -> (u16, Value) {
            let is_rsa = request["KeyId"] == "rsa";
            let message = self.message.lock().expect("a lock").clone();
            match operation {
                "GetPublicKey" => {
                    let spki = if is_rsa { RSA_SPKI } else { P256_SPKI };
                    (200, json!({ "KeyId": request["KeyId"], "PublicKey": STANDARD.encode(spki) }))
                }
                "Sign" if is_rsa => {
                    (200, json!({ "Signature": STANDARD.encode(signer(Rs256, RSA_PKCS8)(&message)) }))
                }
                "Sign" => {
                    let random = generator();
                    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
                    let key = EcdsaKeyPair::from_pkcs8(algorithm, P256_PKCS8, &random).expect("a key");
                    let der = key.sign(&random, &message).expect("signed");
                    (200, json!({ "Signature": STANDARD.encode(der) }))
                }
                "Decrypt" if request["EncryptionContext"] == json!({ "countersign": "server-secret" }) => {
                    (200, json!({ "Plaintext": STANDARD.encode(SECRET) }))
                }
                _ => (400, json!({ "__type": "InvalidCiphertextException" })),
            }
        }
    }

    impl HttpConnector for FakeKms {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let target = request.headers().get("x-amz-target").expect("an operation");
            let operation = target.trim_start_matches("TrentService.").to_owned();
            let body = serde_json::from_slice(request.body().bytes().expect("in memory")).expect("JSON");
            let (status, answer) = self.answer(&operation, &body);
            self.requests.lock().expect("a lock").push((operation, body));
            let status = StatusCode::try_from(status).expect("a status");
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer.to_string()))))
        }
    }

    fn claims() -> Value {
        json!({ "iss": ISSUER })
    }

    fn both() -> Value {
        let start = START.as_seconds();
        json!([
            { "algorithm": "ES256", "key_id": "ec", "published_at": start, "first_use": start },
            { "algorithm": "RS256", "key_id": "rsa", "published_at": start, "first_use": start,
              "public_key": STANDARD.encode(RSA_SPKI) },
        ])
    }

    async fn sign_and_verify(kms: &FakeKms, keys: &Keys, algorithm: SigningAlgorithm) -> String {
        let (token, calls) = aws::counted(keys.sign(&claims(), "at+jwt", algorithm, START)).await;
        let token = token.expect("signed");
        let expected = Expected { issuer: ISSUER, types: &["at+jwt"], keys: AcceptedKeys::Published };
        keys.public().await.expect("loaded").verify(&token, &expected, START).expect("our own");
        let count = kms.requests.lock().expect("a lock").len();
        let (operation, request) = kms.request(count - 1);
        assert_eq!((operation.as_str(), &request["MessageType"]), ("Sign", &json!("DIGEST")));
        let digest = Sha256Digest::of(&kms.message.lock().expect("a lock"));
        assert_eq!(request["Message"], json!(STANDARD.encode(digest.as_bytes())));
        calls.to_string()
    }

    #[tokio::test]
    async fn kms_signs_a_digest_and_its_der_becomes_a_jws() {
        let kms = FakeKms::default();
        let keys = kms.keys(both(), None);
        // Many times, because a number of the signature is short only now and then.
        for round in 0..50 {
            kms.expect(Es256, P256_SPKI);
            let calls = sign_and_verify(&kms, &keys, Es256).await;
            let first = if round == 0 { "KMS.GetPublicKey=1 KMS.Sign=1" } else { "KMS.Sign=1" };
            assert_eq!(calls, first);
        }
        kms.expect(Rs256, RSA_SPKI);
        assert_eq!(sign_and_verify(&kms, &keys, Rs256).await, "KMS.Sign=1");
        let (_, request) = kms.request(51);
        assert_eq!(request["SigningAlgorithm"], "RSASSA_PKCS1_V1_5_SHA_256");
        assert_eq!(kms.request(1).1["SigningAlgorithm"], "ECDSA_SHA_256");
    }

    #[tokio::test]
    async fn a_key_whose_public_half_is_configured_is_not_asked_for_it() {
        let kms = FakeKms::default();
        let keys = kms.keys(json!([both()[1].clone()]), None);
        let (public, calls) = aws::counted(keys.public()).await;
        assert_eq!(public.expect("at hand").jwks(START)["keys"].as_array().map(Vec::len), Some(1));
        assert_eq!(calls.total(), 0);
    }

    #[tokio::test]
    async fn the_server_secret_is_unwrapped_once_under_its_own_context() {
        let kms = FakeKms::default();
        let keys = kms.keys(both(), Some("d3JhcHBlZA=="));
        let (tags, calls) = aws::counted(async {
            let tag = async || keys.server_secret().await.expect("unwrapped").hmac("cookie", &[b"a"]);
            [tag().await, tag().await]
        })
        .await;
        assert_eq!(tags, [ServerSecret::new(SECRET).hmac("cookie", &[b"a"]); 2]);
        assert_eq!(calls.to_string(), "KMS.Decrypt=1");
        assert_eq!(kms.request(0).1["CiphertextBlob"], "d3JhcHBlZA==");
    }

    #[tokio::test]
    async fn a_function_without_the_secret_asks_nobody_for_it() {
        let kms = FakeKms::default();
        let (secret, calls) =
            aws::counted(async { kms.keys(both(), None).server_secret().await.is_err() }).await;
        assert!(secret && calls.total() == 0);
    }

    #[tokio::test]
    async fn a_key_of_the_wrong_kind_is_a_fault_of_ours() {
        let kms = FakeKms::default();
        let schedule = serde_json::to_value(Schedule::first(START)).expect("JSON");
        let mut wrong = json!({ "algorithm": "RS256", "key_id": "ec" });
        wrong.as_object_mut().expect("an object").extend(schedule.as_object().expect("an object").clone());
        let fault = kms.keys(json!([wrong]), None).public().await.map(|_| ()).expect_err("an EC key");
        assert!(matches!(fault, Fault::Broken { what: "signing keys", .. }), "{fault}");
    }
}
