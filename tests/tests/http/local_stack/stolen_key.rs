//! Tokens that the server's own key has signed and that it would never have made. The same token without the fault is taken each
//! time, so that what is refused is the fault. On a deployed stack nobody has that key; what can be forged there without it is among
//! `running_stack::exchange_cases`.

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks_for_a_file, the_file_tool};
use crate::exchange::{acted_by, an_exchange, own_token_of, without_details};
use crate::outsider::{KeyServer, the_partner};
use crate::person::{granted, somebody};
use crate::server_key::{ServerKey, signed_by_the_public_key};
use crate::stack::Stack;
use crate::token::{Verified, verified};
use crate::web::{Answer, Parameters};

/// A place where an access token of ours is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// As the subject of an exchange.
    Subject,
    /// As who acts.
    Actor,
    /// At introspection, by the tool that it is for.
    Introspection,
    /// At the issuer itself.
    UserInfo,
}

const DOORS: [Door; 4] = [Door::Subject, Door::Actor, Door::Introspection, Door::UserInfo];

/// Good tokens of a stack, and its key.
struct Stolen<'s> {
    stack: &'s Stack,
    key: ServerKey,
    files: Agent<'s>,
    good: Verified,
    alone: Verified,
    for_issuer: Verified,
}

impl<'s> Stolen<'s> {
    fn from(stack: &'s Stack) -> Self {
        let (agent, person) = (an_agent(stack), somebody(stack));
        let good = granted(&agent, &person, &asks_for_a_file()).access_token;
        let for_issuer = granted(&agent, &person, &Ask::new("openid profile offline_access")).access_token;
        let alone = own_token_of(&Agent::with_basic(stack, "nightly-agent"));
        let [good, alone, for_issuer] = [good, alone, for_issuer].map(|token| verified(stack, &token));
        Self { stack, key: ServerKey::of(stack), files: the_file_tool(stack), good, alone, for_issuer }
    }

    /// The token that is good at a door, with something changed; what is null then is not there.
    fn token(&self, door: Door, change: Change) -> String {
        let good = match door {
            Door::Subject | Door::Introspection => &self.good,
            Door::Actor => &self.alone,
            Door::UserInfo => &self.for_issuer,
        };
        let (mut header, mut claims) = (good.header.clone(), good.claims.clone());
        change(self.stack, &mut header, &mut claims);
        for part in [&mut header, &mut claims] {
            part.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        }
        self.key.signed(&header, &claims)
    }

    fn shows(&self, door: Door, token: &str) -> Answer {
        match door {
            Door::Subject => self.files.exchanges(token, BANK),
            Door::Actor => {
                let subject = self.token(Door::Subject, |_, _, _| {});
                self.files.exchanges_for(&subject, BANK, &acted_by(token))
            }
            Door::Introspection => self.files.sends("/introspect", &Parameters::of([("token", token)])),
            Door::UserInfo => self.stack.userinfo(token),
        }
    }

    fn is_taken(&self, door: Door, token: &str) -> bool {
        let answer = self.shows(door, token);
        answer.status == 200 && (door != Door::Introspection || answer.json()["active"] == true)
    }

    /// What is wrong with how a door refuses it, if anything is. At the token endpoint the audit says why.
    fn misjudged(&self, door: Door, token: &str, why: &str) -> Option<String> {
        let answer = self.shows(door, token);
        let is_told = match door {
            Door::Subject | Door::Actor => {
                answer.status == 400 && answer.json()["error"] == "invalid_request"
            }
            Door::Introspection => answer.status == 200 && answer.json() == json!({ "active": false }),
            Door::UserInfo => answer.status == 401,
        };
        if !is_told || answer.text().contains("evil") {
            return Some(format!("{} {}", answer.status, answer.text()));
        }
        if !matches!(door, Door::Subject | Door::Actor) {
            return None;
        }
        let events = self.stack.observer().audit_of(&answer);
        let said = events.last().map(|event| (event["reason"].clone(), event["why"].clone()));
        let reason = if door == Door::Subject { "subject-token-invalid" } else { "actor-token-invalid" };
        (said != Some((json!(reason), json!(why)))).then(|| format!("{events:?}"))
    }
}

/// A change of a token's header or claims.
type Change = fn(&Stack, &mut Value, &mut Value);

