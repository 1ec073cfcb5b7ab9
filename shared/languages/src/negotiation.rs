use crate::LanguageTag;

/// A longer `Accept-Language` header is not a person's wish, and is passed over.
const LONGEST_HEADER: usize = 1024;

/// How many of the header's ranges are looked at.
const MOST_RANGES: usize = 32;

/// The language to answer in: what the person has chosen, else the best match of the browser's `Accept-Language`
/// header (RFC 9110, section 12.5.4, by the lookup of RFC 4647, section 3.4), else the first of `available`.
///
/// A range `de-AT` is served by `de`, and `en` by `en-GB`. A quality of 0 rules a language out. Parts of the header that
/// cannot be read are passed over: a wrong wish is no reason to refuse a page.
///
/// # Panics
/// When `available` is empty.
pub fn negotiate(
    wishes: Option<&str>,
    preferred_by_person: Option<&LanguageTag>,
    available: &[LanguageTag],
) -> LanguageTag {
    let chosen = preferred_by_person.and_then(|tag| serving(tag, available));
    chosen.or_else(|| wished(wishes?, available)).unwrap_or(&available[0]).clone()
}

fn wished<'a>(header: &str, available: &'a [LanguageTag]) -> Option<&'a LanguageTag> {
    if header.len() > LONGEST_HEADER {
        return None;
    }
    let mut wishes: Vec<Wish> = header.split(',').take(MOST_RANGES).filter_map(Wish::parse).collect();
    // Stable, so that of equal wishes the one named first is the dearest.
    wishes.sort_by_key(|wish| std::cmp::Reverse(wish.quality));
    let refused = |tag: &&LanguageTag| {
        wishes
            .iter()
            .any(|wish| wish.quality == 0 && matches!(&wish.range, Range::Tag(range) if range == *tag))
    };
    wishes.iter().filter(|wish| wish.quality > 0).find_map(|wish| match &wish.range {
        Range::Tag(tag) => serving(tag, available).filter(|tag| !refused(tag)),
        Range::Any => available.iter().find(|tag| !refused(tag)),
    })
}

/// The available tag that serves a wanted one: the very same, else one of the same primary language.
fn serving<'a>(wanted: &LanguageTag, available: &'a [LanguageTag]) -> Option<&'a LanguageTag> {
    let same = available.iter().find(|tag| *tag == wanted);
    same.or_else(|| available.iter().find(|tag| tag.language() == wanted.language()))
}

enum Range {
    Any,
    Tag(LanguageTag),
}

struct Wish {
    range: Range,
    /// In thousandths (RFC 9110, section 12.4.2 allows three digits).
    quality: u16,
}

impl Wish {
    fn parse(part: &str) -> Option<Self> {
        let (range, parameter) = match part.split_once(';') {
            Some((range, parameter)) => (range.trim(), Some(parameter.trim())),
            None => (part.trim(), None),
        };
        let range = if range == "*" { Range::Any } else { Range::Tag(range.parse().ok()?) };
        let quality = match parameter {
            Some(parameter) => thousandths(parameter)?,
            None => 1000,
        };
        Some(Self { range, quality })
    }
}

/// `weight = OWS ";" OWS "q=" qvalue` (RFC 9110, section 12.4.2).
fn thousandths(weight: &str) -> Option<u16> {
    let value = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", _) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(tags: &[&str]) -> Vec<LanguageTag> {
        tags.iter().map(|tag| tag.parse().unwrap()).collect()
    }

    #[test]
    fn the_best_served_wish_is_chosen() {
        for (header, chosen) in [
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("en;q=0.2, de;q=0.9", "de"),
            ("en;q=0.9, de;q=0.9", "en"),
            ("fr, it;q=0.9, de;q=0.1", "de"),
            ("fr", "en"),
            ("*", "en"),
            ("en;q=0, *", "de"),
            ("de;q=0", "en"),
            ("DE", "de"),
            ("de ; q=1.000", "de"),
        ] {
            assert_eq!(negotiate(Some(header), None, &tags(&["en", "de"])).to_string(), chosen, "{header}");
        }
        assert_eq!(negotiate(None, None, &tags(&["en", "de"])).to_string(), "en");
    }

    #[test]
    fn the_person_s_own_choice_comes_before_the_browser_s_wish() {
        let german: LanguageTag = "de-CH".parse().unwrap();
        assert_eq!(negotiate(Some("en"), Some(&german), &tags(&["en", "de"])).to_string(), "de");
        let unserved: LanguageTag = "fr".parse().unwrap();
        assert_eq!(negotiate(Some("de"), Some(&unserved), &tags(&["en", "de"])).to_string(), "de");
    }

    #[test]
    fn a_part_that_cannot_be_read_is_passed_over() {
        for header in
            ["de;q=2, en", "de;q=0.12345, en", "de;q=-1, en", "de;level=1, en", ";;,,=, en", "\u{202e}, en"]
        {
            assert_eq!(
                negotiate(Some(header), None, &tags(&["fr", "de", "en"])).to_string(),
                "en",
                "{header}"
            );
        }
    }

    #[test]
    fn a_header_without_end_costs_nothing_and_gets_the_default() {
        let endless = "de,".repeat(100_000);
        assert_eq!(negotiate(Some(&endless), None, &tags(&["en", "de"])).to_string(), "en");
    }

    proptest! {
        #[test]
        fn whatever_is_wished_an_available_language_is_chosen(header in ".*") {
            let available = tags(&["en", "de"]);
            prop_assert!(available.contains(&negotiate(Some(&header), None, &available)));
        }
    }
}
