use std::sync::Arc;

use environment::{Clock, Fault};
use store::Store;
use tokio::sync::OnceCell;

use crate::key_ring::{KeyRing, RingCustody, RingKey};
use crate::key_set::ScheduledKey;
use crate::kms::{self, Kms, Safe, WrappedKey};
use crate::published::PublishedKeys;
use crate::ring_copy::{Kept, RingCopy};
use crate::server_secret::ServerSecret;
use crate::signing_key::{LoadedKeys, PrivateKey, SigningKey};

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
                let private = private_half(&self.kms, &stored.key, &safe, &public);
                Arc::new(SigningKey { kid, public, private, certificate })
            });
            keys.push(ScheduledKey { algorithm: stored.algorithm, schedule: stored.schedule, key });
        }
        LoadedKeys::new(keys)
    }
}

/// The private half of a key in the ring, not opened yet.
pub(crate) fn private_half(kms: &Kms, key: &RingKey, safe: &Safe, public: &crate::PublicKey) -> PrivateKey {
    match &key.custody {
        RingCustody::Kms { key_id } => PrivateKey::Kms { client: kms.clone(), key_id: key_id.clone() },
        RingCustody::KmsWrapped { name, wrapped } => PrivateKey::Wrapped(Box::new(WrappedKey {
            safe: safe.clone(),
            name: name.clone(),
            wrapped: wrapped.clone(),
            public: public.clone(),
            opened: OnceCell::new(),
        })),
        RingCustody::Gone { .. } => PrivateKey::Gone,
    }
}
