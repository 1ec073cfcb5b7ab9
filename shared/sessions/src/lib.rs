//! Who the person is: their password, how long to wait after failures, and what they still have to do before
//! a client gets its answer. Pure, like the protocol: moments, salts and records are parameters.

mod back_off;
mod interaction;
mod next_step;
mod password;
mod user_code;

pub use back_off::blocked_until;
pub use interaction::{Interaction, Request};
pub use next_step::{NextStep, Signed, next_step};
pub use password::{Password, PasswordHash, SHORTEST_PASSWORD};
pub use user_code::{is_user_code, keep_user_code};
