use std::sync::OnceLock;

use http::request::accept_language;
use languages::{LanguageTag, Languages, Texts};
use oauth::AuthorizationRequest;

use crate::Guest;

/// What is known, beside the browser's wish, of the language in which a person wants to be spoken to. Only languages
/// that we have get in here.
#[derive(Default)]
pub(crate) struct Preferences {
    person: OnceLock<LanguageTag>,
    client: OnceLock<LanguageTag>,
}

impl Guest<'_> {
    /// The texts in the person's language: the one that they chose, once it is known who they are, else the one that
    /// the client expects them to prefer, else the browser's wish.
    pub fn texts(&self) -> &'static Texts {
        let preferred = self.preferences.person.get().or_else(|| self.preferences.client.get());
        Languages::shipped().choose(accept_language(self.request), preferred)
    }

    /// From now on the request's `ui_locales` and `acr_values` count (OpenID Connect Core, section 3.1.2.1).
    pub fn was_sent_with(&self, request: &AuthorizationRequest) {
        http::note_client(&request.client_id);
        http::note_asked(request.asked().digest());
        self.is_demanded(&request.acr_values);
        let wished = request.ui_locales.as_deref().unwrap_or_default();
        if let Some(tag) = first_available(wished.split(' ')) {
            // A second request does not change the language in the middle of an answer.
            let _ = self.preferences.client.set(tag);
        }
    }

    /// From now on the language of the person who is signed in counts.
    pub(crate) fn speaks(&self, locale: Option<&str>) {
        if let Some(tag) = first_available(locale.into_iter()) {
            let _ = self.preferences.person.set(tag);
        }
    }
}

fn first_available<'a>(tags: impl Iterator<Item = &'a str>) -> Option<LanguageTag> {
    let available = Languages::shipped().available();
    tags.filter_map(|tag| tag.parse().ok())
        .find(|tag: &LanguageTag| available.iter().any(|own| own.language() == tag.language()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wish_that_can_be_served_counts() {
        for (wishes, chosen) in [
            ("de-CH en", Some("de-CH")),
            ("tlh fr de", Some("de")),
            ("tlh", None),
            ("", None),
            ("<script> \u{202e}de en", Some("en")),
        ] {
            let tag = first_available(wishes.split(' '));
            assert_eq!(tag.map(|tag| tag.to_string()).as_deref(), chosen, "{wishes:?}");
        }
    }
}
