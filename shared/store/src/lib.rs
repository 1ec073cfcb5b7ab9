//! The DynamoDB table: one file an entity, and every conditional write of the product. Each item has a
//! partition key `pk`, a sort key `sk`, its content as JSON text in `body`, and `expires_at`, after which the
//! table may delete it. Nothing trusts the deletion: whoever reads an item checks its moments.
//!
//! The content is text, not DynamoDB's own types, because details are hashed and shown exactly as they were
//! asked: DynamoDB would rewrite their numbers.

mod access_tokens;
mod asks;
mod assertions;
mod authorizations;
mod checkpoints;
mod client_states;
mod configuration;
mod consents;
mod derived;
mod devices;
mod evidence;
mod grants;
mod held;
mod hops;
mod invitations;
mod item;
mod key_ring;
mod passkeys;
mod people;
mod places;
mod polls;
mod remembered;
mod request_counts;
mod sessions;
mod sign_in_attempts;
mod strangers;
mod user_codes;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use environment::Dice;

pub use self::evidence::{Countersigned, KeptApproval, KeptChain, KeptHead, LARGEST_EVIDENCE, ToCountersign};
pub use access_tokens::Standing;
pub use asks::{Approached, KeptAsks};
pub use authorizations::Commit;
pub use checkpoints::{KeptCheckpoint, KeptCheckpointKeys};
pub use client_states::ClientState;
pub use configuration::{Applied, Configuration, Edition, Snapshot, Version};
pub use consents::RememberedConsent;
pub use derived::Derived;
pub use devices::KeptDevices;
pub use held::{Held, HeldOfPerson};
pub use hops::Hop;
pub use key_ring::KeptRing;
pub use passkeys::KeptPasskeys;
pub use people::{Created, Person};
pub use places::KeptPlace;
pub use polls::{KeptPolls, Polled};
pub use request_counts::{COUNTED_TOGETHER, weight_of};
pub use sessions::{Membership, Session};
pub use sign_in_attempts::{Attempts, SeenAttempts};
pub use strangers::KeptStranger;
pub use user_codes::KeptUserCode;

/// The table. Cheap to clone; the caches are shared by the clones.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
    dice: Dice,
    configuration: Arc<configuration::Cache>,
    client_states: Arc<remembered::Remembered<ClientState>>,
    request_counts: Arc<request_counts::Cache>,
    strangers: Arc<remembered::Remembered<oauth::Stranger>>,
}

impl Store {
    /// The table `table`, reached through `client`.
    pub fn new(client: Client, table: &str, dice: Dice) -> Self {
        Self {
            client,
            table: table.into(),
            dice,
            configuration: Arc::default(),
            client_states: Arc::default(),
            request_counts: Arc::default(),
            strangers: Arc::default(),
        }
    }
}

impl Store {
    /// The table that the process's environment names (`COUNTERSIGN_TABLE`), for a function on Lambda.
    ///
    /// # Errors
    /// [`environment::Fault::Broken`] naming the variable when it is missing.
    pub fn from_environment(sdk: &aws::SdkConfig) -> Result<Self, environment::Fault> {
        Ok(Self::reached_by(sdk, &environment::setting("COUNTERSIGN_TABLE")?))
    }

    /// The table `table`, as the SDK's configuration reaches it. Its calls are counted.
    pub fn reached_by(sdk: &aws::SdkConfig, table: &str) -> Self {
        let configuration = aws_sdk_dynamodb::config::Builder::from(sdk).interceptor(aws::CallWatch).build();
        Self::new(Client::from_conf(configuration), table, Dice::system())
    }
}
