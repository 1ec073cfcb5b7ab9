//! Scheduled: makes a deployment's first keys, replaces those whose time has come, and gives up those that nobody
//! needs any more. An operator may invoke it too, with a demand: `{"rotate": ["ES256"], "at_once": true}`.
//!
//! On a schedule of its own (`{"checkpoint": true}`) it signs checkpoints over all chains of approvals, with a key that nobody else may
//! use.

mod checkpoint;
mod demand;

use std::collections::BTreeMap;
use std::time::Duration;

pub use checkpoint::{Checked, check};
use environment::{Clock, Dice, Fault, setting};
use keys::{Rotation, RotationPlan, SigningMode, Tended};
use oauth::configuration::SigningAlgorithm;
use serde_json::{Value, json};
use store::Store;

use crate::demand::Task;

/// What the function needs.
struct Services {
    rotation: Rotation,
    store: Store,
    clock: Clock,
}

impl Services {
    fn from_environment() -> Result<Self, Fault> {
        let sdk = aws::from_environment()?;
        let store = Store::from_environment(&sdk)?;
        let rotation = Rotation::new(&sdk, store.clone(), Dice::system(), plan()?);
        Ok(Self { rotation, store, clock: Clock::system() })
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve_events(
        "rotation",
        async || Services::from_environment(),
        async |services: &Services, event| handle(services, event).await,
    );
}

/// Does what is demanded, and says what was done.
async fn handle(services: &Services, event: &str) -> Result<Value, Fault> {
    match demand::read(event)? {
        Task::Keys(demand) => {
            let tended = services.rotation.tend(&demand, services.clock.now()).await?;
            let answer = told(&tended);
            tracing::info!(target: "keys", what = %answer, "the keys were tended");
            Ok(answer)
        }
        Task::Checkpoint { new_key } => {
            let Services { rotation, store, clock } = services;
            if new_key {
                rotation.checkpoint_signer(true, clock.now()).await?;
            }
            let checked = check(store, clock, || rotation.checkpoint_signer(false, clock.now())).await?;
            let answer = told_of_checkpoint(&checked);
            tracing::info!(target: "keys", what = %answer, "chains of approvals were looked at");
            Ok(answer)
        }
    }
}

fn told_of_checkpoint(checked: &Checked) -> Value {
    match checked {
        Checked::Made { number, chains, onward } => {
            json!({ "checkpoint": number, "chains": chains, "gone_on": onward })
        }
        Checked::Nothing => json!({ "checkpoint": "as it was" }),
        Checked::Overtaken => json!({ "checkpoint": "made by somebody else meanwhile" }),
    }
}

fn told(tended: &Tended) -> Value {
    match tended {
        Tended::Made => json!({ "keys": "made" }),
        Tended::Nothing => json!({ "keys": "as they were" }),
        Tended::Overtaken => json!({ "keys": "changed by somebody else meanwhile; invoke me again" }),
        Tended::Changed { rotated, gone } => {
            let rotated: Vec<_> = rotated.iter().map(|algorithm| algorithm.as_str()).collect();
            json!({ "keys": "changed", "rotated": rotated, "private_halves_given_up": gone })
        }
    }
}

fn plan() -> Result<RotationPlan, Fault> {
    let wrong = |name: &str, why: &str| Fault::broken("configuration", format!("{name}: {why}"));
    let mode = SigningMode::parse(&setting("COUNTERSIGN_SIGNING_MODE")?)
        .ok_or_else(|| wrong("COUNTERSIGN_SIGNING_MODE", "neither kms nor kms-wrapped"))?;
    let days: u32 = setting("COUNTERSIGN_ROTATION_DAYS")?
        .parse()
        .map_err(|_| wrong("COUNTERSIGN_ROTATION_DAYS", "not a number of days"))?;
    Ok(RotationPlan {
        deployment: setting("COUNTERSIGN_DEPLOYMENT")?,
        data_key: setting("COUNTERSIGN_DATA_KEY")?,
        mode,
        period: Duration::from_hours(24 * u64::from(days)),
        first_keys: first_keys()?,
    })
}

/// The KMS keys that the template made, if it made any: `{"ES256": "arn:…"}`.
fn first_keys() -> Result<Vec<(SigningAlgorithm, String)>, Fault> {
    const NAME: &str = "COUNTERSIGN_FIRST_KEYS";
    if std::env::var_os(NAME).is_none() {
        return Ok(Vec::new());
    }
    let keys: BTreeMap<SigningAlgorithm, String> =
        serde_json::from_str(&setting(NAME)?).map_err(|error| Fault::broken(NAME, error))?;
    Ok(keys.into_iter().collect())
}
