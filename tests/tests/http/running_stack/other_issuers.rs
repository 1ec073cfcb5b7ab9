//! Tokens of other issuers: as subject tokens (RFC 8693, section 2.1), and as grants (RFC 7523, section 2.1;
//! draft-ietf-oauth-identity-assertion-authz-grant, section 4.4).

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::agent::{Agent, BANK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::at_once::{CROWD, at_once};
use crate::exchange::{
    ACCESS_TOKEN, ID_TOKEN, JWT, JWT_BEARER, LEDGER, REFRESH_TOKEN, an_exchange, the_bank,
};
use crate::outsider::{Outsider, the_mills_own, the_partner};
use crate::person::{granted, somebody, somebody_with};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

fn the_partner_s_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "partner-agent")
}

fn shown(token: &str) -> Parameters {
    an_exchange(token, FILES).with("subject_token_type", JWT)
}

fn bearing(assertion: &str) -> Parameters {
    Parameters::of([("grant_type", JWT_BEARER), ("assertion", assertion)])
}

/// A change of a token's header or claims.
type Change = fn(&Stack, &mut Value, &mut Value);

/// What is wrong, why that is refused as the audit says it, and the change.
type Wrong = (&'static str, &'static str, Change);

/// What is wrong with a token of another issuer, whichever way it is shown.
const WRONG: &[Wrong] = &[
    ("no issuer", "issuer", |_, _, claims| claims["iss"] = json!(null)),
    ("an issuer that nobody trusts", "issuer", |_, _, claims| claims["iss"] = json!("https://idp.evil.test")),
    ("the issuer with a slash", "issuer", |_, _, claims| claims["iss"] = json!("https://idp.partner.test/")),
    ("the issuer in capitals", "issuer", |_, _, claims| claims["iss"] = json!("https://IDP.partner.test")),
    ("another trusted issuer", "signature or shape", |_, _, claims| {
        claims["iss"] = json!("https://idp.mills.test/hr");
    }),
    ("this server as issuer", "issuer", |stack, _, claims| claims["iss"] = json!(stack.issuer)),
    ("alg none", "signature or shape", |_, header, _| header["alg"] = json!("none")),
    ("alg HS256", "signature or shape", |_, header, _| header["alg"] = json!("HS256")),
    ("an algorithm that is not allowed", "signature or shape", |_, header, _| header["alg"] = json!("EdDSA")),
    ("a key of another issuer", "signature or shape", |_, header, _| header["kid"] = json!("mills-1")),
    ("an unknown key", "signature or shape", |_, header, _| header["kid"] = json!("partner-2")),
    ("critical extensions", "signature or shape", |_, header, _| header["crit"] = json!(["evil"])),
    ("no typ", "type", |_, header, _| header["typ"] = json!(null)),
    ("another typ", "type", |_, header, _| header["typ"] = json!("logout+jwt")),
    ("no audience", "audience", |_, _, claims| claims["aud"] = json!(null)),
    ("no audience in a list", "audience", |_, _, claims| claims["aud"] = json!([])),
    ("another audience", "audience", |_, _, claims| claims["aud"] = json!("https://auth.evil.test")),
    ("one audience too many", "audience", |stack, _, claims| {
        claims["aud"] = json!([stack.issuer, "https://auth.evil.test"]);
    }),
    ("the audience with a slash", "audience", |stack, _, claims| {
        claims["aud"] = json!(format!("{}/", stack.issuer));
    }),
    ("no subject", "subject", |_, _, claims| claims["sub"] = json!(null)),
    ("an empty subject", "subject", |_, _, claims| claims["sub"] = json!("")),
    ("a subject that is no text", "subject", |_, _, claims| claims["sub"] = json!(7)),
    ("a long subject", "subject", |_, _, claims| claims["sub"] = json!("evil".repeat(65))),
    ("a subject with a line break", "subject", |_, _, claims| claims["sub"] = json!("alice\nevil")),
    ("expired", "expired", |stack, _, claims| claims["exp"] = json!(stack.now())),
    ("no end", "exp", |_, _, claims| claims["exp"] = json!(null)),
    ("an end that is no moment", "a moment that is none", |_, _, claims| claims["exp"] = json!("soon")),
    ("from the future", "from the future", |stack, _, claims| claims["iat"] = json!(stack.now() + 120)),
    ("not valid yet", "from the future", |stack, _, claims| claims["nbf"] = json!(stack.now() + 120)),
    ("made at no time", "iat", |_, _, claims| claims["iat"] = json!(null)),
    ("made too long ago", "too old", |stack, _, claims| claims["iat"] = json!(stack.now() - 660)),
    ("bound to a key", "bound to a key", |_, _, claims| claims["cnf"] = json!({ "jkt": "evil" })),
    ("bound to no key", "bound to a key", |_, _, claims| claims["cnf"] = json!({})),
    ("with an actor of theirs", "an actor of theirs", |_, _, claims| {
        claims["act"] = json!({ "sub": "evil" });
    }),
    ("for another actor", "another may act", |_, _, claims| {
        claims["may_act"] = json!({ "sub": "report-agent" });
    }),
    ("for their actor of that name", "another may act", |_, _, claims| {
        claims["may_act"] = json!({ "sub": "partner-agent", "iss": claims["iss"] });
    }),
    ("for an actor of that name, of no issuer", "another may act", |_, _, claims| {
        claims["may_act"] = json!({ "sub": "partner-agent" });
    }),
    ("for an actor that is none", "another may act", |_, _, claims| {
        claims["may_act"] = json!("partner-agent");
    }),
];

