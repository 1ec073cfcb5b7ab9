use std::sync::LazyLock;

use http::request::accept_language;
use http::{ERROR_CATALOGUE, Request, Response, Site, StatusCode, answer};
use languages::Languages;
use pages::{
    Brand, CatalogueEntry, CatalogueEntryPage, CatalogueGroup, CataloguePage, ErrorPage, Frame, WhatHappened,
    content_security_policy,
};

/// The catalogue as it was written.
const WRITTEN: &str = include_str!("../../../infra/errors.md");

static READ: LazyLock<Vec<CatalogueGroup<'static>>> =
    LazyLock::new(|| read(WRITTEN).expect("the catalogue is part of the program, and a test reads it"));

/// Whether the path is one of the catalogue's pages.
pub(crate) fn is_of_catalogue(path: &str) -> bool {
    path.strip_prefix(ERROR_CATALOGUE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The list of errors, or the entry that the path names.
pub(crate) fn page(request: &Request, path: &str, brand: &Brand, base_path: &str, site: &Site) -> Response {
    let texts = Languages::shipped().choose(accept_language(request), None);
    let frame = Frame { texts, brand, base_path };
    let name = path.strip_prefix(ERROR_CATALOGUE).unwrap_or(path);
    let (status, html) = match name.strip_prefix('/') {
        None => (StatusCode::OK, CataloguePage { frame, groups: &READ }.render()),
        Some(name) => match READ.iter().flat_map(|group| &group.entries).find(|entry| entry.name == name) {
            Some(entry) => (StatusCode::OK, CatalogueEntryPage { frame, entry }.render()),
            None => (StatusCode::NOT_FOUND, no_such_page(frame, request)),
        },
    };
    answer::html(status, html, &content_security_policy(&[]), site)
}

fn no_such_page(frame: Frame<'_>, request: &Request) -> String {
    let page = ErrorPage {
        frame,
        what_happened: WhatHappened::NoSuchPage,
        code: "not_found",
        description: None,
        catalogue: Some(ERROR_CATALOGUE),
        request_id: http::request::request_id(request),
    };
    page.render()
}

/// Reads the catalogue: groups under `##`, entries under `###`, and of each entry exactly the five paragraphs that it
/// must have.
///
/// # Errors
/// The heading under which something is not as it must be.
fn read(markdown: &str) -> Result<Vec<CatalogueGroup<'_>>, &str> {
    markdown.split("\n## ").skip(1).map(group).collect()
}

fn group(section: &str) -> Result<CatalogueGroup<'_>, &str> {
    let mut parts = section.split("\n### ");
    let head = parts.next().unwrap_or_default().trim_end();
    let (title, introduction) = match head.split_once("\n\n") {
        None => (head, None),
        Some((title, text)) => (title, Some(prose(text).ok_or(title)?)),
    };
    let entries = parts.map(|part| entry(part).ok_or(part.lines().next().unwrap_or_default()));
    Ok(CatalogueGroup { title, introduction, entries: entries.collect::<Result<_, _>>()? })
}

fn entry(part: &str) -> Option<CatalogueEntry<'_>> {
    let paragraphs: Vec<&str> = part.trim_end().split("\n\n").collect();
    let [name, kind, description, why, what_to_do] = paragraphs.try_into().ok()?;
    let (code, status) = kind.strip_prefix('`')?.split_once("`, ")?;
    Some(CatalogueEntry {
        name,
        code,
        status: status.parse().ok()?,
        description: description.strip_prefix("> ")?,
        why: prose(why)?,
        what_to_do: prose(what_to_do.strip_prefix("**What to do:** ")?)?,
    })
}

/// One line in which nothing but code is marked up.
fn prose(text: &str) -> Option<&str> {
    let is_even = text.matches('`').count().is_multiple_of(2);
    (is_even && !text.is_empty() && !text.contains(['\n', '*', '[', '<'])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "## Grants\n\n### code-invalid\n\n`invalid_grant`, 400\n\n> the code is unknown\n\n\
                         A `code` works once.\n\n**What to do:** Redeem it at once.\n";

    #[test]
    fn the_shipped_catalogue_is_read_to_its_last_entry() {
        let groups = read(WRITTEN).expect("every entry is as it must be");
        let named: Vec<&str> =
            groups.iter().flat_map(|group| &group.entries).map(|entry| entry.name).collect();
        let headings: Vec<&str> = WRITTEN.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(named, headings);
        assert!(groups.iter().all(|group| !group.entries.is_empty()));
    }

    #[test]
    fn an_entry_says_what_its_paragraphs_say() {
        let text = format!("# Error catalogue\n\n{ENTRY}");
        let groups = read(&text).expect("a catalogue");
        let expected = CatalogueEntry {
            name: "code-invalid",
            code: "invalid_grant",
            status: 400,
            description: "the code is unknown",
            why: "A `code` works once.",
            what_to_do: "Redeem it at once.",
        };
        assert_eq!((groups[0].title, groups[0].introduction), ("Grants", None));
        assert_eq!(groups[0].entries, [expected]);
    }

    #[test]
    fn an_entry_that_lacks_something_is_not_guessed_at() {
        for (right, wrong) in [
            ("`invalid_grant`, 400", "invalid_grant, 400"),
            ("400", "four hundred"),
            ("> the code", "the code"),
            ("**What to do:** Redeem it at once.", ""),
            ("A `code`", "A `code"),
            ("A `code`", "A [code](https://elsewhere.example)"),
            ("once.\n\n**", "once.\n\nAnd once more.\n\n**"),
        ] {
            let text = format!("# Error catalogue\n\n{}", ENTRY.replace(right, wrong));
            assert_eq!(read(&text), Err("code-invalid"), "{wrong}");
        }
    }
}
