//! Reaching somebody who has asked nothing just now: people, on what they carry (SNS), and clients, at the endpoint that they
//! registered. What cannot be done now waits in a queue (SQS). In place of each service stands something simpler where there is
//! no AWS.

mod at_once;
mod clients;
mod enrolment;
mod failure;
#[cfg(test)]
mod fake_sns;
mod message;
mod people;
mod queue;

pub use at_once::{Work, at_once, boxed};
pub use clients::Clients;
pub use enrolment::{Applications, NotEnrolled, NotSubscribed, Platform, Subscribed};
pub use failure::Undelivered;
pub use message::Message;
pub use people::{Addressee, Inbox, People, Told};
pub use queue::{LONGEST_DELAY, Queue, Shelf};
