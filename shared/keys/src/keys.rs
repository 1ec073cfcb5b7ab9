use std::sync::{Arc, PoisonError, RwLock};

use environment::{Clock, Fault};
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use serde::Serialize;
use store::Store;

use crate::key_file::KeyFile;
use crate::public_keys::PublicKeys;
use crate::published::{FileKeys, PublishedKeys, at_this_moment};
use crate::ring_custody::RingKeys;
use crate::server_secret::ServerSecret;
use crate::signing_key::{CertifiedSignature, LoadedKeys, Unsigned};

/// The deployment's keys, as a function holds them; a clone shares them.
#[derive(Clone)]
pub struct Keys(Arc<Custody>);

enum Custody {
    File(FileCustody),
    Ring(RingKeys),
}

/// The keys of a local key file.
struct FileCustody {
    keys: FileKeys,
    secret: ServerSecret,
}

impl Keys {
    /// The keys of a local key file.
    ///
    /// # Errors
    /// [`Fault::Broken`] when the file lists a key twice or for an algorithm that it cannot do.
    pub fn from_file(file: &KeyFile) -> Result<Self, Fault> {
        let keys = Arc::new(RwLock::new(Arc::new(LoadedKeys::from_file(file)?)));
        let secret = file.server_secret();
        Ok(Self(Arc::new(Custody::File(FileCustody { keys, secret }))))
    }

