use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ClientId, ResourceUri, TokenId};

/// How long a chain of actors can get, whatever the configuration allows: each hop is looked at whenever its tokens are.
pub const LONGEST_CHAIN: usize = 8;

/// Who acts, or may act (RFC 8693, sections 4.1 and 4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// `sub`: a client's identifier, or a person's.
    pub sub: String,
    /// `iss`, where the actor is somebody else's subject; without it, ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
}

impl Actor {
    /// A client of ours.
    pub fn client(id: &ClientId) -> Self {
        Self { sub: id.to_string(), iss: None }
    }

    /// Which client of ours it is, if it is one.
    pub fn as_client(&self) -> Option<ClientId> {
        ClientId::parse(&self.sub).filter(|_| self.iss.is_none())
    }

    /// Whether both are the same party, where an actor without an issuer is one of `issuer`.
    pub fn is(&self, other: &Self, issuer: &str) -> bool {
        let of = |actor: &Self| actor.iss.clone().unwrap_or_else(|| issuer.to_owned());
        self.sub == other.sub && of(self) == of(other)
    }
}

/// The chain of actors: who acts now, and who acted before (RFC 8693, section 4.1). In a token it is the claim `act`, the
/// newest outermost and each earlier one nested in the next. Only the newest counts when access is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actors(Vec<Actor>);

/// The chain as it stands in a token.
#[derive(Serialize, Deserialize)]
struct Nested {
    #[serde(flatten)]
    actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<Box<Nested>>,
}

impl Actors {
    /// Whether nobody acts: the holder of the token is the one that it was first given to.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Who acts now.
    pub fn newest(&self) -> Option<&Actor> {
        self.0.first()
    }

    /// All of them, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Actor> {
        self.0.iter()
    }

    /// Those who are clients of ours.
    pub fn clients(&self) -> impl Iterator<Item = ClientId> {
        self.0.iter().filter_map(Actor::as_client)
    }

    /// The chain as it was before the newest acted.
    #[must_use]
    pub fn before_newest(&self) -> Self {
        Self(self.0.iter().skip(1).cloned().collect())
    }

    /// The chain with one who acts on behalf of all that was so far.
    #[must_use]
    pub fn with(&self, newest: Actor) -> Self {
        Self(std::iter::once(newest).chain(self.0.iter().cloned()).collect())
    }
}

impl Serialize for Actors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nest = |inner: Option<Box<Nested>>, actor: &Actor| {
            Some(Box::new(Nested { actor: actor.clone(), act: inner }))
        };
        self.0.iter().rev().fold(None, nest).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Actors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut next = Option::<Box<Nested>>::deserialize(deserializer)?;
        let mut actors = Vec::new();
        while let Some(nested) = next {
            if actors.len() == LONGEST_CHAIN {
                return Err(serde::de::Error::custom("the chain of actors is too long"));
            }
            actors.push(nested.actor);
            next = nested.act;
        }
        Ok(Self(actors))
    }
}

/// A token that another was exchanged from. Whatever ends it ends what came of it: a token names all that are above it, so
/// that one look at the table finds out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Which token.
    pub jti: TokenId,
    /// The client it had been given to.
    pub client_id: ClientId,
    /// What it was for, so that it can be asked whether that client could still have it. What an earlier version made does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<ResourceUri>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain(names: &[&str]) -> Actors {
        let actor = |name: &&str| Actor { sub: (*name).to_owned(), iss: None };
        names.iter().rev().fold(Actors::default(), |chain, name| chain.with(actor(name)))
    }

    /// RFC 8693, section 4.1: the outermost is the current actor.
    #[test]
    fn the_newest_actor_is_outermost_and_those_before_are_nested_in_it() {
        let act = json!({ "sub": "c", "act": { "sub": "b", "act": { "sub": "a" } } });
        assert_eq!(serde_json::to_value(chain(&["c", "b", "a"])).unwrap(), act);
        assert_eq!(serde_json::from_value::<Actors>(act).unwrap(), chain(&["c", "b", "a"]));
    }

    #[test]
    fn a_chain_that_nobody_could_have_made_is_not_read() {
        let endless =
            (0..=LONGEST_CHAIN).fold(json!({ "sub": "a" }), |act, _| json!({ "sub": "a", "act": act }));
        assert!(serde_json::from_value::<Actors>(endless).is_err());
    }

    #[test]
    fn an_actor_of_another_issuer_is_somebody_else() {
        let here = Actor { sub: "a".into(), iss: None };
        let named = Actor { iss: Some("https://us.example".into()), ..here.clone() };
        let there = Actor { iss: Some("https://them.example".into()), ..here.clone() };
        assert!(here.is(&named, "https://us.example"));
        assert!(!here.is(&there, "https://us.example"));
        assert!(!here.is(&Actor { sub: "b".into(), iss: None }, "https://us.example"));
    }
}
