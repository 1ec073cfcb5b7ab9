use crate::assertion::{id_jag_of_the_partner, token_of_the_partner};
use crate::event::{Reply, Request};
use crate::place::{ALONE, BANK_TOOL, DELEGATING, PARTNER, Place, TOOL};
use crate::requests::FILES;
use crate::visit::Visit;
use crate::walk::{Crew, expect};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Types of tokens (RFC 8693, section 3).
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub(crate) const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub(crate) const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
pub(crate) const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
pub(crate) const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

const FOR_FILES: (&str, &str) = ("resource", FILES);
const FOR_BANK: (&str, &str) = ("resource", "https://bank.test/api");

const fn asks_for(token_type: &'static str) -> (&'static str, &'static str) {
    ("requested_token_type", token_type)
}

/// What is sent by whoever exchanges one token for another (RFC 8693, section 2.1).
impl Place {
    /// The file server exchanges a token that was sent to it for one that the bank accepts.
    pub(crate) fn exchange(&self, token: &str) -> Request {
        self.exchange_by(TOOL, (token, ACCESS_TOKEN), &[FOR_BANK])
    }

    /// The same, and shows who acts: somebody who has sent it a token of their own.
    pub(crate) fn exchange_with_actor(&self, token: &str, actor: &str) -> Request {
        let shown = [("actor_token", actor), ("actor_token_type", ACCESS_TOKEN)];
        self.exchange_by(TOOL, (token, ACCESS_TOKEN), &[&[FOR_BANK], &shown[..]].concat())
    }

    /// The same for a refresh token, so that it can go on by itself.
    pub(crate) fn exchange_for_refresh_token(&self, token: &str) -> Request {
        self.exchange_by(TOOL, (token, ACCESS_TOKEN), &[FOR_BANK, asks_for(REFRESH_TOKEN)])
    }

    /// The file server asks who it was that sent it a token.
    pub(crate) fn exchange_for_id_token(&self, token: &str) -> Request {
        self.exchange_by(TOOL, (token, ACCESS_TOKEN), &[asks_for(ID_TOKEN)])
    }

    /// The bank exchanges a token for an assertion that the ledger accepts.
    pub(crate) fn exchange_for_assertion(&self, token: &str) -> Request {
        let for_ledger = ("resource", "https://ledger.test");
        self.exchange_by(BANK_TOOL, (token, ACCESS_TOKEN), &[for_ledger, asks_for(SAML2)])
    }

    /// An agent exchanges its own refresh token for an access token that says that it acts.
    pub(crate) fn exchange_of_refresh_token(&self, token: &str) -> Request {
        self.exchange_by(DELEGATING, (token, REFRESH_TOKEN), &[FOR_FILES])
    }

    /// The same agent exchanges its ID token for a grant at another authorization server
    /// (draft-ietf-oauth-identity-assertion-authz-grant, section 4.3).
    pub(crate) fn exchange_for_id_jag(&self, id_token: &str) -> Request {
        let there = [("audience", "https://auth.chat.test"), ("resource", "https://mcp.chat.test")];
        self.exchange_by(DELEGATING, (id_token, ID_TOKEN), &[&[asks_for(ID_JAG)], &there[..]].concat())
    }

    /// A client exchanges what another issuer says of somebody.
    pub(crate) fn exchange_of_foreign_token(&self) -> Request {
        let token = token_of_the_partner(&self.issuer);
        self.exchange_by(PARTNER, (token.as_str(), JWT), &[FOR_FILES])
    }

    /// The same client redeems a grant of that issuer's, which nobody has used
    /// (draft-ietf-oauth-identity-assertion-authz-grant, section 4.4).
    pub(crate) fn redemption_of_id_jag(&self) -> Request {
        let assertion = id_jag_of_the_partner(&self.issuer, PARTNER, FILES);
        self.post_by(PARTNER, "/token", &[("grant_type", JWT_BEARER), ("assertion", assertion.as_str())])
    }

    fn exchange_by(&self, client: &str, (token, token_type): (&str, &str), more: &[(&str, &str)]) -> Request {
        let shown = [("grant_type", GRANT), ("subject_token", token), ("subject_token_type", token_type)];
        self.post_by(client, "/token", &[&shown[..], more].concat())
    }
}

