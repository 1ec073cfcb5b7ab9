use std::net::Ipv6Addr;

use crate::request::disturbs_a_page;
use crate::{Parameters, Refusal};

/// The longest `binding_message`, in characters: it is compared by eye, on a phone (OpenID CIBA Core 1.0, section 7.1).
pub const LONGEST_BINDING_MESSAGE: usize = 100;
/// As many digits as a telephone number has.
const LONGEST_NUMBER: u32 = 7;
/// As many numbers between dots as an address has.
const NUMBERS_OF_AN_ADDRESS: usize = 4;
/// What is opened by another app of the phone, without a host.
const SCHEMES: [&str; 14] = [
    "tel", "sms", "smsto", "mms", "mailto", "sip", "sips", "xmpp", "facetime", "geo", "intent", "market",
    "magnet", "bitcoin",
];

/// Plain text on one line that looks the same on both screens (OpenID CIBA Core 1.0, section 7.1), and leads nowhere.
///
/// # Errors
/// [`Refusal::BindingMessageInvalid`]; those of a parameter that stands there twice.
pub(crate) fn binding_message(parameters: &Parameters) -> Result<Option<String>, Refusal> {
    let Some(text) = parameters.optional("binding_message")? else {
        return Ok(None);
    };
    let length = text.chars().count();
    let plain = (1..=LONGEST_BINDING_MESSAGE).contains(&length) && !text.chars().any(disturbs_a_page);
    let plain = plain && !leads_elsewhere(text);
    plain.then(|| Some(text.to_owned())).ok_or(Refusal::BindingMessageInvalid)
}

/// What a phone makes a link or a number to call of: a message must lead nowhere but to our own page, whoever made the agent say it.
fn leads_elsewhere(text: &str) -> bool {
    let text: Vec<char> = text.chars().map(narrow).collect();
    let words = |joins: fn(char) -> bool| {
        text.split(move |character| !joins(*character)).map(|word| word.iter().collect::<String>())
    };
    names_a_host(&text)
        || names_a_number(&text)
        || words(|character| character.is_alphanumeric() || character == '.').any(|word| is_ipv4(&word))
        || words(|character| character.is_alphanumeric() || ".:".contains(character))
            .any(|word| is_ipv6(&word))
        || words(|character| "0123456789*#".contains(character)).any(|word| is_dialled(&word))
        || words(|character| !character.is_whitespace()).any(|word| is_opened_by_an_app(&word))
}

/// What a host's parser, and so maybe a phone, takes a character for (UTS 46, sections 2.3 and 4): the wide forms of ASCII, and dots.
const fn narrow(character: char) -> char {
    match character {
        '\u{3002}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' => '.',
        '\u{fe6b}' => '@',
        '\u{fe55}' => ':',
        // They stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => match char::from_u32(character as u32 - 0xfee0) {
            Some(ascii) => ascii,
            None => character,
        },
        other => other,
    }
}

/// A dot between something and what may be a top-level domain. None is a single letter ("e.g.") or begins with a digit ("12.5"); a label
/// before it may be anything that is seen, and so may what a domain's letters are mapped from.
fn names_a_host(text: &[char]) -> bool {
    text.windows(3).enumerate().any(|(at, around)| {
        let [before, dot, first] = around else { return false };
        let ends_a_label =
            !before.is_whitespace() && (!before.is_ascii_punctuation() || "-_".contains(*before));
        let begins_a_domain = !first.is_ascii() && !first.is_whitespace()
            || first.is_ascii_alphabetic() && text.get(at + 3).is_some_and(|second| goes_on(*second));
        *dot == '.' && ends_a_label && begins_a_domain
    })
}

/// Whether a domain that began with a letter goes on.
const fn goes_on(second: char) -> bool {
    second.is_ascii_alphanumeric() || second == '-' || !second.is_ascii()
}

