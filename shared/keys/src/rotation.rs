use std::time::Duration;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::get_public_key::{GetPublicKeyError, GetPublicKeyOutput};
use aws_sdk_kms::types::{DataKeyPairSpec, KeySpec, KeyUsageType, Tag};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use environment::{Dice, Fault};
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use store::Store;

use crate::certificate::Draft;
use crate::checkpoint_keys::{CheckpointKey, CheckpointKeys, CheckpointSigner};
use crate::key_ring::{ALGORITHMS, KeyRing, Purpose, RingCustody, RingKey, SigningMode, Signs};
use crate::key_set::{JWKS_MAX_AGE, KeySet, LONGEST_TOKEN_LIFE, Schedule, ScheduledKey};
use crate::kms::{self, Kms, Safe};
use crate::ring_copy::RING_FRESH;
use crate::ring_custody::private_half;

/// How long until everybody who verifies a token has a key: each process reads the ring anew, and then whoever keeps
/// a JWKS fetches one.
const UNTIL_KNOWN: Duration = JWKS_MAX_AGE.saturating_add(RING_FRESH.saturating_mul(2));

/// What the rotation of a deployment's keys is to know.
#[derive(Clone, Debug)]
pub struct RotationPlan {
    /// The deployment's name, unique in its account and region.
    pub deployment: String,
    /// The KMS key that seals.
    pub data_key: String,
    /// How new signing keys are kept.
    pub mode: SigningMode,
    /// How long a signing key signs.
    pub period: Duration,
    /// KMS keys that were made together with the deployment, to begin with.
    pub first_keys: Vec<(SigningAlgorithm, String)>,
}

/// What is asked of one run beside what is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Keys that are to be replaced whether it is time or not.
    pub rotate: Vec<SigningAlgorithm>,
    /// Without overlap: the keys before are published no more, and what they signed is worth nothing at once. For a
    /// key that somebody else may have.
    pub at_once: bool,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tended {
    /// The first keys were made.
    Made,
    /// Keys were replaced, or private halves that nobody needs any more were given up.
    Changed {
        /// Whose successors were made.
        rotated: Vec<SigningAlgorithm>,
        /// How many private halves are gone.
        gone: usize,
    },
    /// Everything is as it should be.
    Nothing,
    /// Somebody else changed the ring meanwhile.
    Overtaken,
}

/// Makes and replaces a deployment's keys. The one who may write the key ring.
pub struct Rotation {
    kms: Kms,
    store: Store,
    dice: Dice,
    plan: RotationPlan,
    /// How long a new key's tag may stay unknown to whom it gives rights.
    until_tagged: Duration,
}

impl Rotation {
    /// Puts the parts together.
    pub fn new(sdk: &aws::SdkConfig, store: Store, dice: Dice, plan: RotationPlan) -> Self {
        let kms = kms::client(&aws::unhurried(sdk));
        Self { kms, store, dice, plan, until_tagged: aws::until_a_tag_is_known() }
    }

    /// Makes the first keys, replaces those whose time has come, and gives up the private halves of those whose last
    /// token has expired: two reads, and one conditional write or two if there is anything to do.
    ///
    /// # Errors
    /// When the table or KMS does not answer; the ring is as it was then.
    pub async fn tend(&self, demand: &Demand, now: Timestamp) -> Result<Tended, Fault> {
        let tended = self.change(demand, now).await?;
        self.settle().await?;
        Ok(tended)
    }

    async fn change(&self, demand: &Demand, now: Timestamp) -> Result<Tended, Fault> {
        let kept = self.store.key_ring::<KeyRing>().await?;
        let (ring, tended) = match &kept {
            None => (self.first(now).await?, Tended::Made),
            Some(kept) => {
                kept.ring.check_format()?;
                self.next(&kept.ring, demand, now).await?
            }
        };
        if tended == Tended::Nothing {
            return Ok(tended);
        }
        let replaced = self.store.replace_key_ring(&ring, kept.as_ref()).await?;
        Ok(if replaced { tended } else { Tended::Overtaken })
    }

    async fn first(&self, now: Timestamp) -> Result<KeyRing, Fault> {
        let mut keys = Vec::new();
        for algorithm in ALGORITHMS {
            let key = self.first_key(algorithm).await?;
            keys.push(ScheduledKey { algorithm, schedule: Schedule::first(now), key });
        }
        let plan = &self.plan;
        let secret = self.make_server_secret().await?;
        Ok(KeyRing::new(plan.deployment.clone(), plan.data_key.clone(), secret, KeySet::new(keys)))
    }

    async fn first_key(&self, algorithm: SigningAlgorithm) -> Result<RingKey, Fault> {
        let made = self.plan.first_keys.iter().find(|(of, _)| *of == algorithm);
        let Some((_, key_id)) = made.filter(|_| self.plan.mode == SigningMode::Kms) else {
            return self.make(algorithm, Signs::Tokens).await;
        };
        match self.public_half(key_id).await {
            // It was retired under a ring that is lost, or was deleted since: it signs no more.
            Err(error) if error.as_service_error().is_some_and(is_of_no_use) => {
                self.make(algorithm, Signs::Tokens).await
            }
            answer => ring_key(key_id.clone(), answer),
        }
    }

