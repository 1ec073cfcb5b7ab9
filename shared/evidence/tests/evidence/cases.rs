//! Every file that both verifiers are asked about, with the word for what is wrong with it.

use evidence::{EvidenceFile, Head};
use serde_json::{Value, json};

use crate::forgery::{bytes, forged, hashed, included as within, linked, parts};
use crate::world::{self, Authenticator, ISSUER, Signer, at, claims, included, young};

/// A file, what else a verifier is given, and what it has to say.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) file: Vec<u8>,
    pub(crate) anchor: Option<String>,
    pub(crate) token: Option<String>,
    /// `anchored`, `self_consistent`, or the word for what is wrong; `refused` where any will do; `no anchor` where that is none.
    pub(crate) expected: &'static str,
}

fn case(name: impl Into<String>, file: Vec<u8>, anchor: Option<&str>, expected: &'static str) -> Case {
    Case { name: name.into(), file, anchor: anchor.map(str::to_owned), token: None, expected }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = sound();
    cases.extend(forgeries());
    cases.extend(checkpoints());
    cases.extend(tokens());
    cases.extend(anchors());
    cases.extend(changed_fields());
    cases.extend(unsigned_changes());
    cases.extend(changed_bits());
    cases
}

fn sound() -> Vec<Case> {
    let (authenticator, rsa, server) = (Authenticator::new(), Authenticator::rsa(), Signer::of_a_server());
    let key = server.jwk();
    let other = Signer::of_a_server().jwk();
    let set = format!("{{\"keys\":[{other},{key}]}}");
    let mut cases = vec![
        case("anchored", included(&authenticator, &server, 6).to_bytes(), Some(&key), "anchored"),
        case("an RSA passkey", included(&rsa, &server, 6).to_bytes(), Some(&key), "anchored"),
        case("a key set", included(&authenticator, &server, 6).to_bytes(), Some(&set), "anchored"),
        case("no anchor", included(&authenticator, &server, 6).to_bytes(), None, "self_consistent"),
        case("younger than any checkpoint", young(&authenticator).to_bytes(), Some(&key), "self_consistent"),
    ];
    for people in 0..12 {
        let file = included(&authenticator, &server, people).to_bytes();
        cases.push(case(format!("{people} others"), file, Some(&key), "anchored"));
    }
    cases
}

