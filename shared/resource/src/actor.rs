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

    /// Those of the chain that are the token's own issuer's, newest first. What another issuer calls the same is somebody else; and
    /// behind one of theirs, a name that does not say whose it is may be theirs as well.
    pub(crate) fn own<'a>(&'a self, issuer: &'a str) -> impl Iterator<Item = &'a Self> {
        let mut is_own = true;
        self.chain().filter(move |actor| {
            is_own = actor.issuer().map_or(is_own, |whose| whose == issuer);
            is_own
        })
    }

    /// Whether the current actor is the one of that name at the token's own issuer.
    pub(crate) fn is(&self, name: &str, issuer: &str) -> bool {
        self.sub == name && self.issuer().is_none_or(|whose| whose == issuer)
    }
}