/// And with an ID-JAG alone.
const WRONG_AS_GRANT: &[Wrong] = &[
    ("a subject token", "type", |_, header, _| header["typ"] = json!("JWT")),
    ("for the token endpoint", "audience", |stack, _, claims| claims["aud"] = json!(stack.url("/token"))),
    ("for the same audience twice", "audience", |stack, _, claims| {
        claims["aud"] = json!([stack.issuer, stack.issuer]);
    }),
    ("of another client", "client", |_, _, claims| claims["client_id"] = json!("report-agent")),
    ("of no client", "client", |_, _, claims| claims["client_id"] = json!(null)),
    ("without jti", "jti", |_, _, claims| claims["jti"] = json!(null)),
    ("with an empty jti", "jti", |_, _, claims| claims["jti"] = json!("")),
    ("good for too long", "good for too long", |stack, _, claims| claims["exp"] = json!(stack.now() + 3_600)),
    ("with a scope that is none", "scope", |_, _, claims| claims["scope"] = json!(["files.read"])),
    ("with details that are none", "details", |_, _, claims| claims["authorization_details"] = json!("evil")),
    ("for a resource that is none", "resource", |_, _, claims| claims["resource"] = json!("evil")),
];

fn made(
    stack: &Stack,
    change: Change,
    make: impl FnOnce(&Outsider, &mut dyn FnMut(&mut Value, &mut Value)) -> String,
) -> String {
    make(&the_partner(), &mut |header, claims| {
        change(stack, header, claims);
        // What is null is not there.
        for part in [header, claims] {
            part.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        }
    })
}

fn check(wrong: &mut Vec<String>, name: &str, answer: &Answer, error: &str) {
    let said = answer.json()["error"].clone();
    if answer.status != 400
        || said != error
        || answer.text().contains("eyJ")
        || answer.text().contains("evil")
    {
        wrong.push(format!("{name}: {} {}", answer.status, answer.text()));
    }
}

/// That it is refused for what is wrong with it, and not for something else.
fn check_why(stack: &Stack, wrong: &mut Vec<String>, name: &str, answer: &Answer, why: &str) {
    if stack.is_deployed() {
        return;
    }
    let events = stack.observer().audit_of(answer);
    if events.last().is_none_or(|event| event["why"] != why) {
        wrong.push(format!("{name}: {events:?}"));
    }
}