/// Letters that are a stroke, a dot or nothing to whoever sees them between digits: the marks of a long vowel, modifiers, fillers, clicks,
/// and the strokes that some letters consist of.
const fn looks_like_a_separator(letter: char) -> bool {
    matches!(
        letter,
        '\u{1c0}'..='\u{1c3}' | '\u{2b0}'..='\u{2ff}' | '\u{37a}' | '\u{559}' | '\u{640}' | '\u{7f4}' | '\u{7f5}'
            | '\u{7fa}' | '\u{115f}' | '\u{1160}' | '\u{1173}' | '\u{1175}' | '\u{1427}' | '\u{1428}' | '\u{1843}'
            | '\u{3031}'..='\u{3035}' | '\u{30ce}' | '\u{30fc}' | '\u{3161}' | '\u{3163}' | '\u{3164}' | '\u{4e00}'
            | '\u{4e28}' | '\u{4e36}' | '\u{4e3f}' | '\u{a4f8}'..='\u{a4fd}' | '\u{a717}'..='\u{a71f}' | '\u{a788}'
            | '\u{a78f}' | '\u{ff70}' | '\u{ff89}' | '\u{ffa0}' | '\u{ffda}' | '\u{ffdc}'
    )
}

/// Whatever stands between digits but letters, people read over, and so may a phone.
fn names_a_number(text: &[char]) -> bool {
    let mut digits = 0;
    text.iter().any(|character| {
        if character.is_numeric() {
            digits += 1;
        } else if character.is_alphabetic() && !looks_like_a_separator(*character) {
            digits = 0;
        }
        digits >= LONGEST_NUMBER
    })
}

/// Four numbers, with dots between them and letters nowhere before them.
fn is_ipv4(word: &str) -> bool {
    let numbers: Vec<bool> = word.split('.').map(|part| part.starts_with(char::is_numeric)).collect();
    numbers.windows(NUMBERS_OF_AN_ADDRESS).any(|four| four.iter().all(|is_number| *is_number))
}

/// An address, with something before it ("at:") or the end of a sentence behind it. "::" names nothing.
fn is_ipv6(word: &str) -> bool {
    let begins = std::iter::once(0).chain(word.match_indices(':').map(|(at, _)| at + 1));
    begins.map(|begin| &word[begin..]).any(|rest| {
        let ways = [rest, rest.strip_suffix([':', '.']).unwrap_or(rest)];
        rest.contains(|character: char| character.is_ascii_hexdigit())
            && ways.iter().any(|way| way.parse::<Ipv6Addr>().is_ok())
    })
}

/// A code that a telephone does something by.
fn is_dialled(word: &str) -> bool {
    word.starts_with(['*', '#']) && word.ends_with('#') && word.contains(|digit: char| digit.is_ascii_digit())
}

