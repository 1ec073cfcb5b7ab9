//! What a person reads, and what an agent cannot do to it.

use std::time::Duration;

use languages::{
    Arguments, Languages, Message, RenderError, Template, TemplateError, Texts, TextsError, Value, Zone,
};
use oauth::Timestamp;

fn texts(tag: &str) -> &'static Texts {
    Languages::shipped().texts(&tag.parse().expect("a tag"))
}

fn marked(message: &Message) -> String {
    message
        .segments()
        .iter()
        .map(|s| if s.is_value { format!("[{}]", s.text) } else { s.text.clone() })
        .collect()
}

/// A template on one line, with the line breaks that Fluent wants before each variant and after the last.
fn template(source: &str) -> Result<Template, TemplateError> {
    Template::parse(&source.replace(" [", "\n[").replace(" *[", "\n*[").replace(" }", "\n}"))
}

const FILE_ACCESS: &str = "{ $actions } { $identifier ->
    [absent] every file
   *[other] { $identifier }
} in { $locations }";

fn file_access(identifier: Value) -> Arguments {
    Arguments::none()
        .with("actions", vec!["read", "write"])
        .with("identifier", identifier)
        .with("locations", vec!["https://files.internal.corp/finance"])
}

fn sentence(source: &str, arguments: &Arguments, tag: &str) -> String {
    marked(&Template::parse(source).expect("a template").render(arguments, texts(tag)).expect("a sentence"))
}

#[test]
fn a_detail_becomes_a_sentence_with_its_values_told_apart() {
    let arguments = file_access("Q4-report.pdf".into());
    let english = "[read] and [write] [Q4-report.pdf] in [https://files.internal.corp/finance]";
    assert_eq!(sentence(FILE_ACCESS, &arguments, "en"), english);
    assert_eq!(sentence(FILE_ACCESS, &arguments, "de"), english.replace(" and ", " und "));
}

#[test]
fn an_absent_field_has_its_own_words() {
    let arguments = file_access(Value::absent());
    assert!(sentence(FILE_ACCESS, &arguments, "en").contains("[write] every file in"));
}

#[test]
fn a_file_called_absent_is_not_every_file() {
    for name in ["absent", "other", "one", ""] {
        let told = sentence(FILE_ACCESS, &file_access(name.into()), "en");
        assert!(!told.contains("every file"), "{told}");
    }
    assert!(sentence(FILE_ACCESS, &file_access("".into()), "en").contains("[\"\"]"));
}

#[test]
fn a_value_cannot_break_out_of_its_segment_or_reorder_the_sentence() {
    let told = sentence(FILE_ACCESS, &file_access("a\u{2069} in\u{202e}\n{ $actions }\u{2068}".into()), "en");
    assert!(told.contains("[a in { $actions }]"), "{told}");
    let hebrew = Template::parse("open { $name } now").unwrap();
    let plain = hebrew.render(&Arguments::none().with("name", "קובץ"), texts("en")).unwrap().plain();
    assert_eq!(plain, "open \u{2068}קובץ\u{2069} now");
}

#[test]
fn the_words_of_a_choice_on_each_member_of_a_list_stand_for_its_value() {
    let source = "Dateien { $actions ->\n  [read] lesen\n  [write] schreiben\n *[other] { $actions }\n}";
    let arguments = Arguments::none().with("actions", vec!["read", "write", "chmod"]);
    assert_eq!(sentence(source, &arguments, "de"), "Dateien [lesen], [schreiben] und [chmod]");
}

#[test]
fn a_long_list_is_counted_out() {
    let many: Vec<String> = (1..=25).map(|number| format!("f{number}")).collect();
    let told = sentence("read { $files }", &Arguments::none().with("files", many), "en");
    assert!(told.ends_with("[f19], [f20] and [5] more"), "{told}");
    assert_eq!(
        sentence("read { $files }", &Arguments::none().with("files", Vec::<String>::new()), "en"),
        "read [\"\"]"
    );
}

#[test]
fn numbers_are_written_and_counted_the_language_s_way() {
    let told = |tag, count: i64| {
        let arguments = Arguments::none().with("amount", 123.5).with("count", count);
        template("{ $amount } { $count -> [one] { $count } x *[other] { $count } y }")
            .unwrap()
            .render(&arguments, texts(tag))
            .unwrap()
            .plain()
    };
    assert_eq!(told("de", 1), "123,5 1 x");
    assert_eq!(told("en", 2), "123.5 2 y");
}

