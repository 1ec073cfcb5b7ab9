//! What others have written: how much of it a page shows, and where a long value may be broken at the end of a line.

/// What somebody said, if there is anything left of it to be shown.
pub(crate) fn said(text: Option<&str>, longest: usize) -> Option<String> {
    text.map(|text| languages::foreign_text(text, longest)).filter(|text| !text.is_empty())
}

/// The text in pieces that each end after a slash, so that an address breaks where a reader expects it: not within `https://`,
/// and not before its host.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let host = text.find("://").map_or(0, |scheme| scheme + "://".len());
    let (scheme, rest) = text.split_at(host);
    let mut pieces: Vec<&str> = rest.split_inclusive('/').collect();
    match pieces.first_mut() {
        Some(first) => *first = &text[..scheme.len() + first.len()],
        None => pieces.push(text),
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_breaks_after_its_slashes() {
        assert_eq!(pieces("https://a.example/b//c"), ["https://a.example/", "b/", "/", "c"]);
        assert_eq!(pieces("https://"), ["https://"]);
        assert_eq!(pieces(""), [""]);
        assert_eq!(pieces("Q4-report.pdf"), ["Q4-report.pdf"]);
    }
}
