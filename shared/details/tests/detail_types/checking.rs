//! What `countersign apply` refuses.

use details::{Problem, check_type};
use oauth::configuration::DetailType;
use serde_json::{Value, json};

use crate::definition;

fn sound() -> DetailType {
    definition(
        &json!({"a": {"type": "string"}, "b": {"type": "array", "maxItems": 3, "items": {"type": "string"}}}),
        "{ $a ->\n [absent] x\n *[other] { $a }\n} { $b ->\n [absent] y\n *[other] { $b }\n}",
        &json!({"/b": "subset"}),
        &json!({"/a": "anything"}),
    )
}

fn problems(change: impl FnOnce(&mut DetailType)) -> Vec<Problem> {
    let mut definition = sound();
    change(&mut definition);
    check_type(&definition).err().unwrap_or_default()
}

fn schema_problems(pointer: &str, value: &Value) -> Vec<Problem> {
    problems(|definition| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        definition.schema.pointer_mut(parent).unwrap()[name] = value.clone();
    })
}

#[test]
fn a_sound_type_is_taken() {
    assert_eq!(problems(|_| {}), []);
}

#[test]
fn unknown_fields_must_be_refused_at_every_level() {
    let open = |place: &str| Problem::Open { place: place.to_owned() };
    assert_eq!(schema_problems("/additionalProperties", &json!(true)), [open("schema")]);
    assert_eq!(schema_problems("/additionalProperties", &json!({"type": "string"})), [open("schema")]);
    assert_eq!(schema_problems("/patternProperties", &json!({"^x": {"type": "string"}})), [open("schema")]);
    let nested = json!({"type": "object", "properties": {"c": {"type": "string"}}});
    assert!(schema_problems("/properties/a", &nested).contains(&open("/a")));
    let in_list = json!({"type": "array", "maxItems": 3, "items": nested});
    assert!(schema_problems("/properties/b", &in_list).contains(&open("/b/*")));
    assert_eq!(
        schema_problems("/type", &json!(["object", "null"])),
        [Problem::NotAnObject { place: "schema".to_owned() }]
    );
}

/// Closed by `unevaluatedProperties`, the fields of `allOf` and `$ref` are fields too, and must be told.
#[test]
fn a_field_cannot_hide_in_a_combination() {
    for combination in [
        json!({"allOf": [{"$ref": "#/$defs/more"}]}),
        json!({"anyOf": [{"$ref": "#/$defs/more"}, true]}),
        json!({"if": true, "then": {"$ref": "#/$defs/more"}}),
        json!({"dependentSchemas": {"a": {"$ref": "#/$defs/more"}}}),
    ] {
        let found = problems(|definition| {
            let schema = definition.schema.as_object_mut().unwrap();
            schema.remove("additionalProperties");
            schema.insert("unevaluatedProperties".to_owned(), json!(false));
            schema.insert("$defs".to_owned(), json!({"more": {"properties": {"c": {"type": "string"}}}}));
            schema.extend(combination.as_object().unwrap().clone());
        });
        let untold = Problem::Untold { language: "en".to_owned(), variable: "c".to_owned() };
        assert_eq!(found, [untold], "{combination}");
    }
}

#[test]
fn a_schema_depends_on_nothing_outside() {
    for reference in ["https://example.com/schema.json", "file:///etc/passwd", "#anchor", "other.json#/a", ""]
    {
        let found = schema_problems("/properties/a", &json!({"$ref": reference}));
        assert!(matches!(found.as_slice(), [Problem::Reference { .. }]), "{reference} {found:?}");
    }
    for keyword in ["$id", "$dynamicRef", "$anchor"] {
        let found = schema_problems(&format!("/{keyword}"), &json!("https://example.com/"));
        assert!(matches!(found.as_slice(), [Problem::Keyword { .. }]), "{keyword} {found:?}");
    }
    let older = json!("http://json-schema.org/draft-07/schema#");
    assert!(matches!(schema_problems("/$schema", &older).as_slice(), [Problem::Dialect { .. }]));
}

