use crate::event::Reply;

/// A request to an endpoint, one for each way that it goes to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    Push,
    PushSigned,
    PushLarge,
    OpenSignedOut,
    OpenSignedIn,
    OpenRemembered,
    SignIn,
    ShowAccount,
    ForgetConsent,
    ChangePassword,
    SignOut,
    Consent,
    ConsentLarge,
    ConsentCarried,
    Deny,
    DenyCarried,
    Redeem,
    RedeemLarge,
    Refresh,
    WorkAlone,
    WorkAloneSigned,
    Exchange,
    ExchangeForAssertion,
    IntrospectAccessToken,
    IntrospectRefreshToken,
    IntrospectLarge,
    RevokeAccessToken,
    RevokeRefreshToken,
    Userinfo,
    ReadMetadata,
    ReadKeys,
}

impl Visit {
    /// The first of each function is followed by the others of the same.
    pub(crate) const ALL: [Self; 31] = [
        Self::Push,
        Self::PushSigned,
        Self::PushLarge,
        Self::OpenSignedOut,
        Self::OpenSignedIn,
        Self::OpenRemembered,
        Self::SignIn,
        Self::ShowAccount,
        Self::ForgetConsent,
        Self::ChangePassword,
        Self::SignOut,
        Self::Consent,
        Self::ConsentLarge,
        Self::ConsentCarried,
        Self::Deny,
        Self::DenyCarried,
        Self::Redeem,
        Self::RedeemLarge,
        Self::Refresh,
        Self::WorkAlone,
        Self::WorkAloneSigned,
        Self::Exchange,
        Self::ExchangeForAssertion,
        Self::IntrospectAccessToken,
        Self::IntrospectRefreshToken,
        Self::IntrospectLarge,
        Self::RevokeAccessToken,
        Self::RevokeRefreshToken,
        Self::Userinfo,
        Self::ReadMetadata,
        Self::ReadKeys,
    ];

    /// Those that the previous version knows too, and that do not get in each other's way when all are ready before the first
    /// is sent.
    pub(crate) const OF_BOTH_VERSIONS: [Self; 15] = [
        Self::Push,
        Self::OpenSignedOut,
        Self::OpenSignedIn,
        Self::SignIn,
        Self::Consent,
        Self::Redeem,
        Self::Refresh,
        Self::WorkAlone,
        Self::IntrospectAccessToken,
        Self::IntrospectRefreshToken,
        Self::RevokeAccessToken,
        Self::RevokeRefreshToken,
        Self::Userinfo,
        Self::ReadMetadata,
        Self::ReadKeys,
    ];

    /// One of each way that a signing key is used, in either signing mode.
    pub(crate) const OF_KEYS: [Self; 4] =
        [Self::Redeem, Self::WorkAlone, Self::ExchangeForAssertion, Self::IntrospectAccessToken];

    pub(crate) const fn function(self) -> &'static str {
        match self {
            Self::Push | Self::PushSigned | Self::PushLarge => "par",
            Self::OpenSignedOut | Self::OpenSignedIn | Self::OpenRemembered => "authorize",
            Self::SignIn | Self::ShowAccount | Self::ForgetConsent | Self::ChangePassword | Self::SignOut => {
                "sign-in"
            }
            Self::Consent | Self::ConsentLarge | Self::ConsentCarried | Self::Deny | Self::DenyCarried => {
                "consent"
            }
            Self::Redeem
            | Self::RedeemLarge
            | Self::Refresh
            | Self::WorkAlone
            | Self::WorkAloneSigned
            | Self::Exchange
            | Self::ExchangeForAssertion => "token",
            Self::IntrospectAccessToken | Self::IntrospectRefreshToken | Self::IntrospectLarge => {
                "introspect"
            }
            Self::RevokeAccessToken | Self::RevokeRefreshToken => "revoke",
            Self::Userinfo => "userinfo",
            Self::ReadMetadata | Self::ReadKeys => "discovery",
        }
    }

    /// Whether it is the first of its function: a start is the same for all of them.
    pub(crate) fn is_first_of_its_function(self) -> bool {
        Self::ALL.iter().find(|visit| visit.function() == self.function()) == Some(&self)
    }

    /// Whether a person sees the answer.
    pub(crate) fn is_of_a_browser(self) -> bool {
        matches!(self.function(), "authorize" | "sign-in" | "consent")
    }

    /// Whether it spends what its sender has only once: a code, or the decision about a request. A pushed request, a session
    /// and a revocation can be made again, and a rotated refresh token has ten seconds of grace.
    pub(crate) const fn spends_once(self) -> bool {
        matches!(
            self,
            Self::Redeem
                | Self::RedeemLarge
                | Self::Consent
                | Self::ConsentLarge
                | Self::ConsentCarried
                | Self::Deny
                | Self::DenyCarried
                | Self::OpenRemembered
        )
    }

    /// Whether an answer is the one that the request is sent for.
    pub(crate) fn is_granted(self, reply: &Reply) -> bool {
        match self {
            Self::Push | Self::PushSigned | Self::PushLarge => {
                reply.status == 201 && !reply.member("request_uri").is_empty()
            }
            Self::OpenSignedOut => reply.has_form("/sign-in"),
            Self::OpenSignedIn => reply.has_form("/consent"),
            Self::SignIn => reply.status == 303 && reply.headers.contains_key("set-cookie"),
            Self::ShowAccount => reply.has_form("/sign-out"),
            Self::ForgetConsent => reply.callback("notice").as_deref() == Some("consent-forgotten"),
            Self::ChangePassword => reply.callback("notice").as_deref() == Some("password-changed"),
            Self::SignOut => reply.status == 200 && reply.headers.contains_key("set-cookie"),
            Self::Consent | Self::ConsentLarge | Self::ConsentCarried | Self::OpenRemembered => {
                reply.status == 303 && reply.callback("code").is_some()
            }
            Self::Deny | Self::DenyCarried => reply.callback("error").as_deref() == Some("access_denied"),
            Self::Redeem
            | Self::RedeemLarge
            | Self::Refresh
            | Self::WorkAlone
            | Self::WorkAloneSigned
            | Self::Exchange
            | Self::ExchangeForAssertion => reply.status == 200 && !reply.member("access_token").is_empty(),
            Self::IntrospectAccessToken | Self::IntrospectRefreshToken => reply.json()["active"] == true,
            Self::IntrospectLarge => reply.json()["authorization_details"][0]["type"] == "memo",
            Self::RevokeAccessToken | Self::RevokeRefreshToken => reply.status == 200,
            Self::Userinfo => reply.status == 200 && !reply.member("sub").is_empty(),
            Self::ReadMetadata => reply.status == 200 && !reply.member("issuer").is_empty(),
            Self::ReadKeys => reply.status == 200 && reply.json()["keys"].is_array(),
        }
    }
}
