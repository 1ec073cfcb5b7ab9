use std::sync::Arc;

use environment::{Clock, Fault};
use oauth::Timestamp;
use store::Store;
use tokio::sync::OnceCell;

use crate::key_ring::{KeyRing, RingCustody, Signs};
use crate::key_set::ScheduledKey;
use crate::kms::{self, Kms, Safe, WrappedKey};
use crate::published::PublishedKeys;
use crate::ring_copy::{Kept, RingCopy};
use crate::server_secret::ServerSecret;
use crate::signing_key::{LoadedKeys, PrivateKey, SigningKey, Unsigned};

/// The keys of a deployment on AWS, as its table's key ring says. What is secret is opened by KMS when it is needed,
/// once in a process.
pub(crate) struct RingKeys {
    kms: Kms,
    copy: RingCopy<LoadedKeys>,
    secret: OnceCell<ServerSecret>,
}

impl RingKeys {
    pub(crate) fn new(sdk: &aws::SdkConfig, store: Store, clock: Clock) -> Self {
        Self { kms: kms::client(sdk), copy: RingCopy::new(store, clock), secret: OnceCell::new() }
    }

    pub(crate) fn published(&self) -> PublishedKeys {
        PublishedKeys::of_deployment(&self.copy.store, &self.copy.clock)
    }

    /// The keys, as [`RingCopy::current`] has them.
    pub(crate) async fn keys(&self) -> Result<Arc<LoadedKeys>, Fault> {
        self.current().await.map(|kept| kept.made)
    }

    /// The keys of a newer ring than the one of these, which did not sign, and the moment at which they were read: the key in
    /// use may be younger than the request that is to be signed for.
    ///
    /// # Errors
    /// What kept these from signing, when there is no newer ring; what the table says otherwise.
    pub(crate) async fn newer_than(
        &self,
        keys: &Arc<LoadedKeys>,
        unsigned: Unsigned,
    ) -> Result<(Arc<LoadedKeys>, Timestamp), Fault> {
        if let Unsigned::Fault(fault) = unsigned {
            return Err(fault);
        }
        let newer = self.copy.newer_than(keys, |ring, before| self.load(ring, before)).await?;
        let Some(newer) = newer else { return Err(unsigned.into()) };
        tracing::info!(target: "keys", "the key ring was read anew: another key signs now");
        Ok((newer.made, self.copy.clock.now()))
    }

    pub(crate) async fn server_secret(&self) -> Result<&ServerSecret, Fault> {
        self.secret.get_or_try_init(|| Box::pin(self.open_secret())).await
    }

    async fn open_secret(&self) -> Result<ServerSecret, Fault> {
        let ring = self.current().await?.ring;
        Safe::of(self.kms.clone(), &ring).server_secret(&ring.server_secret).await
    }

    async fn current(&self) -> Result<Kept<LoadedKeys>, Fault> {
        self.copy.current(|ring, before| self.load(ring, before)).await
    }

    /// The keys of a ring; those that were known before stay as they are, opened or not. Of one that the ring has given up
    /// only the public half stays: a private half that was opened here is forgotten.
    fn load(&self, ring: &KeyRing, before: Option<&LoadedKeys>) -> Result<LoadedKeys, Fault> {
        let safe = Safe::of(self.kms.clone(), ring);
        let mut keys = Vec::new();
        for stored in ring.signing_keys.iter() {
            let public = stored.key.public()?;
            let kid = public.thumbprint();
            let is_gone = matches!(stored.key.custody, RingCustody::Gone { .. });
            let known = before.filter(|_| !is_gone).and_then(|keys| keys.find(&kid)).cloned();
            let certificate = stored.key.certificate()?;
            let key = known.filter(|known| known.certificate == certificate).unwrap_or_else(|| {
                let private = private_half(&self.kms, &stored.key.custody, Signs::Tokens, &safe, &public);
                Arc::new(SigningKey { kid, public, private, certificate })
            });
            keys.push(ScheduledKey { algorithm: stored.algorithm, schedule: stored.schedule, key });
        }
        LoadedKeys::new(keys)
    }
}