/// RFC 8693, section 2.2.2: what is wrong with a subject token makes the request invalid; RFC 7523, section 3.1: what is wrong with
/// an assertion makes the grant invalid.
#[test]
fn a_token_of_another_issuer_is_refused_for_anything_that_is_wrong_with_it() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    agent.sends("/token", &shown(&partner.token(stack, "alice", |_, _| {}))).ok();
    let named = partner.token(stack, "alice", |_, claims| {
        claims["may_act"] = json!({ "sub": "partner-agent", "iss": stack.issuer });
    });
    agent.sends("/token", &shown(&named)).ok();
    agent.sends("/token", &bearing(&partner.id_jag(stack, "alice", |_, _| {}))).ok();
    let mut wrong = Vec::new();
    for (name, why, change) in WRONG {
        let token = made(stack, *change, |outsider, change| outsider.token(stack, "alice", change));
        let answer = agent.sends("/token", &shown(&token));
        check(&mut wrong, &format!("subject: {name}"), &answer, "invalid_request");
        // Of an issuer that is not trusted, a token is looked at as one of ours.
        let why = if *why == "issuer" { "signature or shape" } else { why };
        check_why(stack, &mut wrong, name, &answer, why);
    }
    for (name, why, change) in WRONG.iter().chain(WRONG_AS_GRANT) {
        let token = made(stack, *change, |outsider, change| outsider.id_jag(stack, "alice", change));
        let answer = agent.sends("/token", &bearing(&token));
        check(&mut wrong, &format!("grant: {name}"), &answer, "invalid_grant");
        check_why(stack, &mut wrong, name, &answer, why);
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        2 * WRONG.len() + WRONG_AS_GRANT.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_foreign_token_is_refused_in_any_other_place_and_from_anybody_else() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let good = || partner.token(stack, "alice", |_, _| {});
    let jag = || partner.id_jag(stack, "alice", |_, _| {});
    let stranger = Outsider { issuer: partner.issuer, ..the_mills_own() };
    let by_another_key = stranger.token(stack, "alice", |header, _| header["kid"] = json!("partner-1"));
    let files = the_file_tool(stack);
    let mut wrong = Vec::new();
    let mut exchange = |name: &str, who: &Agent<'_>, form: Parameters, error: &str| {
        check(&mut wrong, name, &who.sends("/token", &form), error);
    };
    exchange("another key under its name", &agent, shown(&by_another_key), "invalid_request");
    exchange(
        "a client that the trust does not name",
        &files,
        shown(&good()).with("resource", BANK),
        "invalid_request",
    );
    exchange("an ID-JAG as subject", &agent, shown(&jag()), "invalid_request");
    exchange(
        "as access token",
        &agent,
        shown(&good()).with("subject_token_type", ACCESS_TOKEN),
        "invalid_request",
    );
    exchange(
        "as refresh token",
        &agent,
        shown(&good()).with("subject_token_type", REFRESH_TOKEN),
        "invalid_request",
    );
    exchange(
        "for a tool that nothing is trusted with",
        &agent,
        shown(&good()).with("resource", BANK),
        "invalid_target",
    );
    exchange(
        "for a tool that is not the client's",
        &agent,
        shown(&good()).with("resource", LEDGER),
        "invalid_target",
    );
    exchange("a scope beyond the trust", &agent, shown(&good()).and("scope", "bank.pay"), "invalid_scope");
    exchange("a scope about a person", &agent, shown(&good()).and("scope", "openid"), "invalid_scope");
    exchange(
        "an ID token of them",
        &agent,
        shown(&good()).without("resource").and("requested_token_type", ID_TOKEN),
        "invalid_scope",
    );
    let wider = json!([the_file("Q4-report.pdf", &["read", "write"])]).to_string();
    let detailed = shown(&good()).and("authorization_details", &wider);
    exchange("a detail beyond the trust", &agent, detailed, "invalid_authorization_details");
    exchange("a grant of a client that may not", &files, bearing(&jag()), "unauthorized_client");
    exchange("no assertion", &agent, bearing(""), "invalid_request");
    exchange("an ID-JAG of ours", &agent, bearing(&jag_of_ours(stack)), "invalid_grant");
    exchange("junk", &agent, bearing("evil.evil.evil"), "invalid_grant");
    let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    exchange("an access token of ours", &agent, bearing(&first.access_token), "invalid_grant");
    exchange(
        "a scope beyond the grant",
        &agent,
        bearing(&jag()).and("scope", "files.read files.access"),
        "invalid_scope",
    );
    exchange("a tool beyond the grant", &agent, bearing(&jag()).and("resource", BANK), "invalid_target");
    let elsewhere =
        partner.id_jag(stack, "alice", |_, claims| claims["resource"] = json!("https://api.chat.test"));
    exchange("a resource that is no tool", &agent, bearing(&elsewhere), "invalid_target");
    let nothing = partner.id_jag(stack, "alice", |_, claims| claims["scope"] = json!("bank.pay"));
    exchange("nothing that is trusted", &agent, bearing(&nothing), "unauthorized_client");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// draft-ietf-oauth-identity-assertion-authz-grant, section 8.3: a server takes no ID-JAG that it issued itself.
