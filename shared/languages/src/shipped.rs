use std::sync::OnceLock;

use crate::{LanguageTag, Texts, negotiate};

/// The languages that the product ships, each read from its file when it is first used.
#[derive(Debug)]
pub struct Languages {
    tags: Vec<LanguageTag>,
}

/// The files; the first is the default.
const FILES: [(&str, &str); 2] =
    [("en", include_str!("../texts/en.ftl")), ("de", include_str!("../texts/de.ftl"))];

impl Languages {
    /// The shipped languages.
    ///
    /// # Panics
    /// Never: a test reads the files.
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Languages> = OnceLock::new();
        SHIPPED.get_or_init(|| Self {
            tags: FILES
                .iter()
                .map(|(tag, _)| tag.parse().expect("the files are named for languages"))
                .collect(),
        })
    }

    /// Their tags, the default first.
    pub fn available(&self) -> &[LanguageTag] {
        &self.tags
    }

    /// The texts for a request, by the person's own choice or the browser's `Accept-Language` header: see [`negotiate`].
    pub fn choose(&self, wishes: Option<&str>, preferred_by_person: Option<&LanguageTag>) -> &'static Texts {
        self.texts(&negotiate(wishes, preferred_by_person, &self.tags))
    }

    /// The texts of a language; the default language's when it is not available.
    ///
    /// # Panics
    /// Never: a test reads the files.
    pub fn texts(&self, tag: &LanguageTag) -> &'static Texts {
        static READ: [OnceLock<Texts>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];
        let index = self.tags.iter().position(|available| available == tag).unwrap_or(0);
        READ[index].get_or_init(|| {
            Texts::parse(self.tags[index].clone(), FILES[index].1)
                .expect("the shipped language files are sound")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_language_has_the_same_messages_with_the_same_variables() {
        let languages = Languages::shipped();
        let english = languages.texts(&languages.available()[0]);
        for tag in languages.available() {
            let texts = languages.texts(tag);
            assert_eq!(
                english.keys().collect::<BTreeSet<_>>(),
                texts.keys().collect::<BTreeSet<_>>(),
                "{tag}"
            );
            for key in english.keys() {
                assert_eq!(english.variables(key), texts.variables(key), "{key} in {tag}");
            }
        }
    }

    #[test]
    fn no_file_brings_markup() {
        for (tag, source) in FILES {
            assert!(!source.contains(['<', '>']) || !source.replace("->", "").contains(['<', '>']), "{tag}");
        }
    }
}
