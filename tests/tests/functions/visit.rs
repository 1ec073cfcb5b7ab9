use crate::event::Reply;
use crate::exchanges::{ID_JAG, ID_TOKEN, REFRESH_TOKEN, SAML2};
use crate::registrations::RENAMED;

/// A request to an endpoint, one for each way that it goes to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    Push,
    PushSigned,
    PushLarge,
    PushCounted,
    PushByDocument,
    OpenSignedOut,
    OpenSignedIn,
    OpenRemembered,
    OpenByDocument,
    SignIn,
    SignInWithPasskey,
    MistypePassword,
    ShowPassword,
    ShowAccount,
    ForgetConsent,
    LiftBlock,
    ShowInvitations,
    Invite,
    ShowUserCode,
    SetUserCode,
    ShowDevices,
    NameNumber,
    NameAddress,
    ShowLink,
    ConfirmDevice,
    EnrolPhone,
    RemovePhone,
    ShowPasskeys,
    RegisterPasskey,
    RemovePasskey,
    ShowEnrolment,
    EnrolPasskey,
    ChangePassword,
    SignOut,
    Consent,
    ConsentLarge,
    ConsentCarried,
    ConsentForGood,
    ConsentRegistered,
    Deny,
    DenyCarried,
    Redeem,
    RedeemLarge,
    RedeemByDocument,
    Refresh,
    RefreshChild,
    WorkAlone,
    WorkAloneSigned,
    Exchange,
    ExchangeForAssertion,
    ExchangeForIdToken,
    ExchangeForRefreshToken,
    ExchangeForIdJag,
    ExchangeWithActor,
    ExchangeRefreshToken,
    ExchangeForeignToken,
    RedeemIdJag,
    IntrospectAccessToken,
    IntrospectRefreshToken,
    IntrospectLarge,
    IntrospectSigned,
    RevokeAccessToken,
    RevokeRefreshToken,
    RevokeSigned,
    Userinfo,
    Register,
    ReadRegistration,
    ChangeRegistration,
    DeleteRegistration,
    Ask,
    AskSigned,
    AskForMuch,
    AskInvited,
    AskWithCode,
    AskForActor,
    AskByAddress,
    ShowApproval,
    ShowWaiting,
    Approve,
    ApproveMuch,
    Decline,
    Block,
    Poll,
    RedeemApproval,
    ReadMetadata,
    ReadKeys,
}

impl Visit {
    /// The first of each function is followed by the others of the same.
    pub(crate) const ALL: [Self; 86] = [
        Self::Push,
        Self::PushSigned,
        Self::PushLarge,
        Self::PushCounted,
        Self::PushByDocument,
        Self::OpenSignedOut,
        Self::OpenSignedIn,
        Self::OpenRemembered,
        Self::OpenByDocument,
        Self::SignIn,
        Self::SignInWithPasskey,
        Self::MistypePassword,
        Self::ShowPassword,
        Self::ChangePassword,
        Self::SignOut,
        Self::ShowAccount,
        Self::ForgetConsent,
        Self::LiftBlock,
        Self::ShowInvitations,
        Self::Invite,
        Self::ShowUserCode,
        Self::SetUserCode,
        Self::ShowDevices,
        Self::NameNumber,
        Self::NameAddress,
        Self::ShowLink,
        Self::ConfirmDevice,
        Self::EnrolPhone,
        Self::RemovePhone,
        Self::ShowPasskeys,
        Self::RegisterPasskey,
        Self::RemovePasskey,
        Self::ShowEnrolment,
        Self::EnrolPasskey,
        Self::Consent,
        Self::ConsentLarge,
        Self::ConsentCarried,
        Self::ConsentForGood,
        Self::ConsentRegistered,
        Self::Deny,
        Self::DenyCarried,
        Self::Redeem,
        Self::RedeemLarge,
        Self::RedeemByDocument,
        Self::Refresh,
        Self::RefreshChild,
        Self::WorkAlone,
        Self::WorkAloneSigned,
        Self::Exchange,
        Self::ExchangeForAssertion,
        Self::ExchangeForIdToken,
        Self::ExchangeForRefreshToken,
        Self::ExchangeForIdJag,
        Self::ExchangeWithActor,
        Self::ExchangeRefreshToken,
        Self::ExchangeForeignToken,
        Self::RedeemIdJag,
        Self::Poll,
        Self::RedeemApproval,
        Self::IntrospectAccessToken,
        Self::IntrospectRefreshToken,
        Self::IntrospectLarge,
        Self::IntrospectSigned,
        Self::RevokeAccessToken,
        Self::RevokeRefreshToken,
        Self::RevokeSigned,
        Self::Userinfo,
        Self::Register,
        Self::ReadRegistration,
        Self::ChangeRegistration,
        Self::DeleteRegistration,
        Self::Ask,
        Self::AskSigned,
        Self::AskForMuch,
        Self::AskInvited,
        Self::AskWithCode,
        Self::AskForActor,
        Self::AskByAddress,
        Self::ShowApproval,
        Self::ShowWaiting,
        Self::Approve,
        Self::ApproveMuch,
        Self::Decline,
        Self::Block,
        Self::ReadMetadata,
        Self::ReadKeys,
    ];