#[test]
fn a_broken_schema_is_named() {
    for (pointer, value) in [
        ("/properties/a/type", json!("text")),
        ("/properties/a/format", json!("no-such-format")),
        ("/properties/a/pattern", json!("(")),
        // Needs an engine that backtracks.
        ("/properties/a/pattern", json!("(a+)+\\1$")),
        ("/properties/a/pattern", json!("(?=a)b")),
        ("/properties/a/pattern", json!("((((a{99}){99}){99}){99})")),
        ("/properties/a/$ref", json!("#/$defs/missing")),
    ] {
        let found = schema_problems(pointer, &value);
        assert!(matches!(found.as_slice(), [Problem::SchemaInvalid { .. }]), "{pointer} {value} {found:?}");
    }
    // An agent could make us compile what it likes.
    assert!(matches!(
        schema_problems("/properties/a/format", &json!("regex")).as_slice(),
        [Problem::Keyword { .. }]
    ));
}

#[test]
fn the_type_is_a_constant() {
    for value in
        [json!({"const": "other"}), json!({"type": "string"}), json!({"enum": ["test"]}), json!(true)]
    {
        let found = schema_problems("/properties/type", &value);
        assert_eq!(found[0], Problem::TypeNotConst { name: "test".to_owned() }, "{value}");
    }
}

#[test]
fn every_field_is_told_in_every_language_also_when_it_is_absent() {
    let language = || "de".to_owned();
    let in_german = |sentence: &str| {
        problems(|definition| _ = definition.sentence.insert(language(), sentence.to_owned()))
    };
    let absent = "{ $b ->\n [absent] y\n *[other] { $b }\n}";
    assert_eq!(in_german(absent), [Problem::Untold { language: language(), variable: "a".to_owned() }]);
    assert_eq!(
        in_german(&format!("{{ $a }} {absent}")),
        [Problem::AbsenceUntold { language: language(), variable: "a".to_owned() }]
    );
    let all = &sound().sentence["en"];
    assert_eq!(
        in_german(&format!("{all} {{ $typo }}")),
        [Problem::Unknown { language: language(), variable: "typo".to_owned() }]
    );
    assert_eq!(in_german(&format!("{all} {{ $tool }}")), []);
    assert!(matches!(in_german("{ $a").as_slice(), [Problem::Sentence { .. }]));
    let hiding = "{ $a ->\n [absent] x\n *[other] something\n}";
    assert!(matches!(in_german(hiding).as_slice(), [Problem::Sentence { .. }]));
    assert_eq!(problems(|definition| definition.sentence.clear()), [Problem::NoSentence]);
    let wrong = problems(|definition| _ = definition.sentence.insert("deutsch!".to_owned(), all.clone()));
    assert!(matches!(wrong.as_slice(), [Problem::Language { .. }]));
}

#[test]
fn what_cannot_be_shown_whole_is_refused() {
    let limit = |keyword| Problem::TooManyToShow { place: "/b".to_owned(), keyword, limit: 20 };
    let text = json!({"type": "string"});
    for (list, problem) in [
        (json!({"type": "array", "items": text}), limit("maxItems")),
        (json!({"type": "array", "items": text, "maxItems": 21}), limit("maxItems")),
        (json!({"type": ["array", "string"], "items": text}), limit("maxItems")),
        (json!({"type": "array", "maxItems": 3}), Problem::AnyContent { place: "/b".to_owned() }),
        (
            json!({"type": "array", "maxItems": 3, "items": {}}),
            Problem::AnyContent { place: "/b".to_owned() },
        ),
        (
            json!({"type": "array", "maxItems": 3, "items": {"minLength": 1}}),
            Problem::AnyType { place: "/b/*".to_owned() },
        ),
        (json!({"type": "object", "additionalProperties": text}), limit("maxProperties")),
        (json!({"type": "object", "maxProperties": 3}), Problem::AnyContent { place: "/b".to_owned() }),
        (json!({"description": "anything"}), Problem::AnyType { place: "/b".to_owned() }),
    ] {
        let found = schema_problems("/properties/b", &list);
        let expected_first = found.iter().find(|found| !matches!(found, Problem::RuleDoesNotFit { .. }));
        // `{}` says nothing at all, so that it is no content either.
        let matched = expected_first == Some(&problem)
            || matches!(
                (expected_first, &problem),
                (Some(Problem::AnyType { .. }), Problem::AnyContent { .. })
            );
        assert!(matched, "{list} {found:?}");
    }
}

