use environment::Fault;
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{KeptCheckpointKeys, Store};

use crate::key_file::{KeyFile, KeyFileError};
use crate::key_ring::RingCustody;
use crate::public_key::PublicKey;
use crate::signing_key::PrivateKey;

/// Checkpoints are signed with this.
pub(crate) const ALGORITHM: SigningAlgorithm = SigningAlgorithm::Es256;

/// The keys that sign checkpoints of evidence, the oldest first, as the table holds them. Nothing else is signed with them, and none is
/// ever forgotten: what one has signed is to be checked as long as evidence is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckpointKeys(Vec<CheckpointKey>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointKey {
    /// From when on it signs.
    pub since: Timestamp,
    /// The public half (RFC 7517).
    jwk: Map<String, Value>,
    /// Where the private half is; none where a file of a local server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) custody: Option<RingCustody>,
}

/// The key that signs checkpoints now.
pub struct CheckpointSigner {
    kid: String,
    private: PrivateKey,
}

impl CheckpointKeys {
    /// The public halves as a JWK Set (RFC 7517, section 5), each with its name: the anchor that a verifier is given.
    ///
    /// # Errors
    /// When one cannot be read: the table is damaged.
    pub fn jwks(&self) -> Result<Value, Fault> {
        let keys = self.0.iter().map(|key| {
            let public = key.public()?;
            Ok(public.to_published_jwk(ALGORITHM, &public.thumbprint()))
        });
        Ok(json!({ "keys": keys.collect::<Result<Vec<_>, Fault>>()? }))
    }

    /// The one that signs.
    pub(crate) fn newest(&self) -> Option<&CheckpointKey> {
        self.0.last()
    }

    /// With a key that signs from now on. The private halves of those before are given up.
    pub(crate) fn with(&self, key: CheckpointKey) -> Self {
        let given_up = |before: &CheckpointKey| {
            let custody = before.custody.as_ref().map(RingCustody::given_up);
            CheckpointKey { custody, ..before.clone() }
        };
        Self(self.0.iter().map(given_up).chain([key]).collect())
    }

    /// Puts them in the place of those that were read.
    ///
    /// # Errors
    /// When the table does not answer, or somebody else changes them at this moment.
    pub(crate) async fn take_the_place_of(
        &self,
        before: Option<&KeptCheckpointKeys<Self>>,
        store: &Store,
    ) -> Result<(), Fault> {
        let is_done = store.replace_checkpoint_keys(self, before).await?;
        is_done
            .then_some(())
            .ok_or_else(|| Fault::unavailable("checkpoint key", "somebody else makes one at this moment"))
    }

    /// The same, once what is given up signs nothing any more.
    pub(crate) fn without_what_is_disabled(&self) -> Self {
        let disabled = |key: &CheckpointKey| {
            let custody = key.custody.as_ref().map(RingCustody::once_disabled);
            CheckpointKey { custody, ..key.clone() }
        };
        Self(self.0.iter().map(disabled).collect())
    }

    /// The keys in KMS that nothing may be signed with any more.
    pub(crate) fn to_be_disabled(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|key| key.custody.as_ref()?.to_be_disabled())
    }
}

impl CheckpointKey {
    pub(crate) fn new(public: &PublicKey, custody: Option<RingCustody>, since: Timestamp) -> Self {
        Self { since, jwk: public.to_jwk(), custody }
    }

    /// The public half.
    pub(crate) fn public(&self) -> Result<PublicKey, Fault> {
        PublicKey::from_jwk(&self.jwk).map_err(|defect| Fault::broken("checkpoint key", defect))
    }
}

impl CheckpointSigner {
    pub(crate) const fn new(kid: String, private: PrivateKey) -> Self {
        Self { kid, private }
    }

    /// The key of a local server's file; its public half is added to those that the table names where it is not the last of them.
    ///
    /// # Errors
    /// When the file has no such key, the table does not answer, or somebody else changes the keys meanwhile.
    pub async fn of_file(file: &KeyFile, store: &Store, now: Timestamp) -> Result<Self, Fault> {
        let broken = |error: KeyFileError| Fault::broken("checkpoint key", error);
        let stored = file.keys().iter().find(|stored| stored.algorithm == ALGORITHM);
        let stored = stored.ok_or_else(|| Fault::broken("checkpoint key", "the file has none"))?;
        let key = stored.key.load(ALGORITHM).map_err(broken)?;
        let public = key.public().map_err(broken)?;
        let kept: Option<KeptCheckpointKeys<CheckpointKeys>> = store.checkpoint_keys().await?;
        let keys = kept.as_ref().map(|kept| kept.keys.clone()).unwrap_or_default();
        let of_file = CheckpointKey::new(&public, None, now);
        if keys.newest().is_none_or(|newest| newest.jwk != of_file.jwk) {
            keys.with(of_file).take_the_place_of(kept.as_ref(), store).await?;
        }
        Ok(Self::new(public.thumbprint(), PrivateKey::Local(Box::new(key))))
    }