fn jag_of_ours(stack: &Stack) -> String {
    let agent = Agent::with_basic(stack, "delegating-agent");
    let first = granted(&agent, &somebody(stack), &asks_for_a_file());
    let form = an_exchange(&first.answer.string("id_token"), "https://mcp.chat.test")
        .with("subject_token_type", ID_TOKEN)
        .and("requested_token_type", crate::exchange::ID_JAG)
        .and("audience", "https://auth.chat.test");
    agent.sends("/token", &form).ok().string("access_token")
}

/// RFC 8693, section 3: whoever signs somebody in elsewhere may have an ID token of there to show. It is looked at as any JWT of that
/// issuer, and not as one of ours.
#[test]
fn a_token_of_another_issuer_may_be_shown_as_an_id_token_and_is_the_same() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let named = |form: Parameters| form.with("subject_token_type", ID_TOKEN);
    let token = partner.token(stack, "alice", |_, _| {});
    let [as_jwt, as_id_token] = [shown(&token), named(shown(&token))].map(|form| {
        let answer = agent.sends("/token", &form).ok();
        assert_eq!(answer.json()["issued_token_type"], ACCESS_TOKEN);
        verified(stack, &answer.string("access_token")).claims
    });
    for same in ["sub", "aud", "client_id", "scope", "origin", "act", "auth_time", "acr", "amr"] {
        assert_eq!(as_id_token[same], as_jwt[same], "{same}");
        assert!(!as_id_token[same].is_null(), "{same}");
    }
    let mut wrong = Vec::new();
    for (name, why, change) in WRONG {
        let token = made(stack, *change, |outsider, change| outsider.token(stack, "alice", change));
        let answer = agent.sends("/token", &named(shown(&token)));
        check(&mut wrong, name, &answer, "invalid_request");
        let why = if *why == "issuer" { "signature or shape" } else { why };
        check_why(stack, &mut wrong, name, &answer, why);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), WRONG.len(), wrong.join("\n"));
}

/// Whoever is vouched for is nobody who is known here, whatever they are called there; and what is made of it says where it
/// comes from.
#[test]
fn somebody_from_elsewhere_is_never_one_of_ours() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let person = somebody(stack);
    let first = granted(&an_agent(stack), &person, &asks_for_a_file());
    let known = verified(stack, &first.access_token).claims["sub"].as_str().expect("sub").to_owned();
    let mut seen = Vec::new();
    for name in [known.as_str(), person.user_name.as_str(), "report-agent", "external:x", "alice"] {
        let by_exchange = agent.sends("/token", &shown(&partner.token(stack, name, |_, _| {}))).ok();
        let by_grant = agent.sends("/token", &bearing(&partner.id_jag(stack, name, |_, _| {}))).ok();
        for answer in [&by_exchange, &by_grant].into_iter().filter(|_| !stack.is_deployed()) {
            let events = stack.observer().audit_of(answer);
            assert_eq!(
                (&events[0]["origin"], &events[0]["outside_name"]),
                (&json!(partner.issuer), &json!(name))
            );
        }
        let claims =
            [by_exchange, by_grant].map(|answer| verified(stack, &answer.string("access_token")).claims);
        for claims in &claims {
            let sub = claims["sub"].as_str().expect("sub");
            assert!(sub.starts_with("external:") && sub != name, "{claims}");
            assert_eq!(claims["origin"]["iss"], partner.issuer);
            // Every tool down the chain reads it.
            assert_eq!(claims["origin"]["sub"], claims["sub"], "{claims}");
            assert!(!claims.to_string().contains(&format!("{name:?}")), "{claims}");
            assert!(claims["origin"]["iat"].as_i64() <= claims["iat"].as_i64(), "{claims}");
            assert!(claims["grant_id"].is_null() && claims["groups"].is_null(), "{claims}");
            assert_eq!(claims["acr"], "phr");
            assert_eq!(claims["amr"], json!(["hwk", "user"]));
            assert!(!claims["auth_time"].is_null());
        }
        assert_eq!(claims[0]["sub"], claims[1]["sub"], "one subject has one name");
        assert_eq!(claims[0]["act"], json!({ "sub": "partner-agent" }));
        assert!(claims[1]["act"].is_null(), "{}", claims[1]);
        seen.push(claims[0]["sub"].clone());
    }
    let different: std::collections::BTreeSet<String> = seen.iter().map(Value::to_string).collect();
    assert_eq!(different.len(), seen.len());
}

