use oauth::configuration::Lifetimes;
use oauth::{AuthorizationRequest, ClientId, GrantId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// A person's way from the moment a client sent them here to their decision. It travels with the pages, sealed
/// and bound to the browser; nothing of it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// The authorization that the decision will be about.
    pub id: GrantId,
    /// What the client asks.
    pub request: Request,
    /// Until when the person may decide. A `request_uri` expires before that: it only gates the beginning.
    pub expires_at: Timestamp,
    /// Who has signed in during this interaction: what `prompt=login` and `max_age` may demand.
    pub signed_in: Option<PersonId>,
    /// When the person arrived with the request. An interaction of before it was written down does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
}

/// Where the request is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// It was pushed: the table has it, under the interaction's id.
    Pushed {
        /// Who pushed it.
        client_id: ClientId,
    },
    /// It came with the browser and was checked then.
    Carried(Box<AuthorizationRequest>),
}

impl Interaction {
    /// The person arrived with a pushed request.
    pub fn pushed(id: GrantId, client_id: ClientId, lives: &Lifetimes, now: Timestamp) -> Self {
        Self {
            id,
            request: Request::Pushed { client_id },
            expires_at: now.after(lives.interaction),
            signed_in: None,
            begun_at: Some(now),
        }
    }

    /// The person arrived with the whole request, which has not been stored: `id` is fresh.
    pub fn carried(id: GrantId, request: AuthorizationRequest, lives: &Lifetimes, now: Timestamp) -> Self {
        let request = Request::Carried(Box::new(request));
        let expires_at = now.after(lives.interaction);
        Self { id, request, expires_at, signed_in: None, begun_at: Some(now) }
    }

    /// When the person was asked: when they arrived with the request.
    pub fn asked_at(&self, lives: &Lifetimes) -> Timestamp {
        self.begun_at.unwrap_or_else(|| self.expires_at.before(lives.interaction))
    }

    /// Which client sent the person.
    pub const fn client_id(&self) -> &ClientId {
        match &self.request {
            Request::Pushed { client_id } => client_id,
            Request::Carried(request) => &request.client_id,
        }
    }

    /// The person has signed in.
    #[must_use]
    pub fn with_signed_in(self, person: PersonId) -> Self {
        Self { signed_in: Some(person), ..self }
    }
}
