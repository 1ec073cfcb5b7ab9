//! Fed by the table's stream: tells people that they are asked, and clients that it is decided or what they are given (OpenID CIBA
//! Core 1.0, sections 10.2, 10.3 and 12). The write that makes a request is the order to tell of it, so none is lost between two calls.
//!
//! An event is only a reason to look: what is told is what stands in the table by then, so a late or a second one does no harm.
//! What fails for now comes again from a queue after a growing delay, while it still matters; after that it lies among the
//! dead letters. A batch never fails as a whole, and its records are worked on side by side.

mod asking;
mod bringing;
mod ending;
mod errand;
mod event;
mod outcome;
mod telling;

use deliver::{Clients, People, Queue, at_once, boxed};
use details::DetailTypes;
use environment::{Clock, Dice, Fault};
use http::audit::{Decision, Event as AuditEvent, Outcome as AuditOutcome};
use keys::Keys;
use oauth::{Authorization, Timestamp};
use outbound::Loopback;
use serde_json::{Value, json};
use store::{Configuration, Derived, Store};

use crate::errand::{Errand, Kind};
use crate::event::{Order, Record};
use crate::outcome::Outcome;

/// What the function needs.
pub struct Services {
    store: Store,
    keys: Keys,
    clock: Clock,
    dice: Dice,
    types: Derived<DetailTypes>,
    people: People,
    clients: Clients,
    queue: Queue,
}

impl Services {
    /// Puts the parts together. Only the local server tells clients on this machine.
    pub fn new(
        store: Store,
        keys: Keys,
        clock: Clock,
        dice: Dice,
        people: People,
        queue: Queue,
        loopback: Loopback,
    ) -> Self {
        let (types, clients) = (Derived::default(), Clients::new(loopback));
        Self { store, keys, clock, dice, types, people, clients, queue }
    }

    fn of_deployment() -> Result<Self, Fault> {
        let sdk = aws::from_environment()?;
        let (store, clock) = (Store::from_environment(&sdk)?, Clock::system());
        let keys = Keys::of_deployment(&sdk, &store, &clock);
        let people = People::from_environment(&sdk)?;
        let queue = Queue::from_environment(&sdk)?;
        Ok(Self::new(store, keys, clock, Dice::system(), people, queue, Loopback::Refused))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve_events(
        "notify",
        async || Services::of_deployment(),
        async |services: &Services, event| handle(services, event).await,
    );
}

/// Does what a batch of the table's stream or of the queue says. The answer names the records that Lambda has to bring again
/// (`ReportBatchItemFailures`): those alone that not even the queue took.
///
/// # Errors
/// [`Fault::Broken`] when the event is no batch at all.
pub async fn handle(services: &Services, event: &str) -> Result<Value, Fault> {
    let records = event::read(event)?;
    let worked_on = records.iter().map(|record| boxed(services.work_on(record))).collect();
    let done = at_once(worked_on).await;
    tracing::info!(target: "notify", records = records.len(), "a batch was dealt with");
    let failed = records.iter().zip(done).filter(|(_, done)| done.is_err());
    let failed: Vec<Value> = failed.map(|(record, _)| json!({ "itemIdentifier": record.position })).collect();
    Ok(json!({ "batchItemFailures": failed }))
}

/// What an errand finds when it begins.
struct Scene<'r> {
    /// By which the lines in the log about the record that brought it are found.
    event_id: &'r str,
    found: Authorization,
    configuration: std::sync::Arc<Configuration>,
    now: Timestamp,
}

impl Scene<'_> {
    /// The audit's line about what is done, begun.
    fn decision<'d>(&'d self, event: AuditEvent, outcome: AuditOutcome<'d>) -> Decision<'d> {
        let Self { event_id, found, now, .. } = self;
        Decision::about(event, outcome, event_id, *now).client(found.client_id()).grant_id(&found.id)
    }
}

impl Services {
    /// Does what a record says.
    ///
    /// # Errors
    /// When it could be neither done nor put off nor given up.
    async fn work_on(&self, record: &Record) -> Result<(), Fault> {
        let now = self.clock.now();
        let done = match &record.order {
            Order::News { authorization, kinds } => {
                let scene = self.scene_of(record, authorization, now).await;
                let mut done = Ok(());
                for kind in *kinds {
                    let errand = Errand::new(*kind, authorization.clone(), now);
                    done = self.run(record, &errand, &scene, now).await;
                    if done.is_err() {
                        break;
                    }
                }
                done
            }
            Order::Errand(errand) => {
                let scene = self.scene_of(record, &errand.authorization, now).await;
                self.run(record, errand, &scene, now).await
            }
            Order::Unreadable(why) => {
                tracing::error!(target: "notify", event_id = record.id, why, "a record cannot be read");
                self.queue.give_up(json!({ "unreadable": why, "event": record.id }).to_string()).await
            }
        };
        done.inspect_err(|fault| {
            tracing::error!(target: "notify", event_id = record.id, %fault, "a record was not dealt with");
        })
    }

    /// The authorization as it stands now; nothing when it is gone.
    async fn scene_of<'r>(
        &self,
        record: &'r Record,
        id: &oauth::GrantId,
        now: Timestamp,
    ) -> Result<Option<Scene<'r>>, Fault> {
        let Some(found) = self.store.authorization(id).await? else { return Ok(None) };
        let configuration = self.store.configuration(now).await?;
        Ok(Some(Scene { event_id: &record.id, found, configuration, now }))
    }

    async fn run(
        &self,
        record: &Record,
        errand: &Errand,
        scene: &Result<Option<Scene<'_>>, Fault>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let done = match scene {
            Ok(Some(scene)) => match errand.kind {
                Kind::Ask => self.ask(scene).await,
                Kind::Tell => self.tell(scene, errand).await,
                Kind::Expire => self.expire(scene, errand).await,
            },
            Ok(None) => Ok(Outcome::Done("it is gone")),
            Err(fault) => Ok(Outcome::later(fault, errand.until)),
        };
        let outcome = done.unwrap_or_else(|fault| Outcome::later(&fault, errand.until));
        self.settle(record, errand, outcome, now).await
    }
}

#[cfg(test)]
mod tests;