/// Where the issuer knows people by their user names, the token is about that person, with what is known of them here.
#[test]
fn a_person_who_is_known_elsewhere_is_the_one_of_that_name_here() {
    let stack = Stack::shared();
    let (agent, mills) = (the_partner_s_agent(stack), the_mills_own());
    let person = somebody_with(stack, &["--group", "auditors"]);
    let first = granted(&an_agent(stack), &person, &asks_for_a_file());
    let sub = verified(stack, &first.access_token).claims["sub"].clone();
    let by_exchange = agent.sends("/token", &shown(&mills.token(stack, &person.user_name, |_, _| {}))).ok();
    let by_grant = agent.sends("/token", &bearing(&mills.id_jag(stack, &person.user_name, |_, _| {}))).ok();
    let tokens = [by_exchange, by_grant].map(|answer| answer.string("access_token"));
    let files = the_file_tool(stack);
    for token in &tokens {
        let claims = verified(stack, token).claims;
        assert_eq!(claims["sub"], sub);
        assert_eq!(claims["groups"], json!(["auditors", "testers"]));
        assert_eq!(claims["origin"]["iss"], mills.issuer);
        assert!(claims["origin"]["sub"].as_str().is_some_and(|sub| sub.starts_with("external:")), "{claims}");
        let seen = files.finds_active(token);
        assert_eq!(seen["username"], person.user_name.as_str());
        assert_eq!(seen["origin"], claims["origin"]);
    }
    stack.operator().does(&["user", "disable", &person.user_name]);
    for token in &tokens {
        files.finds_inactive(token);
    }
    // Nobody has this name, written so, and a `sub` is no user name.
    let capital = somebody(stack).user_name.to_uppercase();
    for name in ["nobody-of-that-name", sub.as_str().expect("sub"), &capital] {
        agent
            .sends("/token", &shown(&mills.token(stack, name, |_, _| {})))
            .is_refused(400, "invalid_request");
        agent
            .sends("/token", &bearing(&mills.id_jag(stack, name, |_, _| {})))
            .is_refused(400, "invalid_grant");
    }
}

#[test]
fn what_comes_from_elsewhere_is_passed_on_with_its_origin_and_never_lives_longer() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let token = partner.token(stack, "alice", |_, claims| claims["exp"] = json!(stack.now() + 90));
    let details = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = shown(&token).and("authorization_details", &details.to_string());
    let answer = agent.sends("/token", &form).ok();
    assert_eq!(answer.json()["authorization_details"], details);
    assert_eq!(answer.json()["scope"], "files.access files.read");
    let claims = verified(stack, &answer.string("access_token")).claims;
    assert!(claims["exp"].as_i64() <= Some(stack.now() + 90), "{claims}");
    let next = the_file_tool(stack).exchanges(&answer.string("access_token"), BANK).ok();
    let next = next.string("access_token");
    let said = verified(stack, &next).claims;
    assert_eq!(said["origin"], claims["origin"]);
    assert_eq!(said["sub"], claims["sub"]);
    assert_eq!(said["acr"], "phr");
    assert_eq!(said["act"], json!({ "sub": "files-tool", "act": { "sub": "partner-agent" } }));
    the_bank(stack).finds_active(&next);
    agent.revokes(&answer.string("access_token"));
    the_bank(stack).finds_inactive(&next);
}

/// Without an authorization above it, a refresh token by exchange is its own root, and says so.
#[test]
fn a_child_of_somebody_from_elsewhere_is_its_own_root() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let form = shown(&partner.token(stack, "alice", |_, _| {})).and("requested_token_type", REFRESH_TOKEN);
    let answer = agent.sends("/token", &form).ok();
    assert_eq!(answer.json()["scope"], "files.read", "no policy lets the other go on");
    let lives = answer.json()["expires_in"].as_i64();
    assert!(Some(28_000) < lives && lives <= Some(28_800), "as long as the trust says: {}", answer.text());
    let renewed = agent.refreshes(&answer.string("access_token")).ok();
    let claims = verified(stack, &renewed.string("access_token")).claims;
    assert_eq!(claims["own_root"], true);
    assert!(claims["grant_id"].is_null());
    let seen = the_file_tool(stack).finds_active(&renewed.string("access_token"));
    let of_refresh = agent.finds_active(&renewed.string("refresh_token"));
    for said in [&seen, &of_refresh] {
        assert_eq!(said["own_root"], true);
        assert_eq!(said["origin"], claims["origin"]);
        assert_eq!(said["child_grant_ids"], claims["child_grant_ids"]);
    }
    agent.revokes(&renewed.string("refresh_token"));
    the_file_tool(stack).finds_inactive(&renewed.string("access_token"));
    agent.refreshes(&renewed.string("refresh_token")).is_refused(400, "invalid_grant");
}