    async fn next(
        &self,
        ring: &KeyRing,
        demand: &Demand,
        now: Timestamp,
    ) -> Result<(KeyRing, Tended), Fault> {
        let mut next = ring.clone();
        let mut rotated = Vec::new();
        for algorithm in ALGORITHMS {
            if demand.rotate.contains(&algorithm) || self.is_due(ring, algorithm, now) {
                let successor = self.make(algorithm, Signs::Tokens).await?;
                next.signing_keys = if demand.at_once && demand.rotate.contains(&algorithm) {
                    next.signing_keys.replace_at_once(algorithm, successor, now)
                } else {
                    next.signing_keys.rotate(algorithm, successor, now, UNTIL_KNOWN, LONGEST_TOKEN_LIFE)
                };
                rotated.push(algorithm);
            }
        }
        let gone = next.give_up_private_halves(now);
        // Only when the ring is written anyway: it grows by nothing else.
        next.forget_old(now);
        let tended =
            if rotated.is_empty() && gone == 0 { Tended::Nothing } else { Tended::Changed { rotated, gone } };
        Ok((next, tended))
    }

    /// Whether the newest key of an algorithm has signed for long enough, or is not kept as the deployment wants it.
    fn is_due(&self, ring: &KeyRing, algorithm: SigningAlgorithm, now: Timestamp) -> bool {
        let newest = ring.signing_keys.iter().filter(|key| key.algorithm == algorithm).last();
        newest.is_none_or(|key| {
            let started = key.schedule.first_use;
            !self.plan.mode.keeps(&key.key.custody) || now >= started.after(self.plan.period)
        })
    }

    async fn make(&self, algorithm: SigningAlgorithm, signs: Signs) -> Result<RingKey, Fault> {
        match self.plan.mode {
            SigningMode::Kms => self.make_kms_key(algorithm, signs).await,
            SigningMode::KmsWrapped => self.make_wrapped_key(algorithm, signs).await,
        }
    }

    async fn make_kms_key(&self, algorithm: SigningAlgorithm, signs: Signs) -> Result<RingKey, Fault> {
        const WHAT: &str = "new signing key";
        let (tag, what) = signs.tag();
        let tag = Tag::builder().tag_key(tag).tag_value(&self.plan.deployment).build();
        let spec = match algorithm {
            SigningAlgorithm::Es256 => KeySpec::EccNistP256,
            SigningAlgorithm::Rs256 => KeySpec::Rsa2048,
        };
        let request = self
            .kms
            .create_key()
            .key_spec(spec)
            .key_usage(KeyUsageType::SignVerify)
            .description(format!("{}: signs {what}, {}", self.plan.deployment, algorithm.as_str()))
            .tags(tag.map_err(|error| Fault::broken(WHAT, error))?);
        // Asked a second time, KMS would make a second key.
        let once = aws_sdk_kms::config::Config::builder().retry_config(RetryConfig::disabled());
        let answer = request.customize().config_override(once).send().await;
        let answer = answer.map_err(|error| aws::fault(WHAT, &error))?;
        let arn = answer.key_metadata.and_then(|metadata| metadata.arn);
        self.new_kms_key(arn.ok_or_else(|| Fault::broken(WHAT, "KMS answered without its name"))?).await
    }