/// The private half of a key, not opened yet.
pub(crate) fn private_half(
    kms: &Kms,
    custody: &RingCustody,
    signs: Signs,
    safe: &Safe,
    public: &crate::PublicKey,
) -> PrivateKey {
    match custody {
        RingCustody::Kms { key_id } => PrivateKey::Kms { client: kms.clone(), key_id: key_id.clone() },
        RingCustody::KmsWrapped { name, wrapped } => PrivateKey::Wrapped(Box::new(WrappedKey {
            safe: safe.clone(),
            signs,
            name: name.clone(),
            wrapped: wrapped.clone(),
            public: public.clone(),
            opened: OnceCell::new(),
        })),
        RingCustody::Gone { .. } => PrivateKey::Gone,
    }
}

#[cfg(test)]
mod tests {
    use SigningAlgorithm::{Es256, Rs256};
    use oauth::configuration::SigningAlgorithm;
    use serde_json::json;

    use super::*;
    use crate::fake_aws::{FIRST_P256, FIRST_RSA, FakeAws, plan};
    use crate::{AcceptedKeys, Demand, Expected, Keys, SigningMode};

    const ISSUER: &str = "https://issuer.example";

    /// A function that has signed, and so has read the ring, a moment ago.
    struct Warm {
        aws: FakeAws,
        clock: Clock,
        keys: Keys,
    }

    /// What became of a wish for a signature, and which calls it took.
    type Asked = (Result<String, Fault>, aws::Calls);

    impl Warm {
        async fn in_kms_mode() -> Self {
            let (aws, clock) = (FakeAws::default(), Clock::system());
            let rotation = aws.rotation(plan(SigningMode::Kms));
            rotation.tend(&Demand::default(), clock.now()).await.expect("made");
            let warm = Self { keys: aws.keys(&clock), aws, clock };
            for algorithm in [Es256, Rs256] {
                warm.token(algorithm).await.0.expect("signed");
            }
            warm
        }

        async fn replace_at_once(&self, algorithm: SigningAlgorithm) {
            let demand = Demand { rotate: vec![algorithm], at_once: true };
            let rotation = self.aws.rotation(plan(SigningMode::Kms));
            rotation.tend(&demand, self.clock.now()).await.expect("tended");
        }

        async fn token(&self, algorithm: SigningAlgorithm) -> Asked {
            let now = self.clock.now();
            aws::counted(self.keys.sign(&json!({ "iss": ISSUER }), "at+jwt", algorithm, now)).await
        }

        async fn public(&self) -> Arc<crate::PublicKeys> {
            self.keys.public().await.expect("at hand")
        }
    }

    #[tokio::test]
    async fn after_a_key_was_replaced_at_once_the_next_token_is_signed_by_its_successor() {
        for (algorithm, read_and_both, one) in [
            (Es256, "DynamoDB.GetItem=1 KMS.Sign=2", "KMS.Sign=1"),
            (Rs256, "DynamoDB.GetItem=1 KMS.Sign.RS256=2", "KMS.Sign.RS256=1"),
        ] {
            let warm = Warm::in_kms_mode().await;
            let leaked = warm.token(algorithm).await.0.expect("signed");
            warm.replace_at_once(algorithm).await;

            let (token, calls) = warm.token(algorithm).await;
            assert_eq!(calls.to_string(), read_and_both);
            assert_eq!(calls.faults().count(), 0, "nothing is broken");
            let expected = Expected { issuer: ISSUER, types: &["at+jwt"], keys: AcceptedKeys::Published };
            let (public, now) = (warm.public().await, warm.clock.now());
            public.verify(&token.expect("signed"), &expected, now).expect("our own");
            public.verify(&leaked, &expected, now).expect_err("by the key that leaked");
            assert_eq!(warm.token(algorithm).await.1.to_string(), one);
        }
    }

    #[tokio::test]
    async fn after_an_rsa_key_was_replaced_at_once_its_successor_signs_assertions() {
        let warm = Warm::in_kms_mode().await;
        let sign = async || aws::counted(warm.keys.sign_certified(b"<x></x>", warm.clock.now())).await;
        let before = sign().await.0.expect("signed").certificate;
        warm.replace_at_once(Rs256).await;
        let (signed, calls) = sign().await;
        assert_eq!(calls.to_string(), "DynamoDB.GetItem=1 KMS.Sign.RS256=2");
        let certificate = signed.expect("signed").certificate;
        assert_ne!(certificate, before);
        assert_eq!(warm.public().await.certificates(warm.clock.now()), [certificate]);
    }

