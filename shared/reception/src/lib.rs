//! How a page receives a person: which browser it is, who is signed in, in which language and under which
//! brand it speaks, and what it shows when something went wrong.

mod asks;
mod choices;
mod chosen;
mod countersigned;
mod countersigning;
mod credentials;
mod decision_page;
mod destination;
mod guest;
mod language;
mod passkeys;
mod pending;
mod permission;
mod renewal;
mod session_cookie;
mod what_happened;

pub use chosen::Chosen;
pub use countersigning::{Given, NotSigned, Posts, ToSign};
pub use credentials::Checked;
pub use decision_page::decision_page;
pub use destination::{AccountPage, Destination};
pub use guest::{ACCOUNT_FORM, Guest, Services, brand, receive};
pub use pending::{Pending, Yes};
pub use permission::Permitted;
pub use session_cookie::{SESSION_COOKIE, SignedIn};
