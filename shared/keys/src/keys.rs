use std::sync::Arc;

use environment::{Fault, setting};
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use serde::Serialize;

use crate::key_file::KeyFile;
use crate::key_set::KeySet;
use crate::kms::{KmsCustody, KmsKey};
use crate::public_keys::PublicKeys;
use crate::server_secret::ServerSecret;
use crate::signing_key::LoadedKeys;

/// The deployment's keys, as a function holds them; a clone shares them.
#[derive(Clone)]
pub struct Keys(Arc<Custody>);

enum Custody {
    File { keys: LoadedKeys, secret: ServerSecret },
    Kms(KmsCustody),
}

impl Keys {
    /// The keys of a local key file.
    ///
    /// # Errors
    /// [`Fault::Broken`] when the file lists a key twice or for an algorithm that it cannot do.
    pub fn from_file(file: &KeyFile) -> Result<Self, Fault> {
        let keys = LoadedKeys::from_file(file)?;
        Ok(Self(Arc::new(Custody::File {
            keys,
            secret: file.server_secret(),
        })))
    }

    /// Keys in KMS. Nothing is asked of KMS before it is needed, and then once: the public keys that the
    /// configuration does not hold, and the server's secret (its ciphertext in base64, made under
    /// [`crate::SERVER_SECRET_CONTEXT`]; `None` where a function has no use for it).
    pub fn from_kms(sdk: &aws::SdkConfig, keys: KeySet<KmsKey>, wrapped_secret: Option<String>) -> Self {
        Self(Arc::new(Custody::Kms(KmsCustody::new(sdk, keys, wrapped_secret))))
    }

    /// Keys in KMS as a function's environment names them: `COUNTERSIGN_SIGNING_KEYS`, a JSON array of
    /// [`crate::ScheduledKey`] with [`KmsKey`], and `COUNTERSIGN_SERVER_SECRET`, which may be missing where a
    /// function has no use for it.
    ///
    /// # Errors
    /// [`Fault::Broken`] when the signing keys are missing or cannot be read.
    pub fn from_environment(sdk: &aws::SdkConfig) -> Result<Self, Fault> {
        let keys = setting("COUNTERSIGN_SIGNING_KEYS")?;
        let keys =
            serde_json::from_str(&keys).map_err(|error| Fault::broken("COUNTERSIGN_SIGNING_KEYS", error))?;
        Ok(Self::from_kms(
            sdk,
            keys,
            setting("COUNTERSIGN_SERVER_SECRET").ok(),
        ))
    }

    /// Signs claims as a JWT (RFC 7519) of this type, by the key that is in use now.
    ///
    /// # Errors
    /// [`Fault::Broken`] when no key of the algorithm is in use; what KMS says otherwise.
    pub async fn sign<C: Serialize + Sync + ?Sized>(
        &self,
        claims: &C,
        typ: &str,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<String, Fault> {
        let payload = serde_json::to_vec(claims).map_err(|error| Fault::broken("claims", error))?;
        self.sign_payload(&payload, typ, algorithm, now).await
    }

    /// The public half, which makes the JWKS and verifies our own tokens.
    ///
    /// # Errors
    /// What KMS says when it is asked for public keys, the first time.
    pub async fn public(&self) -> Result<&PublicKeys, Fault> {
        self.loaded().await.map(|keys| &keys.public)
    }

    /// The server's own secret.
    ///
    /// # Errors
    /// What KMS says when it is asked to unwrap it, the first time.
    pub async fn server_secret(&self) -> Result<&ServerSecret, Fault> {
        match &*self.0 {
            Custody::File { secret, .. } => Ok(secret),
            Custody::Kms(custody) => custody.server_secret().await,
        }
    }

    async fn sign_payload(
        &self,
        payload: &[u8],
        typ: &str,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<String, Fault> {
        self.loaded().await?.sign(payload, typ, algorithm, now).await
    }

    async fn loaded(&self) -> Result<&LoadedKeys, Fault> {
        match &*self.0 {
            Custody::File { keys, .. } => Ok(keys),
            Custody::Kms(custody) => custody.keys().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use SigningAlgorithm::{Es256, Rs256};
    use serde_json::json;

    use super::*;
    use crate::fixtures::{self, P256_PKCS8, START};
    use crate::{AcceptedKeys, Expected, FileKey, Schedule, ScheduledKey};

    const ISSUER: &str = "https://issuer.example";

    #[tokio::test]
    async fn what_the_key_file_signs_verifies_and_is_counted() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let expected = Expected {
            issuer: ISSUER,
            types: &["at+jwt"],
            keys: AcceptedKeys::Published,
        };
        for algorithm in [Es256, Rs256] {
            let claims = json!({ "iss": ISSUER, "sub": "alice" });
            let (token, calls) = aws::counted(keys.sign(&claims, "at+jwt", algorithm, START)).await;
            assert_eq!(calls.to_string(), "Keys.Sign=1");
            let public = keys.public().await.expect("at hand");
            let verified = public
                .verify(&token.expect("signed"), &expected, START)
                .expect("our own");
            assert_eq!(serde_json::Value::Object(verified.claims), claims);
            assert_eq!(verified.header.token_type.as_deref(), Some("at+jwt"));
        }
    }

    #[tokio::test]
    async fn before_a_key_s_first_use_nothing_is_signed() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let earlier = Timestamp::from_seconds(START.as_seconds() - 1);
        let fault = keys
            .sign(&json!({}), "JWT", Es256, earlier)
            .await
            .expect_err("no key yet");
        assert!(
            matches!(
                fault,
                Fault::Broken {
                    what: "signing keys",
                    ..
                }
            ),
            "{fault}"
        );
    }

    #[tokio::test]
    async fn the_file_s_secret_is_the_server_s() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let tag = keys
            .server_secret()
            .await
            .expect("at hand")
            .hmac("cookie", &[b"a"]);
        assert!(ServerSecret::new(fixtures::SECRET).verify("cookie", &[b"a"], &tag));
    }

    #[test]
    fn a_key_that_is_listed_twice_is_refused() {
        let key = || ScheduledKey {
            algorithm: Es256,
            schedule: Schedule::first(START),
            key: FileKey::from_pkcs8(Es256, P256_PKCS8.to_vec()).expect("a key"),
        };
        let file = KeyFile::new(fixtures::SECRET, KeySet::new(vec![key(), key()]));
        assert!(matches!(
            Keys::from_file(&file),
            Err(Fault::Broken {
                what: "signing keys",
                ..
            })
        ));
    }
}
