//! Fetches a document whose address a stranger named (a client's metadata document, a key set): HTTPS alone, from an
//! address that was looked at first, without redirects, and never more or for longer than was said.
//!
//! Whoever names an address to a server inside a company may mean the company's own machines, or the cloud's metadata service
//! (server-side request forgery; draft-ietf-oauth-client-id-metadata-document, section 8.6). So the name is resolved once,
//! every address that it stands for must be a public one, and the connection goes to the very address that was looked at.
//! What a company has on its own network is reached where its configuration names the host; an endpoint of a client, whose URL
//! no stranger has named, also in the ranges that the configuration names.

mod addresses;
mod fetch;
mod freshness;
mod in_force;
mod post;
mod problem;
mod target;

pub use addresses::{Neighbourhood, neighbourhood};
pub use fetch::{Fetched, Limits, Loopback, Outbound};
pub use in_force::OutboundInForce;
pub use post::Post;
pub use problem::Problem;
pub use target::endpoint_problem;