    /// Whoever reads the ring between the two writes of a rotation finds the new key without its certificate.
    #[tokio::test]
    async fn a_certificate_that_was_made_a_moment_ago_is_found() {
        let warm = Warm::in_kms_mode().await;
        let whole = warm.aws.ring();
        warm.aws.change_ring(|ring| {
            drop(ring["signing_keys"][1].as_object_mut().expect("a key").remove("certificate"));
        });
        let keys = warm.aws.keys(&warm.clock);
        let fault = keys.sign_certified(b"<x></x>", warm.clock.now()).await.expect_err("none yet");
        assert!(matches!(fault, Fault::Unavailable { what: "certificate", .. }), "{fault}");
        warm.aws.change_ring(|ring| *ring = whole);
        keys.sign_certified(b"<x></x>", warm.clock.now()).await.expect("signed");
    }

    #[tokio::test]
    async fn whatever_kms_calls_a_key_that_it_will_not_use_again_its_successor_signs() {
        for code in ["DisabledException", "KMSInvalidStateException", "NotFoundException"] {
            let warm = Warm::in_kms_mode().await;
            warm.replace_at_once(Es256).await;
            warm.aws.end_key(FIRST_P256, code);
            warm.token(Es256).await.0.expect(code);
        }
    }

    #[tokio::test]
    async fn a_key_that_has_ended_while_the_ring_names_it_still_is_a_fault() {
        for (algorithm, key_id) in [(Es256, FIRST_P256), (Rs256, FIRST_RSA)] {
            let warm = Warm::in_kms_mode().await;
            warm.aws.end_key(key_id, "DisabledException");
            let (asked, calls) = warm.token(algorithm).await;
            let fault = asked.expect_err("nobody signs");
            assert_eq!(fault.to_string(), "signing key is broken: DisabledException");
            assert_eq!((calls.of("DynamoDB.GetItem"), calls.total()), (1, 2), "{calls}");
            assert_eq!(calls.faults().collect::<Vec<_>>(), [("signing key", 1)]);
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_third_key() {
        let warm = Warm::in_kms_mode().await;
        warm.replace_at_once(Es256).await;
        warm.aws.end_key("arn:ECC_NIST_P256", "DisabledException");
        let (asked, calls) = warm.token(Es256).await;
        assert!(matches!(asked, Err(Fault::Broken { what: "signing key", .. })));
        assert_eq!(calls.to_string(), "DynamoDB.GetItem=1 KMS.Sign=2");
    }

    #[tokio::test]
    async fn what_a_newer_ring_would_not_change_reads_none() {
        let warm = Warm::in_kms_mode().await;
        warm.aws.refuse(Some("Sign"));
        let (asked, calls) = warm.token(Es256).await;
        assert!(matches!(asked, Err(Fault::Unavailable { what: "signing key", .. })));
        assert_eq!(calls.to_string(), "KMS.Sign=1");
    }

    #[tokio::test]
    async fn while_the_table_does_not_say_whether_there_is_a_successor_a_caller_may_try_again() {
        let warm = Warm::in_kms_mode().await;
        warm.replace_at_once(Es256).await;
        warm.aws.refuse(Some("GetItem"));
        assert!(matches!(warm.token(Es256).await.0, Err(Fault::Unavailable { .. })));
        warm.aws.refuse(None);
        warm.token(Es256).await.0.expect("signed");
    }

    /// A request's moment is the one at which it began; the key may have been made since.
    #[tokio::test]
    async fn a_key_that_was_made_while_the_request_was_under_way_signs_for_it() {
        let warm = Warm::in_kms_mode().await;
        let began = warm.clock.now();
        warm.clock.advance(2);
        warm.replace_at_once(Es256).await;
        warm.keys.sign(&json!({}), "JWT", Es256, began).await.expect("signed");
    }
}
