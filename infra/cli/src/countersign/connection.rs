use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_smithy_types::timeout::TimeoutConfig;
use serde::Deserialize;
use store::Store;

use crate::Stop;
use crate::arguments::Where;

/// The folder where a local server keeps its data, unless another is named.
pub(crate) const DATA: &str = ".countersign";
/// The file in it that says where the running server's table is.
const RUNNING: &str = "running.json";

/// What a local server tells about itself while it runs.
#[derive(Deserialize)]
struct Running {
    table: String,
    table_endpoint: String,
}

impl Where {
    /// The data folder of the local server, if it is one that is meant.
    pub(crate) fn data_folder(&self) -> Option<PathBuf> {
        match &self.data {
            Some(folder) => Some(folder.clone()),
            None if self.table().is_some() || self.endpoint_url().is_some() => None,
            None => Some(PathBuf::from(DATA)),
        }
    }

    /// The table that is meant.
    pub(crate) fn store(&self) -> Result<Store, Stop> {
        let (configuration, table) = if let Some(folder) = self.data_folder() {
            let running = running(&folder)?;
            (aws::local(&running.table_endpoint), self.table.clone().unwrap_or(running.table))
        } else {
            let table = self.table().ok_or_else(|| {
                Stop::Usage("Which table? Name it with --table or COUNTERSIGN_TABLE.".to_owned())
            })?;
            let mut configuration = aws::from_environment().map_err(Stop::refused)?.into_builder();
            configuration.set_endpoint_url(self.endpoint_url()).set_timeout_config(Some(patient()));
            (configuration.build(), table)
        };
        Ok(Store::reached_by(&configuration, &table))
    }

    fn table(&self) -> Option<String> {
        self.table.clone().or_else(|| variable("COUNTERSIGN_TABLE"))
    }

    fn endpoint_url(&self) -> Option<String> {
        self.endpoint_url.clone().or_else(|| variable("AWS_ENDPOINT_URL"))
    }
}

/// An operator sits further from the table than a function does, and waits longer.
fn patient() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build()
}

fn running(folder: &Path) -> Result<Running, Stop> {
    let path = folder.join(RUNNING);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Stop::refused(format_args!(
            "No server runs on the data folder {} ({}: {error}). Start it with `cargo run`, name its folder with --data, or \
             name the table of a deployed stack with --table.",
            folder.display(),
            path.display(),
        ))
    })?;
    serde_json::from_str(&text).map_err(|error| Stop::refused(format_args!("{}: {error}", path.display())))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
