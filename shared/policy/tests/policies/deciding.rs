use oauth::TokenType;
use policy::{Action, Decision, Policies};

use crate::{allowed, asking, client, denied, policies};

const EXCHANGE: &str = r#"
@id("files-tool-reads-customers")
permit (
  principal == Client::"files-tool",
  action == Action::"token_exchange",
  resource == Tool::"https://customers.internal.corp"
) when { context has scope && context.scope == "customers.read" };
"#;

#[test]
fn what_a_policy_permits_is_allowed_by_its_name() {
    assert_eq!(asking().of(&policies(EXCHANGE)), allowed("files-tool-reads-customers"));
}

#[test]
fn what_no_policy_permits_is_refused_by_nobody() {
    let policies = policies(EXCHANGE);
    let changes: [fn(&mut crate::Asking); 5] = [
        |asking| asking.client = client("other-tool"),
        |asking| asking.action = Action::Impersonate,
        |asking| asking.tool = "https://bank.internal.corp",
        |asking| asking.scopes = ["customers.write"].into_iter().collect(),
        |asking| asking.scopes = oauth::Scope::empty(),
    ];
    for change in changes {
        let mut other = asking();
        change(&mut other);
        assert_eq!(other.of(&policies), denied());
    }
}

#[test]
fn a_policy_that_forbids_wins_and_is_named() {
    let forbids = r#"@id("not-to-finance") forbid (principal, action, resource)
        when { principal has person && principal.person in Group::"finance" };"#;
    let both = policies(&format!("{EXCHANGE}{forbids}"));
    assert_eq!(asking().of(&both), Decision::Denied { by: vec!["not-to-finance".to_owned()] });
    let mut of_sales = asking();
    of_sales.groups = ["sales".to_owned()].into();
    assert_eq!(of_sales.of(&both), allowed("files-tool-reads-customers"));
}

/// In Cedar a policy that fails is passed over. This one would forbid.
#[test]
fn a_policy_that_fails_refuses() {
    let forbids = r#"@id("needs-a-person") forbid (principal, action, resource)
        when { !(principal.person in Group::"finance") };"#;
    let mut alone = asking();
    alone.has_person = false;
    let decision = alone.of(&policies(&format!("{EXCHANGE}{forbids}")));
    assert!(matches!(&decision, Decision::Failed { by, .. } if *by == ["needs-a-person"]), "{decision:?}");
}

/// RFC 8693, section 2.1: whoever shows a token of its own beside its proof says nothing new by it.
#[test]
fn a_principal_that_names_itself_names_no_other_actor() {
    let forbids = r#"@id("nobody-else") forbid (principal, action, resource) when { context has actor };"#;
    let both = policies(&format!("{EXCHANGE}{forbids}"));
    for (actor, decision) in [
        (None, allowed("files-tool-reads-customers")),
        (Some("files-tool"), allowed("files-tool-reads-customers")),
        (Some("night-agent"), Decision::Denied { by: vec!["nobody-else".to_owned()] }),
    ] {
        let mut asking = asking();
        asking.actor = actor;
        assert_eq!(asking.of(&both), decision, "{actor:?}");
    }
}

/// RFC 8693, section 3: what may be had as an access token of minutes need not be had as an assertion that nobody can end.
#[test]
fn a_policy_can_tell_what_is_issued() {
    let forbids =
        r#"@id("no-assertions") forbid (principal, action, resource) when { context.requested == "saml2" };"#;
    let both = policies(&format!("{EXCHANGE}{forbids}"));
    let of = |requested| {
        let mut other = asking();
        other.requested = requested;
        other.of(&both)
    };
    assert_eq!(of(TokenType::Saml2), Decision::Denied { by: vec!["no-assertions".to_owned()] });
    for other in [
        TokenType::AccessToken,
        TokenType::Jwt,
        TokenType::IdToken,
        TokenType::RefreshToken,
        TokenType::IdJag,
    ] {
        assert_eq!(of(other), allowed("files-tool-reads-customers"), "{other:?}");
    }
}

#[test]
fn a_policy_can_tell_who_vouches_for_the_subject() {
    let vouched = r#"@id("partners-alone") permit (principal, action, resource)
        when { context has origin && context.origin == "https://idp.partner.test" };"#;
    let of = |origin| {
        let mut other = asking();
        other.origin = origin;
        other.of(&policies(vouched))
    };
    assert_eq!(of(Some("https://idp.partner.test")), allowed("partners-alone"));
    assert_eq!(of(Some("https://idp.else.test")), denied());
    assert_eq!(of(None), denied());
}

#[test]
fn text_that_is_no_policy_refuses_everything() {
    for broken in [
        "permit (",
        "permit (principal, action, resource);",
        r#"@id("x") permit (principal == ?principal, action, resource);"#,
    ] {
        let decision = asking().of(&policies(&format!("{EXCHANGE}{broken}")));
        assert!(matches!(&decision, Decision::Failed { by, .. } if by.is_empty()), "{broken}: {decision:?}");
    }
}