/// Everything that issue and specification name, one wrong thing at a time.
#[expect(clippy::too_many_lines, reason = "a table")]
fn forgeries() -> Vec<Case> {
    let sound = Authenticator::new();
    let by = |change: fn(&mut Authenticator)| {
        let mut authenticator = Authenticator::new();
        change(&mut authenticator);
        forged(&authenticator, |_| {})
    };
    let with = |change: fn(&mut Value)| forged(&sound, change);
    let told = |member: &'static str, value: Value| {
        let mut authenticator = Authenticator::new();
        authenticator.client_data[member] = value;
        forged(&authenticator, |_| {})
    };
    let after = |change: fn(&mut Value)| {
        let mut file = hashed(parts(&sound));
        change(&mut file);
        file
    };
    let other_person = json!(oauth::PersonId::from_random([9; 16]));
    let table: Vec<(&'static str, &'static str, Value)> = vec![
        (
            "person",
            "a passkey of somebody else",
            forged(&sound, |parts| parts["enrolment"]["person"] = other_person),
        ),
        (
            "enrolled_later",
            "a passkey from afterwards",
            with(|parts| parts["enrolment"]["enrolled_at"] = json!(at(1))),
        ),
        ("credential", "another passkey", with(|parts| parts["enrolment"]["credential"] = json!("AAAA"))),
        ("client_data", "no client data", with(|parts| parts["assertion"]["client_data"] = json!("AAAA"))),
        (
            "client_data",
            "twice a member that nobody reads",
            by(|authenticator| authenticator.members = r#","x":1,"x":2"#),
        ),
        ("ceremony", "a registration", told("type", json!("webauthn.create"))),
        ("challenge", "a challenge of another request", told("challenge", json!("A".repeat(43)))),
        (
            "challenge",
            "another amount",
            with(|parts| parts["displayed"]["details"][0]["detail"]["amount"] = json!(9999)),
        ),
        (
            "challenge",
            "another word",
            with(|parts| parts["displayed"]["details"][0]["sentence"][0] = json!({ "words": "Get " })),
        ),
        ("challenge", "another language", with(|parts| parts["displayed"]["language"] = json!("de"))),
        ("origin", "another page", told("origin", json!("https://evil.example"))),
        ("frame", "a frame", told("crossOrigin", json!(true))),
        ("frame", "a page in a frame", told("topOrigin", json!("https://evil.example"))),
        (
            "authenticator_data",
            "too little",
            with(|parts| parts["assertion"]["authenticator_data"] = json!("AAAA")),
        ),
        (
            "relying_party",
            "another domain",
            by(|authenticator| "evil.example".clone_into(&mut authenticator.domain)),
        ),
        ("domain", "a page of another domain", {
            let mut authenticator = Authenticator::new();
            authenticator.client_data["origin"] = json!("https://notauth.example.com");
            forged(&authenticator, |parts| {
                parts["enrolment"]["origin"] = json!("https://notauth.example.com");
            })
        }),
        ("presence", "nobody there", by(|authenticator| authenticator.flags = 0x04)),
        ("verification", "nobody verified", by(|authenticator| authenticator.flags = 0x01)),
        (
            "signature",
            "another key",
            forged(&sound, |parts| parts["enrolment"]["key"] = json!(Authenticator::new().enrolled().key)),
        ),
        ("granted_client", "another client", with(|parts| parts["granted"]["client"] = json!("other-agent"))),
        (
            "granted_resources",
            "another tool",
            with(|parts| parts["granted"]["resources"] = json!(["https://other.example/"])),
        ),
        (
            "granted_scope",
            "a scope that was not ticked",
            with(|parts| parts["granted"]["scope"] = json!("payments profile")),
        ),
        (
            "granted_details",
            "a detail that was not ticked",
            with(|parts| {
                parts["granted"]["details"] = json!([parts["displayed"]["details"][2]["detail"]]);
            }),
        ),
        (
            "granted_details",
            "a larger amount",
            with(|parts| parts["granted"]["details"][0]["amount"] = json!(1250.51)),
        ),
        (
            "granted_details",
            "one payment twice",
            with(|parts| parts["granted"]["details"][1] = parts["granted"]["details"][0].clone()),
        ),
        ("time", "before it was displayed", with(|parts| parts["granted"]["approved_at"] = json!(at(-1)))),
        ("time", "after its end", with(|parts| parts["granted"]["approved_at"] = json!(at(271)))),
        (
            "entry",
            "another approval in the chain",
            linked(after(|file| file["entry"]["approval"] = json!("A".repeat(22)))),
        ),
        ("entry", "no place in the chain", linked(after(|file| file["entry"]["number"] = json!(0)))),
        ("entry", "another rest", linked(after(|file| file["entry"]["rest"] = json!("A".repeat(43))))),
        ("chain", "another place in the chain", after(|file| file["entry"]["number"] = json!(2))),
        ("chain", "another chain", after(|file| file["previous"] = json!("A".repeat(43)))),
        ("format", "something more", after(|file| file["note"] = json!("trust me"))),
        ("format", "something more within", with(|parts| parts["enrolment"]["note"] = json!("trust me"))),
        (
            "format",
            "something less",
            after(|file| {
                file.as_object_mut().expect("an object").shift_remove("inclusion");
            }),
        ),
        ("format", "another format", after(|file| file["format"] = json!("countersign-evidence/2"))),
        (
            "format",
            "another format within",
            with(|parts| parts["displayed"]["format"] = json!("countersign-displayed/2")),
        ),
        (
            "format",
            "a choice that there is not",
            with(|parts| parts["displayed"]["scopes"][2]["choice"] = json!("maybe")),
        ),
    ];
    let mut cases: Vec<Case> =
        table.into_iter().map(|(expected, name, file)| case(name, bytes(&file), None, expected)).collect();
    let file = bytes(&forged(&sound, |_| {}));
    let text = String::from_utf8(file.clone()).expect("text");
    let spoilt = [
        ("a space", text.replacen("\":", "\": ", 1)),
        ("a line's end", format!("{text}\n")),
        ("a letter written otherwise", text.replacen("Alice", "\\u0041lice", 1)),
        ("a number written otherwise", text.replacen("1250.5", "1250.50", 1)),
        ("a member twice", text.replacen('{', "{\"inclusion\":null,", 1)),
        (
            "another order",
            text.replacen("\"format\":\"countersign-evidence/1\",", "", 1).replacen(
                '{',
                "{\"format\":\"countersign-evidence/1\",",
                1,
            ),
        ),
        ("half of it", text[..text.len() / 2].to_owned()),
        ("nothing", String::new()),
        ("no object", "7".to_owned()),
    ];
    cases.extend(spoilt.map(|(name, text)| case(name, text.into_bytes(), None, "format")));
    cases.push(case("bytes", vec![0xff; 40], None, "format"));
    cases
}

