use std::sync::{Arc, LazyLock};

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::sign::SignError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use environment::Fault;
use oauth::Sha256Digest;
use oauth::configuration::SigningAlgorithm;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::der::ecdsa_to_jose;
use crate::key_ring::{KeyRing, Purpose, Signs};
use crate::local_key::LocalKey;
use crate::public_key::PublicKey;
use crate::server_secret::ServerSecret;
use crate::signing_key::Unsigned;

/// A client of KMS, made when it is first needed: most functions verify and never ask it for anything, and making one
/// reads the list of all regions.
pub(crate) type Kms = Arc<LazyLock<Client, Box<dyn FnOnce() -> Client + Send + Sync>>>;

/// A client of KMS whose calls are counted.
pub(crate) fn client(sdk: &aws::SdkConfig) -> Kms {
    let sdk = sdk.clone();
    Arc::new(LazyLock::new(Box::new(move || {
        Client::from_conf(Builder::from(&sdk).interceptor(aws::CallWatch).build())
    })))
}

/// The KMS key under which a deployment seals what it keeps, as one who may only open sees it.
#[derive(Clone)]
pub(crate) struct Safe {
    client: Kms,
    data_key: String,
    deployment: String,
}

impl Safe {
    /// The safe of a ring.
    pub(crate) fn of(client: Kms, ring: &KeyRing) -> Self {
        Self::new(client, ring.data_key.clone(), ring.deployment.clone())
    }

    /// The safe of a deployment, under this KMS key.
    pub(crate) const fn new(client: Kms, data_key: String, deployment: String) -> Self {
        Self { client, data_key, deployment }
    }

    /// The server's own secret.
    pub(crate) async fn server_secret(&self, wrapped: &str) -> Result<ServerSecret, Fault> {
        let bytes = self.open("server secret", Purpose::ServerSecret, wrapped).await?;
        let secret = bytes.as_slice().try_into().map(ServerSecret::new);
        secret.map_err(|_| Fault::broken("server secret", "it is not 32 bytes long"))
    }

    async fn open(
        &self,
        what: &'static str,
        purpose: Purpose<'_>,
        wrapped: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let wrapped = STANDARD.decode(wrapped).map_err(|error| Fault::broken(what, error))?;
        let mut request = self.client.decrypt().key_id(&self.data_key).ciphertext_blob(Blob::new(wrapped));
        for (name, value) in purpose.context(&self.deployment) {
            request = request.encryption_context(name, value);
        }
        let answer = request.send().await.map_err(|error| aws::fault(what, &error))?;
        let plain =
            answer.plaintext.ok_or_else(|| Fault::broken(what, "KMS answered without a plaintext"))?;
        Ok(Zeroizing::new(plain.into_inner()))
    }
}

/// A signing key that KMS made and sealed. It is opened when it first signs, once in a process.
pub(crate) struct WrappedKey {
    pub(crate) safe: Safe,
    pub(crate) signs: Signs,
    pub(crate) name: String,
    pub(crate) wrapped: String,
    pub(crate) public: PublicKey,
    pub(crate) opened: OnceCell<LocalKey>,
}

impl WrappedKey {
    /// The key, ready to sign.
    pub(crate) async fn opened(&self, algorithm: SigningAlgorithm) -> Result<&LocalKey, Fault> {
        // The SDK's futures are large; boxed, they do not grow the future of every caller.
        self.opened.get_or_try_init(|| Box::pin(self.open(algorithm))).await
    }

    async fn open(&self, algorithm: SigningAlgorithm) -> Result<LocalKey, Fault> {
        let purpose = self.signs.purpose(&self.name);
        let pkcs8 = self.safe.open(WHAT, purpose, &self.wrapped).await?;
        LocalKey::from_halves(algorithm, &pkcs8, &self.public).map_err(|error| Fault::broken(WHAT, error))
    }
}

/// A key that KMS will not use again: it is disabled, waits for its deletion, or is deleted.
pub(crate) struct KeyEnded(Box<SdkError<SignError>>);

impl KeyEnded {
    /// What it is when no other key has taken its place.
    pub(crate) fn fault(&self) -> Fault {
        aws::fault(WHAT, &self.0)
    }
}

const WHAT: &str = "signing key";

/// Has KMS sign the SHA-256 of a message, and brings the signature into its JOSE form.
pub(crate) async fn sign(
    client: &Client,
    key_id: &str,
    algorithm: SigningAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, Unsigned> {
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
    let answer = match algorithm {
        SigningAlgorithm::Es256 => request.send().await,
        // Another price.
        SigningAlgorithm::Rs256 => aws::of_kind("RS256", request.send()).await,
    };
    let answer = answer.map_err(|error| match error.as_service_error() {
        Some(refusal) if has_ended(refusal) => Unsigned::KeyEnded(KeyEnded(Box::new(error))),
        _ => Unsigned::Fault(aws::fault(WHAT, &error)),
    })?;
    let signature =
        answer.signature.ok_or_else(|| Fault::broken(WHAT, "KMS answered without a signature"))?;
    match algorithm {
        SigningAlgorithm::Es256 => ecdsa_to_jose(signature.as_ref())
            .map(|jose| jose.to_vec())
            .map_err(|defect| Fault::broken(WHAT, defect).into()),
        SigningAlgorithm::Rs256 => Ok(signature.into_inner()),
    }
}

fn has_ended(refusal: &SignError) -> bool {
    refusal.is_disabled_exception()
        || refusal.is_kms_invalid_state_exception()
        || refusal.is_not_found_exception()
}
