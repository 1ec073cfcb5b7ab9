/// A keyed hash under the server's own secret: HMAC-SHA-256, separated by purpose. The core knows how to ask
/// for one; the secret stays in `keys`.
pub trait Mac: Send + Sync {
    /// The tag over `parts`, each told apart from its neighbours, for the purpose `label`.
    fn tag(&self, label: &'static str, parts: &[&[u8]]) -> [u8; 32];
}
