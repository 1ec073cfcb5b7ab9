//! What becomes of an authorization of which its client has nothing yet, and is given nothing more; and what is forgotten when its
//! client knows.

use environment::Fault;
use http::audit::{Event, Outcome as AuditOutcome};
use oauth::{Authorization, End, Stage};

use crate::bringing::MOST_TRIES;
use crate::{Scene, Services};

/// How an authorization ends that was approved and is given to nobody.
#[derive(Clone, Copy)]
pub(crate) enum Ending {
    /// Its client is told of it: that write is the news.
    Told,
    /// Its client wants to hear nothing, or hears nothing any more.
    Untold,
}

impl Services {
    /// Ends an authorization that was approved, as long as its client has nothing of it, and records why: nobody could use it, and what
    /// nobody uses is a risk.
    pub(crate) async fn end(
        &self,
        scene: &Scene<'_>,
        standing: Authorization,
        (ending, why): (Ending, AuditOutcome<'_>),
    ) -> Result<(), Fault> {
        let (mut standing, now) = (standing, scene.now);
        for _ in 0..MOST_TRIES {
            let is_open = matches!(standing.stage, Stage::Approved(_)) || standing.parcel().is_some();
            let Some(grant) = standing.grant().filter(|_| is_open) else { return Ok(()) };
            let person = grant.person.clone();
            let next = match ending {
                Ending::Told => standing.ended(End::NotGiven, now),
                Ending::Untold => standing.not_taken(now),
            };
            match self.store.commit(&next).await? {
                store::Commit::Done => {
                    scene.decision(Event::End, why).person(&person).record();
                    return Ok(());
                }
                store::Commit::Outdated(Some(current)) => standing = *current,
                store::Commit::Outdated(None) => return Ok(()),
            }
        }
        Err(Fault::unavailable("table", "others move first"))
    }

    /// Forgets what lay ready, and what the client is told with. Where that fails it lies there, sealed and of no more use, until the
    /// item goes: to tell it again for that alone would look to the client like a replay.
    pub(crate) async fn forget(&self, standing: Authorization) {
        let mut standing = standing;
        for _ in 0..MOST_TRIES {
            let Some(next) = standing.told() else { return };
            match self.store.commit(&next).await {
                Ok(store::Commit::Outdated(Some(current))) => standing = *current,
                Ok(_) => return,
                Err(fault) => {
                    let grant_id = next.id.as_str();
                    tracing::warn!(target: "notify", grant_id, %fault, "what was brought is not forgotten");
                    return;
                }
            }
        }
    }
}
