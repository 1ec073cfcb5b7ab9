//! What a person reads.

use details::{DetailTypes, check_type};
use languages::{Languages, Message, Texts};
use oauth::AuthorizationDetail;
use serde_json::{Value, json};

use crate::shipped::types;
use crate::{definition, details};

fn texts(tag: &str) -> &'static Texts {
    Languages::shipped().texts(&tag.parse().unwrap())
}

/// The values in brackets, apart from our words.
fn marked(message: &Message) -> String {
    let mark = |text: &str, is_value| {
        if is_value { format!("[{text}]") } else { text.to_owned() }
    };
    message.segments().iter().map(|segment| mark(&segment.text, segment.is_value)).collect()
}

fn one(value: Value) -> AuthorizationDetail {
    details(json!([value])).iter().next().unwrap().clone()
}

fn sentence(value: Value, tag: &str) -> String {
    marked(&types().sentence(&one(value), texts(tag), Some("Finance File Server")))
}

/// One place and several, one file and all of them.
#[test]
fn files_are_told_in_both_languages() {
    let (finance, hr) = ("https://files.internal.corp/finance", "https://files.internal.corp/hr");
    let several = [finance, hr];
    let one = &several[..1];
    for (locations, actions, identifier, english, german) in [
        (
            one,
            json!(["read"]),
            Some("Q4-report.pdf"),
            "[read] [Q4-report.pdf] on the [Finance File Server], in [https://files.internal.corp/finance]",
            "[Q4-report.pdf] in [https://files.internal.corp/finance] auf dem [Finance File Server] [lesen]",
        ),
        (
            &several,
            json!(["read", "write"]),
            Some("Q4-report.pdf"),
            "[read] and [write] [Q4-report.pdf] on the [Finance File Server], in \
             [https://files.internal.corp/finance] and [https://files.internal.corp/hr]",
            "[Q4-report.pdf] in [https://files.internal.corp/finance] und [https://files.internal.corp/hr] auf \
             dem [Finance File Server] [lesen] und [schreiben]",
        ),
        (
            one,
            json!(["read"]),
            None,
            "[read] every file in [https://files.internal.corp/finance] on the [Finance File Server]",
            "jede Datei in [https://files.internal.corp/finance] auf dem [Finance File Server] [lesen]",
        ),
        (
            &several,
            json!(["delete"]),
            None,
            "[delete] every file in [https://files.internal.corp/finance] and [https://files.internal.corp/hr] \
             on the [Finance File Server]",
            "jede Datei in [https://files.internal.corp/finance] und [https://files.internal.corp/hr] auf dem \
             [Finance File Server] [löschen]",
        ),
    ] {
        let mut file = json!({"type": "file_access", "locations": locations, "actions": actions});
        if let Some(identifier) = identifier {
            file["identifier"] = json!(identifier);
        }
        assert_eq!(sentence(file.clone(), "en"), english);
        assert_eq!(sentence(file, "de"), german);
    }
}

#[test]
fn the_other_shipped_types_are_told_in_both_languages() {
    let payment = json!({
        "type": "payment", "amount": {"value": "1250.00", "currency": "EUR"},
        "creditor": {"name": "Papier Müller GmbH", "account": "DE02120300000000202051"},
    });
    assert_eq!(
        sentence(payment.clone(), "en"),
        "pay [1250.00] [EUR] to [Papier Müller GmbH], account [DE02120300000000202051]"
    );
    assert_eq!(
        sentence(payment, "de"),
        "[1250.00] [EUR] an [Papier Müller GmbH] zahlen, Konto [DE02120300000000202051]"
    );
    let call = json!({
        "type": "mcp_tool", "server": "https://reports.internal.corp/mcp", "name": "render_report",
        "arguments": {"quarter": ["2026-Q3", "2026-Q4"], "draft": [true], "pages": [1, 2.5]},
    });
    let told = sentence(call, "en");
    assert!(
        told.starts_with("call [render_report] on [https://reports.internal.corp/mcp] with the argument "),
        "{told}"
    );
    for argument in ["[quarter]: [2026-Q3] and [2026-Q4]", "[draft]: [true]", "[pages]: [1] and [2.5]"] {
        assert!(told.contains(argument), "{told}");
    }
    let any =
        json!({"type": "mcp_tool", "server": "https://reports.internal.corp/mcp", "name": "render_report"});
    assert!(sentence(any, "de").ends_with("mit beliebigen Argumenten"));
}