/// RFC 8725, sections 2.1, 3.1 and 3.11; RFC 7515, section 4.1.11; RFC 9068, sections 2.2 and 4.
const WRONG: &[(&str, &str, Change)] = &[
    ("alg none, and the signature", SHAPE, |_, header, _| header["alg"] = json!("none")),
    ("alg HS256, and the signature", SHAPE, |_, header, _| header["alg"] = json!("HS256")),
    ("alg RS256 for a key of the other kind", SHAPE, |_, header, _| header["alg"] = json!("RS256")),
    ("alg PS256", SHAPE, |_, header, _| header["alg"] = json!("PS256")),
    ("alg ES384", SHAPE, |_, header, _| header["alg"] = json!("ES384")),
    ("alg in small letters", SHAPE, |_, header, _| header["alg"] = json!("es256")),
    ("no alg", SHAPE, |_, header, _| header["alg"] = json!(null)),
    ("no kid", SHAPE, |_, header, _| header["kid"] = json!(null)),
    ("another kid", SHAPE, |_, header, _| header["kid"] = json!("p256")),
    ("a kid that is a path", SHAPE, |_, header, _| header["kid"] = json!("../../evil")),
    ("a kid that is a list", SHAPE, |_, header, _| header["kid"] = json!([header["kid"]])),
    ("the kid of the other key", SHAPE, |stack, header, _| {
        let keys = stack.get("/jwks.json").ok().json();
        let keys = keys["keys"].as_array().expect("keys");
        header["kid"] = keys.iter().find(|key| key["alg"] == "RS256").expect("an RSA key")["kid"].clone();
    }),
    ("critical extensions", SHAPE, |_, header, _| header["crit"] = json!(["evil"])),
    ("critical extensions that everybody knows", SHAPE, |_, header, _| header["crit"] = json!(["exp"])),
    ("no critical extensions in a list", SHAPE, |_, header, _| header["crit"] = json!([])),
    ("no typ", SHAPE, |_, header, _| header["typ"] = json!(null)),
    ("the typ of an ID token", SHAPE, |_, header, _| header["typ"] = json!("JWT")),
    ("the typ of an ID-JAG", SHAPE, |_, header, _| header["typ"] = json!("oauth-id-jag+jwt")),
    ("the typ of a logout token", SHAPE, |_, header, _| header["typ"] = json!("logout+jwt")),
    ("another typ", SHAPE, |_, header, _| header["typ"] = json!("at+jwt;evil")),
    ("another issuer", SHAPE, |_, _, claims| claims["iss"] = json!("https://evil.test")),
    ("the issuer with a slash", SHAPE, |stack, _, claims| claims["iss"] = json!(stack.url("/"))),
    ("the issuer in a list", SHAPE, |stack, _, claims| claims["iss"] = json!([stack.issuer])),
    ("no issuer", SHAPE, |_, _, claims| claims["iss"] = json!(null)),
    ("not valid yet", "from the future", |stack, _, claims| claims["iat"] = json!(stack.now() + 120)),
    ("expired", "expired", |stack, _, claims| claims["exp"] = json!(stack.now())),
    ("no end", SHAPE, |_, _, claims| claims["exp"] = json!(null)),
    ("an end that is no moment", SHAPE, |_, _, claims| claims["exp"] = json!("4000000000")),
    ("made at no time", SHAPE, |_, _, claims| claims["iat"] = json!(null)),
    ("no subject", SHAPE, |_, _, claims| claims["sub"] = json!(null)),
    ("a subject that is no text", SHAPE, |_, _, claims| claims["sub"] = json!(["evil"])),
    ("no audience", SHAPE, |_, _, claims| claims["aud"] = json!(null)),
    ("several audiences", SHAPE, |_, _, claims| claims["aud"] = json!([claims["aud"], "https://evil.test"])),
    ("no client", SHAPE, |_, _, claims| claims["client_id"] = json!(null)),
    ("no jti", SHAPE, |_, _, claims| claims["jti"] = json!(null)),
    ("a scope that is a list", SHAPE, |_, _, claims| claims["scope"] = json!(["files.read"])),
    ("details that are none", SHAPE, |_, _, claims| claims["authorization_details"] = json!("evil")),
    ("a chain that nobody could have made", SHAPE, |_, _, claims| {
        claims["act"] = (0..9).fold(json!({ "sub": "evil" }), |act, _| json!({ "sub": "evil", "act": act }));
    }),
];

/// The audit has one word for all that is wrong before the claims count.
const SHAPE: &str = "signature or shape";

