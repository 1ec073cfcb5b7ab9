use http::Problem;
use http::audit::Decision;
use oauth::configuration::{Client, is_openid};
use oauth::{Authorization, Grant, RefreshToken, Timestamp, TokenResponse};
use store::{Commit, Person, Store};

use crate::id_token::Beside;
use crate::{AccessToken, Behalf, Content, Mint};

/// The tokens that a person's grant is redeemed for. They are signed first and given out only when the write that spends what the
/// client showed has succeeded.
pub struct FirstTokens<'a> {
    /// Where they are made.
    pub mint: Mint<'a>,
    /// Whom they are for.
    pub client: &'a Client,
    /// The refresh token, if the client may have one.
    pub refresh: Option<&'a RefreshToken>,
    /// The `auth_req_id` that the ID token names: where they are brought to the client (OpenID CIBA Core 1.0, section 10.3.1).
    pub brought_for: Option<&'a str>,
}

/// Such tokens, before anybody has seen them.
pub struct SignedTokens<'c> {
    token: AccessToken,
    content: Content<'c>,
    refresh_token: Option<String>,
    /// With its last moment.
    id_token: Option<(String, Timestamp)>,
}

/// What became of them.
pub enum Issued<'c> {
    /// They may be given out: nobody else has any of this grant.
    Done(Box<SignedTokens<'c>>),
    /// Somebody else moved first: this is what stands there now.
    Overtaken(Option<Box<Authorization>>),
}

impl FirstTokens<'_> {
    /// Signs the tokens of the next state, of which `grant` is the grant and `person` whose it is.
    ///
    /// # Errors
    /// [`oauth::Refusal::PersonEnded`] where everything at the tool was ended since; when the keys or the table do not answer.
    pub async fn signed<'c>(
        &self,
        (next, grant): (&Authorization, &Grant),
        person: &Person,
        content: Content<'c>,
    ) -> Result<SignedTokens<'c>, Problem> {
        let Self { mint, client, refresh, brought_for } = *self;
        mint.still_good_at(grant, &content).await?;
        let behalf = Behalf::Person { authorization: next, grant, profile: &person.profile };
        let token = mint.access_token(client, &content, &behalf).await?;
        let refresh_token = match refresh {
            Some(refresh) => Some(refresh.reveal(mint.keys.server_secret().await?)),
            None => None,
        };
        let beside = Beside {
            access_token: &token.text,
            refresh_token: refresh_token.as_deref().filter(|_| brought_for.is_some()),
            auth_req_id: brought_for,
        };
        let id_token = if is_openid(&grant.scope) {
            Some(mint.id_token(client, (next, grant), beside).await?)
        } else {
            None
        };
        Ok(SignedTokens { token, content, refresh_token, id_token })
    }
}

impl<'c> SignedTokens<'c> {
    /// Commits the state that the tokens are of in place of the one `before`, by the one write that spends what they are given for.
    ///
    /// # Errors
    /// When the table does not answer: nobody may be given the tokens then, and what they are for is as good as before.
    pub async fn committed(
        self,
        store: &Store,
        before: Authorization,
        next: &Authorization,
    ) -> Result<Issued<'c>, Problem> {
        match store.commit_or_take_back(before, next).await? {
            Commit::Done => Ok(Issued::Done(Box::new(self))),
            Commit::Outdated(current) => Ok(Issued::Overtaken(current)),
        }
    }

    /// The last moment of the access token.
    pub const fn expires_at(&self) -> Timestamp {
        self.token.claims.exp
    }

    /// The last moment of the ID token, if there is one.
    pub fn id_token_expires_at(&self) -> Option<Timestamp> {
        self.id_token.as_ref().map(|(_, exp)| *exp)
    }

    /// The audit's line about them, begun by the caller.
    pub fn record(&self, decision: Decision<'_>) {
        self.token.record(decision, &self.content);
    }

    /// What the client is told of them.
    pub fn answer(&self) -> TokenResponse {
        let id_token = self.id_token.as_ref().map(|(text, _)| text.clone());
        self.token.answer(&self.content, self.refresh_token.clone(), id_token)
    }
}
