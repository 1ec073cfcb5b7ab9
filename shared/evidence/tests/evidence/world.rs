//! A server, a person with a passkey, and an approval: everything that a file is made of, and everything can be wrong.

#![expect(clippy::disallowed_methods, reason = "the keys of a test are its own")]

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evidence::{
    Access, Assertion, Checkpoint, Choice, Displayed, Enrolled, EnrolledBy, Evidence, EvidenceFile, Granted,
    Head, Inclusion, Key, Kind, Nonce, Party, Person, Piece, Request, Sentence, Shown, ShownDetail,
    ShownScope, SignedCheckpoint, Tool, Tree, Why,
};
use oauth::{
    ApprovalId, AuthorizationDetail, AuthorizationDetails, ClientId, GrantId, PasskeyId, PersonId,
    ResourceUri, Sha256Digest, Timestamp,
};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair, RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A moment some seconds from [`NOW`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.as_seconds() + seconds)
}

pub(crate) fn alice() -> PersonId {
    PersonId::from_random([1; 16])
}

pub(crate) fn detail(value: &Value) -> AuthorizationDetail {
    let details = AuthorizationDetails::parse(&json!([value]).to_string()).expect("details");
    details.iter().next().expect("one").clone()
}

/// A payment and the reading of two folders; the person did not tick the third.
pub(crate) fn shown() -> Shown {
    let words = |text: &str| Piece::Words(text.to_owned());
    let value = |text: &str| Piece::Value(text.to_owned());
    let party = |id: &str, name: &str| Party {
        id: ClientId::parse(id).expect("a client"),
        name: name.to_owned(),
        is_vouched_for: true,
    };
    let detail = |detail: AuthorizationDetail, tool: &str, sentence: Sentence, choice| ShownDetail {
        detail,
        tool: tool.to_owned(),
        sentence,
        choice,
    };
    Shown {
        issuer: ISSUER.to_owned(),
        approval: ApprovalId::from_random([2; 16]),
        request: Request {
            kind: Kind::Backchannel,
            id: GrantId::from_random([3; 16]),
            version: 1,
            asked_at: at(-30),
            expires_at: at(270),
        },
        client: party("finance-agent", "Finance agent"),
        actor: Some(party("bank-tool", "Bank")),
        person: Person { sub: alice(), name: "Alice Ångström".to_owned(), user_name: "alice".to_owned() },
        tools: vec![Tool {
            resource: ResourceUri::parse("https://bank.example.com/").expect("a resource"),
            name: "Bank".to_owned(),
        }],
        scopes: vec![
            ShownScope {
                scope: "openid".to_owned(),
                sentence: Sentence::of([words("Know who you are")]),
                choice: Choice::Always,
            },
            ShownScope {
                scope: "payments".to_owned(),
                sentence: Sentence::of([words("Make payments")]),
                choice: Choice::Ticked,
            },
            ShownScope {
                scope: "profile".to_owned(),
                sentence: Sentence::of([words("See your name")]),
                choice: Choice::Unticked,
            },
        ],
        details: vec![
            detail(
                self::detail(
                    &json!({ "type": "payment", "amount": 1250.50, "currency": "EUR", "to": "Müller & Söhne" }),
                ),
                "Bank",
                Sentence::of([words("Pay "), value("1,250.50 EUR"), words(" to "), value("Müller & Söhne")]),
                Choice::Ticked,
            ),
            detail(
                self::detail(&json!({
                    "type": "statement", "accounts": ["DE01", "DE02"], "actions": ["list", "read", "read"],
                    "except": ["salaries", "donations"], "days": 90,
                })),
                "Bank",
                Sentence::of([words("Read statements of "), value("DE01, DE02")]),
                Choice::Ticked,
            ),
            detail(
                self::detail(&json!({ "type": "statement", "accounts": ["DE03"], "days": 1e21 })),
                "Bank",
                Sentence::of([words("Read statements of "), value("DE03")]),
                Choice::Unticked,
            ),
        ],
        binding_message: Some("Order 4711".to_owned()),
        purpose: Some("The invoice is due today.".to_owned()),
        number: Some(42),
        returns_to: Some("agent.example.com".to_owned()),
        access: Access { token: Duration::from_mins(5), renewable_until: Some(at(3600)) },
        is_remembered: false,
        language: "en".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        shown_at: NOW,
        nonce: Nonce::from_random([4; 16]),
    }
}

/// The key of a test.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
}

impl Signer {
    fn new(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self { key: EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key") }
    }

    /// One that signs checkpoints and tokens.
    pub(crate) fn of_a_server() -> Self {
        Self::new(&ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub(crate) fn public(&self) -> Key {
        let point = self.key.public_key().as_ref();
        Key::p256(&point[1..33], &point[33..])
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec()
    }

    pub(crate) fn jwk(&self) -> String {
        serde_json::to_string(&self.public()).expect("JSON")
    }

    /// A JWT with these claims.
    pub(crate) fn token(&self, typ: &str, claims: &Value) -> String {
        self.jws(&json!({ "alg": "ES256", "typ": typ }), claims)
    }

    /// A JWS with this header.
    pub(crate) fn jws(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(header), part(claims));
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(self.sign(input.as_bytes())))
    }
}

enum Passkey {
    P256(Box<Signer>),
    Rsa(Box<RsaKeyPair>),
}

/// A passkey, and what its authenticator and browser say. Every field may be made wrong.
pub(crate) struct Authenticator {
    passkey: Passkey,
    pub(crate) domain: String,
    pub(crate) flags: u8,
    pub(crate) client_data: Value,
    /// Further members of the client data, as text: a comma before each.
    pub(crate) members: &'static str,
}

impl Authenticator {
    pub(crate) fn new() -> Self {
        Self::with(Passkey::P256(Box::new(Signer::new(&ECDSA_P256_SHA256_ASN1_SIGNING))))
    }