    /// Those that the previous version knows too, and that do not get in each other's way when all are ready before the first
    /// is sent.
    pub(crate) const OF_BOTH_VERSIONS: [Self; 44] = [
        Self::Push,
        Self::PushLarge,
        Self::PushByDocument,
        Self::OpenSignedOut,
        Self::OpenSignedIn,
        Self::OpenByDocument,
        Self::SignIn,
        Self::Consent,
        Self::ConsentLarge,
        Self::ConsentRegistered,
        Self::Redeem,
        Self::RedeemLarge,
        Self::RedeemByDocument,
        Self::Refresh,
        Self::WorkAlone,
        Self::IntrospectAccessToken,
        Self::IntrospectRefreshToken,
        Self::IntrospectLarge,
        Self::RevokeAccessToken,
        Self::RevokeRefreshToken,
        Self::Userinfo,
        Self::ReadMetadata,
        Self::ReadKeys,
        Self::Register,
        Self::ReadRegistration,
        Self::ChangeRegistration,
        Self::DeleteRegistration,
        Self::Exchange,
        Self::ExchangeForAssertion,
        Self::ExchangeForIdToken,
        Self::ExchangeForRefreshToken,
        Self::ExchangeForIdJag,
        Self::ExchangeRefreshToken,
        Self::ExchangeForeignToken,
        Self::RefreshChild,
        Self::RedeemIdJag,
        Self::Ask,
        Self::AskForMuch,
        Self::ShowApproval,
        Self::Approve,
        Self::ApproveMuch,
        Self::Decline,
        Self::Poll,
        Self::RedeemApproval,
    ];

    /// One of each way that a signing key is used: to sign a token, an ID token and an assertion, and to verify. What else a
    /// visit asks of AWS is the same in either signing mode.
    pub(crate) const OF_KEYS: [Self; 4] =
        [Self::Redeem, Self::WorkAlone, Self::ExchangeForAssertion, Self::IntrospectAccessToken];

