use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use environment::{Fault, setting};

use crate::failure::of_aws;

/// The longest that SQS holds a message back; what is to come later still is put back again then.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

const QUEUE: &str = "queue";

/// What takes the place of the queues where there is no AWS.
pub trait Shelf: Send + Sync {
    /// Keeps a text until the delay is over.
    fn put(&self, text: String, delay: Duration);
    /// Keeps a text that nothing more is done with.
    fn give_up(&self, text: String);
}

/// Where what cannot be done now waits, and what is given up lies.
#[derive(Clone)]
pub enum Queue {
    /// Two queues of SQS.
    Sqs(Sqs),
    /// A shelf of this process.
    Shelf(Arc<dyn Shelf>),
}

/// Two queues of SQS: one holds messages back, in the other lies what somebody has to look at.
#[derive(Clone)]
pub struct Sqs {
    client: Client,
    delayed: Arc<str>,
    dead_letters: Arc<str>,
}

impl Queue {
    /// SQS, with the queues that the process's environment names (`COUNTERSIGN_DELAY_QUEUE`, `COUNTERSIGN_DEAD_LETTERS`).
    ///
    /// # Errors
    /// [`Fault::Broken`] naming the variable when one is missing.
    pub fn from_environment(sdk: &aws::SdkConfig) -> Result<Self, Fault> {
        let delayed = setting("COUNTERSIGN_DELAY_QUEUE")?;
        Ok(Self::reached_by(sdk, &delayed, &setting("COUNTERSIGN_DEAD_LETTERS")?))
    }

    /// SQS, as the SDK's configuration reaches it, by the URLs of its queues. Its calls are counted.
    pub fn reached_by(sdk: &aws::SdkConfig, delayed: &str, dead_letters: &str) -> Self {
        let configuration = aws_sdk_sqs::config::Builder::from(sdk).interceptor(aws::CallWatch).build();
        let client = Client::from_conf(configuration);
        Self::Sqs(Sqs { client, delayed: delayed.into(), dead_letters: dead_letters.into() })
    }

    /// Has a text come again after a delay of [`LONGEST_DELAY`] at most.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the queue does not take it.
    pub async fn put(&self, text: String, delay: Duration) -> Result<(), Fault> {
        match self {
            Self::Sqs(sqs) => sqs.send(&sqs.delayed, text, delay.min(LONGEST_DELAY)).await,
            Self::Shelf(here) => {
                aws::count("Shelf.Put");
                here.put(text, delay);
                Ok(())
            }
        }
    }

    /// Lays a text down for somebody to look at.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the queue does not take it.
    pub async fn give_up(&self, text: String) -> Result<(), Fault> {
        match self {
            Self::Sqs(sqs) => sqs.send(&sqs.dead_letters, text, Duration::ZERO).await,
            Self::Shelf(here) => {
                here.give_up(text);
                Ok(())
            }
        }
    }
}

impl Sqs {
    async fn send(&self, queue: &str, text: String, delay: Duration) -> Result<(), Fault> {
        let seconds = i32::try_from(delay.as_secs()).map_err(|error| Fault::broken(QUEUE, error))?;
        let sent = self.client.send_message().queue_url(queue).message_body(text).delay_seconds(seconds);
        sent.send().await.map(drop).map_err(|error| Fault::unavailable(QUEUE, of_aws(&error).why))
    }
}