    /// The rights to a new key hang on its tag, which takes its time to be known: until then nobody could sign with it, and it is not to
    /// stand in the ring.
    async fn new_kms_key(&self, key_id: String) -> Result<RingKey, Fault> {
        let (mut waited, mut pause) = (Duration::ZERO, Duration::from_secs(1));
        loop {
            let answer = self.public_half(&key_id).await;
            let is_unknown = answer.as_ref().is_err_and(is_not_known_yet);
            if !is_unknown || waited >= self.until_tagged {
                return ring_key(key_id, answer);
            }
            tracing::info!(target: "keys", seconds = waited.as_secs(), "a new key's tag is not known yet");
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    }

    async fn public_half(&self, key_id: &str) -> PublicHalf {
        self.kms.get_public_key().key_id(key_id).send().await
    }

    async fn make_wrapped_key(&self, algorithm: SigningAlgorithm, signs: Signs) -> Result<RingKey, Fault> {
        const WHAT: &str = "new signing key";
        let name = URL_SAFE_NO_PAD.encode(self.dice.roll::<12>());
        let spec = match algorithm {
            SigningAlgorithm::Es256 => DataKeyPairSpec::EccNistP256,
            SigningAlgorithm::Rs256 => DataKeyPairSpec::Rsa2048,
        };
        let mut request = self
            .kms
            .generate_data_key_pair_without_plaintext()
            .key_id(&self.plan.data_key)
            .key_pair_spec(spec);
        for (key, value) in signs.purpose(&name).context(&self.plan.deployment) {
            request = request.encryption_context(key, value);
        }
        let answer = request.send().await.map_err(|error| aws::fault(WHAT, &error))?;
        let (Some(public), Some(wrapped)) = (answer.public_key, answer.private_key_ciphertext_blob) else {
            return Err(Fault::broken(WHAT, "KMS answered with half of it"));
        };
        let custody = RingCustody::KmsWrapped { name, wrapped: STANDARD.encode(wrapped) };
        checked(RingKey { public_key: STANDARD.encode(public), certificate: None, custody })
    }

    async fn make_server_secret(&self) -> Result<String, Fault> {
        const WHAT: &str = "server secret";
        let mut request =
            self.kms.generate_data_key_without_plaintext().key_id(&self.plan.data_key).number_of_bytes(32);
        for (key, value) in Purpose::ServerSecret.context(&self.plan.deployment) {
            request = request.encryption_context(key, value);
        }
        let answer = request.send().await.map_err(|error| aws::fault(WHAT, &error))?;
        let wrapped = answer.ciphertext_blob.ok_or_else(|| Fault::broken(WHAT, "KMS answered without it"))?;
        Ok(STANDARD.encode(wrapped))
    }

    /// The key that signs checkpoints: the newest, or a new one where there is none, where a new one is wanted, or where it is not kept as
    /// the deployment wants it. It has no period: whoever keeps a copy of it as their anchor gets no new one without need. One read, and
    /// where a key is made, one write or two.
    ///
    /// # Errors
    /// When the table or KMS does not answer, or somebody else changes the keys meanwhile.
    pub async fn checkpoint_signer(&self, new_one: bool, now: Timestamp) -> Result<CheckpointSigner, Fault> {
        let kept = self.store.checkpoint_keys::<CheckpointKeys>().await?;
        let mut keys = kept.as_ref().map(|kept| kept.keys.clone()).unwrap_or_default();
        let is_kept_so =
            |key: &CheckpointKey| key.custody.as_ref().is_some_and(|custody| self.plan.mode.keeps(custody));
        if new_one || !keys.newest().is_some_and(is_kept_so) {
            let made = self.make(crate::checkpoint_keys::ALGORITHM, Signs::Checkpoints).await?;
            keys = keys.with(CheckpointKey::new(&made.public()?, Some(made.custody), now));
            keys.take_the_place_of(kept.as_ref(), &self.store).await?;
        }
        if keys.to_be_disabled().next().is_some() {
            keys = self.disable_old_checkpoint_keys(&keys).await?;
        }
        let newest = keys.newest().and_then(|newest| Some((newest, newest.custody.as_ref()?)));
        let (newest, custody) = newest.ok_or_else(|| Fault::broken("checkpoint key", "there is none"))?;
        let (public, plan) = (newest.public()?, &self.plan);
        let safe = Safe::new(self.kms.clone(), plan.data_key.clone(), plan.deployment.clone());
        let private = private_half(&self.kms, custody, Signs::Checkpoints, &safe, &public);
        Ok(CheckpointSigner::new(public.thumbprint(), private))
    }

    async fn disable_old_checkpoint_keys(&self, keys: &CheckpointKeys) -> Result<CheckpointKeys, Fault> {
        self.disable("retired checkpoint key", keys.to_be_disabled()).await?;
        let disabled = keys.without_what_is_disabled();
        let kept = self.store.checkpoint_keys::<CheckpointKeys>().await?;
        if kept.as_ref().is_some_and(|kept| kept.keys == *keys) {
            // Who was quicker does the same once more.
            self.store.replace_checkpoint_keys(&disabled, kept.as_ref()).await?;
        }
        Ok(disabled)
    }

    /// What is left to do once the ring stands: a key that cannot be used otherwise waits for it, and whoever runs next
    /// does what this run could not.
    async fn settle(&self) -> Result<(), Fault> {
        let Some(kept) = self.store.key_ring::<KeyRing>().await? else { return Ok(()) };
        let mut ring = kept.ring.clone();
        self.disable_what_is_gone(&mut ring).await?;
        self.certify(&mut ring).await?;
        if ring == kept.ring {
            return Ok(());
        }
        // Who was quicker does the same once more.
        self.store.replace_key_ring(&ring, Some(&kept)).await.map(drop)
    }

    /// A key in KMS whose private half the ring has given up signs nothing more, whoever asks. Deleting it is an
    /// operator's decision.
    /// The ring names it until that is done.
    async fn disable_what_is_gone(&self, ring: &mut KeyRing) -> Result<(), Fault> {
        self.disable("retired signing key", ring.to_be_disabled()).await?;
        ring.forget_disabled();
        Ok(())
    }

    async fn disable(&self, what: &'static str, ids: impl Iterator<Item = &String>) -> Result<(), Fault> {
        for key_id in ids {
            let answer = self.kms.disable_key().key_id(key_id).send().await;
            answer.map_err(|error| aws::fault(what, &error))?;
        }
        Ok(())
    }

    /// Has each RSA key that can sign and has no certificate yet sign its own: one call of KMS, once in the key's life. A
    /// key that signs no more is published no more, and needs none.
    async fn certify(&self, ring: &mut KeyRing) -> Result<(), Fault> {
        let safe = Safe::of(self.kms.clone(), ring);
        let mut certificates = Vec::new();
        for stored in ring.signing_keys.iter() {
            certificates.push(match &stored.key {
                RingKey { custody: RingCustody::Gone { .. }, .. } => None,
                RingKey { certificate: Some(certificate), .. } => Some(certificate.clone()),
                _ => self.certificate(stored, &safe).await?,
            });
        }
        let mut certificates = certificates.into_iter();
        ring.signing_keys = ring
            .signing_keys
            .map(|stored| RingKey { certificate: certificates.next().flatten(), ..stored.key.clone() });
        Ok(())
    }

    async fn certificate(
        &self,
        stored: &ScheduledKey<RingKey>,
        safe: &Safe,
    ) -> Result<Option<String>, Fault> {
        let public = stored.key.public()?;
        let Some(draft) = Draft::new(&public, stored.schedule.published_at) else { return Ok(None) };
        let private = private_half(&self.kms, &stored.key.custody, Signs::Tokens, safe, &public);
        let signature = private.sign(stored.algorithm, draft.to_be_signed()).await?;
        Ok(Some(STANDARD.encode(draft.signed(&signature)?)))
    }
}

/// What KMS says when it is asked for the public half of a key.
type PublicHalf = Result<GetPublicKeyOutput, SdkError<GetPublicKeyError>>;

/// A key of KMS as the ring holds it.
fn ring_key(key_id: String, answer: PublicHalf) -> Result<RingKey, Fault> {
    const WHAT: &str = "public key";
    let answer = answer.map_err(|error| aws::fault(WHAT, &error))?;
    let public = answer.public_key.ok_or_else(|| Fault::broken(WHAT, "KMS answered without one"))?;
    let custody = RingCustody::Kms { key_id };
    checked(RingKey { public_key: STANDARD.encode(public), certificate: None, custody })
}

/// Whether KMS knows no such key for whom asks, which it says in two ways.
fn is_not_known_yet(error: &SdkError<GetPublicKeyError>) -> bool {
    error
        .as_service_error()
        .is_some_and(|error| error.is_not_found_exception() || error.code() == Some("AccessDeniedException"))
}

/// Whether a key of KMS is disabled, waits for its deletion, or is deleted.
fn is_of_no_use(error: &GetPublicKeyError) -> bool {
    error.is_disabled_exception() || error.is_kms_invalid_state_exception() || error.is_not_found_exception()
}

/// A key is not taken into the ring when its public half could not be read from it.
fn checked(key: RingKey) -> Result<RingKey, Fault> {
    key.public().map(|_| key)
}

#[cfg(test)]
mod tests {
    use SigningAlgorithm::{Es256, Rs256};
    use environment::Clock;
    use serde_json::{Value, json};