#[test]
fn a_schema_that_never_ends_is_too_deep() {
    let found = problems(|definition| {
        definition.schema["$defs"] = json!({"tree": {
            "type": "object", "additionalProperties": false, "properties": {"more": {"$ref": "#/$defs/tree"}},
        }});
        definition.schema["properties"]["a"] = json!({"$ref": "#/$defs/tree"});
    });
    assert!(found.iter().any(|problem| matches!(problem, Problem::TooDeep { .. })), "{found:?}");
}

#[test]
fn fields_have_names_of_their_own_in_sentences() {
    let add = |name: &str| {
        let pointer = format!("/properties/{name}");
        schema_problems(&pointer, &json!({"type": "string"}))
    };
    assert!(matches!(&add("tool")[0], Problem::NameTaken { .. }));
    assert!(matches!(&add("9lives")[0], Problem::NotNameable { .. }));
    assert!(matches!(&add("@id")[0], Problem::NotNameable { .. }));
    let found = problems(|definition| {
        let group =
            json!({"type": "object", "additionalProperties": false, "properties": {"y": {"type": "string"}}});
        definition.schema["properties"]["x"] = group;
        definition.schema["properties"]["x_y"] = json!({"type": "string"});
    });
    assert!(found.iter().any(|problem| matches!(problem, Problem::NameTaken { .. })), "{found:?}");
}

#[test]
fn rules_speak_of_fields_that_can_follow_them() {
    for (pointer, rule) in
        [("/a", "subset"), ("/b", "at_most"), ("/c", "exact"), ("a", "exact"), ("", "exact")]
    {
        let found = problems(|definition| {
            definition.narrowing = serde_json::from_value(json!({pointer: rule})).unwrap();
        });
        let fitting =
            matches!(found.as_slice(), [Problem::RuleDoesNotFit { .. } | Problem::NoSuchField { .. }]);
        assert!(fitting, "{pointer} {rule} {found:?}");
    }
    for rule in ["exact", "at_most", "beneath"] {
        let found = problems(|definition| {
            definition.narrowing = serde_json::from_value(json!({"/a": rule, "/b": "beneath"})).unwrap();
        });
        assert_eq!(found, [], "{rule}");
    }
    let found = problems(|definition| {
        definition.absent = serde_json::from_value(json!({"/type": "nothing", "/z": "anything"})).unwrap();
    });
    assert!(
        matches!(found.as_slice(), [Problem::NoSuchField { .. }, Problem::NoSuchField { .. }]),
        "{found:?}"
    );
}

#[test]
fn locations_are_texts_for_they_choose_the_tool() {
    let found = schema_problems("/properties/locations", &json!({"type": "string"}));
    assert_eq!(found[0], Problem::Locations);
}

#[test]
fn a_type_needs_a_plain_name_and_a_tool() {
    assert_eq!(problems(|definition| definition.tools.clear()), [Problem::NoTools]);
    for name in ["", "a b", "a\"b", "ä", "\u{0}"] {
        let found = problems(|definition| name.clone_into(&mut definition.name));
        assert_eq!(found[0], Problem::Name, "{name:?}");
    }
}

#[test]
fn a_problem_says_where_it_is_and_what_to_do() {
    let text = schema_problems("/additionalProperties", &json!(true))[0].to_string();
    assert!(text.contains("schema") && text.contains("\"additionalProperties\": false"), "{text}");
    let text = problems(|definition| {
        definition.narrowing = serde_json::from_value(json!({"/a": "subset"})).unwrap();
    });
    assert_eq!(text[0].to_string(), "narrowing: /a cannot be subset: the schema must make it an array");
}
