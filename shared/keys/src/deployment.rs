use environment::{Clock, Fault};
use store::Store;

use crate::{Keys, PublishedKeys};

/// What every function on Lambda begins with: the deployment's table, its keys and the time.
pub struct Deployment<K> {
    /// The table.
    pub store: Store,
    /// The keys that its ring names.
    pub keys: K,
    /// The time.
    pub clock: Clock,
}

impl Deployment<Keys> {
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
        look_ahead(&store, &clock, async || keys.public().await.map(drop)).await;
        Ok(Self { store, keys, clock })
    }
}

impl Deployment<PublishedKeys> {
    /// The same for a function that neither signs nor needs the server's secret.
    ///
    /// # Errors
    /// [`Fault::Broken`] naming what the environment lacks.
    pub async fn open_to_verify() -> Result<Self, Fault> {
        let sdk = aws::from_environment()?;
        let (store, clock) = (Store::from_environment(&sdk)?, Clock::system());
        let keys = PublishedKeys::of_deployment(&store, &clock);
        look_ahead(&store, &clock, async || keys.public().await.map(drop)).await;
        Ok(Self { store, keys, clock })
    }
}

async fn look_ahead(store: &Store, clock: &Clock, keys: impl AsyncFnOnce() -> Result<(), Fault>) {
    let read = match store.configuration(clock.now()).await {
        Ok(_) => keys().await,
        Err(fault) => Err(fault),
    };
    if let Err(fault) = read {
        tracing::warn!(target: "keys", %fault, "not ready yet");
    }
}