    use super::*;
    use crate::fake_aws::{FakeAws, plan};
    use crate::fixtures::{P256_SPKI, RSA_SPKI, SECRET};
    use crate::ring_custody::RingKeys;
    use crate::signing_key::PrivateKey;
    use crate::{AcceptedKeys, DEPLOYMENT_TAG, Expected, Keys, PublicKey, ServerSecret};

    const ISSUER: &str = "https://issuer.example";
    const EXPECTED: Expected<'_> =
        Expected { issuer: ISSUER, types: &["at+jwt"], keys: AcceptedKeys::Published };
    const DAY: Duration = Duration::from_hours(24);

    async fn made(aws: &FakeAws, mode: SigningMode, now: Timestamp) -> Rotation {
        let rotation = aws.rotation(plan(mode));
        assert_eq!(rotation.tend(&Demand::default(), now).await.expect("made"), Tended::Made);
        rotation
    }

    async fn signed(keys: &Keys, algorithm: SigningAlgorithm, now: Timestamp) -> (String, String) {
        let claims = json!({ "iss": ISSUER });
        let (token, calls) = aws::counted(keys.sign(&claims, "at+jwt", algorithm, now)).await;
        let token = token.expect("signed");
        keys.public().await.expect("at hand").verify(&token, &EXPECTED, now).expect("our own");
        (token, calls.to_string())
    }

    #[tokio::test]
    async fn a_new_key_is_taken_when_its_tag_is_known_and_no_second_one_is_made() {
        let (aws, now) = (FakeAws::default(), Clock::system().now());
        let rotation = made(&aws, SigningMode::Kms, now).await;
        aws.learn_tags_after(1);
        let demand = Demand { rotate: vec![Es256], at_once: true };
        assert!(matches!(rotation.tend(&demand, now).await, Ok(Tended::Changed { .. })));
        assert_eq!(aws.requests_of("CreateKey").len(), 1);

        aws.learn_tags_after(9);
        let impatient = Rotation { until_tagged: Duration::ZERO, ..aws.rotation(plan(SigningMode::Kms)) };
        let ring = aws.ring();
        assert!(impatient.tend(&demand, now).await.is_err());
        assert_eq!(aws.ring(), ring, "what nobody may use is in no ring");
    }