    /// Takes the signing keys of the key file as it is now, after a rotation, for every clone of these keys. The
    /// server's secret stays: refresh tokens are derived from it.
    ///
    /// # Errors
    /// [`Fault::Broken`], and everything stays as it was, when the file's keys cannot be used, when it holds
    /// another server's secret, or when these keys are not a file's.
    pub fn reload(&self, file: &KeyFile) -> Result<(), Fault> {
        let Custody::File(custody) = &*self.0 else {
            return Err(Fault::broken("signing keys", "the table keeps them, not a file"));
        };
        if !custody.secret.is_same_as(&file.server_secret()) {
            return Err(Fault::broken("key file", "it holds another server's secret"));
        }
        let fresh = Arc::new(LoadedKeys::from_file(file)?);
        *custody.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The keys of a deployment on AWS: its table says which there are, KMS signs with them or opens them. Nothing is
    /// asked of either before it is needed.
    pub fn of_deployment(sdk: &aws::SdkConfig, store: &Store, clock: &Clock) -> Self {
        Self(Arc::new(Custody::Ring(RingKeys::new(sdk, store.clone(), clock.clone()))))
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

    /// Signs bytes that are no JWT, such as an XML signature's `SignedInfo`, by the RSA key that is in use now:
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// [`Fault::Broken`] when no RSA key is in use or it has no certificate yet; what KMS says otherwise.
    pub async fn sign_certified(&self, message: &[u8], now: Timestamp) -> Result<CertifiedSignature, Fault> {
        let keys = self.loaded().await?;
        match keys.sign_certified(message, now).await {
            Ok(signed) => Ok(signed),
            Err(unsigned) => {
                let (newer, now) = self.newer_than(&keys, unsigned, now).await?;
                Ok(newer.sign_certified(message, now).await?)
            }
        }
    }

    /// The public half, which makes the JWKS and verifies our own tokens.
    ///
    /// # Errors
    /// What the table says when it is asked for them, the first time.
    pub async fn public(&self) -> Result<Arc<PublicKeys>, Fault> {
        self.loaded().await.map(|keys| Arc::clone(&keys.public))
    }

    /// The public half of these keys, for functions that hold no more. It follows [`Keys::reload`].
    pub fn published(&self) -> PublishedKeys {
        match &*self.0 {
            Custody::File(custody) => PublishedKeys::of_file(&custody.keys),
            Custody::Ring(custody) => custody.published(),
        }
    }

    /// The server's own secret.
    ///
    /// # Errors
    /// What KMS says when it is asked to unwrap it, the first time.
    pub async fn server_secret(&self) -> Result<&ServerSecret, Fault> {
        match &*self.0 {
            Custody::File(custody) => Ok(&custody.secret),
            Custody::Ring(custody) => custody.server_secret().await,
        }
    }

    async fn sign_payload(
        &self,
        payload: &[u8],
        typ: &str,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<String, Fault> {
        let keys = self.loaded().await?;
        match keys.sign(payload, typ, algorithm, now).await {
            Ok(signed) => Ok(signed),
            Err(unsigned) => {
                let (newer, now) = self.newer_than(&keys, unsigned, now).await?;
                Ok(newer.sign(payload, typ, algorithm, now).await?)
            }
        }
    }

    /// A key may have been replaced at once a moment ago, and KMS use it no more, while this process acts on the ring from
    /// before: the ring is read anew, and what stands there signs. Once, so that a caller waits for one more read and one
    /// more signature at most.
    async fn newer_than(
        &self,
        keys: &Arc<LoadedKeys>,
        unsigned: Unsigned,
        now: Timestamp,
    ) -> Result<(Arc<LoadedKeys>, Timestamp), Fault> {
        match &*self.0 {
            Custody::File(_) => Err(unsigned.into()),
            Custody::Ring(custody) => {
                let (newer, then) = custody.newer_than(keys, unsigned).await?;
                Ok((newer, now.max(then)))
            }
        }
    }

    async fn loaded(&self) -> Result<Arc<LoadedKeys>, Fault> {
        match &*self.0 {
            Custody::File(custody) => Ok(at_this_moment(&custody.keys)),
            Custody::Ring(custody) => custody.keys().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use SigningAlgorithm::{Es256, Rs256};
    use serde_json::json;

    use super::*;
    use crate::fixtures::{self, OTHER_P256_PKCS8, P256_PKCS8, START};
    use crate::{AcceptedKeys, Expected, FileKey, KeySet, Schedule, ScheduledKey};

    const ISSUER: &str = "https://issuer.example";

    #[tokio::test]
    async fn what_the_key_file_signs_verifies_and_is_counted() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let expected = Expected { issuer: ISSUER, types: &["at+jwt"], keys: AcceptedKeys::Published };
        for algorithm in [Es256, Rs256] {
            let claims = json!({ "iss": ISSUER, "sub": "alice" });
            let (token, calls) = aws::counted(keys.sign(&claims, "at+jwt", algorithm, START)).await;
            assert_eq!(calls.to_string(), "Keys.Sign=1");
            let public = keys.public().await.expect("at hand");
            let verified = public.verify(&token.expect("signed"), &expected, START).expect("our own");
            assert_eq!(serde_json::Value::Object(verified.claims), claims);
            assert_eq!(verified.header.token_type.as_deref(), Some("at+jwt"));
        }
    }

    #[tokio::test]
    async fn what_is_no_jwt_is_signed_by_the_key_whose_certificate_is_published() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let (signed, calls) = aws::counted(keys.sign_certified(b"<x></x>", START)).await;
        let signed = signed.expect("signed");
        assert_eq!(calls.to_string(), "Keys.Sign=1");
        assert_eq!(signed.signature, fixtures::signer(Rs256, fixtures::RSA_PKCS8)(b"<x></x>"));
        let public = keys.public().await.expect("at hand");
        assert_eq!(public.certificates(START), [signed.certificate.as_slice()]);
    }

    #[tokio::test]
    async fn before_a_key_s_first_use_nothing_is_signed() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let earlier = Timestamp::from_seconds(START.as_seconds() - 1);
        let fault = keys.sign(&json!({}), "JWT", Es256, earlier).await.expect_err("no key yet");
        assert!(matches!(fault, Fault::Broken { what: "signing keys", .. }), "{fault}");
    }

    #[tokio::test]
    async fn the_file_s_secret_is_the_server_s() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let tag = keys.server_secret().await.expect("at hand").hmac("cookie", &[b"a"]);
        assert!(ServerSecret::new(fixtures::SECRET).verify("cookie", &[b"a"], &tag));
    }

    fn rotated(secret: [u8; 32]) -> KeyFile {
        let key = |pkcs8: &[u8]| FileKey::from_pkcs8(Es256, pkcs8.to_vec()).expect("a key");
        let first = ScheduledKey { algorithm: Es256, schedule: Schedule::first(START), key: key(P256_PKCS8) };
        let minute = Duration::from_mins(1);
        KeyFile::new(secret, KeySet::new(vec![first])).rotate(
            Es256,
            key(OTHER_P256_PKCS8),
            START,
            minute,
            minute,
        )
    }

    fn kid_of(token: &str) -> String {
        jsonwebtoken::decode_header(token).expect("a token").kid.expect("a name")
    }

    #[tokio::test]
    async fn a_rotation_reaches_every_clone_and_earlier_tokens_still_verify() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let clone = keys.clone();
        let claims = json!({ "iss": ISSUER });
        let earlier = clone.sign(&claims, "at+jwt", Es256, START).await.expect("signed");
        keys.reload(&rotated(fixtures::SECRET)).expect("reloaded");

        let still = clone.sign(&claims, "at+jwt", Es256, START.after(Duration::from_secs(59))).await;
        assert_eq!(
            kid_of(&still.expect("signed")),
            kid_of(&earlier),
            "not before everybody can know the new key"
        );
        let later = START.after(Duration::from_mins(1));
        let by_successor = clone.sign(&claims, "at+jwt", Es256, later).await.expect("signed");
        assert_ne!(kid_of(&by_successor), kid_of(&earlier));
        let public = clone.public().await.expect("at hand");
        let expected = Expected { issuer: ISSUER, types: &["at+jwt"], keys: AcceptedKeys::Published };
        for token in [earlier, by_successor] {
            public.verify(&token, &expected, later).expect("our own");
        }
    }

    #[tokio::test]
    async fn a_file_with_another_server_s_secret_changes_nothing() {
        let keys = Keys::from_file(&fixtures::key_file()).expect("keys");
        let before = keys.public().await.expect("at hand").jwks(START);
        assert!(matches!(keys.reload(&rotated([0; 32])), Err(Fault::Broken { what: "key file", .. })));
        assert_eq!(keys.public().await.expect("at hand").jwks(START), before);
    }

    #[test]
    fn a_key_that_is_listed_twice_is_refused() {
        let key = || ScheduledKey {
            algorithm: Es256,
            schedule: Schedule::first(START),
            key: FileKey::from_pkcs8(Es256, P256_PKCS8.to_vec()).expect("a key"),
        };
        let file = KeyFile::new(fixtures::SECRET, KeySet::new(vec![key(), key()]));
        assert!(matches!(Keys::from_file(&file), Err(Fault::Broken { what: "signing keys", .. })));
    }
}
