use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use environment::{Clock, Fault};
use oauth::Timestamp;
use store::Store;
use tokio::sync::OnceCell;

use crate::key_ring::{KeyRing, RingCustody, RingKey};
use crate::key_set::ScheduledKey;
use crate::kms::{self, Kms, Safe, WrappedKey};
use crate::server_secret::ServerSecret;
use crate::signing_key::{LoadedKeys, PrivateKey, SigningKey};

/// How long a process may act on the key ring that it last read. A rotation counts on it.
pub(crate) const RING_FRESH: Duration = Duration::from_mins(1);

/// How long it waits before it asks again a table that did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// The keys of a deployment on AWS, as its table's key ring says. What is secret is opened by KMS when it is needed,
/// once in a process.
pub(crate) struct RingKeys {
    kms: Kms,
    store: Store,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
    secret: OnceCell<ServerSecret>,
}

#[derive(Clone)]
struct Kept {
    ring: Arc<KeyRing>,
    loaded: Arc<LoadedKeys>,
    read_again_at: Timestamp,
}

impl RingKeys {
    pub(crate) fn new(sdk: &aws::SdkConfig, store: Store, clock: Clock) -> Self {
        Self { kms: kms::client(sdk), store, clock, kept: Mutex::default(), secret: OnceCell::new() }
    }

    /// The keys, at most a minute old. When the table does not answer they may be older: whoever checks a token must
    /// be able to, and nobody who issues one can without reading the table anyway.
    pub(crate) async fn keys(&self) -> Result<Arc<LoadedKeys>, Fault> {
        self.current().await.map(|kept| kept.loaded)
    }

    pub(crate) async fn server_secret(&self) -> Result<&ServerSecret, Fault> {
        self.secret.get_or_try_init(|| Box::pin(self.open_secret())).await
    }

    async fn open_secret(&self) -> Result<ServerSecret, Fault> {
        let ring = self.current().await?.ring;
        Safe::of(self.kms.clone(), &ring).server_secret(&ring.server_secret).await
    }

    async fn current(&self) -> Result<Kept, Fault> {
        let now = self.clock.now();
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = known.clone().filter(|kept| now < kept.read_again_at) {
            return Ok(kept);
        }
        let kept = match (Box::pin(self.read(known.as_ref(), now)).await, known) {
            (Ok(fresh), _) => fresh,
            (Err(fault), Some(known)) => {
                tracing::warn!(target: "keys", %fault, "the key ring was not read anew");
                Kept { read_again_at: now.after(ASK_AGAIN), ..known }
            }
            (Err(fault), None) => return Err(fault),
        };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept.clone());
        Ok(kept)
    }

    async fn read(&self, known: Option<&Kept>, now: Timestamp) -> Result<Kept, Fault> {
        let none = || Fault::broken("signing keys", "there are none yet: invoke the rotation function once");
        let ring = self.store.key_ring::<KeyRing>().await?.ok_or_else(none)?.ring;
        ring.check_format()?;
        let read_again_at = now.after(RING_FRESH);
        match known {
            Some(known) if *known.ring == ring => Ok(Kept { read_again_at, ..known.clone() }),
            _ => {
                let before = known.map(|known| &*known.loaded);
                let loaded = Arc::new(self.load(&ring, before)?);
                Ok(Kept { ring: Arc::new(ring), loaded, read_again_at })
            }
        }
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
