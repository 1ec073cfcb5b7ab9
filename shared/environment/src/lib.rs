//! What the pure core is never allowed to take by itself: the time, dice, and the settings of the process.
//! A fault of ours (a table that does not answer, a key that is missing) is told apart here from a refusal,
//! which is the caller's.

mod clock;
mod dice;
mod fault;
mod settings;

pub use clock::Clock;
pub use dice::Dice;
pub use fault::Fault;
pub use settings::setting;