fn is_opened_by_an_app(word: &str) -> bool {
    let opens = |(before, after): (&str, &str)| {
        let scheme = before.rsplit(|character: char| !character.is_ascii_alphanumeric()).next();
        let is_known = scheme.is_some_and(|own| SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(own)));
        after.starts_with("//") || is_known && !after.is_empty()
    };
    word.contains('@')
        || word.match_indices(':').any(|(at, _)| opens((&word[..at], &word[at + ':'.len_utf8()..])))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// A word that leads nowhere.
    fn word() -> impl Strategy<Value = String> {
        let written =
            select(vec!["Order", "für", "approve", "12.5 kg", "2 pieces", "数字", "✅ yes", "(now)"]);
        written.prop_map(str::to_owned)
    }

    /// Something amid such words, as people write it.
    fn amid(what: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let around =
            select(vec![("", ""), ("(", ")"), ("\"", "\""), ("", "."), ("", ","), ("<", ">"), ("at:", "!")]);
        (word(), around, what, word()).prop_map(|(before, (open, close), what, after)| {
            format!("{before} {open}{what}{close} and {after}")
        })
    }

    fn host() -> impl Strategy<Value = String> {
        let label = select(vec!["i❤", "evil", "9", "a-b", "пример", "x_y", "ｅｖｉｌ", "€", "ⓔ", "e\u{301}"]);
        let dot = select(vec![".", "\u{3002}", "\u{ff0e}", "\u{ff61}", "\u{2024}", "\u{fe52}"]);
        let domain =
            select(vec!["ws", "museum", "рф", "ｗｓ", "℡", "™", "中国", "xn--p1ai", "c\u{f3}", "io/x"]);
        (proptest::collection::vec((label, dot), 1..4), domain).prop_map(|(labels, domain)| {
            let labels: String = labels.into_iter().flat_map(|(label, dot)| [label, dot]).collect();
            labels + domain
        })
    }

    fn number() -> impl Strategy<Value = String> {
        let plain = vec!["", " ", "-", ".", "/", ") (", "\u{2013}", "\u{a0}"];
        let letters =
            ["\u{30fc}", "\u{ff70}", "\u{640}", "\u{3161}", "\u{4e00}", "\u{1c0}", "\u{2d0}", "\u{a78f}"];
        let between = select([plain, letters.to_vec()].concat());
        let zero = select(vec!['0', '\u{ff10}', '\u{660}', '\u{966}']);
        (proptest::collection::vec((0..10_u32, between), 7..14), zero).prop_map(|(digits, zero)| {
            let digit = |value| char::from_u32(u32::from(zero) + value).expect("a digit");
            digits
                .into_iter()
                .flat_map(|(value, between)| [digit(value).to_string(), between.to_owned()])
                .collect()
        })
    }

    fn address() -> impl Strategy<Value = String> {
        let wide = |text: String| text.replace('.', "\u{ff0e}");
        let ipv4 = any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_string());
        let ipv6 = any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).to_string());
        // Most of what is random has no zeros to leave out.
        let short = (1..=u16::MAX).prop_map(|bits| Ipv6Addr::from_bits(u128::from(bits)).to_string());
        prop_oneof![ipv4.clone(), ipv4.prop_map(wide), ipv6, short]
    }

    fn other() -> impl Strategy<Value = String> {
        let ways = [
            "help@evil",
            "help\u{ff20}evil",
            "a\u{fe6b}b",
            "https://evil",
            "ＨＴＴＰ：//evil",
            "tel:110",
            "TEL:110",
            "sms:110",
            "mailto:evil",
            "*#06#",
            "**21*5#",
            "#31#5#",
            "5.9.8.7:80",
            "[::1]",
            "fe80::1%eth0",
        ];
        select(ways.to_vec()).prop_map(str::to_owned)
    }

    /// What people compare: codes, amounts, versions, dates, times and numbers of things.
    fn ordinary() -> impl Strategy<Value = String> {
        let codes = "[A-Z][A-Z0-9]{3,5}|[0-9]{4,6}|[A-Z]{2}-[0-9]{1,6}|[0-9]{2}-[0-9]{2}-[A-Z]{3}";
        let amounts =
            r"[0-9]{1,3}\.[0-9]{2} (EUR|kg)|[0-9]{1,2},[0-9]{1,2} €|\+[0-9]{1,3} %|[0-9]{1,3}\*[0-9]{1,2}";
        let versions = r"v[0-9]\.[0-9]{1,2}|Version [0-9]\.[0-9]\.[0-9]|v[0-9]\.[0-9]\.[0-9]\.[0-9]";
        let numbers =
            r"Invoice 20[0-9]{2}\.[0-9]{2}|#[0-9]{1,6}|§ [0-9]{1,2}\.[0-9]|[0-9]{1,2}\.[0-9]{1,2}\. um";
        let times = r"[0-2][0-9]:[0-5][0-9]:[0-5][0-9]|[0-2]?[0-9]:[0-5][0-9] a\.m\.";
        let words =
            r"e\.g\. this|z\.B\. das|wait… then|Done\. Next|std::fs|Total:5 EUR|hotel:5 nights|\*urgent\*";
        let all = [codes, amounts, versions, numbers, times, words].join("|");
        proptest::string::string_regex(&all).expect("an expression")
    }

    proptest! {
        #[test]
        fn what_a_phone_makes_a_link_of_does_not_pass(
            text in amid(prop_oneof![host(), number(), address(), other()])
        ) {
            prop_assert!(leads_elsewhere(&text), "{text}");
        }

        #[test]
        fn what_people_compare_passes(texts in proptest::collection::vec(amid(ordinary()), 1..4)) {
            // Digits are read over whatever stands between them but letters.
            let text = texts.join(" then ");
            prop_assert!(!leads_elsewhere(&text), "{text}");
        }
    }

    #[test]
    fn what_went_through_once_does_not_pass() {
        for text in [
            "i❤.ws",
            "5.9.8.7",
            "2001:db8::1",
            "see ::ffff:5.9.8.7.",
            "x.™",
            "a.co",
            "5\u{ff0e}9.8.7",
            "0800\u{30fc}55512",
            "0800\u{ff70}55512",
        ] {
            assert!(leads_elsewhere(text), "{text}");
        }
        for text in ["Order 12.5 kg", "v1.2", "Invoice 2026.11", "W4SCT", "e.g. 4711"] {
            assert!(!leads_elsewhere(text), "{text}");
        }
    }
}
