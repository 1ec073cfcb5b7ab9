use std::sync::Arc;

use environment::Fault;
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;

use crate::certificate::Draft;
use crate::jwt;
use crate::key_file::{KeyFile, KeyFileError};
use crate::key_set::{KeySet, ScheduledKey};
use crate::kms::{self, KeyEnded, Kms, WrappedKey};
use crate::local_key::LocalKey;
use crate::public_key::PublicKey;
use crate::public_keys::{NamedKey, PublicKeys};

/// A key that signs, with its name and its public half.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) public: PublicKey,
    pub(crate) private: PrivateKey,
    /// The certificate of an RSA key, DER.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// A signature by a key that has a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedSignature {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub signature: Vec<u8>,
    /// The key's certificate, DER.
    pub certificate: Vec<u8>,
}

/// Why nothing was signed.
pub(crate) enum Unsigned {
    /// The key is one that KMS will not use again.
    KeyEnded(KeyEnded),
    /// The key has no certificate yet.
    NotCertified,
    /// What no newer ring would change.
    Fault(Fault),
}

impl From<Fault> for Unsigned {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unsigned> for Fault {
    fn from(unsigned: Unsigned) -> Self {
        match unsigned {
            Unsigned::KeyEnded(ended) => ended.fault(),
            Unsigned::NotCertified => Self::unavailable(
                "certificate",
                "the RSA key in use has none yet; invoke the rotation function",
            ),
            Unsigned::Fault(fault) => fault,
        }
    }
}

/// Where the private half is.
pub(crate) enum PrivateKey {
    /// In this process.
    Local(Box<LocalKey>),
    /// In KMS, which never gives it out.
    Kms { client: Kms, key_id: String },
    /// A ciphertext that KMS opens when the key first signs here.
    Wrapped(Box<WrappedKey>),
    /// Nowhere any more.
    Gone,
}

impl PrivateKey {
    pub(crate) async fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Unsigned> {
        match self {
            Self::Local(key) => {
                aws::count("Keys.Sign");
                Ok(key.sign(message)?)
            }
            // The SDK's future is large; boxed, it does not grow the future of every caller.
            Self::Kms { client, key_id } => Box::pin(kms::sign(client, key_id, algorithm, message)).await,
            Self::Wrapped(key) => {
                let key = key.opened(algorithm).await?;
                aws::count("Keys.Sign");
                Ok(key.sign(message)?)
            }
            Self::Gone => {
                Err(Fault::broken("signing keys", "a key without its private half was to sign").into())
            }
        }
    }
}

/// All keys, ready to sign and to verify.
pub(crate) struct LoadedKeys {
    signing: KeySet<Arc<SigningKey>>,
    pub(crate) public: Arc<PublicKeys>,
}

impl LoadedKeys {
    /// Puts the keys together, each with the algorithm that its public half can do.
    pub(crate) fn new(keys: Vec<ScheduledKey<Arc<SigningKey>>>) -> Result<Self, Fault> {
        let signing = KeySet::new(keys);
        let public = PublicKeys::new(signing.map(|key| NamedKey {
            kid: key.key.kid.clone(),
            public: key.key.public.clone(),
            certificate: key.key.certificate.clone(),
        }))?;
        Ok(Self { signing, public: Arc::new(public) })
    }

    /// The keys of a key file.
    pub(crate) fn from_file(file: &KeyFile) -> Result<Self, Fault> {
        let broken = |error: KeyFileError| Fault::broken("key file", error);
        let mut keys = Vec::new();
        for stored in file.keys().iter() {
            let key = stored.key.load(stored.algorithm).map_err(broken)?;
            let public = key.public().map_err(broken)?;
            let certificate = Draft::new(&public, stored.schedule.published_at)
                .map(|draft| key.sign(draft.to_be_signed()).and_then(|signature| draft.signed(&signature)))
                .transpose()?;
            let (kid, private) = (public.thumbprint(), PrivateKey::Local(Box::new(key)));
            let key = Arc::new(SigningKey { kid, public, private, certificate });
            keys.push(ScheduledKey { algorithm: stored.algorithm, schedule: stored.schedule, key });
        }
        Self::new(keys)
    }

    /// The key with this name, so that who reads the keys anew need not open it again.
    pub(crate) fn find(&self, kid: &str) -> Option<&Arc<SigningKey>> {
        self.signing.iter().map(|key| &key.key).find(|key| key.kid == kid)
    }

    /// The name of the key that signs now.
    #[cfg(test)]
    pub(crate) fn signing_kid(&self, algorithm: SigningAlgorithm, now: Timestamp) -> String {
        self.signing.signing_key(algorithm, now).expect("one that signs").key.kid.clone()
    }

    /// Signs a payload as a JWS in compact form (RFC 7515, section 7.1).
    pub(crate) async fn sign(
        &self,
        payload: &[u8],
        typ: &str,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<String, Unsigned> {
        let key = self.in_use(algorithm, now)?;
        let input = jwt::signing_input(algorithm.as_str(), &key.kid, typ, payload)?;
        let signature = key.private.sign(algorithm, input.as_bytes()).await?;
        Ok(jwt::compact(input, &signature))
    }

    /// Signs bytes by the RSA key in use, and says by which certificate that is checked. What is signed so must not
    /// begin as the signing input of a JWS or as a certificate does.
    pub(crate) async fn sign_certified(
        &self,
        message: &[u8],
        now: Timestamp,
    ) -> Result<CertifiedSignature, Unsigned> {
        const ALGORITHM: SigningAlgorithm = SigningAlgorithm::Rs256;
        let key = self.in_use(ALGORITHM, now)?;
        let certificate = key.certificate.clone().ok_or(Unsigned::NotCertified)?;
        let signature = key.private.sign(ALGORITHM, message).await?;
        Ok(CertifiedSignature { signature, certificate })
    }

    fn in_use(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Result<&SigningKey, Fault> {
        self.signing
            .signing_key(algorithm, now)
            .map(|key| &*key.key)
            .ok_or_else(|| Fault::broken("signing keys", format!("no {} key is in use", algorithm.as_str())))
    }
}
