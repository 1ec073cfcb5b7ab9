use http::Problem;
use oauth::configuration::Client;
use oauth::{Authorization, Grant, ID_TOKEN_TYP, IdTokenClaims, Timestamp, TokenId, left_half_hash};

use crate::Mint;

/// What an ID token comes beside, and says so.
#[derive(Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// The access token (`at_hash`, OpenID Connect Core, section 3.1.3.6).
    pub access_token: &'a str,
    /// The refresh token, where the two come to a client that did not ask for them just now (`…:rt_hash`, OpenID CIBA Core 1.0,
    /// section 10.3.1).
    pub refresh_token: Option<&'a str>,
    /// The `auth_req_id` that they are for, where they come so.
    pub auth_req_id: Option<&'a str>,
}

impl Mint<'_> {
    /// Signs an ID token (OpenID Connect Core, section 2). With it goes its last moment.
    ///
    /// # Errors
    /// When the keys do not answer.
    pub(crate) async fn id_token(
        &self,
        client: &Client,
        (authorization, grant): (&Authorization, &Grant),
        beside: Beside<'_>,
    ) -> Result<(String, Timestamp), Problem> {
        let server = &self.configuration.server;
        let exp = self.now.after(server.lifetimes.id_token);
        let claims = IdTokenClaims {
            iss: server.issuer.clone(),
            sub: grant.person.to_string(),
            aud: client.id.clone(),
            exp,
            iat: self.now,
            auth_time: grant.authentication.auth_time,
            nonce: grant.nonce.clone(),
            amr: grant.authentication.amr.clone(),
            acr: grant.authentication.acr().map(str::to_owned),
            at_hash: Some(left_half_hash(beside.access_token)),
            rt_hash: beside.refresh_token.map(left_half_hash),
            auth_req_id: beside.auth_req_id.map(str::to_owned),
            jti: TokenId::from_random(self.dice.roll()),
            client_id: None,
            grant_id: authorization.id.clone(),
            act: grant.act.clone(),
            exchanged_from: vec![],
        };
        let algorithm = client.id_token_signed_response_alg;
        Ok((self.keys.sign(&claims, ID_TOKEN_TYP, algorithm, self.now).await?, exp))
    }
}