    /// Its name: the thumbprint (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.kid
    }

    /// Signs the input of a JWS with ES256 (RFC 7518, section 3.4).
    ///
    /// # Errors
    /// What KMS says.
    pub async fn sign(&self, signing_input: &str) -> Result<Vec<u8>, Fault> {
        Ok(self.private.sign(ALGORITHM, signing_input.as_bytes()).await?)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use environment::Dice;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;
    use crate::fake_aws::{FakeAws, plan};
    use crate::fixtures::START;
    use crate::{CHECKPOINTS_TAG, Rotation, SigningMode};

    const INPUT: &str = "header.payload";

    async fn signed(signer: &CheckpointSigner) -> Vec<u8> {
        signer.sign(INPUT).await.expect("signed")
    }

    async fn jwks(store: &Store) -> Vec<Value> {
        let kept = store.checkpoint_keys::<CheckpointKeys>().await.expect("no fault").expect("some");
        kept.keys.jwks().expect("readable")["keys"].as_array().expect("a list").clone()
    }

    /// Whether a verifier that has this of us takes it.
    fn verifies(jwk: &Value, signature: &[u8]) -> bool {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("text")).expect("base64url");
        let point = [vec![4], part("x"), part("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(INPUT.as_bytes(), signature).is_ok()
    }

    async fn signer(rotation: &Rotation, new_one: bool) -> (CheckpointSigner, aws::Calls) {
        // The SDK's futures are large.
        let (signer, calls) = Box::pin(aws::counted(rotation.checkpoint_signer(new_one, START))).await;
        (signer.expect("one"), calls)
    }

    #[tokio::test]
    async fn the_first_that_signs_makes_the_key_and_the_next_finds_it() {
        for (mode, making) in [
            (SigningMode::Kms, "DynamoDB.GetItem=1 DynamoDB.PutItem=1 KMS.CreateKey=1 KMS.GetPublicKey=1"),
            (
                SigningMode::KmsWrapped,
                "DynamoDB.GetItem=1 DynamoDB.PutItem=1 KMS.GenerateDataKeyPairWithoutPlaintext=1",
            ),
        ] {
            let aws = FakeAws::default();
            let rotation = aws.rotation(plan(mode));
            let (first, calls) = signer(&rotation, false).await;
            assert_eq!(calls.to_string(), making);
            let (second, calls) = signer(&rotation, false).await;
            assert_eq!(calls.to_string(), "DynamoDB.GetItem=1");
            assert_eq!(first.key_id(), second.key_id());
            let keys = jwks(&aws.store()).await;
            assert_eq!((keys.len(), &keys[0]["kid"]), (1, &json!(first.key_id())));
            assert!(verifies(&keys[0], &signed(&first).await) && verifies(&keys[0], &signed(&second).await));
            assert!(keys[0].get("d").is_none());
        }
    }

    /// In KMS by its tag, and as a ciphertext by what that is bound to.
    #[tokio::test]
    async fn who_may_sign_tokens_may_not_use_it() {
        let aws = FakeAws::default();
        signer(&aws.rotation(plan(SigningMode::Kms)), false).await;
        let tag = json!([{ "TagKey": CHECKPOINTS_TAG, "TagValue": "trial" }]);
        assert_eq!(aws.requests_of("CreateKey")[0]["Tags"], tag);
        let aws = FakeAws::default();
        signer(&aws.rotation(plan(SigningMode::KmsWrapped)), false).await;
        let context = &aws.requests_of("GenerateDataKeyPairWithoutPlaintext")[0]["EncryptionContext"];
        assert_eq!(
            (&context["countersign"], &context["deployment"]),
            (&json!("checkpoint-key"), &json!("trial"))
        );
    }

    #[tokio::test]
    async fn a_new_one_takes_over_and_what_the_one_before_signed_verifies_still() {
        let aws = FakeAws::default();
        let (first, _) = signer(&aws.rotation(plan(SigningMode::KmsWrapped)), false).await;
        let old = signed(&first).await;
        // The deployment keeps its keys in KMS from now on.
        let rotation = aws.rotation(plan(SigningMode::Kms));
        let (second, _) = signer(&rotation, false).await;
        assert_ne!(first.key_id(), second.key_id());
        let keys = jwks(&aws.store()).await;
        assert!(verifies(&keys[0], &old) && verifies(&keys[1], &signed(&second).await));
        assert_eq!(keys.len(), 2);

        let (third, calls) = signer(&aws.rotation(plan(SigningMode::KmsWrapped)), true).await;
        assert_eq!(aws.requests_of("DisableKey").len(), 1, "{calls}");
        let keys = jwks(&aws.store()).await;
        assert_eq!(keys.len(), 3);
        assert!(verifies(&keys[0], &old) && verifies(&keys[2], &signed(&third).await));
        let (_, calls) = signer(&aws.rotation(plan(SigningMode::KmsWrapped)), false).await;
        assert_eq!(calls.to_string(), "DynamoDB.GetItem=1", "it is disabled once");
    }

    #[tokio::test]
    async fn a_local_server_s_file_signs_and_the_table_names_its_key_once() {
        let aws = FakeAws::default();
        let file = || KeyFile::of_es256(START, Dice::system().roll()).expect("a key");
        let (one, other) = (file(), file());
        for _ in 0..2 {
            let signer = CheckpointSigner::of_file(&one, &aws.store(), START).await.expect("one");
            let keys = jwks(&aws.store()).await;
            assert!(keys.len() == 1 && verifies(&keys[0], &signed(&signer).await));
        }
        CheckpointSigner::of_file(&other, &aws.store(), START).await.expect("one");
        assert_eq!(jwks(&aws.store()).await.len(), 2);
    }

    #[tokio::test]
    async fn a_file_s_key_that_the_table_does_not_name_signs_nothing() {
        let aws = FakeAws::default();
        let file = KeyFile::of_es256(START, Dice::system().roll()).expect("a key");
        aws.overtake();
        let overtaken = CheckpointSigner::of_file(&file, &aws.store(), START).await;
        let fault = overtaken.map(drop).expect_err("somebody else was quicker");
        assert!(matches!(fault, Fault::Unavailable { .. }), "{fault}");
        CheckpointSigner::of_file(&file, &aws.store(), START).await.expect("one");
        assert_eq!(jwks(&aws.store()).await.len(), 1);
    }
}