#[test]
fn without_a_name_the_tool_is_told_by_its_id() {
    let file =
        json!({"type": "file_access", "locations": ["https://files.internal.corp"], "actions": ["read"]});
    assert!(marked(&types().sentence(&one(file), texts("en"), None)).ends_with(" on the [files]"));
}

#[test]
fn a_language_without_a_sentence_falls_back() {
    let mut german = definition(&json!({"a": {"type": "string"}}), "", &json!({}), &json!({}));
    german.sentence = [("de".to_owned(), "{ $a } lesen".to_owned())].into();
    let types = DetailTypes::new(vec![german]);
    assert_eq!(
        marked(&types.sentence(&one(json!({"type": "test", "a": "x"})), texts("en"), None)),
        "[x] lesen"
    );
}

/// None of these comes here from a checked and validated request; if one does, the person sees it all the same.
#[test]
fn what_the_sentence_does_not_know_is_told_after_it() {
    let file = json!({
        "type": "file_access", "locations": ["https://files.internal.corp"], "actions": ["read"],
        "identifier": "Q4-report.pdf", "privileges": ["admin"], "<b>": {"x": null},
    });
    let told = sentence(file, "en");
    assert!(told.contains("([privileges]: [admin])") && told.contains("([<b>]: [x]: [null])"), "{told}");
    let nested = sentence(json!({"type": "payment", "amount": "all of it", "creditor": {"bank": "x"}}), "en");
    assert_eq!(nested, "[payment] ([amount]: [all of it]) ([creditor]: [bank]: [x])");
    let unknown = sentence(json!({"type": "root_access", "host": "db"}), "en");
    assert_eq!(unknown, "[root_access] ([host]: [db])");
}

#[test]
fn a_long_value_shows_its_beginning_and_its_end() {
    let path = format!("reports/{}/Q4-report.pdf.exe", "a".repeat(4000));
    let file = json!({
        "type": "file_access", "locations": ["https://files.internal.corp"], "actions": ["read"], "identifier": path,
    });
    let message = types().sentence(&one(file), texts("en"), None);
    let shown = message.segments().iter().find(|segment| segment.text.starts_with("reports/")).unwrap();
    assert!(shown.is_value && shown.text.ends_with("/Q4-report.pdf.exe") && shown.text.contains("aa…aa"));
    assert_eq!(shown.text.chars().count(), 291);
}

#[test]
fn a_value_cannot_speak_with_our_voice() {
    let file = json!({
        "type": "file_access", "locations": ["https://files.internal.corp"], "actions": ["read"],
        "identifier": "a\u{202e}\n{ $actions } in [nothing]\u{2069}",
    });
    let message = types().sentence(&one(file), texts("en"), None);
    let ours: String = message.segments().iter().filter(|s| !s.is_value).map(|s| s.text.as_str()).collect();
    assert_eq!(ours, "  on the , in ");
    assert!(!message.plain().contains(['\u{202e}', '\n', '\u{2069}']));
}

#[test]
fn nested_names_booleans_and_lists_of_objects_are_told() {
    let group = |properties: Value| json!({"type": "object", "additionalProperties": false, "properties": properties});
    let order = definition(
        &json!({
            "ship-to": group(json!({"post_code": {"type": "string"}})),
            "express": {"type": "boolean"},
            "items": {"type": "array", "maxItems": 5, "items": group(json!({"count": {"type": "integer"}, "sku": {"type": "string"}}))},
        }),
        "order { $items ->\n [absent] nothing\n *[other] { $items }\n} to { $ship-to_post_code ->\n [absent] the usual place\n \
         *[other] { $ship-to_post_code }\n}{ $express ->\n [absent] {\"\"}\n [true] , express\n [false] , by mail\n *[other] { $express }\n}",
        &json!({}),
        &json!({}),
    );
    assert_eq!(check_type(&order), Ok(()));
    let types = DetailTypes::new(vec![order]);
    let told = |value: Value| marked(&types.sentence(&one(value), texts("en"), None));
    assert_eq!(
        told(json!({
            "type": "test", "ship-to": {"post_code": "10115"}, "express": true,
            "items": [{"sku": "A4", "count": 2}, {"sku": "A5", "count": 1}],
        })),
        "order [sku]: [A4] and [count]: [2] and [sku]: [A5] and [count]: [1] to [10115][, express]"
    );
    assert_eq!(told(json!({"type": "test"})), "order nothing to the usual place");
}
