//! Who may do what for whom, as the company's policies say it: files in Cedar, applied with the rest of the configuration.
//! What no policy permits is refused.
//!
//! [`Policies::decide`] answers one [`Question`]: may this client, for this person, do this at this tool? A question is about
//! one scope or one authorization detail ([`Context::scope`], [`Context::detail`]). So a policy says what it permits, and
//! whatever else stood in the same request is no concern of it:
//!
//! ```cedar
//! @id("files-tool-reads-customers")
//! permit (
//!   principal == Client::"files-tool",
//!   action == Action::"token_exchange",
//!   resource == Tool::"https://customers.internal.corp"
//! ) when { context has scope && context.scope == "customers.read" && context.depth <= 2 };
//! ```
//!
//! [`Policies::each`] asks for each scope and detail of a request. Where the request names them, one that is refused refuses the
//! request; where it leaves the choice to the server, as a token exchange without `scope` does, what is
//! refused is left out. Both read the same policy.
//!
//! A policy that forbids an exchange until a person has approved it says so above it: `@approval("person")`. While nothing else
//! stands against it, that is [`Decision::OnceApproved`]; to whoever does not know the word it forbids.
//!
//! Nothing here does I/O. Policies are parsed at the first question and kept. Whether they fit the schema is asked once, when
//! a configuration is applied.

mod answer;
mod asking;
mod authorization_request;
mod check;
mod decision;
mod entities;
mod policies;
mod question;
mod schema;
mod shape;

pub use answer::{Answer, Item, Permitted, Refused};
pub use asking::Asking;
pub use authorization_request::Requested;
pub use check::{Known, Mistake, check};
pub use decision::Decision;
pub use policies::{NOBODY, Policies, by_id};
pub use question::{Action, Context, ISSUER, Person, Principal, Question};
pub use schema::schema;