#[test]
fn a_token_by_the_server_s_own_key_is_refused_at_each_door_for_what_is_wrong_with_it_alone() {
    let stack = Stack::start("stolen-key", &[]);
    let stolen = Stolen::from(&stack);
    let mut wrong = Vec::new();
    for door in DOORS {
        let unchanged = stolen.token(door, |_, _, _| {});
        assert!(stolen.is_taken(door, &unchanged), "{door:?}: {}", stolen.shows(door, &unchanged).text());
        // What may be there is no fault: that something was changed at all is not what is refused.
        let with_more = stolen.token(door, |_, header, claims| {
            header["cty"] = json!("none");
            claims["unknown"] = json!("evil");
        });
        assert!(stolen.is_taken(door, &with_more), "{door:?}: {}", stolen.shows(door, &with_more).text());
        for (name, why, change) in WRONG {
            let token = stolen.token(door, *change);
            wrong.extend(stolen.misjudged(door, &token, why).map(|how| format!("{door:?}, {name}: {how}")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), WRONG.len() * DOORS.len(), wrong.join("\n"));
}

/// A member that comes twice could be read in two ways (RFC 7515, section 4).
#[test]
fn a_header_that_says_something_twice_is_not_read() {
    let stack = Stack::start("stolen-key-twice", &[]);
    let stolen = Stolen::from(&stack);
    let pair = |name: &str, first: &str| {
        let header = stolen.good.header.to_string().replacen('{', &format!("{{\"{name}\":\"{first}\","), 1);
        stolen.key.signed_raw(&header, &stolen.good.claims.to_string())
    };
    assert!(stolen.is_taken(Door::Subject, &pair("cty", "evil")), "a member more is none twice");
    for (name, first) in [("alg", "none"), ("alg", "ES256"), ("kid", "evil"), ("typ", "JWT")] {
        let token = pair(name, first);
        assert_eq!(stolen.misjudged(Door::Subject, &token, SHAPE), None, "{name} {first}");
        assert_eq!(stolen.misjudged(Door::Introspection, &token, SHAPE), None, "{name} {first}");
    }
}

/// Signed well, and about somebody or something else than what it goes back to: the table knows.
#[test]
fn a_token_by_the_server_s_own_key_that_goes_back_to_nothing_is_refused() {
    let stack = Stack::start("stolen-key-of-nobody", &[]);
    let stolen = Stolen::from(&stack);
    let other = granted(&an_agent(&stack), &somebody(&stack), &asks_for_a_file()).access_token;
    let other = verified(&stack, &other).claims;
    let with = |name: &str, value: &Value| {
        let mut claims = stolen.good.claims.clone();
        claims[name] = value.clone();
        stolen.key.signed(&stolen.good.header, &claims)
    };
    for (name, value, why) in [
        ("sub", other["sub"].clone(), "ended"),
        ("grant_id", other["grant_id"].clone(), "ended"),
        ("client_id", json!("delegating-agent"), "ended"),
        ("grant_id", json!("AAAAAAAAAAAAAAAAAAAAAA"), "ended"),
        ("aud", json!(BANK), "audience"),
        ("aud", json!(stack.issuer), "audience"),
    ] {
        let token = with(name, &value);
        assert_eq!(stolen.misjudged(Door::Subject, &token, why), None, "{name} {value}");
        stolen.files.finds_inactive(&token);
    }
    assert!(
        stolen.is_taken(Door::Subject, &with("jti", &json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        "it is as good as any"
    );
}

/// RFC 8725, section 3.10: nobody looks where a token says that its key were. The same key would be found there.
#[test]
fn a_token_does_not_choose_who_vouches_for_it() {
    let stack = Stack::start("stolen-key-elsewhere", &[]);
    let stolen = Stolen::from(&stack);
    let kid = stolen.good.header["kid"].as_str().expect("text").to_owned();
    let (server, partner) = (KeyServer::start(&kid), the_partner());
    for name in ["jku", "x5u"] {
        for kid in [kid.as_str(), "partner-1"] {
            server.hands_out(kid);
            let mut header = stolen.good.header.clone();
            header["kid"] = json!(kid);
            header[name] = json!(server.address);
            let token = partner.signed(&header, &stolen.good.claims);
            for door in [Door::Subject, Door::Introspection] {
                assert_eq!(stolen.misjudged(door, &token, SHAPE), None, "{name} {kid} {door:?}");
            }
            // With the server's own signature it is only a header too many.
            header["kid"] = stolen.good.header["kid"].clone();
            assert!(
                stolen.is_taken(Door::Subject, &stolen.key.signed(&header, &stolen.good.claims)),
                "{name}"
            );
        }
    }
    assert_eq!(server.times_asked(), 0);
    for token in signed_by_the_public_key(&stack, &stolen.good.header, &stolen.good.claims) {
        for door in [Door::Subject, Door::Introspection] {
            assert_eq!(stolen.misjudged(door, &token, SHAPE), None, "an HMAC at {door:?}");
        }
    }
    let form = an_exchange(&stolen.token(Door::Subject, |_, _, _| {}), FILES);
    stolen.files.sends("/token", &form.joined(&without_details())).ok();
}
