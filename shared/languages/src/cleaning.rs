//! What a foreign text may not bring into a sentence of ours.

use std::fmt::Write;

use oauth::acts_unseen;

/// A foreign text made fit to be shown: on one line, without characters that are invisible or that act on the text around
/// them, cut after `longest` characters with an ellipsis. A [`Value`](crate::Value) is cleaned in this way already.
pub fn foreign_text(text: &str, longest: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(longest * 4));
    let mut length = 0;
    let mut marks = 0;
    for character in text.chars() {
        // A run of spaces of any kind becomes one: padding must not push the rest of a sentence out of sight.
        let character = if character.is_whitespace() { ' ' } else { character };
        if acts_unseen(character) || (character == ' ' && (cleaned.is_empty() || cleaned.ends_with(' '))) {
            continue;
        }
        // Marks pile up on the letter before them and, stacked high, cover the lines around it.
        marks = if is_combining_mark(character) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        if length == longest {
            cleaned.push('…');
            return cleaned;
        }
        cleaned.push(character);
        length += 1;
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// A JSON text with every character that acts unseen written as JSON's escape, so that it means the same and shows all of it.
/// Line breaks and tabs, which only lay the text out, stay.
pub fn shown_exactly(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '\n' | '\t') || !acts_unseen(character) {
            shown.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

/// More marks than any language puts on one letter.
const MOST_MARKS: usize = 4;

fn is_combining_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Whether a text has letters that run from right to left, and so must be isolated from the text around it.
pub(crate) fn runs_right_to_left(text: &str) -> bool {
    text.chars().any(|character| {
        matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_that_would_reorder_break_or_hide_loses_what_does_it() {
        for (foreign, cleaned) in [
            ("Q4-report.pdf", "Q4-report.pdf"),
            ("Q4\u{202e}fdp.exe", "Q4fdp.exe"),
            ("\u{2068}a\u{2069}\u{2066}b\u{200f}", "ab"),
            ("one\r\ntwo\u{2028}three", "one two three"),
            ("a\u{0}b\u{1b}[31mc\u{7f}", "ab[31mc"),
            ("read\u{a0}\u{3000}\t   and pay", "read and pay"),
            ("  padded  ", "padded"),
            ("tag\u{e0041}ged", "tagged"),
            ("x\u{336}\u{336}\u{336}\u{336}\u{336}\u{336}", "x\u{336}\u{336}\u{336}\u{336}"),
            ("Łódź, Ελλάδα, 東京, עברית", "Łódź, Ελλάδα, 東京, עברית"),
        ] {
            assert_eq!(foreign_text(foreign, 100), cleaned, "{foreign:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(foreign_text("abcdef", 6), "abcdef");
        assert_eq!(foreign_text("abcdefg", 6), "abcdef…");
        assert_eq!(foreign_text(&"x".repeat(1_000_000), 6), "xxxxxx…");
    }

    #[test]
    fn json_is_shown_with_what_it_hides() {
        assert_eq!(
            shown_exactly("{\n\"a\":\"x\u{202e}y\u{e0041}é\"}"),
            "{\n\"a\":\"x\\u202ey\\udb40\\udc41é\"}"
        );
    }

    proptest! {
        #[test]
        fn nothing_unseen_survives(text in "\\PC*|.*") {
            let cleaned = foreign_text(&text, 50);
            prop_assert!(!cleaned.chars().any(acts_unseen));
            prop_assert!(cleaned.chars().count() <= 51);
            prop_assert!(!cleaned.contains("  "));
        }
    }
}