    pub(crate) const fn function(self) -> &'static str {
        match self {
            Self::Push | Self::PushSigned | Self::PushLarge | Self::PushCounted | Self::PushByDocument => {
                "par"
            }
            Self::OpenSignedOut | Self::OpenSignedIn | Self::OpenRemembered | Self::OpenByDocument => {
                "authorize"
            }
            Self::SignIn
            | Self::SignInWithPasskey
            | Self::MistypePassword
            | Self::ShowPassword
            | Self::ChangePassword
            | Self::SignOut => "sign-in",
            Self::ShowAccount
            | Self::ForgetConsent
            | Self::LiftBlock
            | Self::ShowInvitations
            | Self::Invite
            | Self::ShowUserCode
            | Self::SetUserCode
            | Self::ShowDevices
            | Self::NameNumber
            | Self::NameAddress
            | Self::ShowLink
            | Self::ConfirmDevice
            | Self::EnrolPhone
            | Self::RemovePhone
            | Self::ShowPasskeys
            | Self::RegisterPasskey
            | Self::RemovePasskey
            | Self::ShowEnrolment
            | Self::EnrolPasskey => "account",
            Self::Consent
            | Self::ConsentLarge
            | Self::ConsentCarried
            | Self::ConsentForGood
            | Self::ConsentRegistered
            | Self::Deny
            | Self::DenyCarried => "consent",
            Self::Redeem
            | Self::RedeemLarge
            | Self::RedeemByDocument
            | Self::Refresh
            | Self::RefreshChild
            | Self::WorkAlone
            | Self::WorkAloneSigned
            | Self::Exchange
            | Self::ExchangeForAssertion
            | Self::ExchangeForIdToken
            | Self::ExchangeForRefreshToken
            | Self::ExchangeForIdJag
            | Self::ExchangeWithActor
            | Self::ExchangeRefreshToken
            | Self::ExchangeForeignToken
            | Self::RedeemIdJag
            | Self::Poll
            | Self::RedeemApproval => "token",
            Self::Ask
            | Self::AskSigned
            | Self::AskForMuch
            | Self::AskInvited
            | Self::AskWithCode
            | Self::AskForActor
            | Self::AskByAddress => "backchannel",
            Self::ShowApproval
            | Self::ShowWaiting
            | Self::Approve
            | Self::ApproveMuch
            | Self::Decline
            | Self::Block => "approval",
            Self::IntrospectAccessToken
            | Self::IntrospectRefreshToken
            | Self::IntrospectLarge
            | Self::IntrospectSigned => "introspect",
            Self::RevokeAccessToken | Self::RevokeRefreshToken | Self::RevokeSigned => "revoke",
            Self::Userinfo => "userinfo",
            Self::Register | Self::ReadRegistration | Self::ChangeRegistration | Self::DeleteRegistration => {
                "register"
            }
            Self::ReadMetadata | Self::ReadKeys => "discovery",
        }
    }

    /// Whether it is the first of its function: a start is the same for all of them.
    pub(crate) fn is_first_of_its_function(self) -> bool {
        Self::ALL.iter().find(|visit| visit.function() == self.function()) == Some(&self)
    }

    /// How many calls every start of its function makes: the configuration's pointer and its snapshot, and the key ring where
    /// it has to do with keys.
    pub(crate) fn calls_of_a_start(self) -> usize {
        if self.function() == "register" { 2 } else { 3 }
    }

    /// Whether each of its calls is one that another visit makes in the same state, or reads another item at the same point:
    /// what can come of it there is seen there, and this one meets only some of it. One that reads or writes anything more is
    /// not like another.
    pub(crate) const fn is_like_another(self) -> bool {
        matches!(
            self,
            Self::PushByDocument
                | Self::OpenByDocument
                | Self::ShowPassword
                | Self::ShowInvitations
                | Self::ShowUserCode
                | Self::ShowDevices
                | Self::ShowLink
                | Self::ShowPasskeys
                | Self::RemovePasskey
                | Self::DenyCarried
                | Self::RedeemByDocument
                | Self::WorkAloneSigned
                | Self::ExchangeForIdToken
                | Self::ExchangeForIdJag
                | Self::ExchangeRefreshToken
                | Self::ExchangeForeignToken
                | Self::IntrospectSigned
                | Self::RevokeSigned
                | Self::AskSigned
                | Self::AskByAddress
        )
    }

    /// Whether a person sees the answer.
    pub(crate) fn is_of_a_browser(self) -> bool {
        let is_of_an_app = matches!(self, Self::EnrolPhone | Self::RemovePhone);
        !is_of_an_app
            && matches!(self.function(), "authorize" | "sign-in" | "account" | "consent" | "approval")
    }

    /// Whether it spends what its sender has only once: a code, an `auth_req_id`, an invitation, or the decision about a request that the answer
    /// carries on. A pushed request, a session and a revocation can be made again, a rotated refresh token has ten seconds of grace,
    /// of an ID-JAG its issuer makes another, and what somebody answers elsewhere its client hears from the table.
    pub(crate) const fn spends_once(self) -> bool {
        matches!(
            self,
            Self::Redeem
                | Self::RedeemLarge
                | Self::RedeemByDocument
                | Self::Consent
                | Self::ConsentLarge
                | Self::ConsentCarried
                | Self::ConsentForGood
                | Self::ConsentRegistered
                | Self::Deny
                | Self::DenyCarried
                | Self::OpenRemembered
                | Self::RedeemApproval
                | Self::AskInvited
        )
    }

    /// Whether something is written when what it spends is gone already, so that a process can die between the two.
    pub(crate) const fn writes_after_spending(self) -> bool {
        matches!(self, Self::ConsentForGood)
    }

    /// The operations by which it writes down that it spends something, and what comes after that.
    pub(crate) const fn writes_by(self) -> &'static [&'static str] {
        // An invitation is spent together with the request that it is for.
        if matches!(self, Self::AskInvited) { &["TransactWriteItems"] } else { &["PutItem"] }
    }

    /// Whether nothing that it needs comes of this operation: a count of requests that cannot be written down turns nobody
    /// away, keys are published whatever the configuration says, and that a person's devices have changed stands whether or not
    /// they could be told of it, or it could be counted how often they are.
    pub(crate) fn goes_on_without(self, operation: &str) -> bool {
        matches!(
            (self, operation),
            (
                Self::PushCounted | Self::ConfirmDevice | Self::RemovePhone | Self::RegisterPasskey,
                "UpdateItem"
            ) | (
                Self::ConfirmDevice | Self::EnrolPhone | Self::RemovePhone | Self::RegisterPasskey,
                "Publish"
            ) | (Self::ReadKeys, "Query")
        )
    }

    /// Whether it asks SNS, which has five seconds for its answer, and is asked once: it takes what it has heard of whether its
    /// answer arrives or not.
    pub(crate) const fn asks_sns(self) -> bool {
        matches!(
            self,
            Self::NameNumber
                | Self::NameAddress
                | Self::ConfirmDevice
                | Self::EnrolPhone
                | Self::RemovePhone
                | Self::RegisterPasskey
        )
    }

    /// Whether the page itself says that nobody was reached, and stands there to be sent again.
    pub(crate) fn says_that_nobody_was_reached(self, reply: &Reply) -> bool {
        matches!(self, Self::NameNumber | Self::NameAddress)
            && reply.status == 422
            && !reply.field("csrf").is_empty()
    }

    /// Whether it is about what people sign in with in place of a password.
    pub(crate) const fn is_of_passkeys(self) -> bool {
        matches!(
            self,
            Self::SignInWithPasskey
                | Self::ShowPasskeys
                | Self::RegisterPasskey
                | Self::RemovePasskey
                | Self::ShowEnrolment
                | Self::EnrolPasskey
        )
    }

    /// Whether it exchanges one token for another, or uses what came of that.
    pub(crate) const fn is_of_exchange(self) -> bool {
        matches!(
            self,
            Self::RefreshChild
                | Self::Exchange
                | Self::ExchangeForAssertion
                | Self::ExchangeForIdToken
                | Self::ExchangeForRefreshToken
                | Self::ExchangeForIdJag
                | Self::ExchangeWithActor
                | Self::ExchangeRefreshToken
                | Self::ExchangeForeignToken
                | Self::RedeemIdJag
        )
    }

    /// Whether an answer is the one that the request is sent for.
    pub(crate) fn is_granted(self, reply: &Reply) -> bool {
        match self {
            Self::Push | Self::PushSigned | Self::PushLarge | Self::PushCounted | Self::PushByDocument => {
                reply.status == 201 && !reply.member("request_uri").is_empty()
            }
            Self::OpenSignedOut => reply.has_form("/sign-in"),
            Self::OpenSignedIn | Self::OpenByDocument => reply.has_form("/consent"),
            Self::SignIn | Self::SignInWithPasskey => {
                reply.status == 303 && reply.headers.contains_key("set-cookie")
            }
            Self::ShowPasskeys => reply.has_form("/account/passkeys"),
            Self::ShowEnrolment => reply.has_form("/account/passkeys/enrol"),
            Self::RegisterPasskey | Self::EnrolPasskey => reply.notices("registered"),
            Self::RemovePasskey => reply.notices("removed"),
            Self::MistypePassword => reply.status == 422 && !reply.field("interaction").is_empty(),
            Self::ShowAccount => reply.has_form("/sign-out"),
            Self::ShowPassword => reply.has_form("/sign-in/password"),
            Self::ShowInvitations => reply.has_form("/account/invitations"),
            Self::ShowUserCode => reply.has_form("/account/user-code"),
            Self::ShowDevices => reply.has_form("/account/devices"),
            Self::ShowLink => reply.has_form("/account/devices/confirm"),
            Self::Invite => reply.status == 200 && reply.shown_code().is_some(),
            Self::ForgetConsent => reply.notices("consent-forgotten"),
            Self::ChangePassword => reply.notices("password-changed"),
            Self::LiftBlock => reply.notices("block-lifted"),
            Self::SetUserCode => reply.notices("user-code-set"),
            Self::NameNumber => reply.notices("link-sent"),
            Self::NameAddress => reply.notices("addressee-asked"),
            Self::ConfirmDevice => reply.notices("device-confirmed"),
            // The same phone once more is the one that is there.
            Self::EnrolPhone => matches!(reply.status, 200 | 201) && !reply.member("device_id").is_empty(),
            Self::RemovePhone | Self::DeleteRegistration => reply.status == 204,
            Self::SignOut => reply.status == 200 && reply.headers.contains_key("set-cookie"),
            Self::Consent
            | Self::ConsentLarge
            | Self::ConsentCarried
            | Self::ConsentForGood
            | Self::ConsentRegistered
            | Self::OpenRemembered => reply.status == 303 && reply.callback("code").is_some(),
            Self::Deny | Self::DenyCarried => reply.callback("error").as_deref() == Some("access_denied"),
            Self::Redeem
            | Self::RedeemLarge
            | Self::RedeemByDocument
            | Self::Refresh
            | Self::RefreshChild
            | Self::WorkAlone
            | Self::WorkAloneSigned
            | Self::Exchange
            | Self::ExchangeWithActor
            | Self::ExchangeRefreshToken
            | Self::ExchangeForeignToken
            | Self::RedeemIdJag
            | Self::RedeemApproval => has_a_token(reply),
            Self::ExchangeForAssertion => has_a_token_of(SAML2, reply),
            Self::ExchangeForIdToken => has_a_token_of(ID_TOKEN, reply),
            Self::ExchangeForRefreshToken => has_a_token_of(REFRESH_TOKEN, reply),
            Self::ExchangeForIdJag => has_a_token_of(ID_JAG, reply),
            Self::IntrospectAccessToken | Self::IntrospectRefreshToken | Self::IntrospectSigned => {
                reply.json()["active"] == true
            }
            Self::IntrospectLarge => reply.json()["authorization_details"][0]["type"] == "memo",
            Self::RevokeAccessToken | Self::RevokeRefreshToken | Self::RevokeSigned => reply.status == 200,
            Self::Userinfo => reply.status == 200 && !reply.member("sub").is_empty(),
            Self::Register => reply.status == 201 && !reply.member("registration_access_token").is_empty(),
            Self::ReadRegistration => reply.status == 200 && !reply.member("client_id").is_empty(),
            Self::ChangeRegistration => reply.status == 200 && reply.member("client_name") == RENAMED,
            Self::Ask
            | Self::AskSigned
            | Self::AskForMuch
            | Self::AskInvited
            | Self::AskWithCode
            | Self::AskForActor
            | Self::AskByAddress => reply.status == 200 && !reply.member("auth_req_id").is_empty(),
            Self::ShowApproval | Self::ShowWaiting => {
                reply.status == 200 && !reply.field("request").is_empty()
            }
            Self::Approve | Self::ApproveMuch | Self::Decline | Self::Block => {
                reply.status == 303 && reply.callback("request").is_some()
            }
            // The person has not answered.
            Self::Poll => reply.status == 400 && reply.member("error") == "authorization_pending",
            Self::ReadMetadata => reply.status == 200 && !reply.member("issuer").is_empty(),
            Self::ReadKeys => reply.status == 200 && reply.json()["keys"].is_array(),
        }
    }
}

fn has_a_token(reply: &Reply) -> bool {
    reply.status == 200 && !reply.member("access_token").is_empty()
}

/// RFC 8693, section 2.2.1.
fn has_a_token_of(issued: &str, reply: &Reply) -> bool {
    has_a_token(reply) && reply.member("issued_token_type") == issued
}
