use std::sync::{Arc, PoisonError, RwLock};

use environment::{Clock, Fault};
use store::Store;

use crate::public_keys::PublicKeys;
use crate::ring_copy::RingCopy;
use crate::signing_key::LoadedKeys;

/// The public half of the deployment's keys alone, for functions that never sign and need no secret: their programs have
/// nothing of KMS in them. A clone shares it.
#[derive(Clone)]
pub struct PublishedKeys(Arc<Source>);

enum Source {
    File(FileKeys),
    Ring(RingCopy<PublicKeys>),
}

/// The keys of a key file as they are now, for everybody who holds them.
pub(crate) type FileKeys = Arc<RwLock<Arc<LoadedKeys>>>;

/// Whoever signs or verifies does so with the keys of one moment, whatever is read anew meanwhile.
pub(crate) fn at_this_moment(keys: &FileKeys) -> Arc<LoadedKeys> {
    Arc::clone(&keys.read().unwrap_or_else(PoisonError::into_inner))
}

impl PublishedKeys {
    pub(crate) fn of_file(keys: &FileKeys) -> Self {
        Self(Arc::new(Source::File(Arc::clone(keys))))
    }

    /// The public halves that the key ring of a deployment's table names. Nothing is read before it is needed.
    pub fn of_deployment(store: &Store, clock: &Clock) -> Self {
        Self(Arc::new(Source::Ring(RingCopy::new(store.clone(), clock.clone()))))
    }

    /// What makes the JWKS and verifies our own tokens.
    ///
    /// # Errors
    /// What the table says when it is asked for them, the first time.
    pub async fn public(&self) -> Result<Arc<PublicKeys>, Fault> {
        match &*self.0 {
            Source::File(keys) => Ok(Arc::clone(&at_this_moment(keys).public)),
            Source::Ring(copy) => Ok(copy.current(|ring, _| PublicKeys::of(ring)).await?.made),
        }
    }
}
