use serde::Deserialize;

/// The most actors that a chain may name.
pub const LONGEST_CHAIN: usize = 16;

/// Who acts, and for whom they act in turn (RFC 8693, section 4.1): the outermost is the current actor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Actor {
    sub: String,
    iss: Option<String>,
    act: Option<Box<Actor>>,
}

impl Actor {
    /// The actor's identifier; unique at their issuer.
    pub fn subject(&self) -> &str {
        &self.sub
    }

    /// Whose name it is, when it is not the token's issuer's.
    pub fn issuer(&self) -> Option<&str> {
        self.iss.as_deref()
    }

    /// This actor, and those before, newest first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |actor| actor.act.as_deref())
    }

    /// Whether this is the actor of that name at the token's own issuer: what another issuer calls the same is somebody
    /// else.
    pub(crate) fn is(&self, name: &str, issuer: &str) -> bool {
        self.sub == name && self.iss.as_deref().is_none_or(|own| own == issuer)
    }
}
