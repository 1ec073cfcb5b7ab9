use environment::Fault;
use http::Response;
use oauth::{AuthenticationEvent, Secret};
use store::{Person, Session};

use crate::{Guest, SignedIn};

impl Guest<'_> {
    /// Forgets all sessions of a person whose next generation has been written ([`Person::end_sessions`]), and has this browser go on
    /// in one that nobody can have copied.
    ///
    /// # Errors
    /// When the table does not answer: then this browser's session has ended, too.
    pub async fn renew_session(
        &self,
        response: &mut Response,
        signed_in: &SignedIn,
        person: &Person,
        authentication: AuthenticationEvent,
    ) -> Result<(), Fault> {
        self.store.end_sessions_of(&person.id).await?;
        // The index may not list it yet.
        self.store.end_session(signed_in.secret()).await?;
        let secret = Secret::new(self.dice.roll::<32>());
        let generation = person.session_generation;
        let session = Session { authentication, generation, ..signed_in.session.clone() };
        self.store.begin_session(&secret, &session).await?;
        self.keep_session(response, &secret)
    }
}
