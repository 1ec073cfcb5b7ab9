use std::time::Duration;

use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;

/// How long a browser should wait for the person: a wish. How long an answer is good, the seal of its ceremony says.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(5);

/// Who asks for passkeys: the domain of the pages (Web Authentication Level 3, section 4, "relying party identifier"). It comes from
/// the configuration, never from a request.
pub struct RelyingParty {
    name: String,
    id: String,
    origin: String,
    core: WebauthnCore,
}

impl RelyingParty {
    /// The relying party of the pages at this URL; `None` where it has an address in place of a domain, which can have no passkeys.
    pub fn of(name: &str, pages: &str) -> Option<Self> {
        let url = Url::parse(pages).ok()?;
        let Some(Host::Domain(id)) = url.host() else { return None };
        let (id, origin) = (id.to_owned(), url.origin().ascii_serialization());
        let origins = vec![Url::parse(&origin).ok()?];
        let core =
            WebauthnCore::new_unsafe_experts_only(name, &id, origins, TIMEOUT, Some(false), Some(false));
        Some(Self { name: name.to_owned(), id, origin, core })
    }

    /// `rp.id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people know it by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The origin of its pages, as a browser writes it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) const fn core(&self) -> &WebauthnCore {
        &self.core
    }
}
