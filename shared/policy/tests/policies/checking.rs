use policy::{Known, Mistake, check, schema};

use crate::{CUSTOMERS, file, types};

fn mistakes(text: &str) -> Vec<Mistake> {
    let types = types();
    check(
        &[file(text)],
        &Known { types: &types, clients: vec!["files-tool"], tools: vec![CUSTOMERS], server: None },
    )
}

/// Asserts that there is one mistake, that it says this, and that it stands where `at` stands.
#[track_caller]
fn only(text: &str, says: &str, at: &str) {
    let found = mistakes(text);
    let [mistake] = found.as_slice() else { panic!("one mistake: {found:#?}") };
    assert!(mistake.wrong.contains(says), "{mistake:?}");
    assert!(text[mistake.offset..].starts_with(at), "{mistake:?}");
}

#[test]
fn sound_policies_pass() {
    let sound = r#"
        @id("one") permit (principal == Client::"files-tool", action in [Action::"ask", Action::"grant"], resource == Tool::"https://customers.internal.corp")
        when { context has scope && context.scope == "a" };
        @id("two") permit (principal, action, resource == Tool::"issuer");
        @id("three") forbid (principal, action, resource) unless {
          principal has person && principal.person in Group::"finance" && principal.person.hasTag("site")
          && principal.person.getTag("site") == "Berlin" && context.now.toTime() < duration("18h") };
        @id("four") permit (principal, action, resource) when {
          context has detail && context.detail has payment && context.detail.payment.amount.value.lessThan(decimal("10.0")) };
        @id("five") permit (principal, action, resource) when {
          context has detail && context.detail has "mcp-tool" && context.detail["mcp-tool"] has name };"#;
    assert_eq!(mistakes(sound), []);
}

#[test]
fn what_is_not_cedar_is_refused_at_its_place() {
    only("\n\npermit (principal, action resource);", "This is not Cedar", "resource");
}

#[test]
fn what_does_not_fit_the_schema_is_refused_at_its_place() {
    let with = |condition: &str| {
        format!("\n@id(\"one\") permit (principal, action, resource) when {{ {condition} }};")
    };
    only(&with("context.depht == 1"), "depht", "context.depht");
    only(&with("context.depth == \"1\" || context.depth < 1"), "String", "context.depth ==");
    only(&with("context.scope == \"a\""), "scope", "context.scope");
    only(&with("context.detail has payment"), "detail", "context.detail");
    only("@id(\"one\") permit (principal, action == Action::\"aks\", resource);", "aks", "Action::");
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    only(
        "@id(\"one\") permit (principal, action, resource) when { context.depth == 1 && false };",
        "false",
        "@id",
    );
}

#[test]
fn each_policy_has_an_id_of_its_own() {
    let open = "permit (principal, action, resource);";
    only(open, "has no id", "permit");
    only(&format!("@id(\"a b\") {open}"), "is not an id", "@id");
    only(&format!("@id(\"\") {open}"), "is not an id", "@id");
    only(&format!("@id(\"{}\") {open}", "x".repeat(65)), "is not an id", "@id");
    only(
        &format!("@id(\"a\") {open}\n@id(\"a\") forbid (principal, action, resource);"),
        "two policies",
        "@id(\"a\") forbid",
    );
}

#[test]
fn a_template_is_refused() {
    only("@id(\"one\") permit (principal == ?principal, action, resource);", "template", "@id");
}

/// One that forbids something to a client whose name is misspelt would forbid nothing.
#[test]
fn a_name_that_does_not_exist_is_refused() {
    only(
        "@id(\"one\") forbid (principal == Client::\"file-tool\", action, resource);",
        "client \"file-tool\"",
        "\"file-tool\"",
    );
    only(
        "@id(\"one\") forbid (principal, action, resource) when { resource == Tool::\"https://customers\" };",
        "\"https://customers\"",
        "\"https://customers\"",
    );
}

/// `sub` is no user name: one that forbids something to a person who is named by that would forbid nothing.
#[test]
fn a_person_is_named_by_what_can_be_a_sub() {
    let about = |person: &str| {
        format!(
            "@id(\"one\") forbid (principal, action, resource) when {{ principal has person && principal.person == Person::\"{person}\" }};"
        )
    };
    assert_eq!(mistakes(&about(&format!("person-{}", "A".repeat(22)))), []);
    only(&about("alice"), "person with the sub \"alice\"", "\"alice\"");
}

/// A name may have any characters: the schema must hold with each.
#[test]
fn a_type_of_any_name_makes_a_schema() {
    let mut types = types();
    types[0].name = "https://x.example/\"a\\b\" \u{e9}\u{1f600}".to_owned();
    let all = Known { types: &types, clients: vec![], tools: vec![], server: None };
    assert_eq!(check(&[file("@id(\"a\") permit (principal, action, resource);")], &all), []);
    assert!(schema(&types).contains("https://x.example/"));
}

/// It would be an ordinary policy, in silence.
#[test]
fn what_waits_for_an_approval_can_wait_for_one() {
    let until = |by: &str, effect: &str, action: &str| {
        format!("@id(\"one\") @approval(\"{by}\") {effect} (principal, {action}, resource);")
    };
    let exchange = "action == Action::\"token_exchange\"";
    assert_eq!(mistakes(&until("person", "forbid", exchange)), []);
    only(&until("", "forbid", exchange), "by \"\"", "@id");
    only(&until("owner", "forbid", exchange), "by \"owner\"", "@id");
    only(&until("person", "permit", exchange), "permits", "@id");
    for action in [
        "action",
        "action == Action::\"grant\"",
        "action in [Action::\"token_exchange\", Action::\"impersonate\"]",
    ] {
        only(&until("person", "forbid", action), "An exchange alone", "@id");
    }
}