    #[tokio::test]
    async fn before_a_first_run_nothing_is_signed_and_the_log_says_what_to_do() {
        let keys = FakeAws::default().keys(&Clock::system());
        let fault = keys.public().await.map(drop).expect_err("no ring");
        assert!(fault.to_string().contains("invoke the rotation function"), "{fault}");
    }

    #[tokio::test]
    async fn in_kms_mode_kms_signs_each_token_as_a_digest() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let now = clock.now();
        made(&aws, SigningMode::Kms, now).await;
        let keys = aws.keys(&clock);
        assert_eq!(signed(&keys, Es256, now).await.1, "DynamoDB.GetItem=1 KMS.Sign=1");
        // Many times, because a number of the signature is short only now and then.
        for _ in 0..50 {
            assert_eq!(signed(&keys, Es256, now).await.1, "KMS.Sign=1");
        }
        assert_eq!(signed(&keys, Rs256, now).await.1, "KMS.Sign.RS256=1");
        let requests = aws.requests_of("Sign");
        assert!(requests.iter().all(|request| request["MessageType"] == "DIGEST"));
        // The first was the RSA key's own certificate.
        let requests = &requests[1..];
        assert_eq!(requests[0]["SigningAlgorithm"], "ECDSA_SHA_256");
        assert_eq!(requests[51]["SigningAlgorithm"], "RSASSA_PKCS1_V1_5_SHA_256");
        assert_eq!(
            (&requests[0]["KeyId"], &requests[51]["KeyId"]),
            (&json!("arn:first-ec"), &json!("arn:first-rsa"))
        );
        assert!(aws.requests_of("CreateKey").is_empty(), "the template's keys are taken");
    }

