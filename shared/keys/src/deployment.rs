use environment::{Clock, Fault};
use store::Store;

use crate::Keys;

/// What every function on Lambda begins with: the deployment's table, its keys and the time.
pub struct Deployment {
    /// The table.
    pub store: Store,
    /// The keys that its ring names.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
}

impl Deployment {
    /// Finds the deployment that the process's environment names, and reads its configuration and its key ring: the
    /// connection is open then, and the first request finds both in memory. Lambda gives the start a whole processor, and a
    /// request the share that the function's memory pays for.
    /// A table that does not answer yet is no reason not to start; the first request says what is wrong.
    ///
    /// # Errors
    /// [`Fault::Broken`] naming what the environment lacks.
    pub async fn open() -> Result<Self, Fault> {
        let sdk = aws::from_environment()?;
        let (store, clock) = (Store::from_environment(&sdk)?, Clock::system());
        let keys = Keys::of_deployment(&sdk, &store, &clock);
        let configuration = store.configuration(clock.now()).await.map(drop);
        if let Err(fault) = configuration.and(keys.public().await.map(drop)) {
            tracing::warn!(target: "keys", %fault, "not ready yet");
        }
        Ok(Self { store, keys, clock })
    }
}