const CHECKPOINT: &str = "countersign-checkpoint+jws";

fn checkpoints() -> Vec<Case> {
    let (authenticator, server) = (Authenticator::new(), Signer::of_a_server());
    let (key, other) = (server.jwk(), Signer::of_a_server().jwk());
    let file = || forged(&authenticator, |_| {});
    let says = |member: &str, value: Value| {
        let mut claims = json!({ "issuer": ISSUER, "number": 1, "previous": null, "at": at(60) });
        claims[member] = value;
        claims
    };
    let sound = says("number", json!(1));
    let mut moved = within(file(), &server, CHECKPOINT, &sound);
    moved["inclusion"]["path"]["leaf"] =
        json!(moved["inclusion"]["path"]["leaf"].as_u64().expect("a leaf") ^ 1);
    let mut longer = within(file(), &server, CHECKPOINT, &sound);
    longer["inclusion"]["path"]["hashes"].as_array_mut().expect("hashes").push(json!("A".repeat(43)));
    let mut later = within(file(), &server, CHECKPOINT, &sound);
    later["inclusion"]["links"] = json!(["A".repeat(43)]);
    let table = [
        ("anchored", "as it should be", within(file(), &server, CHECKPOINT, &sound), &key),
        ("checkpoint_signature", "another server's key", within(file(), &server, CHECKPOINT, &sound), &other),
        (
            "other_checkpoint",
            "another server",
            within(file(), &server, CHECKPOINT, &says("issuer", json!("https://evil.example"))),
            &key,
        ),
        (
            "other_checkpoint",
            "older than the approval",
            within(file(), &server, CHECKPOINT, &says("at", json!(at(11)))),
            &key,
        ),
        (
            "inclusion",
            "another root",
            within(file(), &server, CHECKPOINT, &says("root", json!("A".repeat(43)))),
            &key,
        ),
        ("inclusion", "a larger tree", within(file(), &server, CHECKPOINT, &says("size", json!(70))), &key),
        ("inclusion", "an empty tree", within(file(), &server, CHECKPOINT, &says("size", json!(0))), &key),
        ("inclusion", "another leaf", moved, &key),
        ("inclusion", "a longer way", longer, &key),
        ("inclusion", "an entry that is not there", later, &key),
        ("format", "a token in its place", within(file(), &server, "at+jwt", &sound), &key),
        (
            "format",
            "something more in it",
            within(file(), &server, CHECKPOINT, &says("note", json!(1))),
            &key,
        ),
    ];
    table
        .into_iter()
        .map(|(expected, name, file, key)| case(name, bytes(&file), Some(key), expected))
        .collect()
}

/// The claims of the sound token, with one that says something else.
fn says(pointer: &str, value: Value) -> Value {
    let mut claims = claims();
    match claims.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => claims[&pointer[1..]] = value,
    }
    claims
}