    #[tokio::test]
    async fn in_wrapped_mode_kms_opens_the_key_once_and_signs_nothing() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let now = clock.now();
        made(&aws, SigningMode::KmsWrapped, now).await;
        let keys = aws.keys(&clock);
        assert_eq!(signed(&keys, Es256, now).await.1, "DynamoDB.GetItem=1 KMS.Decrypt=1 Keys.Sign=1");
        assert_eq!(signed(&keys, Es256, now).await.1, "Keys.Sign=1");
        assert_eq!(signed(&keys, Rs256, now).await.1, "KMS.Decrypt=1 Keys.Sign=1");
        let contexts: Vec<Value> = aws
            .requests_of("Decrypt")
            .into_iter()
            .map(|request| request["EncryptionContext"].clone())
            .collect();
        assert!(contexts.iter().all(|context| context["countersign"] == "signing-key"
            && context["deployment"] == "trial"
            && context["key"].as_str().is_some_and(|name| name.len() == 16)));
        assert_ne!(contexts[0], contexts[1]);
    }

    #[tokio::test]
    async fn a_ciphertext_of_another_key_or_purpose_does_not_open() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let now = clock.now();
        made(&aws, SigningMode::KmsWrapped, now).await;
        aws.change_ring(|ring| {
            ring["signing_keys"][0]["wrapped"] = ring["signing_keys"][1]["wrapped"].clone();
            ring["server_secret"] = ring["signing_keys"][1]["wrapped"].clone();
        });
        let keys = aws.keys(&clock);
        assert!(keys.sign(&json!({}), "JWT", Es256, now).await.is_err());
        assert!(keys.server_secret().await.is_err());
    }

    #[tokio::test]
    async fn a_public_half_that_is_not_the_key_s_own_signs_nothing() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let now = clock.now();
        made(&aws, SigningMode::KmsWrapped, now).await;
        aws.change_ring(|ring| {
            use base64::engine::general_purpose::STANDARD;
            ring["signing_keys"][0]["public_key"] = json!(STANDARD.encode(P256_SPKI));
        });
        assert!(aws.keys(&clock).sign(&json!({}), "JWT", Es256, now).await.is_err());
    }

    #[tokio::test]
    async fn the_server_secret_is_opened_once_under_its_own_context() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        made(&aws, SigningMode::Kms, clock.now()).await;
        let keys = aws.keys(&clock);
        let (tags, calls) = aws::counted(async {
            let tag = async || keys.server_secret().await.expect("opened").hmac("cookie", &[b"a"]);
            [tag().await, tag().await]
        })
        .await;
        assert_eq!(tags, [ServerSecret::new(SECRET).hmac("cookie", &[b"a"]); 2]);
        assert_eq!(calls.to_string(), "DynamoDB.GetItem=1 KMS.Decrypt=1");
        let context = json!({ "countersign": "server-secret", "deployment": "trial" });
        assert_eq!(aws.requests_of("Decrypt")[0]["EncryptionContext"], context);
        assert_eq!(aws.requests_of("Decrypt")[0]["KeyId"], "data-key");
    }

    #[tokio::test]
    async fn a_key_that_is_young_is_left_alone_and_an_old_one_replaced_with_overlap() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::KmsWrapped, start).await;
        let none = Demand::default();
        let young = start.after(DAY * 89);
        assert_eq!(rotation.tend(&none, young).await.expect("tended"), Tended::Nothing);
        // RSA is not due, because the fake has but one key of that kind.
        let es256 = Demand { rotate: vec![Es256], at_once: false };
        let changed = Tended::Changed { rotated: vec![Es256], gone: 0 };
        assert_eq!(rotation.tend(&es256, young).await.expect("tended"), changed);
        let keys = aws.keys(&clock);
        let published = keys.public().await.expect("at hand").jwks(young);
        assert_eq!(published["keys"].as_array().map(Vec::len), Some(3));
        let (before, _) =
            signed(&keys, Es256, young.after(UNTIL_KNOWN.saturating_sub(Duration::from_secs(1)))).await;
        let (after, _) = signed(&keys, Es256, young.after(UNTIL_KNOWN)).await;
        let kid = |token: &str| jsonwebtoken::decode_header(token).expect("a token").kid;
        assert_ne!(kid(&before), kid(&after));
        let public = keys.public().await.expect("at hand");
        let last_expiry = young.after(UNTIL_KNOWN + LONGEST_TOKEN_LIFE);
        public.verify(&before, &EXPECTED, last_expiry).expect("published until its last token has expired");
    }

    #[tokio::test]
    async fn when_its_last_token_has_expired_the_private_half_is_given_up() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::Kms, start).await;
        let wrapped = aws.rotation(plan(SigningMode::KmsWrapped));
        // Another mode is wanted: every key is replaced by one that is kept in that way.
        aws.change_ring(|ring| ring["signing_keys"].as_array_mut().expect("keys").truncate(1));
        let rotated = wrapped.tend(&Demand::default(), start).await.expect("tended");
        assert_eq!(rotated, Tended::Changed { rotated: vec![Es256, Rs256], gone: 0 });
        let over = start.after(UNTIL_KNOWN + LONGEST_TOKEN_LIFE + Duration::from_mins(2));
        aws.refuse(Some("DisableKey"));
        assert!(wrapped.tend(&Demand::default(), over).await.is_err());
        assert_eq!(aws.ring()["signing_keys"][0]["to_be_disabled"], "arn:first-ec");
        aws.refuse(None);
        let tended = wrapped.tend(&Demand::default(), over).await.expect("tended");
        assert_eq!(tended, Tended::Nothing, "it was given up already");
        assert_eq!(aws.ring()["signing_keys"][0]["custody"], "gone");
        assert_eq!(aws.ring()["signing_keys"][0].get("key_id"), None);
        assert_eq!(aws.ring()["signing_keys"][0].get("to_be_disabled"), None);
        let disabled = json!({ "KeyId": "arn:first-ec" });
        assert_eq!(aws.requests_of("DisableKey"), [disabled.clone(), disabled]);
        assert_eq!(wrapped.tend(&Demand::default(), over).await.expect("tended"), Tended::Nothing);
        drop(rotation);
    }

    #[tokio::test]
    async fn a_key_that_leaked_is_worth_nothing_once_every_process_has_read_the_ring() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::KmsWrapped, start).await;
        let keys = aws.keys(&clock);
        let (stolen, _) = signed(&keys, Es256, start).await;
        let at_once = Demand { rotate: vec![Es256], at_once: true };
        rotation.tend(&at_once, start).await.expect("tended");
        clock.advance(i64::try_from(RING_FRESH.as_secs()).expect("small"));
        let public = keys.public().await.expect("read anew");
        assert!(public.verify(&stolen, &EXPECTED, clock.now()).is_err());
        signed(&keys, Es256, clock.now()).await;
    }

    #[tokio::test]
    async fn a_key_that_was_given_up_is_forgotten_by_those_who_had_opened_it() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::KmsWrapped, start).await;
        let keys = RingKeys::new(&aws.sdk(), aws.store(), clock.clone());
        let opened = keys.keys().await.expect("a ring");
        opened.sign(b"{}", "JWT", Es256, start).await.map_err(Fault::from).expect("signed");
        let kid = opened.signing_kid(Es256, start);
        drop(opened);
        let holds = async || {
            let loaded = keys.keys().await.expect("a ring");
            let key = loaded.find(&kid).expect("its public half stays");
            matches!(&key.private, PrivateKey::Wrapped(key) if key.opened.initialized())
        };
        assert!(holds().await);
        let es256 = Demand { rotate: vec![Es256], at_once: true };
        rotation.tend(&es256, start).await.expect("tended");
        clock.advance(i64::try_from(RING_FRESH.as_secs()).expect("small"));
        assert!(!holds().await);
    }

    #[tokio::test]
    async fn at_once_means_the_demanded_algorithm_alone() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::KmsWrapped, start).await;
        let both_are_due = start.after(DAY * 90);
        let at_once = Demand { rotate: vec![Es256], at_once: true };
        rotation.tend(&at_once, both_are_due).await.expect("tended");
        let ring = aws.ring();
        let (leaked, due) = (&ring["signing_keys"][0], &ring["signing_keys"][1]);
        assert_eq!((&leaked["algorithm"], &due["algorithm"]), (&json!("ES256"), &json!("RS256")));
        let now = json!(both_are_due.as_seconds());
        assert_eq!((&leaked["distrusted"], &leaked["unpublished_at"]), (&json!(true), &now));
        assert_eq!(due.get("distrusted"), None, "its tokens are as good as before");
        assert_eq!(due["retired_at"], both_are_due.after(UNTIL_KNOWN).as_seconds());
    }

    #[tokio::test]
    async fn a_lost_ring_is_made_anew_though_the_first_keys_are_retired() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::Kms, start).await;
        let es256 = Demand { rotate: vec![Es256], at_once: true };
        rotation.tend(&es256, start).await.expect("tended");
        assert_eq!(aws.requests_of("DisableKey"), [json!({ "KeyId": "arn:first-ec" })]);
        aws.lose_ring();
        assert_eq!(rotation.tend(&Demand::default(), start).await.expect("made"), Tended::Made);
        let keys = aws.ring()["signing_keys"].clone();
        assert_eq!(
            (&keys[0]["key_id"], &keys[1]["key_id"]),
            (&json!("arn:ECC_NIST_P256"), &json!("arn:first-rsa"))
        );
        signed(&aws.keys(&clock), Es256, start).await;
    }

    /// Each rotation adds a key: what nobody can need any more goes, and the ring stays small whatever its period.
    #[tokio::test]
    async fn the_ring_forgets_keys_a_year_after_they_were_published_and_the_oldest_of_very_many() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let start = clock.now();
        let rotation = made(&aws, SigningMode::KmsWrapped, start).await;
        let es256 = Demand { rotate: vec![Es256], at_once: true };
        let public_halves = || {
            let ring = aws.ring();
            let keys = ring["signing_keys"].as_array().expect("keys").iter();
            let keys = keys.filter(|key| key["algorithm"] == "ES256");
            keys.map(|key| key["public_key"].as_str().expect("one").to_owned()).collect::<Vec<_>>()
        };
        let first = public_halves()[0].clone();
        rotation.tend(&es256, start).await.expect("tended");
        rotation.tend(&es256, start.after(DAY * 364)).await.expect("tended");
        assert!(public_halves().contains(&first), "old hints may still name it");
        rotation.tend(&es256, start.after(DAY * 365)).await.expect("tended");
        assert!(!public_halves().contains(&first));

        let second = public_halves()[0].clone();
        for hour in 0..100 {
            rotation.tend(&es256, start.after(DAY * 365 + Duration::from_hours(hour))).await.expect("tended");
        }
        assert!(!public_halves().contains(&second), "there are many newer ones");
        assert!(public_halves().len() < 70 && aws.ring().to_string().len() < 64 * 1024);
    }

    #[tokio::test]
    async fn who_is_overtaken_changes_nothing() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let rotation = made(&aws, SigningMode::KmsWrapped, clock.now()).await;
        let before = aws.ring();
        aws.overtake();
        let es256 = Demand { rotate: vec![Es256], at_once: false };
        assert_eq!(rotation.tend(&es256, clock.now()).await.expect("told"), Tended::Overtaken);
        assert_eq!(aws.ring(), before);
    }

    /// The certificate signed something: it is whole, its own key's, and what a function signs is signed by that key.
    async fn certified(aws: &FakeAws, clock: &Clock) -> String {
        let keys = aws.keys(clock);
        let signed = keys.sign_certified(b"<x></x>", clock.now()).await.expect("signed");
        let public = keys.public().await.expect("at hand");
        assert_eq!(public.certificates(clock.now()), [signed.certificate.as_slice()]);
        let PublicKey::Rsa { n, e } = PublicKey::from_spki(RSA_SPKI).expect("a key") else { unreachable!() };
        ring::signature::RsaPublicKeyComponents { n, e }
            .verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, b"<x></x>", &signed.signature)
            .expect("by the key in use");
        STANDARD.encode(signed.certificate)
    }

    #[tokio::test]
    async fn an_rsa_key_signs_its_certificate_once_however_it_is_kept() {
        for mode in [SigningMode::Kms, SigningMode::KmsWrapped] {
            let (aws, clock) = (FakeAws::default(), Clock::system());
            let rotation = made(&aws, mode, clock.now()).await;
            let certificate = certified(&aws, &clock).await;
            let ring = aws.ring();
            assert_eq!(ring["signing_keys"][1]["certificate"], certificate);
            assert_eq!(ring["signing_keys"][0].get("certificate"), None, "ES256 has none");
            let signatures = aws.requests_of("Sign").len();
            let openings = aws.requests_of("Decrypt").len();
            rotation.tend(&Demand::default(), clock.now()).await.expect("tended");
            assert_eq!((aws.ring(), aws.requests_of("Sign").len()), (ring, signatures));
            assert_eq!(aws.requests_of("Decrypt").len(), openings);
        }
    }

    #[tokio::test]
    async fn a_ring_from_before_there_were_certificates_has_one_after_the_next_run() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let rotation = made(&aws, SigningMode::KmsWrapped, clock.now()).await;
        let certificate = certified(&aws, &clock).await;
        aws.change_ring(|ring| {
            drop(ring["signing_keys"][1].as_object_mut().expect("a key").remove("certificate"));
        });
        let keys = aws.keys(&clock);
        let fault = keys.sign_certified(b"<x></x>", clock.now()).await.expect_err("none yet");
        assert!(matches!(fault, environment::Fault::Unavailable { .. }), "{fault:?}");
        assert!(fault.to_string().contains("invoke the rotation function"), "{fault}");
        rotation.tend(&Demand::default(), clock.now()).await.expect("tended");
        clock.advance(i64::try_from(RING_FRESH.as_secs()).expect("small"));
        assert_eq!(keys.public().await.expect("read anew").certificates(clock.now()).len(), 1);
        assert_eq!(certified(&aws, &clock).await, certificate, "the same as before");
    }

    #[tokio::test]
    async fn a_certificate_that_could_not_be_made_keeps_no_key_from_being_replaced() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let rotation = made(&aws, SigningMode::Kms, clock.now()).await;
        aws.refuse(Some("Sign"));
        let rs256 = Demand { rotate: vec![Rs256], at_once: true };
        assert!(rotation.tend(&rs256, clock.now()).await.is_err(), "it is told");
        assert_eq!(aws.ring()["signing_keys"].as_array().expect("keys").len(), 3);
        aws.refuse(None);
        rotation.tend(&Demand::default(), clock.now()).await.expect("tended");
        assert!(aws.ring()["signing_keys"][2]["certificate"].is_string());
    }

    #[tokio::test]
    async fn a_kms_that_refuses_leaves_the_ring_as_it_was() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let rotation = made(&aws, SigningMode::KmsWrapped, clock.now()).await;
        let before = aws.ring();
        aws.refuse(Some("GenerateDataKeyPairWithoutPlaintext"));
        let es256 = Demand { rotate: vec![Es256], at_once: false };
        assert!(rotation.tend(&es256, clock.now()).await.is_err());
        assert_eq!(aws.ring(), before);
    }

    #[tokio::test]
    async fn a_new_key_in_kms_carries_the_deployment_s_tag() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        let plan = RotationPlan { first_keys: vec![], ..plan(SigningMode::Kms) };
        aws.rotation(plan).tend(&Demand::default(), clock.now()).await.expect("made");
        let requests = aws.requests_of("CreateKey");
        let tag = json!([{ "TagKey": DEPLOYMENT_TAG, "TagValue": "trial" }]);
        assert!(
            requests.iter().all(|request| request["Tags"] == tag && request["KeyUsage"] == "SIGN_VERIFY")
        );
        assert_eq!(
            (&requests[0]["KeySpec"], &requests[1]["KeySpec"]),
            (&json!("ECC_NIST_P256"), &json!("RSA_2048"))
        );
    }

    #[tokio::test]
    async fn a_ring_is_read_once_a_minute_and_kept_while_the_table_does_not_answer() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        made(&aws, SigningMode::Kms, clock.now()).await;
        let keys = aws.keys(&clock);
        let reads = async || {
            let (public, calls) = aws::counted(keys.public()).await;
            public.expect("at hand");
            calls.of("DynamoDB.GetItem")
        };
        assert_eq!([reads().await, reads().await], [1, 0]);
        clock.advance(60);
        assert_eq!([reads().await, reads().await], [1, 0]);
        aws.refuse(Some("GetItem"));
        clock.advance(60);
        assert_eq!([reads().await, reads().await], [1, 0]);
        clock.advance(5);
        assert_eq!(reads().await, 1);
    }

    #[tokio::test]
    async fn a_ring_of_a_newer_format_or_with_a_key_of_the_wrong_kind_is_a_fault_of_ours() {
        let (aws, clock) = (FakeAws::default(), Clock::system());
        made(&aws, SigningMode::Kms, clock.now()).await;
        let whole = aws.ring();
        let changes: [fn(&mut Value); 2] = [
            |ring| ring["format"] = json!(2),
            |ring| ring["signing_keys"][0]["public_key"] = ring["signing_keys"][1]["public_key"].clone(),
        ];
        for change in changes {
            aws.change_ring(|ring| *ring = whole.clone());
            aws.change_ring(change);
            let fault = aws.keys(&clock).public().await.map(drop).expect_err("unusable");
            assert!(matches!(fault, Fault::Broken { what: "signing keys", .. }), "{fault}");
        }
    }
}
