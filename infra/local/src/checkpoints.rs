use std::path::PathBuf;
use std::time::Duration;

use environment::{Clock, Dice, Fault};
use keys::{CheckpointSigner, KeyFile};
use rotation::{Checked, check};
use store::Store;

/// The key that signs them. Who wants another one removes the file; the table names the public halves of both.
pub(crate) const FILE: &str = "checkpoint-key.json";
/// As often as the template's schedule says.
const EVERY: Duration = Duration::from_hours(1);
/// How often the clock, which tests move, is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Signs checkpoints over all chains of approvals, as `rotation` does on its schedule.
pub(crate) struct Checkpoints {
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
}

impl Checkpoints {
    /// Makes one now and then one in each hour, for ever, where anybody has approved anything since.
    pub(crate) async fn run(self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        let mut due = self.clock.now();
        loop {
            ticks.tick().await;
            let now = self.clock.now();
            if now < due {
                continue;
            }
            due = now.after(EVERY);
            match check(&self.store, &self.clock, || self.signer()).await {
                Ok(Checked::Made { number, .. }) => {
                    tracing::info!(target: "keys", number, "a checkpoint was made");
                }
                Ok(Checked::Nothing | Checked::Overtaken) => {}
                Err(fault) => tracing::error!(target: "keys", %fault, "no checkpoint in order"),
            }
        }
    }

    async fn signer(&self) -> Result<CheckpointSigner, Fault> {
        let now = self.clock.now();
        let unusable = |error| Fault::broken("checkpoint key", error);
        let file = if let Some(file) = KeyFile::load(&self.path).map_err(unusable)? {
            file
        } else {
            let file = KeyFile::of_es256(now, self.dice.roll()).map_err(unusable)?;
            file.create(&self.path).map_err(unusable)?;
            file
        };
        CheckpointSigner::of_file(&file, &self.store, now).await
    }
}