/// What leads up to an exchange, and what comes of it.
impl Crew {
    /// Somebody is about to exchange a token, or to use what came of one.
    pub(crate) fn comes_to_exchange(&self, visit: Visit) -> Request {
        let place = self.place;
        match visit {
            Visit::ExchangeForAssertion => place.exchange_for_assertion(&self.is_exchanged()),
            Visit::ExchangeForIdToken => place.exchange_for_id_token(&self.holds("access_token")),
            Visit::ExchangeForRefreshToken => place.exchange_for_refresh_token(&self.holds("access_token")),
            Visit::ExchangeForIdJag => place.exchange_for_id_jag(&self.is_delegated("id_token")),
            Visit::ExchangeWithActor => {
                let actor = self.works_alone(|| place.client_credentials());
                place.exchange_with_actor(&self.holds("access_token"), &actor)
            }
            Visit::ExchangeRefreshToken => {
                place.exchange_of_refresh_token(&self.is_delegated("refresh_token"))
            }
            Visit::ExchangeForeignToken => place.exchange_of_foreign_token(),
            Visit::RefreshChild => place.refresh_by(TOOL, &self.has_a_child()),
            Visit::RedeemIdJag => place.redemption_of_id_jag(),
            _ => place.exchange(&self.holds("access_token")),
        }
    }

    /// A token of the file server's, which it has exchanged for the bank.
    fn is_exchanged(&self) -> String {
        self.must_exchange(Visit::Exchange, &self.place.exchange(&self.holds("access_token")))
    }

    /// A refresh token of the file server's, by which it goes on at the bank.
    fn has_a_child(&self) -> String {
        let request = self.place.exchange_for_refresh_token(&self.holds("access_token"));
        self.must_exchange(Visit::ExchangeForRefreshToken, &request)
    }

    /// A token of the agent that exchanges its own.
    fn is_delegated(&self, member: &str) -> String {
        let granted = || {
            let code = self.gets_a_code_for(DELEGATING, &self.place.push_for_a_file(DELEGATING));
            let redeemed = self.at_token(&self.place.redemption_by(DELEGATING, &code));
            assert!(Visit::Redeem.is_granted(&redeemed), "{}", redeemed.outline());
            redeemed
        };
        self.delegated.or(granted).member(member)
    }

    fn must_exchange(&self, visit: Visit, request: &Request) -> String {
        let exchanged = self.at_token(request);
        assert!(visit.is_granted(&exchanged), "{}", exchanged.outline());
        exchanged.member("access_token")
    }

    /// That what came of an exchange is good for whom it is for.
    pub(crate) fn is_well_exchanged(&self, visit: Visit, granted: &Reply) -> Result<(), String> {
        let token = granted.member("access_token");
        match visit {
            Visit::Exchange => {
                expect(self.is_active_to(BANK_TOOL, &token), "the other tool's token is not active")
            }
            Visit::ExchangeWithActor => {
                let said = self.is_told(BANK_TOOL, &token);
                expect(said.json()["act"]["sub"] == ALONE, "the token does not say who acts")
            }
            Visit::ExchangeForRefreshToken => self.goes_on_by_itself(&token),
            Visit::RefreshChild => {
                expect(self.is_active_to(BANK_TOOL, &token), "the access token is not active")?;
                self.goes_on_by_itself(&granted.member("refresh_token"))
            }
            Visit::ExchangeRefreshToken | Visit::ExchangeForeignToken | Visit::RedeemIdJag => {
                expect(self.is_active(&token), "the access token is not active")
            }
            // These are for somebody else, and open nothing here.
            _ => expect(!self.is_active(&token), "it opens something here"),
        }
    }

    /// That the file server's refresh token is good for an access token that the bank accepts.
    fn goes_on_by_itself(&self, refresh_token: &str) -> Result<(), String> {
        let renewed = self.at_token(&self.place.refresh_by(TOOL, refresh_token));
        let token = renewed.member("access_token");
        expect(self.is_active_to(BANK_TOOL, &token), "the refresh token by exchange is not good")
    }
}