fn tokens() -> Vec<Case> {
    let (authenticator, server, other) = (Authenticator::new(), Signer::of_a_server(), Signer::of_a_server());
    let file = included(&authenticator, &server, 6).to_bytes();
    let key = server.jwk();
    let sound = claims();
    let table = [
        ("anchored", "of the approval", server.token("at+jwt", &sound)),
        (
            "anchored",
            "with one action",
            server.token("at+jwt", &says("/authorization_details/1/actions", json!(["read"]))),
        ),
        (
            "anchored",
            "with one detail",
            server
                .token("at+jwt", &says("/authorization_details", json!([sound["authorization_details"][1]]))),
        ),
        ("anchored", "for the server itself", server.token("at+jwt", &says("/aud", json!(ISSUER)))),
        (
            "token_resource",
            "for another tool",
            server.token("at+jwt", &says("/aud", json!("https://other.example/"))),
        ),
        ("token", "for several", server.token("at+jwt", &says("/aud", json!(["https://bank.example.com/"])))),
        ("token", "without an end", {
            let mut claims = claims();
            claims.as_object_mut().expect("claims").shift_remove("exp");
            server.token("at+jwt", &claims)
        }),
        (
            "token_lifetime",
            "that lives a second longer",
            server.token("at+jwt", &says("/exp", json!(at(321)))),
        ),
        ("token_lifetime", "that outlives what can be renewed", {
            let mut claims = claims();
            (claims["iat"], claims["exp"]) = (json!(at(3400)), json!(at(3601)));
            server.token("at+jwt", &claims)
        }),
        ("anchored", "that is the last one", {
            let mut claims = claims();
            (claims["iat"], claims["exp"]) = (json!(at(3400)), json!(at(3600)));
            server.token("at+jwt", &claims)
        }),
        (
            "anchored",
            "with nothing in it",
            server.token("at+jwt", &says("/authorization_details", json!([]))),
        ),
        ("token", "no token", "trust me".to_owned()),
        ("token", "an ID token", server.token("JWT", &sound)),
        ("token", "without an algorithm", server.jws(&json!({ "typ": "at+jwt" }), &sound)),
        ("token_signature", "of another key", other.token("at+jwt", &sound)),
        (
            "other_token",
            "of another approval",
            server.token("at+jwt", &says("/approval", json!("A".repeat(22)))),
        ),
        ("other_token", "of another client", server.token("at+jwt", &says("/client_id", json!("bank-tool")))),
        ("other_token", "of somebody else", server.token("at+jwt", &says("/sub", json!("person-AAAA")))),
        (
            "other_token",
            "of another server",
            server.token("at+jwt", &says("/iss", json!("https://evil.example"))),
        ),
        ("token_time", "older than it", server.token("at+jwt", &says("/iat", json!(at(-60))))),
        (
            "token_scope",
            "with more scopes",
            server.token("at+jwt", &says("/scope", json!("payments profile"))),
        ),
    ];
    let with = |(expected, name, token): (&'static str, &str, String)| Case {
        token: Some(token),
        ..case(format!("a token {name}"), file.clone(), Some(&key), expected)
    };
    table
        .into_iter()
        .chain(tokens_with_other_details(&server))
        .map(with)
        .chain(tokens_of_what_nobody_renews())
        .collect()
}

/// Details that are not within what was approved.
fn tokens_with_other_details(server: &Signer) -> Vec<(&'static str, &'static str, String)> {
    let sound = claims();
    vec![
        (
            "token_details",
            "with a larger amount",
            server.token("at+jwt", &says("/authorization_details/0/amount", json!(1250.51))),
        ),
        (
            "token_details",
            "with one more account",
            server.token("at+jwt", &says("/authorization_details/1/accounts", json!(["DE01", "DE04"]))),
        ),
        (
            "token_details",
            "with all accounts",
            server.token("at+jwt", &says("/authorization_details/1/accounts", json!([]))),
        ),
        (
            "token_details",
            "with fewer exceptions",
            server.token("at+jwt", &says("/authorization_details/1/except", json!(["salaries"]))),
        ),
        (
            "token_details",
            "with a shorter list of which nobody knows what it means",
            server.token("at+jwt", &says("/authorization_details/1/accounts", json!(["DE02"]))),
        ),
        (
            "token_details",
            "with an action twice that was there once",
            server.token("at+jwt", &says("/authorization_details/1/actions", json!(["list", "list"]))),
        ),
        (
            "token_details",
            "with one payment twice",
            server.token(
                "at+jwt",
                &says("/authorization_details/1", sound["authorization_details"][0].clone()),
            ),
        ),
        ("token_details", "with two parts of one detail", {
            let mut claims = claims();
            claims["authorization_details"][1]["actions"] = json!(["list"]);
            claims["authorization_details"][0] = claims["authorization_details"][1].clone();
            claims["authorization_details"][0]["actions"] = json!(["read"]);
            server.token("at+jwt", &claims)
        }),
        ("token_details", "without a member", {
            let mut claims = claims();
            claims["authorization_details"][1].as_object_mut().expect("a detail").shift_remove("days");
            server.token("at+jwt", &claims)
        }),
        (
            "token_details",
            "with a detail that was not ticked",
            server.token(
                "at+jwt",
                &says(
                    "/authorization_details",
                    json!([{ "type": "statement", "accounts": ["DE03"], "days": 1e21 }]),
                ),
            ),
        ),
    ]
}

