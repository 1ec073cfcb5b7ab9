use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use http::{Cookie, Response, read_cookie, set_cookie};
use languages::Zone;
use oauth::Secret;
use sessions::Signed;
use store::{Person, Session};

use crate::Guest;

/// The cookie that holds the secret of a person's session.
pub const SESSION_COOKIE: &str = "session";

/// A person who is signed in.
pub struct SignedIn {
    /// Their session.
    pub session: Session,
    secret: Secret<[u8; 32]>,
}

impl SignedIn {
    /// What forms of this session are bound to.
    pub fn binding(&self) -> [u8; 32] {
        *self.secret.digest().as_bytes()
    }

    /// The secret, to end the session.
    pub const fn secret(&self) -> &Secret<[u8; 32]> {
        &self.secret
    }

    /// What the next step depends on.
    pub fn signed(&self) -> Signed<'_> {
        Signed {
            person: &self.session.person,
            user_name: &self.session.user_name,
            auth_time: self.session.authentication.auth_time,
            acr: self.session.authentication.acr(),
        }
    }

    /// Where the person's clock goes; universal time where that is not known.
    pub fn zone(&self) -> Zone {
        let zone = self.session.zone.as_deref().and_then(|name| name.parse().ok());
        zone.unwrap_or(Zone::UTC)
    }

    /// The person, to be shown.
    pub fn person(&self) -> pages::Person<'_> {
        pages::Person { display_name: &self.session.name, user_name: &self.session.user_name }
    }
}

impl Guest<'_> {
    /// Who is signed in at this browser. From then on pages speak their language.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn signed_in(&self) -> Result<Option<SignedIn>, Fault> {
        let Some(secret) = self.session_secret() else {
            return Ok(None);
        };
        let session = self.store.session(&secret, self.now).await?;
        let signed_in = session.map(|session| SignedIn { session, secret });
        if let Some(signed_in) = &signed_in {
            http::note_person(&signed_in.session.person);
            self.speaks(signed_in.session.locale.as_deref());
        }
        Ok(signed_in)
    }

    /// Who is signed in, unless everything of theirs has been ended since: for pages that show or change what is
    /// theirs. A decision asks again when it is made.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing(&self) -> Result<Option<SignedIn>, Fault> {
        Ok(self.standing_person().await?.map(|(signed_in, _)| signed_in))
    }

    /// As [`Guest::standing`], and the person as the table knows them now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_person(&self) -> Result<Option<(SignedIn, Person)>, Fault> {
        let Some(signed_in) = self.signed_in().await? else { return Ok(None) };
        let person = self.store.person(&signed_in.session.person).await?;
        Ok(person.filter(|person| person.allows(&signed_in.session)).map(|person| (signed_in, person)))
    }

    /// Gives the browser the cookie of a session that has just begun.
    ///
    /// # Errors
    /// Never: the value is base64url.
    pub fn keep_session(&self, response: &mut Response, secret: &Secret<[u8; 32]>) -> Result<(), Fault> {
        let value = URL_SAFE_NO_PAD.encode(secret.expose());
        let lifetime = self.configuration.server.lifetimes.session;
        set_cookie(response, &self.site, &Cookie::new(SESSION_COOKIE, value).lasting(lifetime))
    }

    /// Makes the browser forget the session.
    ///
    /// # Errors
    /// Never: there is no value.
    pub fn forget_session(&self, response: &mut Response) -> Result<(), Fault> {
        set_cookie(response, &self.site, &Cookie::forgotten(SESSION_COOKIE))
    }

    fn session_secret(&self) -> Option<Secret<[u8; 32]>> {
        let value = read_cookie(self.request, &self.site, SESSION_COOKIE)?;
        URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok().map(Secret::new)
    }
}