#[test]
fn a_template_says_which_fields_it_tells_of() {
    let template = Template::parse(FILE_ACCESS).unwrap();
    assert_eq!(template.fields().into_iter().collect::<Vec<_>>(), ["actions", "identifier", "locations"]);
    assert_eq!(
        template.fields_that_must_be_there().into_iter().collect::<Vec<_>>(),
        ["actions", "locations"]
    );
}

#[test]
fn a_template_that_could_hide_a_value_is_refused() {
    for (source, field) in [
        ("do { $action -> [read] read *[other] things }", "action"),
        ("pay { $amount -> [one] one *[other] { $amount } }", "amount"),
        ("{ $a -> [x] { $b } *[other] { $a } }", "b"),
        ("{ $a -> [absent] { $b } *[other] { $a } }", "b"),
    ] {
        assert_eq!(template(source), Err(TemplateError::Conceals { field: field.into() }), "{source}");
    }
    for sound in ["{ $a -> [absent] all *[other] { $a } }", "{ $a } { $a -> [one] file *[other] files }"] {
        assert!(template(sound).is_ok(), "{sound}");
    }
}

#[test]
fn a_template_is_text_variables_and_choices_and_nothing_else() {
    for source in [
        "",
        "  \n ",
        "{ message }",
        "{ -term }",
        "{ NUMBER($a) }",
        "{ $a",
        "a }",
        "{ $a -> [x] y }",
        "x\n.attribute = y",
        "{ { $a } }",
        "{ 5 }",
        "{ $a -> *[x] { $a.b } }",
        "{ \"\\u202E\" }",
        "x\u{202e}y",
    ] {
        assert!(Template::parse(source).is_err(), "{source:?}");
    }
    assert_eq!(sentence("brace { \"{\" }\nnext", &Arguments::none(), "en"), "brace { next");
    let error = Template::parse("fine { $a }\nbroken { $").unwrap_err();
    assert!(matches!(error, TemplateError::Syntax { line: 2, .. }), "{error}");
}

#[test]
fn an_absent_or_missing_field_is_an_error_where_it_is_shown_and_never_a_gap() {
    let template = Template::parse("read { $file }").unwrap();
    let render = |arguments: Arguments| template.render(&arguments, texts("en"));
    assert_eq!(render(Arguments::none()), Err(RenderError::MissingValue("file".into())));
    assert_eq!(
        render(Arguments::none().with("file", Value::absent())),
        Err(RenderError::AbsentValue("file".into()))
    );
}

#[test]
fn moments_are_told_where_the_person_is() {
    let at = Timestamp::from_seconds(1_795_539_900);
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    assert_eq!(texts("en").moment(at, &berlin).unwrap().plain(), "24 November 2026, 18:05 (CET)");
    assert_eq!(texts("de").moment(at, &berlin).unwrap().plain(), "24. November 2026, 18:05 Uhr (CET)");
    assert_eq!(texts("en").moment(at, &Zone::UTC).unwrap().plain(), "24 November 2026, 17:05 (UTC)");
    assert_eq!("Europe/Atlantis".parse::<Zone>(), Err(languages::UnknownZone));
    assert!(texts("en").moment(Timestamp::from_seconds(i64::MAX), &berlin).is_ok());
}

#[test]
fn spans_of_time_are_told_in_two_units() {
    for (seconds, english, german) in [
        (0, "no time", "keine Zeit"),
        (1, "1 second", "1 Sekunde"),
        (300, "5 minutes", "5 Minuten"),
        (5400, "1 hour 30 minutes", "1 Stunde 30 Minuten"),
        (86_400, "1 day", "1 Tag"),
        (90_061, "1 day 1 hour", "1 Tag 1 Stunde"),
    ] {
        let span = Duration::from_secs(seconds);
        assert_eq!(texts("en").span(span).unwrap().plain(), english);
        assert_eq!(texts("de").span(span).unwrap().plain(), german);
    }
}

#[test]
fn a_language_file_s_error_names_its_line() {
    let grammar = include_str!("../texts/en.ftl");
    let parse = |more: &str| Texts::parse("en".parse().unwrap(), &format!("{grammar}{more}")).err().unwrap();
    let line = grammar.lines().count() + 2;
    assert!(matches!(parse("a = b\nbroken = { $\n"), TextsError::Syntax { line: at, .. } if at == line));
    assert!(matches!(parse("a = b\nc = { a }\n"), TextsError::Unsupported { line: at, .. } if at == line));
    assert!(matches!(parse("a = b\na = c\n"), TextsError::Repeated { key, .. } if key == "a"));
    assert_eq!(Texts::parse("en".parse().unwrap(), "a = b").err(), Some(TextsError::Missing("list-pair")));
}
