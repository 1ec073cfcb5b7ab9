//! Templates, style sheet, branding.
//!
//! A page is a struct with exactly the data it shows and a `render`. Nothing here reads or decides anything: what a page
//! says comes from a language's file ([`languages`]), how it looks from one style sheet and the [`Brand`], and where its
//! forms go from the base path of the [`Frame`]. Templates escape by default; a foreign text is cleaned besides, so
//! that it can neither be markup nor reorder or hide the words around it.
//!
//! There is no inline style, and no script but one, on the pages where a passkey is registered or used: serve these with
//! [`content_security_policy_with_script`], every other with [`content_security_policy`], and what [`assets`] and
//! [`Brand::assets`] list, below the same base path.

mod account;
mod agents;
mod approval;
mod asset;
mod brand;
mod catalogue;
mod chain;
mod choices;
mod colour;
mod consent;
mod countersign;
mod devices;
mod error;
mod frame;
mod invitation;
mod lifetime;
mod manifest;
mod passkeys;
mod password;
mod policy;
mod qr;
mod sign_in;
mod user_code;
mod waiting;
mod words;

pub use account::{AccountNotice, AccountPage, BlockedClient, RememberedChoice, SignedOutPage};
pub use agents::{
    AgentAccessPage, AgentsNotice, AgentsPage, AgentsSearch, Choice, EndAccessPage, HeldAccess, HeldByAgent,
    SignedApproval, SignedPage,
};
pub use approval::{ApprovalPage, ApprovalProblem};
pub use asset::{Asset, assets};
pub use brand::{Brand, Logo, UnusableLogo};
pub use catalogue::{CatalogueEntry, CatalogueEntryPage, CatalogueGroup, CataloguePage};
pub use chain::ChainStep;
pub use choices::{Choices, DetailChoice, ScopeChoice, Withheld};
pub use colour::{Colour, InvalidColour};
pub use consent::{AskingClient, ConsentPage, ConsentProblem};
pub use countersign::{CountersignPage, CountersignProblem};
pub use devices::{
    ConfirmDevicePage, DeviceNews, DeviceNotice, DeviceProblem, DeviceStanding, DeviceWay, DevicesPage,
    ListedDevice, TypedDevice,
};
pub use error::{ErrorPage, WhatHappened};
pub use frame::{Frame, Person};
pub use invitation::{ANY_AGENT, AskingAgent, InvitationPage, InvitePage, InviteProblem};
pub use lifetime::Lifetime;
pub use manifest::{MANIFEST_PATH, MANIFEST_TYPE, manifest};
pub use passkeys::{
    EnrolPasskeyPage, Enrolment, ListedPasskey, PasskeyNotice, PasskeyOffer, PasskeyProblem, PasskeysPage,
};
pub use password::{ChangePasswordPage, PasswordProblem};
pub use policy::{content_security_policy, content_security_policy_with_script};
pub use sign_in::{LeadsTo, SignInPage, SignInProblem};
pub use user_code::{UserCodePage, UserCodeProblem, UserCodeProof};
pub use waiting::{Decided, DecidedPage, WaitingPage, WaitingRequest};