/// An exchange has nobody's yes but the policy's. What a registration or a person decides goes on without policies, until
/// there is one.
#[test]
fn without_any_policy_an_exchange_is_refused_and_what_registration_decides_goes_on() {
    let none = Policies::new(&[], &[]);
    let one = policies(EXCHANGE);
    for action in Action::ALL {
        let mut asking = asking();
        asking.action = action;
        let goes_on = matches!(action, Action::Ask | Action::Grant | Action::ClientCredentials);
        assert_eq!(asking.of(&none).is_allowed(), goes_on, "{action:?}");
        assert_eq!(asking.of(&one).is_allowed(), action == Action::TokenExchange, "{action:?}");
    }
}

/// Anybody can register a key. A policy that was written before anybody could must not let strangers in.
#[test]
fn a_client_that_nobody_vouches_for_is_confidential_in_no_policy() {
    for (origin, holds) in [
        (oauth::ClientOrigin::Configured, true),
        (oauth::ClientOrigin::Document, false),
        (oauth::ClientOrigin::Registered, false),
    ] {
        let mut asking = asking();
        assert!(asking.client.is_confidential());
        asking.client.origin = origin;
        let policy = r#"@id("to-whom-keeps-a-secret") permit (principal, action, resource)
            when { principal.confidential };"#;
        assert_eq!(asking.of(&policies(policy)).is_allowed(), holds, "{origin:?}");
    }
}

#[test]
fn groups_attributes_chain_and_time_can_decide() {
    for (condition, holds) in [
        (r#"principal.person in Group::"finance""#, true),
        (r#"principal.person in Group::"sales""#, false),
        (
            r#"principal.person.hasTag("department") && principal.person.getTag("department") == "Finance""#,
            true,
        ),
        (r#"principal.person.user_name == "alice""#, true),
        ("principal.confidential", true),
        (r#"principal.origin == "configured""#, true),
        (r#"principal.origin == "registered""#, false),
        ("context.depth == 1", true),
        (r#"context.actors.contains(Client::"finance-agent")"#, true),
        (r#"context.actors.contains(Client::"files-tool")"#, false),
        (r#"context.amr.contains("pwd")"#, true),
        ("context has auth_age && context.auth_age < 61", true),
        ("context has auth_age && context.auth_age < 60", false),
        ("context has acr", false),
        (r#"context.now.toTime() == duration("12h")"#, true),
        (r#"context.now < datetime("2026-11-25T12:00:00Z")"#, false),
    ] {
        let mut asking = asking();
        asking.actors = vec!["finance-agent"];
        let condition = format!(
            "@id(\"one\") permit (principal, action, resource) when {{ principal has person && {condition} }};"
        );
        assert_eq!(asking.of(&policies(&condition)).is_allowed(), holds, "{condition}");
    }
}

const UNTIL_APPROVED: &str = r#"@id("asks-first") @approval("person") forbid (
  principal, action == Action::"token_exchange", resource
) when { context has scope };"#;

#[test]
fn what_is_forbidden_until_a_person_approves_it_waits_for_that_and_for_nothing_else() {
    let once_approved = Decision::OnceApproved { by: vec!["asks-first".to_owned()] };
    assert_eq!(asking().of(&policies(&format!("{EXCHANGE}{UNTIL_APPROVED}"))), once_approved);
    // What nobody permits, nobody is asked for; it is still a policy that refuses it.
    let alone = asking().of(&policies(UNTIL_APPROVED));
    assert_eq!(alone, Decision::Denied { by: vec!["asks-first".to_owned()] });
    // Nor what another policy forbids, for good.
    let forbids = r#"@id("never") forbid (principal, action, resource);"#;
    let decision = asking().of(&policies(&format!("{EXCHANGE}{UNTIL_APPROVED}{forbids}")));
    assert_eq!(decision, Decision::Denied { by: vec!["asks-first".to_owned(), "never".to_owned()] });
    // A condition that fails could be one that forbids.
    let fails = r#"@id("fails") forbid (principal, action, resource) when { context.detail.type == "x" };"#;
    let decision = asking().of(&policies(&format!("{EXCHANGE}{UNTIL_APPROVED}{fails}")));
    assert!(matches!(&decision, Decision::Failed { by, .. } if *by == ["fails"]), "{decision:?}");
}

/// Whoever asks people, or has them grant something, asks them anyway; who works alone has nobody to ask.
#[test]
fn an_exchange_alone_waits_for_an_approval() {
    let everywhere = r#"@id("all") permit (principal, action, resource);
        @id("asks-first") @approval("person") forbid (principal, action, resource);"#;
    for action in Action::ALL.into_iter().filter(|action| *action != Action::TokenExchange) {
        let mut asking = asking();
        asking.action = action;
        let denied = Decision::Denied { by: vec!["asks-first".to_owned()] };
        assert_eq!(asking.of(&policies(everywhere)), denied, "{action:?}");
    }
}

#[test]
fn a_policy_that_permits_waits_for_nobody_whatever_is_written_above_it() {
    let permits = EXCHANGE.replace("permit (", "@approval(\"person\") permit (");
    assert_eq!(asking().of(&policies(&permits)), allowed("files-tool-reads-customers"));
}
