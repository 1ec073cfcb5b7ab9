//! When one place (a URI or a path) lies beneath another.

/// Whether `place` is `wider` or lies beneath it, by whole segments: `/finance/2026` lies beneath `/finance`,
/// `/finance-old` does not.
///
/// Both are compared as written. Unless they are the same text, neither may hold anything that some reader would
/// resolve to another place: dot segments, `//`, a backslash, a query, a fragment, user information, escapes or
/// look-alikes of such characters.
pub fn is_beneath(place: &str, wider: &str) -> bool {
    place == wider
        || (is_plain(place) && is_plain(wider) && enclosing(place).any(|enclosing| enclosing == wider))
}

/// The places that a plain place lies beneath, each with and without the slash at its end, and itself.
pub(crate) fn enclosing(place: &str) -> impl Iterator<Item = &str> {
    let start = after_scheme(place);
    let slashes = place[start..].match_indices('/').map(move |(at, _)| start + at);
    slashes
        .flat_map(move |at| [&place[..at], &place[..=at]])
        .filter(move |enclosing| enclosing.len() > start)
        .chain([place])
}

/// The longest place that is looked into, in bytes.
const LONGEST: usize = 2048;

/// Whether every reader understands the same place.
pub(crate) fn is_plain(place: &str) -> bool {
    if place.is_empty() || place.len() > LONGEST {
        return false;
    }
    let (scheme, rest) = place.split_at(after_scheme(place));
    let mut segments: Vec<&str> = rest.split('/').collect();
    // A slash at the end makes one empty segment; so does one at the beginning of a path without scheme and host.
    if segments.len() > 1 && segments.last().is_some_and(|last| last.is_empty()) {
        segments.pop();
    }
    let first = segments[0];
    let first_is_sound = if scheme.is_empty() { !first.contains(':') } else { is_authority(first) };
    first_is_sound
        && segments[1..].iter().all(|segment| !segment.is_empty())
        && segments.iter().all(|segment| !is_dots(segment))
        && !rest.contains(misleads)
        && escapes_are_harmless(rest)
}

fn after_scheme(place: &str) -> usize {
    place.find("://").map_or(0, |at| at + "://".len())
}

fn is_authority(text: &str) -> bool {
    !text.is_empty() && !text.contains('@')
}

/// `.` and `..`, also with the parameters (`..;x`) that some servers cut off before they resolve a path.
fn is_dots(segment: &str) -> bool {
    matches!(segment.split(';').next(), Some("." | ".."))
}

fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(character, '\\' | '?' | '#')
        // What compatibility normalisation (NFKC) turns into text with dots, slashes or backslashes.
        || matches!(character, '\u{2024}'..='\u{2026}' | '\u{fe19}' | '\u{fe30}' | '\u{fe52}' | '\u{fe68}'
            | '\u{ff0e}' | '\u{ff0f}' | '\u{ff3c}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}')
}

/// Whether each `%` begins an escape, and a reader who decodes them all finds the same place: the bytes are UTF-8, and
/// none of them was escaped to hide what it does.
fn escapes_are_harmless(text: &str) -> bool {
    let mut decoded = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    decoded.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let Some(byte) = part.get(..2).and_then(escaped_byte).filter(|byte| !b"./%;:@".contains(byte)) else {
            return false;
        };
        decoded.push(byte);
        decoded.extend(part.bytes().skip(2));
    }
    std::str::from_utf8(&decoded).is_ok_and(|decoded| !decoded.contains(misleads))
}

fn escaped_byte(digits: &str) -> Option<u8> {
    // `from_str_radix` would also take a sign.
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_beneath_another_begins_with_its_whole_segments() {
        for (place, wider) in [
            ("/finance", "/finance"),
            ("/finance/2026/q4.pdf", "/finance"),
            ("/finance/2026", "/finance/"),
            ("/finance/", "/finance"),
            ("/finance", "/"),
            ("finance/2026", "finance"),
            ("https://files.internal.corp/finance", "https://files.internal.corp"),
            ("https://files.internal.corp/finance", "https://files.internal.corp/"),
            (
                "https://files.internal.corp:8443/B%C3%BCcher/Łódź",
                "https://files.internal.corp:8443/B%C3%BCcher",
            ),
            ("urn:example:a/b", "urn:example:a/b"),
        ] {
            assert!(is_beneath(place, wider), "{place} {wider}");
        }
    }

    #[test]
    fn a_place_beside_or_above_another_is_not_beneath_it() {
        for (place, wider) in [
            ("/finance-old", "/finance"),
            ("/", "/finance"),
            ("/finance", "/finance/"),
            ("/finance", "/Finance"),
            ("/x/finance", "/finance"),
            ("https://files.internal.corp.example/finance", "https://files.internal.corp"),
            ("https://files.internal.corp@example/finance", "https://files.internal.corp"),
            ("https://files.internal.corp:1@example/finance", "https://files.internal.corp:1"),
            ("https://files.internal.corp:80/finance", "https://files.internal.corp"),
            ("http://files.internal.corp/finance", "https://files.internal.corp"),
            ("/finance/x", ""),
            ("https://files.internal.corp/finance", "https://"),
            ("https://files.internal.corp/finance", "https:/"),
            ("https:/files.internal.corp/finance", "https:"),
        ] {
            assert!(!is_beneath(place, wider), "{place} {wider}");
        }
    }

    #[test]
    fn no_spelling_climbs_out() {
        for climb in [
            "..",
            ".",
            "%2e%2e",
            "%2E.",
            ".%2e",
            "..;",
            "..;x=y",
            ".;/..",
            "..%2f",
            "a/../../hr",
            "a//b",
            "/hr",
            "..\\hr",
            "a\\..\\..",
            "%5c..",
            "%252e%252e",
            "%",
            "%2",
            "%zz",
            "%00",
            "%0a",
            "a\u{0}",
            "a\n",
            "a?x",
            "a#x",
            "\u{ff0e}\u{ff0e}",
            "\u{2025}",
            "a\u{ff0f}..",
            "\u{2024}\u{2024}",
            "..%c0%af..",
            "%ef%bc%8e",
            "%+1",
            "%é",
        ] {
            for wider in ["/finance", "/finance/", "https://files.internal.corp/finance"] {
                let place = format!("{}/{climb}", wider.trim_end_matches('/'));
                assert!(!is_beneath(&place, wider), "{place:?}");
                assert!(!is_beneath(&format!("{place}/x"), &place), "{place:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_lies_beneath_a_place_beneath_another_lies_beneath_that(
            one in "[a./%2e]{0,6}", other in "[a./%2e]{0,6}", another in "[a./%2e]{0,6}",
        ) {
            let middle = format!("{one}{other}");
            let deepest = format!("{middle}{another}");
            prop_assert!(is_beneath(&deepest, &deepest));
            if is_beneath(&deepest, &middle) && is_beneath(&middle, &one) {
                prop_assert!(is_beneath(&deepest, &one));
            }
        }
    }
}