/// Where nothing was to be renewed, the last token is had while the request waits, or by a code, which lives a minute.
fn tokens_of_what_nobody_renews() -> Vec<Case> {
    let server = Signer::of_a_server();
    let key = server.jwk();
    let mut shown = world::shown();
    shown.access.renewable_until = None;
    let evidence =
        world::approve(&Authenticator::new(), &shown, &Head::start(world::alice())).expect("evidence");
    let file = EvidenceFile::new(evidence, None).to_bytes();
    let from_to = |iat, exp| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(at(iat)), json!(at(exp)));
        server.token("at+jwt", &claims)
    };
    let table = [
        ("self_consistent", "the last one", from_to(330, 630)),
        ("token_lifetime", "one that was had later", from_to(331, 631)),
        ("token_lifetime", "one that was renewed", from_to(1200, 1500)),
    ];
    let with = |(expected, name, token): (&'static str, &str, String)| Case {
        token: Some(token),
        ..case(format!("of what nobody renews, {name}"), file.clone(), Some(&key), expected)
    };
    table.into_iter().map(with).collect()
}

/// Keys of an anchor that cannot be used verify nothing, and keep no other from it.
fn anchors() -> Vec<Case> {
    let (authenticator, server) = (Authenticator::new(), Signer::of_a_server());
    let key: Value = serde_json::from_str(&server.jwk()).expect("JSON");
    let off_the_curve = json!({ "kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "A".repeat(43) });
    let table = [
        ("a point that is on no curve", off_the_curve.clone()),
        ("a point that is too short", json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" })),
        ("a point without its half", json!({ "kty": "EC", "crv": "P-256", "x": key["x"] })),
        ("a point that is no base64url", json!({ "kty": "EC", "crv": "P-256", "x": "=", "y": 7 })),
        ("a small RSA key", json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })),
        ("an RSA key without exponent", json!({ "kty": "RSA", "n": "AQAB" })),
        ("a key of no exponent", json!({ "kty": "RSA", "n": "_".repeat(342), "e": "" })),
        ("another curve", json!({ "kty": "EC", "crv": "P-384", "x": "AAAA", "y": "AAAA" })),
        ("another kind", json!({ "kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43) })),
        ("P-256 of another kind", json!({ "kty": "OKP", "crv": "P-256", "x": "AAAA", "y": "AAAA" })),
        ("no key at all", json!(7)),
        ("a word", json!("d")),
    ];
    let mut cases: Vec<Case> = table
        .into_iter()
        .map(|(name, unusable)| {
            let set = json!({ "keys": [unusable, key] }).to_string();
            let file = included(&authenticator, &server, 6).to_bytes();
            case(format!("an anchor with {name}"), file, Some(&set), "anchored")
        })
        .collect();
    let file = included(&authenticator, &server, 6).to_bytes();
    let alone = off_the_curve.to_string();
    cases.push(case(
        "an anchor of nothing but such a point",
        file.clone(),
        Some(&alone),
        "checkpoint_signature",
    ));
    for (name, anchor) in [
        ("without keys", json!({ "keys": [] }).to_string()),
        ("without any of a kind that signs", json!({ "keys": [{ "kty": "RSA" }, 7] }).to_string()),
        ("with a member twice", format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#)),
        ("with a private key", json!({ "keys": [{ "kty": "OKP", "d": "AAAA" }, key] }).to_string()),
        ("that is none", "7".to_owned()),
    ] {
        cases.push(case(format!("an anchor {name}"), file.clone(), Some(&anchor), "no anchor"));
    }
    cases
}

/// Every value of a file changed in turn, and every member taken away.
fn changed_fields() -> Vec<Case> {
    let (authenticator, server) = (Authenticator::new(), Signer::of_a_server());
    let key = server.jwk();
    let file = included(&authenticator, &server, 6).to_bytes();
    let file: Value = serde_json::from_slice(&file).expect("JSON");
    let mut pointers = Vec::new();
    collect("", &file, &mut pointers);
    assert!(pointers.len() > 100, "there are fields");
    let changed = |pointer: &String| {
        let mut changed = file.clone();
        let place = changed.pointer_mut(pointer).expect("it is there");
        *place = another(place);
        case(format!("another {pointer}"), bytes(&changed), Some(&key), "refused")
    };
    let removed = |pointer: &String| {
        let mut changed = file.clone();
        let (above, name) = pointer.rsplit_once('/').expect("a pointer");
        match changed.pointer_mut(above).expect("it is there") {
            Value::Object(members) => drop(members.shift_remove(name)),
            Value::Array(elements) => drop(elements.remove(name.parse().expect("a place"))),
            _ => unreachable!("it has members"),
        }
        case(format!("no {pointer}"), bytes(&changed), Some(&key), "refused")
    };
    pointers.iter().flat_map(|pointer| [changed(pointer), removed(pointer)]).collect()
}

fn collect(at: &str, value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            into.push(format!("{at}/{name}"));
            collect(&format!("{at}/{name}"), value, into);
        }),
        Value::Array(elements) => elements.iter().enumerate().for_each(|(place, value)| {
            into.push(format!("{at}/{place}"));
            collect(&format!("{at}/{place}"), value, into);
        }),
        _ => {}
    }
}

fn another(value: &Value) -> Value {
    match value {
        Value::Null => json!("x"),
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) if number.is_f64() => json!(1.25),
        Value::Number(number) => json!(number.as_i64().expect("a number") + 1),
        // The first letter: the last one of base64url may hold bits that are not read.
        Value::String(text) => {
            let rest: String = text.chars().skip(1).collect();
            json!(format!("{}{rest}", if text.starts_with('e') { 'f' } else { 'e' }))
        }
        Value::Array(elements) => json!([elements.as_slice(), elements.as_slice()].concat()),
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("more".to_owned(), json!(1));
            Value::Object(more)
        }
    }
}

