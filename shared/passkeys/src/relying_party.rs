use std::time::Duration;

use oauth::passkey_domain;
use url::Url;
use webauthn_rs_core::WebauthnCore;

/// How long a browser should wait for the person: a wish. How long an answer is good, the seal of its ceremony says.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(5);

/// Who asks for passkeys: the domain of the pages (Web Authentication Level 3, section 4, "relying party identifier"). It comes from
/// the configuration, never from a request.
pub struct RelyingParty {
    name: String,
    id: String,
    origin: Url,
}

impl RelyingParty {
    /// The relying party of the pages at this URL; `None` where it has an address in place of a domain, which can have no passkeys.
    pub fn of(name: &str, pages: &str) -> Option<Self> {
        let id = passkey_domain(pages)?;
        let origin = Url::parse(&Url::parse(pages).ok()?.origin().ascii_serialization()).ok()?;
        Some(Self { name: name.to_owned(), id, origin })
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
    pub fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    /// What verifies an answer. A function that only begins ceremonies never comes here.
    pub(crate) fn core(&self) -> WebauthnCore {
        let origins = vec![self.origin.clone()];
        WebauthnCore::new_unsafe_experts_only(
            &self.name,
            &self.id,
            origins,
            TIMEOUT,
            Some(false),
            Some(false),
        )
    }
}
