use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::{GrantId, Mac, Secret};

/// A refresh token: which authorization, the family secret that never changes, the generation, and our tag
/// over all three, so that nobody can make the next generation of a token they hold.
///
/// The successor follows from the token itself and our key. Whoever repeats a rotation whose answer was lost
/// therefore gets the very same successor, and nothing of it has to be stored.
#[derive(Clone)]
pub struct RefreshToken {
    id: GrantId,
    family: Secret<[u8; 32]>,
    generation: u32,
}

const LABEL: &str = "refresh token";
const LENGTH: usize = 32 + 4 + 32;

impl RefreshToken {
    /// The first token of an authorization, from 256 fresh random bits.
    pub const fn first(id: GrantId, family: [u8; 32]) -> Self {
        Self { id, family: Secret::new(family), generation: 0 }
    }

    /// Reads what a client sent; `None` for anything that we cannot have given out.
    pub fn parse(text: &str, mac: &dyn Mac) -> Option<Self> {
        let (id, rest) = text.split_once('.')?;
        let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(rest).ok()?.try_into().ok()?;
        let mut family = [0; 32];
        family.copy_from_slice(&bytes[..32]);
        let generation = u32::from_be_bytes([bytes[32], bytes[33], bytes[34], bytes[35]]);
        let token = Self { id: GrantId::parse(id)?, family: Secret::new(family), generation };
        let genuine: bool = token.tag(mac).as_slice().ct_eq(&bytes[36..]).into();
        genuine.then_some(token)
    }

    /// The text that is given out.
    pub fn reveal(&self, mac: &dyn Mac) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(self.family.expose());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.tag(mac));
        format!("{}.{}", self.id, URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The token that follows this one.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self { generation: self.generation + 1, ..self.clone() }
    }

    /// Which authorization it renews.
    pub const fn id(&self) -> &GrantId {
        &self.id
    }

    /// What proves that the bearer belongs to the family.
    pub const fn family(&self) -> &Secret<[u8; 32]> {
        &self.family
    }

    /// How often the family had been rotated when this token was made.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    fn tag(&self, mac: &dyn Mac) -> [u8; 32] {
        mac.tag(LABEL, &[self.id.as_str().as_bytes(), self.family.expose(), &self.generation.to_be_bytes()])
    }
}