/// Every value of what was displayed changed in turn by somebody who hashes everything anew, and cannot sign: the hash that was signed
/// is another one. What is of no type of the format, or of another person, is refused for that.
fn unsigned_changes() -> Vec<Case> {
    let sound = parts(&Authenticator::new());
    let mut pointers = Vec::new();
    collect("", &sound["displayed"], &mut pointers);
    let changed = |pointer: &String| {
        let mut changed = sound.clone();
        let place = changed["displayed"].pointer_mut(pointer).expect("it is there");
        *place = another(place);
        let is_of_the_format = matches!(place, Value::Number(_) | Value::Bool(_));
        let is_free = [
            "name",
            "words",
            "value",
            "purpose",
            "binding_message",
            "language",
            "time_zone",
            "to",
            "currency",
        ];
        let is_free = is_free.iter().any(|name| pointer.ends_with(&format!("/{name}")));
        let expected = if is_of_the_format || is_free { "challenge" } else { "refused" };
        case(format!("hashed anew with another {pointer}"), bytes(&hashed(changed)), None, expected)
    };
    pointers.iter().map(changed).collect()
}

/// Files with one bit changed: a thousand of a file that a checkpoint holds, under its anchor, and half as many of one that none holds yet.
fn changed_bits() -> Vec<Case> {
    let (authenticator, server) = (Authenticator::new(), Signer::of_a_server());
    let key = server.jwk();
    let files: [(EvidenceFile, Option<&str>, u32); 2] = [
        (included(&authenticator, &server, 6), Some(&key), 1_000),
        (world::young(&authenticator), None, 500),
    ];
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |below: usize| {
        // Knuth's MMIX generator: the same bits each time.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).expect("31 bits") % below
    };
    let mut cases = Vec::new();
    for (file, anchor, count) in files {
        let sound = file.to_bytes();
        for _ in 0..count {
            let (place, bit) = (roll(sound.len()), roll(8));
            let mut changed = sound.clone();
            changed[place] ^= 1 << bit;
            cases.push(case(format!("bit {bit} of byte {place}"), changed, anchor, "refused"));
        }
    }
    cases
}
