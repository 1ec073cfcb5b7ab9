//! Clients whose `client_id` is the URL of a document that describes them (draft-ietf-oauth-client-id-metadata-document). The
//! document is read where a request begins, at `/authorize` and `/par`, and kept in the table; all other endpoints go by what
//! is kept.

use std::time::Duration;

use http::Problem;
use oauth::{ClientId, ClientMetadata, ClientOrigin, DocumentUrl, Refusal, Stranger, Timestamp};
use outbound::{Limits, OutboundInForce};
use store::{COUNTED_TOGETHER, Configuration, Store};

pub use outbound::Loopback;

/// What reading a document may take. Of its size the draft recommends as much (section 8.7); a second of time leaves two of the
/// request's three for the table.
const LIMITS: Limits = Limits {
    largest: 5 * 1024,
    time: Duration::from_secs(1),
    fresh_unsaid: Duration::from_hours(1),
    // As long as a person needs to sign in and decide: else each step of that would ask again.
    fresh_at_least: Duration::from_mins(5),
    fresh_at_most: oauth::strangers::LONGEST_FRESH,
};

/// How many documents may be read in a minute for one network address. A failure is not remembered (section 5.2 of the draft),
/// so that without a limit anybody could have us knock at other people's doors.
const READ_PER_MINUTE: u32 = 60;

/// How many documents of one host may be read in a minute, whoever names them: many addresses together could have us knock at one
/// door.
const READ_PER_MINUTE_OF_A_HOST: u32 = 300;

/// The reader of documents. It keeps nothing but what the configuration says about fetching.
pub struct Documents {
    outbound: OutboundInForce,
}

impl Documents {
    /// A reader. Only the local server reads documents on this machine.
    pub const fn new(loopback: Loopback) -> Self {
        Self { outbound: OutboundInForce::new(loopback) }
    }

    /// Sees to it that a fresh document of the client is kept, if it is a client that has one: it is fetched where none is. Of
    /// any other client nothing is done. `address` is the network address that the request came from.
    ///
    /// # Errors
    /// [`Refusal::ClientUrlInvalid`], [`Refusal::DocumentHostNotAllowed`], [`Refusal::DocumentNotRead`],
    /// [`Refusal::DocumentInvalid`], [`Refusal::SlowDown`]; a fault of the table.
    pub async fn read_anew(
        &self,
        store: &Store,
        configuration: &Configuration,
        id: &ClientId,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let server = &configuration.server;
        let Some(settings) =
            server.documents.as_ref().filter(|_| id.origin(server) == ClientOrigin::Document)
        else {
            return Ok(());
        };
        let url = DocumentUrl::parse(id).map_err(|problem| Refusal::ClientUrlInvalid { problem })?;
        if !settings.allow(url.host()) {
            return Err(Refusal::DocumentHostNotAllowed.into());
        }
        let kept = store.stranger(id, ClientOrigin::Document, now).await?;
        if kept.is_some_and(|kept| kept.is_fresh_at(now)) {
            return Ok(());
        }
        for (caller, most) in [
            (format!("DOCUMENTS#{}", address.unwrap_or_default()), READ_PER_MINUTE),
            (format!("DOCUMENTS-OF#{}", url.host()), READ_PER_MINUTE_OF_A_HOST),
        ] {
            if !store.count_request(&caller, 1, most, now).await {
                return Err(Refusal::SlowDown { retry_after: COUNTED_TOGETHER }.into());
            }
        }
        let (metadata, fresh_for) = self.fetch(configuration, &url, id).await?;
        let stranger = Stranger::of_document(id.clone(), metadata, fresh_for, server, now);
        Ok(store.keep_document(stranger, now).await?)
    }

    async fn fetch(
        &self,
        configuration: &Configuration,
        url: &DocumentUrl,
        id: &ClientId,
    ) -> Result<(ClientMetadata, Duration), Problem> {
        let outbound = self.outbound.by(&configuration.server.outbound)?;
        let is_private = configuration.server.outbound.is_private_host(url.host());
        let fetched = outbound.fetch(url.url(), &LIMITS).await.map_err(|problem| {
            tracing::warn!(target: "documents", client_id = %id, %problem, "a client's document was not read");
            told(is_private, Refusal::DocumentNotRead { problem: problem.for_strangers() })
        })?;
        let metadata = ClientMetadata::of_document(&fetched.body, id).map_err(|problem| {
            let problem = problem.text();
            tracing::warn!(target: "documents", client_id = %id, problem, "a client's document is not right");
            told(is_private, Refusal::DocumentInvalid { problem })
        })?;
        Ok((metadata, fetched.fresh_for))
    }
}

/// What whoever named the URL may read. Of a host inside the company they hear the same whatever is wrong, or they could find out
/// what stands on it. The log says it all.
fn told(is_private: bool, refusal: Refusal) -> Refusal {
    if is_private { Refusal::DocumentNotRead { problem: "it could not be read" } } else { refusal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_private_host_every_problem_reads_alike() {
        let refusals = [
            Refusal::DocumentNotRead { problem: "its status is not 200" },
            Refusal::DocumentInvalid { problem: "it is not a JSON object" },
        ];
        for refusal in refusals {
            assert_eq!(
                told(true, refusal.clone()),
                Refusal::DocumentNotRead { problem: "it could not be read" }
            );
            assert_eq!(told(false, refusal.clone()), refusal);
        }
    }
}