    pub(crate) fn rsa() -> Self {
        let pkcs8 = include_bytes!("../../../keys/fixtures/rsa_2048.pkcs8.der");
        Self::with(Passkey::Rsa(Box::new(RsaKeyPair::from_pkcs8(pkcs8).expect("a key"))))
    }

    fn with(passkey: Passkey) -> Self {
        let client_data = json!({
            "type": "webauthn.get", "challenge": null, "origin": ISSUER, "crossOrigin": false,
        });
        Self { passkey, domain: "auth.example.com".to_owned(), flags: 0x05, client_data, members: "" }
    }

    pub(crate) fn enrolled(&self) -> Enrolled {
        let key = match &self.passkey {
            Passkey::P256(signer) => signer.public(),
            Passkey::Rsa(key) => {
                let public: ring::rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
                Key::rsa(&public.n, &public.e)
            }
        };
        Enrolled {
            person: alice(),
            credential: credential(),
            key,
            rp_id: "auth.example.com".to_owned(),
            origin: ISSUER.to_owned(),
            enrolled_at: at(-86_400),
            by: EnrolledBy::Link,
        }
    }

    /// Signs the hash of what was displayed.
    pub(crate) fn sign(&self, displayed: &Displayed) -> Assertion {
        let mut client_data = self.client_data.clone();
        if client_data["challenge"].is_null() {
            client_data["challenge"] = json!(displayed.digest().to_base64url());
        }
        let client_data = client_data.to_string();
        let known = client_data.strip_suffix('}').expect("an object");
        let client_data = format!("{known}{}}}", self.members).into_bytes();
        let domain = Sha256Digest::of(self.domain.as_bytes());
        let data = [domain.as_bytes().as_slice(), &[self.flags], &[0, 0, 0, 7]].concat();
        let signed = [data.as_slice(), Sha256Digest::of(&client_data).as_bytes()].concat();
        let signature = match &self.passkey {
            Passkey::P256(key) => key.sign(&signed),
            Passkey::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).expect("signed");
                signature
            }
        };
        Assertion {
            credential: credential(),
            authenticator_data: data.as_slice().into(),
            client_data: client_data.as_slice().into(),
            signature: signature.as_slice().into(),
        }
    }
}

pub(crate) fn credential() -> PasskeyId {
    PasskeyId::of(&[5; 16]).expect("an identifier")
}

/// Just what the person ticked.
pub(crate) fn granted(shown: &Shown) -> Granted {
    Granted {
        grant_id: shown.request.id.clone(),
        client: shown.client.id.clone(),
        resources: shown.tools.iter().map(|tool| tool.resource.clone()).collect(),
        scope: shown.approved_scope(),
        details: AuthorizationDetails::new(shown.approved_details().cloned().collect()),
        approved_at: at(12),
    }
}

/// The evidence of an approval at the end of a chain.
pub(crate) fn approve(authenticator: &Authenticator, shown: &Shown, chain: &Head) -> Result<Evidence, Why> {
    let displayed = shown.displayed().expect("it can be displayed");
    let assertion = authenticator.sign(&displayed);
    Evidence::new(displayed, assertion, authenticator.enrolled(), &granted(shown), chain)
}

/// The heads of some other people.
pub(crate) fn others(count: u8) -> Vec<Head> {
    let person = |number: u8| PersonId::from_random([number.wrapping_mul(37) ^ 0x55; 16]);
    (0..count)
        .map(|number| Head { person: person(number), number: 3, hash: Sha256Digest::of(&[number]) })
        .collect()
}

pub(crate) fn signed(server: &Signer, checkpoint: &Checkpoint) -> SignedCheckpoint {
    let input = checkpoint.signing_input("key-1");
    SignedCheckpoint::of(&input, &server.sign(input.as_bytes())).expect("a checkpoint")
}

/// A file of Alice's second approval of four, in the second checkpoint of a server, with the heads of `people` others.
pub(crate) fn included(authenticator: &Authenticator, server: &Signer, people: u8) -> EvidenceFile {
    let first = approve(authenticator, &shown(), &Head::start(alice())).expect("evidence");
    let evidence = approve(authenticator, &shown(), &first.chain()).expect("evidence");
    let third = approve(authenticator, &shown(), &evidence.chain()).expect("evidence");
    let fourth = approve(authenticator, &shown(), &third.chain()).expect("evidence");
    let before = signed(server, &Checkpoint::next(ISSUER, None, &Tree::of(vec![first.chain()]), at(20)));
    let mut heads = others(people);
    heads.push(fourth.chain());
    let tree = Tree::of(heads);
    let checkpoint = signed(server, &Checkpoint::next(ISSUER, Some(&before), &tree, at(60)));
    let links = vec![third.entry().digest(), fourth.entry().digest()];
    let inclusion = Inclusion::of(&evidence, links, &tree, checkpoint).expect("it is in there");
    EvidenceFile::new(evidence, Some(inclusion))
}

/// A file of an approval that no checkpoint holds yet.
pub(crate) fn young(authenticator: &Authenticator) -> EvidenceFile {
    EvidenceFile::new(approve(authenticator, &shown(), &Head::start(alice())).expect("evidence"), None)
}

/// The claims of the access token that the approval gave.
pub(crate) fn claims() -> Value {
    let shown = shown();
    let details: Vec<Value> = shown.approved_details().map(AuthorizationDetail::to_value).collect();
    json!({
        "iss": ISSUER, "sub": alice(), "aud": "https://bank.example.com/", "client_id": "finance-agent",
        "iat": at(20), "exp": at(320), "jti": "B".repeat(22), "approval": shown.approval,
        "scope": "payments", "authorization_details": details,
    })
}
