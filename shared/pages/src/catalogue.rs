use askama::Template;

use crate::frame::{Frame, rendered};

/// All errors of the server, in groups, each with a link to its entry at `/errors/<name>`.
#[derive(Template)]
#[template(path = "catalogue.html")]
pub struct CataloguePage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The groups, in their order.
    pub groups: &'a [CatalogueGroup<'a>],
}

/// One error: what a client's developer finds when they follow an `error_uri`.
#[derive(Template)]
#[template(path = "catalogue_entry.html")]
pub struct CatalogueEntryPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The error.
    pub entry: &'a CatalogueEntry<'a>,
}

/// Errors that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueGroup<'a> {
    /// What they are about, in English.
    pub title: &'a str,
    /// What is true of all of them, in English.
    pub introduction: Option<&'a str>,
    /// The errors.
    pub entries: Vec<CatalogueEntry<'a>>,
}

/// What is said of an error, in English. In the explanations, what stands between back quotes is code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry<'a> {
    /// Its name, the last part of its address.
    pub name: &'a str,
    /// `error`.
    pub code: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// An `error_description` of it.
    pub description: &'a str,
    /// Why it comes.
    pub why: &'a str,
    /// What to do.
    pub what_to_do: &'a str,
}

impl CataloguePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }
}

impl CatalogueEntryPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }
}

impl CatalogueEntry<'_> {
    fn path(&self) -> String {
        format!("/errors/{}", self.name)
    }
}

/// A piece of an explanation.
struct Piece<'a> {
    text: &'a str,
    is_code: bool,
}

/// The pieces of an explanation: every second one is code.
fn prose(text: &str) -> Vec<Piece<'_>> {
    let pieces = text.split('`').enumerate();
    pieces.map(|(index, text)| Piece { text, is_code: index % 2 == 1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_back_quotes_is_code() {
        let pieces = prose("Send `code`, not `token`.");
        let code: Vec<&str> = pieces.iter().filter(|piece| piece.is_code).map(|piece| piece.text).collect();
        assert_eq!(code, ["code", "token"]);
        assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), "Send code, not token.");
    }
}
