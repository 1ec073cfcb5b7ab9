//! API Gateway requests in, responses out: forms, OAuth errors, cookies, CSRF, audit.
//!
//! A request arrives as the gateway's JSON event ([`gateway`]), is read into typed parameters or a
//! [`oauth::Refusal`] ([`request`], [`form`], [`query`], [`bearer_token`]), and leaves as one of the
//! [`answer`]s. Refusals and faults get their status in one table ([`status`]) and their text in one place
//! ([`respond_json`], [`respond_bearer`]).

pub mod answer;
mod astray;
pub mod audit;
mod bearer;
mod browser;
mod cookie;
pub mod cors;
mod error_answer;
mod form;
pub mod gateway;
pub mod log;
mod metrics;
mod problem;
pub mod request;
mod run;
mod same_origin;
mod sealed;
mod site;
mod status;
mod subject;

pub use astray::to_the_pages;
pub use bearer::{bearer_token, bearer_token_in_header};
pub use browser::{BROWSER_COOKIE, Browser};
pub use cookie::{Cookie, read_cookie, set_cookie};
pub use error_answer::{mark, name, respond_bearer, respond_json};
pub use form::{LARGEST_BODY, LONGEST_QUERY, MOST_PARAMETERS, form, form_within, query};
pub use lambda_http::http::{HeaderValue, Method, StatusCode, header};
pub use problem::Problem;
pub use request::Request;
pub use run::{serve, serve_events};
pub use same_origin::require_same_origin;
pub use sealed::{LONGEST_SEALED, open, seal};
pub use site::{ERROR_CATALOGUE, Site};
pub use status::status;
pub use subject::{
    note_asked, note_authorization, note_client, note_grant, note_outside_name, note_person, note_policies,
    note_proven_client,
};

/// What leaves.
pub type Response = lambda_http::http::Response<lambda_http::Body>;
