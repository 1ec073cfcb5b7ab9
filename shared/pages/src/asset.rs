use std::borrow::Cow;
use std::sync::OnceLock;

use ring::digest::{SHA256, digest};

/// A file that pages refer to, served below the base path and never changed: its path holds a hash of its bytes, so it may
/// be cached for ever (`Cache-Control: public, max-age=31536000, immutable`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The path below the base path, with a leading slash.
    pub path: String,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub bytes: Cow<'static, [u8]>,
}

impl Asset {
    pub(crate) fn new(
        name: &str,
        extension: &str,
        content_type: &'static str,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        let bytes = bytes.into();
        let hash = digest(&SHA256, &bytes);
        let hash = hash.as_ref().iter().take(8).fold(0, |hash: u64, byte| hash << 8 | u64::from(*byte));
        Self { path: format!("/assets/{name}-{hash:016x}.{extension}"), content_type, bytes }
    }
}

/// The assets of every brand: the style sheet, the one script, and the pictures by which a phone shows the pages among its apps.
pub fn assets() -> &'static [Asset] {
    static ASSETS: OnceLock<[Asset; 4]> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let style = include_bytes!("../assets/style.css").as_slice();
        let small = include_bytes!("../assets/icon-192.png").as_slice();
        let passkeys = include_bytes!("../assets/passkeys.js").as_slice();
        let large = include_bytes!("../assets/icon-512.png").as_slice();
        [
            Asset::new("style", "css", "text/css; charset=utf-8", style),
            Asset::new("icon-192", "png", "image/png", small),
            Asset::new("icon-512", "png", "image/png", large),
            Asset::new("passkeys", "js", "text/javascript; charset=utf-8", passkeys),
        ]
    })
}

/// The style sheet of every page.
pub(crate) fn style_sheet() -> &'static Asset {
    &assets()[0]
}

/// The script of the pages on which a passkey is registered or used.
pub(crate) fn passkey_script() -> &'static Asset {
    &assets()[3]
}

/// The pictures, with the length of their sides in pixels.
pub(crate) fn icons() -> [(&'static Asset, u16); 2] {
    [(&assets()[1], 192), (&assets()[2], 512)]
}
