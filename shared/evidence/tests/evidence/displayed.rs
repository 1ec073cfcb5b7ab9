//! What is displayed is one text.

use evidence::{Displayed, NotDisplayed};
use serde_json::{Value, json};

use crate::world::{detail, shown};

#[test]
fn the_text_is_canonical_and_reads_as_what_was_displayed() {
    let displayed = shown().displayed().expect("it can be displayed");
    let value: Value = serde_json::from_str(displayed.text()).expect("JSON");
    assert_eq!(oauth::canonical(&value), displayed.text().as_bytes(), "RFC 8785");
    assert_eq!(Displayed::read(displayed.text()).as_ref(), Ok(&displayed));
    assert_eq!(displayed.shown().displayed().as_ref(), Ok(&displayed));
}

/// A page shows what the text says: whatever a reader of the text would find different must be so on the page already.
#[test]
fn a_detail_stands_in_it_as_its_text_reads() {
    let mut one = shown();
    one.details[0].detail = detail(&json!({ "type": "payment", "zeta": 1.0, "alpha": 2 }));
    let displayed = one.displayed().expect("it can be displayed");
    let shown = &displayed.shown().details[0].detail;
    assert_eq!(serde_json::to_string(shown).expect("JSON"), r#"{"type":"payment","alpha":2,"zeta":1}"#);
}

#[test]
fn a_number_that_its_text_would_change_is_not_displayed() {
    for (number, is_exact) in [
        ("9007199254740991", true),
        ("-9007199254740991", true),
        ("9007199254740993", false),
        ("-9007199254740993", false),
        ("18446744073709551615", false),
        ("0.1", true),
    ] {
        let mut one = shown();
        let nested = format!(r#"{{"type":"payment","of":[{{"amount":{number}}}]}}"#);
        one.details[0].detail = detail(&serde_json::from_str(&nested).expect("JSON"));
        let expected = if is_exact { None } else { Some(NotDisplayed::NumberNotExact) };
        assert_eq!(one.displayed().err(), expected, "{number}");
    }
}

#[test]
fn another_text_of_the_same_is_not_taken() {
    let text = shown().displayed().expect("it can be displayed").text().to_owned();
    let read = |text: &str| Displayed::read(text).err();
    assert_eq!(read(&text.replacen(':', ": ", 1)), Some(NotDisplayed::NotCanonical));
    assert_eq!(read(&text.replacen("Alice", "\\u0041lice", 1)), Some(NotDisplayed::NotCanonical));
    assert_eq!(read(&text.replacen('{', r#"{"note":1,"#, 1)), Some(NotDisplayed::OtherFormat));
    assert_eq!(read(&text.replace("displayed/1", "displayed/2")), Some(NotDisplayed::OtherFormat));
    assert_eq!(read("7"), Some(NotDisplayed::OtherFormat));
}
