//! The protocol, pure. Types that are parsed once and then trusted, the authorization's life as a state
//! machine, the claims of tokens, and every refusal with its facts. Nothing here does I/O, waits, or reads a
//! clock or dice: moments and random bytes are parameters.

mod acr;
mod actors;
mod address_range;
mod approval;
mod asked;
mod authorization;
mod backchannel;
mod binding_message;
mod canonical;
mod child;
mod claims;
mod client_keys;
mod client_metadata;
pub mod configuration;
mod deferral;
mod detail;
mod device;
mod error_code;
mod exchange;
mod handle;
mod hashed_secret;
mod holding;
mod identifiers;
mod invitation;
mod issue;
mod login_hint;
mod mac;
/// Discovery (RFC 8414, OpenID Connect Discovery).
pub mod metadata;
mod number_match;
mod outside;
mod parameters;
mod passkeys;
mod pestering;
mod pkce;
mod place;
mod quiet_hours;
mod reach;
mod redirect;
mod refresh_token;
mod refusal;
mod request;
mod resource;
/// Scope (RFC 6749, section 3.3).
pub mod scope;
mod secret;
mod signed_terms;
/// Clients that nobody here has registered.
pub mod strangers;
mod strict_json;
/// Moments and spans.
pub mod time;
mod unseen;
mod user_code;

pub use acr::{PHISHING_RESISTANT, meets_acr};
pub use actors::{Actor, Actors, Ancestor, LONGEST_CHAIN};
pub use approval::{Approved, Awaited, Declined, Parcel, Requested};
pub use asked::Asked;
pub use authorization::{
    Active, Approval, AuthenticationEvent, Authorization, Code, CodeProof, Consented, Decision, End, Ended,
    Family, Grant, Pushed, ROTATION_GRACE, Redeemed, Rotation, Spent, Stage,
};
pub use backchannel::{AuthenticationRequest, BackchannelRequest, ChannelKind, Hint};
pub use binding_message::LONGEST_BINDING_MESSAGE;
pub use canonical::canonical;
pub use child::{Child, ChildTerms};
pub use claims::{
    ACCESS_TOKEN_TYP, AccessTokenClaims, ID_TOKEN_TYP, IdTokenClaims, Introspection,
    LARGEST_DETAILS_IN_TOKEN, RESERVED_CLAIMS, TokenFrame, TokenResponse, claim_value, claims_for_tool,
    is_referenced, left_half_hash, userinfo_claims,
};
pub use client_metadata::{ClientMetadata, MetadataProblem};
pub use deferral::{DEFERRED, Deferral, can_wait, kept_of_deferral_code};
pub use detail::{AuthorizationDetail, AuthorizationDetails, DEEPEST_DETAIL, MOST_DETAILS};
pub use device::{
    ApplicationArn, Channel, Confirmation, Device, DeviceName, EmailAddress, EndpointArn,
    LONGEST_DEVICE_NAME, PhoneNumber, ProvenBy, Standing, SubscriptionArn,
};
pub use error_code::ErrorCode;
pub use exchange::{
    ExchangeRequest, ExchangeRule, FieldSource, Passage, ShownToken, TokenType, actor_token, ancestors,
    delegated,
};
pub use handle::Handle;
pub use hashed_secret::HashedSecret;
pub use holding::Holding;
pub use identifiers::{ApprovalId, ClientId, DeviceId, GrantId, PersonId, TokenId, ToolId};
pub use invitation::{INVITATION_LIFE, Invitation, InvitationCode};
pub use issue::{Audience, Narrower, meaningful_scope, narrowed_scope};
pub use login_hint::{Contact, LONGEST_USER_NAME, LoginHint};
pub use mac::Mac;
pub use number_match::NumberMatch;
pub use outside::{
    Acceptance, AssertedGrant, ID_JAG_TYP, IdJagClaims, IdJagTarget, IssuerKeys, OUTSIDE_PREFIX, Origin,
    OutsideToken, Showing, Shown, SubjectKind, TrustedIssuer,
};
pub use parameters::{LONGEST_DETAILS, LONGEST_SHOWN, LONGEST_VALUE, Parameters};
pub use passkeys::{
    CHALLENGE_LASTS, ENROLMENT_LASTS, LONGEST_PASSKEY_NAME, MOST_PASSKEYS, OtherPasskeys, Passkey, PasskeyId,
    PasskeyName, PasskeyRefused, Passkeys, passkey_domain,
};
pub use pestering::{Approach, Asks, MayAsk};
pub use pkce::{CodeChallenge, CodeVerifier};
pub use place::Place;
pub use quiet_hours::{QuietHours, TimeOfDay};
pub use reach::{
    CONFIRMED_WITHIN, NotConfirmed, NotRegistered, Reach, SUBSCRIBED_WITHIN, ShownToConfirm, Towards,
};
pub use redirect::{RedirectUri, is_loopback};
pub use refresh_token::RefreshToken;
pub use refusal::{ClientRejection, HandleRejection, Refusal};
pub use request::{
    AuthorizationRequest, LONGEST_PURPOSE, Prompt, RejectedRequest, ReplyTo, requested_scope,
    require_details_for_scopes,
};
pub use resource::ResourceUri;
pub use scope::Scope;
pub use secret::{Secret, Sha256Digest};
pub use signed_terms::{Access, SignedTerms};
pub use strangers::{ClientOrigin, DocumentUrl, Stranger};
pub use strict_json::strictly;
pub use time::Timestamp;
pub use unseen::acts_unseen;
pub use user_code::{LONGEST_USER_CODE, SHORTEST_USER_CODE, UserCode, UserCodeHash};
