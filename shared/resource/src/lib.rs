//! For whoever owns a tool that takes Countersign's tokens: an API, or an MCP server.
//!
//! A [`Guard`] stands in front of the tool. It validates a request's access token (RFC 9068, section 4) against the
//! issuer's published keys, asks a [`Demand`] whether the token allows *this* action on *this* object (RFC 9396), and
//! answers what it lets not through as RFC 6750, RFC 9470 and RFC 9728 say ([`Refusal`]), so that a client knows what to
//! ask for. What is not allowed explicitly is refused. Each decision is one line of audit.
//!
//! ```no_run
//! # async fn tool(request: http_types::Request<()>) -> Result<(), Box<dyn std::error::Error>> {
//! use resource::{Demand, Guard, WantedDetail};
//!
//! let guard = Guard::of("https://auth.example.com", "https://files.internal.corp").build()?;
//! let demand = Demand::new().scope("files.access").detail(
//!     WantedDetail::of_type("file_access")
//!         .action("read")
//!         .location("https://files.internal.corp/finance")
//!         .identifier("Q4-report.pdf"),
//! );
//! match guard.check(request.headers(), &demand).await {
//!     Ok(token) => println!("{} reads the report", token.subject()),
//!     Err(refusal) => drop(guard.answer::<String>(&refusal)),
//! }
//! # Ok(()) }
//! ```
//!
//! What the tool says of itself, so that a client that knows nothing finds the issuer (RFC 9728), is one call more:
//! `guard.metadata().layer()` around the tool, or [`ProtectedResource::answer`] without `tower`; with
//! [`GuardBuilder::with_metadata`] the challenges point there.
//!
//! The room knows `oauth` and nothing of the server: no AWS, no store. It takes bearer tokens; a token that is bound to
//! its sender (`cnf`) is refused, because taking it from anybody would undo the binding.

mod access_token;
mod actor;
mod audit;
mod bearer;
mod claims;
mod clock;
mod credentials;
mod demand;
#[cfg(feature = "layer")]
mod described;
mod detail;
mod exchange;
mod fetch;
mod guard;
#[cfg(feature = "https")]
mod https;
mod introspection;
mod issuer;
mod jws;
mod key_set;
#[cfg(feature = "layer")]
mod layer;
mod metadata;
mod refusal;
#[cfg(test)]
mod stage;
mod trouble;
mod validation;

pub use access_token::AccessToken;
pub use actor::{Actor, LONGEST_CHAIN};
pub use clock::Clock;
pub use credentials::{Credentials, KeyRejected};
pub use demand::Demand;
#[cfg(feature = "layer")]
pub use described::{Described, DescribedLayer};
pub use detail::WantedDetail;
pub use exchange::{Exchange, ExchangeError, Exchanged};
pub use fetch::{Answering, Fetch};
pub use guard::{Guard, GuardBuilder, SetUpWrong};
#[cfg(feature = "https")]
pub use https::Https;
pub use jws::{Algorithm, LONGEST_TOKEN};
pub use key_set::{KeySet, MOST_KEYS};
#[cfg(feature = "layer")]
pub use layer::{Guarded, GuardedLayer};
pub use metadata::{ProtectedResource, metadata_url};
pub use oauth::ResourceUri;
pub use refusal::{Refusal, Unacceptable};
pub use trouble::Trouble;
pub use validation::{EXPIRY_LEEWAY, Expected, validate};
