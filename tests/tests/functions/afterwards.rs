use crate::event::{Reply, Request};
use crate::place::{AGENT, COUNTED, REMEMBERED, SIGNING, TOOL};
use crate::requests::{Browser, large_details};
use crate::visit::Visit;
use crate::walk::{Crew, Ready, expect};

/// What comes after a request.
impl Crew {
    /// The same request once more. An assertion is good once (RFC 7523, section 3, item 7), so that a client makes another, and
    /// gets another ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant, section 4.4.3). A person looks before they answer again.
    pub(crate) fn again(&self, ready: &Ready) -> Request {
        match ready.visit {
            Visit::PushSigned => self.place.push_signed(),
            Visit::WorkAloneSigned => self.place.client_credentials_signed(),
            Visit::IntrospectSigned => self.place.introspection_signed(&ready.token),
            Visit::RevokeSigned => self.place.revocation_signed(&ready.token),
            Visit::RedeemIdJag => self.place.redemption_of_id_jag(),
            Visit::SignInWithPasskey => self.signs_in_once_more(ready),
            Visit::AskSigned => self.asks_once_more(ready.visit, ready.person().user_name()),
            Visit::Approve | Visit::ApproveMuch | Visit::Decline | Visit::Block => {
                self.answers_once_more(ready)
            }
            _ => ready.request.clone(),
        }
    }

    /// That what was granted is good for what comes next: the other side of "nothing is half done".
    pub(crate) fn goes_on(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let place = self.place;
        match ready.visit {
            Visit::Push => self.leads_to_sign_in(AGENT, granted),
            Visit::PushSigned => self.leads_to_sign_in(SIGNING, granted),
            Visit::PushLarge => {
                let page = self.opens(&ready.browser.opens(&granted.member("request_uri")));
                expect(page.fields("detail").len() == 2, "the page lacks details")
            }
            Visit::PushCounted => {
                let caller = format!("LIMIT#CLIENT#{COUNTED}#{}", ready.token);
                expect(place.has_items_of(&caller), "it was not counted")?;
                self.leads_to_sign_in(COUNTED, granted)
            }
            Visit::PushByDocument => self.leads_to_sign_in(&ready.token, granted),
            Visit::OpenSignedIn | Visit::OpenByDocument => {
                let decided = self.decides(&ready.browser.approves(place, granted));
                expect(Visit::Consent.is_granted(&decided), "the page cannot be submitted")
            }
            Visit::OpenRemembered => self.is_good_code(REMEMBERED, granted),
            Visit::SignIn => {
                let mut browser = ready.browser.clone();
                browser.keeps(granted);
                let address = place.inside(granted.header("location").unwrap_or_default());
                let page = self.opens(&browser.dresses(Request::get(&address)));
                self.people.are_joined_by(ready.person().clone().with(Some(browser)));
                expect(page.has_form("/consent"), "the session does not lead to the consent page")
            }
            Visit::MistypePassword => self.has_counted_a_mistake(ready),
            Visit::ForgetConsent => {
                let account = self.at_account(&ready.browser.dresses(Request::get("/account")));
                self.people.are_joined_by(ready.person().clone().with(Some(ready.browser.clone())));
                expect(account.fields("consent").is_empty(), "it is still remembered")
            }
            Visit::ChangePassword => {
                let mut browser = ready.browser.clone();
                browser.keeps(granted);
                let account = self.at_account(&browser.dresses(Request::get("/account")));
                expect(account.has_form("/sign-out"), "this browser does not go on")?;
                self.has_changed_password(ready)
            }
            Visit::SignOut => {
                let account = self.at_account(&ready.browser.dresses(Request::get("/account")));
                self.people.are_joined_by(ready.person().clone().with(None));
                expect(account.has_form("/sign-in"), "the session goes on")
            }
            Visit::Consent | Visit::ConsentCarried => self.is_good_code(AGENT, granted),
            Visit::ConsentForGood => self.can_consent_again(ready, granted),
            Visit::ConsentRegistered => self.registration_lives_on(ready, granted),
            // Yes and no of one page are spent together.
            Visit::DenyCarried => {
                let again = self.decides(&ready.request);
                expect(again.status == 400, "the page can be submitted again")
            }
            Visit::ConsentLarge => {
                let code = granted.callback("code").unwrap_or_default();
                let redeemed = self.at_token(&place.redemption(&code));
                self.has_large_details(&redeemed)
            }
            Visit::Deny => {
                let page = self.opens(&ready.browser.opens(&ready.token));
                expect(!page.has_form("/consent"), "the request can still be approved")
            }
            Visit::RedeemLarge => self.has_large_details(granted),
            Visit::Redeem | Visit::Refresh => {
                expect(self.is_active(&granted.member("access_token")), "the access token is not active")?;
                let renewed = self.at_token(&place.refresh(&granted.member("refresh_token")));
                expect(Visit::Refresh.is_granted(&renewed), "the refresh token is not good")
            }
            Visit::RedeemByDocument | Visit::WorkAlone | Visit::WorkAloneSigned => {
                expect(self.is_active(&granted.member("access_token")), "it is not active")
            }
            visit if visit.is_of_exchange() => self.is_well_exchanged(visit, granted),
            Visit::Register | Visit::ChangeRegistration | Visit::DeleteRegistration => {
                self.is_registered_so(ready, granted)
            }
            Visit::RevokeAccessToken | Visit::RevokeRefreshToken | Visit::RevokeSigned => {
                expect(!self.is_active(&ready.token), "the access token is still active")
            }
            Visit::OpenSignedOut
            | Visit::ShowAccount
            | Visit::IntrospectAccessToken
            | Visit::IntrospectRefreshToken
            | Visit::IntrospectLarge
            | Visit::IntrospectSigned
            | Visit::Userinfo
            | Visit::ReadRegistration
            | Visit::ShowPassword
            | Visit::ReadMetadata
            | Visit::ReadKeys => Ok(()),
            visit if visit.is_of_passkeys() => self.has_passkeys_so(ready, granted),
            visit if visit.function() == "account" => self.belongs_to_them(ready, granted),
            _ => self.approval_goes_on(ready, granted),
        }
    }