/// Minutes become days only where the trust says so, and for the client alone that it speaks of. The draft on ID-JAGs, section 4.4.3:
/// who comes by one comes again by the next.
#[test]
fn whom_another_issuer_vouches_for_is_renewed_where_the_trust_says_so_alone() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let known = the_mills_own().token(stack, &somebody(stack).user_name, |_, _| {});
    let asks = |token: &str| shown(token).and("requested_token_type", REFRESH_TOKEN);
    agent.sends("/token", &shown(&known)).ok();
    agent.sends("/token", &asks(&known)).is_refused(400, "invalid_request");
    agent.sends("/token", &asks(&partner.token(stack, "alice", |_, _| {}))).ok();
    for form in [
        shown(&partner.token(stack, "alice", |_, _| {})),
        bearing(&partner.id_jag(stack, "alice", |_, _| {})),
    ] {
        let token = agent.sends("/token", &form).ok().string("access_token");
        the_file_tool(stack).exchanges(&token, BANK).ok();
        let form = an_exchange(&token, BANK).and("requested_token_type", REFRESH_TOKEN);
        the_file_tool(stack).sends("/token", &form).is_refused(400, "invalid_request");
    }
}

/// draft-ietf-oauth-identity-assertion-authz-grant, section 4.4.3.
#[test]
fn an_id_jag_yields_an_access_token_for_what_it_names_and_no_refresh_token() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    let details = json!([the_file("Q4-report.pdf", &["read"])]);
    let jti = crate::assertion::unguessable();
    let assertion = partner.id_jag(stack, "alice", |_, claims| {
        claims["jti"] = json!(jti);
        claims["scope"] = json!("files.read files.access files.evil");
        claims["authorization_details"] = details.clone();
        claims["aud"] = json!([stack.issuer]);
    });
    let answer = agent.sends("/token", &bearing(&assertion)).ok();
    let said = answer.json();
    assert_eq!(said["token_type"], "Bearer");
    assert_eq!(said["scope"], "files.access files.read");
    assert_eq!(said["authorization_details"], details);
    assert!(said["refresh_token"].is_null() && said["issued_token_type"].is_null(), "{said}");
    let claims = verified(stack, said["access_token"].as_str().expect("a token")).claims;
    assert_eq!(claims["aud"], FILES);
    assert_eq!(claims["client_id"], "partner-agent");
    if !stack.is_deployed() {
        // The one thing that says, on either side, which assertion it was.
        let events = stack.observer().audit_of(&answer);
        let spent_as = digest(&SHA256, format!("\0id-jag\0{}\0{jti}", partner.issuer).as_bytes());
        assert_eq!(events[0]["assertion"], crate::assertion::encode(spent_as.as_ref()), "{events:?}");
    }
    the_file_tool(stack).finds_active(said["access_token"].as_str().expect("a token"));
}

/// RFC 7523, section 3: of a crowd that brings the same one, one gets a token. Another one of the same `jti` is none.
#[test]
fn an_id_jag_is_good_once() {
    let stack = Stack::shared();
    let (agent, partner) = (the_partner_s_agent(stack), the_partner());
    // No earlier run of this test has spent it.
    let only = format!("the only one, {}", stack.now());
    let assertion = partner.id_jag(stack, "alice", |_, claims| claims["jti"] = json!(only));
    // A request that asks for too much spends nothing.
    agent.sends("/token", &bearing(&assertion).and("scope", "bank.pay")).is_refused(400, "invalid_scope");
    let statuses = at_once(|_| agent.sends("/token", &bearing(&assertion)).status);
    let granted = statuses.iter().filter(|status| **status == 200).count();
    let refused = statuses.iter().filter(|status| **status == 400).count();
    assert_eq!((granted, refused), (1, CROWD - 1), "{statuses:?}");
    let again = partner.id_jag(stack, "bob", |_, claims| claims["jti"] = json!(only));
    agent.sends("/token", &bearing(&again)).is_refused(400, "invalid_grant");
    // Another issuer chooses for itself.
    let person = somebody(stack);
    let of_another =
        the_mills_own().id_jag(stack, &person.user_name, |_, claims| claims["jti"] = json!(only));
    agent.sends("/token", &bearing(&of_another)).ok();
}