    /// Whether a request is refused because it has been carried out, and nobody had heard of it: whoever changes their
    /// password ends the session in which they do, and is asked to sign in again, with the new one; a registration's token ends
    /// with the registration; what somebody answered is answered.
    pub(crate) fn was_done(&self, ready: &Ready, refused: &Reply) -> bool {
        match ready.visit {
            Visit::ChangePassword => refused.status == 403 && self.has_changed_password(ready).is_ok(),
            Visit::DeleteRegistration => refused.status == 401 && self.is_unknown(&ready.token),
            Visit::RemovePhone => refused.status == 404 && self.belongs_to_them(ready, refused).is_ok(),
            visit if visit.is_of_passkeys() => self.was_done_with_passkeys(ready, refused),
            _ => self.approval_was_done(ready, refused),
        }
    }

    fn leads_to_sign_in(&self, client: &str, pushed: &Reply) -> Result<(), String> {
        let page = self.opens(&Browser::default().opens_for(client, &pushed.member("request_uri")));
        expect(page.has_form("/sign-in"), "the request_uri leads nowhere")
    }

    pub(crate) fn is_good_code(&self, client: &str, decided: &Reply) -> Result<(), String> {
        let code = decided.callback("code").unwrap_or_default();
        let redeemed = self.at_token(&self.place.redemption_by(client, &code));
        expect(Visit::Redeem.is_granted(&redeemed), "the code is not good")
    }

    /// That a token's details, which lie beside the authorization, are all there.
    fn has_large_details(&self, redeemed: &Reply) -> Result<(), String> {
        let said = self.is_told(TOOL, &redeemed.member("access_token"));
        let details = said.json()["authorization_details"].clone();
        expect(details == large_details(), "details are missing")
    }
}
