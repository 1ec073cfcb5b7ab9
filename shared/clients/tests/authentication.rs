//! Client authentication as clients and attackers try it, with real signatures.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clients::{
    AcceptedAudiences, AuthenticatedClient, Credentials, JWT_BEARER, LONGEST_JTI, Presented, Proof,
    Registered, authenticate, new_secret,
};
use oauth::configuration::{Authentication, Brand, Client, Lifetimes, Limits, Server, SigningAlgorithm};
use oauth::{
    AuthorizationDetails, ClientId, ClientRejection, HashedSecret, Parameters, Refusal, Scope, Timestamp,
};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://auth.example/prod";

/// A client with a key of its own.
struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    #[expect(clippy::disallowed_methods, reason = "the clients' side has dice of its own")]
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
            .expect("a key");
        Self { key, random }
    }

    fn jwks(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)
        }]})
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(&self.random, input.as_bytes()).expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What `keys` does, for ES256 alone.
fn is_signed(token: &str, algorithm: &str, jwks: &Value) -> bool {
    let (input, signature) = token.rsplit_once('.').expect("a token");
    let coordinate =
        |name: &str| URL_SAFE_NO_PAD.decode(jwks["keys"][0][name].as_str().expect("text")).expect("base64");
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    algorithm == "ES256"
        && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(input.as_bytes(), &signature)
            .is_ok()
}

fn registered(authentication: Authentication, credentials: Credentials) -> Registered {
    let client = Client {
        backchannel: None,
        id: ClientId::parse("agent").expect("a name"),
        name: "Agent".to_owned(),
        authentication,
        redirect_uris: Vec::new(),
        grant_types: BTreeSet::new(),
        scopes: Scope::default(),
        detail_types: BTreeSet::new(),
        tools: BTreeSet::new(),
        default_tool: None,
        standing_details: AuthorizationDetails::default(),
        require_pushed_authorization_requests: false,
        requests_per_minute: None,
        remember_consent: false,
        id_token_signed_response_alg: SigningAlgorithm::Rs256,
        is_tool: None,
        may_act: None,
        actors: BTreeSet::new(),
        origin: oauth::ClientOrigin::Configured,
    };
    Registered { client: Arc::new(client), credentials }
}

fn with_keys(signer: &Signer) -> Registered {
    registered(Authentication::PrivateKeyJwt { jwks: signer.jwks() }, Credentials::default())
}

fn with_secret(authentication: Authentication, random: u8) -> Registered {
    let (_, digest) = new_secret([random; 32]);
    let secrets = vec![HashedSecret { digest, expires_at: None }];
    registered(authentication, Credentials { secrets, disabled: false })
}

fn basic(random: u8) -> Presented {
    let (secret, _) = new_secret([random; 32]);
    let header = format!("Basic {}", STANDARD.encode(format!("agent:{}", secret.expose())));
    Presented::from(Some(&header), &Parameters::default()).expect("it reads")
}

fn post(random: u8) -> Presented {
    let (secret, _) = new_secret([random; 32]);
    let parameters =
        Parameters::from_pairs([("client_id", "agent"), ("client_secret", secret.expose().as_str())]);
    Presented::from(None, &parameters).expect("it reads")
}

fn bare() -> Presented {
    Presented::from(None, &Parameters::from_pairs([("client_id", "agent")])).expect("it reads")
}

fn asserted(assertion: &str) -> Presented {
    read_assertion(assertion).expect("it reads")
}

fn read_assertion(assertion: &str) -> Result<Presented, Refusal> {
    let parameters =
        Parameters::from_pairs([("client_assertion", assertion), ("client_assertion_type", JWT_BEARER)]);
    Presented::from(None, &parameters)
}

/// Authenticates at `/par`.
fn decide(presented: &Presented, registered: Option<&Registered>) -> Result<Proof, Refusal> {
    let server = Server {
        backchannel: oauth::configuration::BackchannelSettings::default(),
        devices: oauth::configuration::DeviceSettings::default(),
        sign_in: oauth::configuration::SignInSettings::default(),
        issuer: ISSUER.to_owned(),
        brand: Brand { name: "Example".to_owned(), accent: "#000000".to_owned(), logo_svg: None },
        pages: None,
        require_pushed_authorization_requests: false,
        lifetimes: Lifetimes::default(),
        limits: Limits::default(),
        exchange: oauth::configuration::ExchangeSettings::default(),
        documents: None,
        registration: None,
        outbound: oauth::configuration::OutboundSettings::default(),
        trusted_issuers: vec![],
        id_jag_targets: vec![],
    };
    let audiences = AcceptedAudiences::at(&server, "/par");
    authenticate(presented, registered, &is_signed, &audiences, Timestamp::from_seconds(NOW))
}

async fn complete(proof: Proof, is_first: bool) -> Result<AuthenticatedClient, Refusal> {
    proof.complete(async |_| Ok::<_, Refusal>(is_first)).await
}

#[track_caller]
fn assert_rejected(decided: Result<Proof, Refusal>, why: ClientRejection) {
    assert_eq!(decided.err(), Some(Refusal::ClientRejected { why }));
}

fn claims() -> Value {
    json!({"iss": "agent", "sub": "agent", "aud": ISSUER, "exp": NOW + 60, "jti": "1"})
}

fn changed(member: &str, value: Value) -> String {
    let mut claims = claims();
    claims[member] = value;
    claims.to_string()
}

const ES256: &str = r#"{"alg":"ES256"}"#;

#[tokio::test]
async fn each_registered_method_authenticates() {
    let signer = Signer::new();
    for (presented, registered) in [
        (bare(), registered(Authentication::None, Credentials::default())),
        (basic(1), with_secret(Authentication::ClientSecretBasic, 1)),
        (post(1), with_secret(Authentication::ClientSecretPost, 1)),
        (asserted(&signer.sign(ES256, &claims().to_string())), with_keys(&signer)),
    ] {
        let proof = decide(&presented, Some(&registered)).expect("it proves it");
        let client = complete(proof, true).await.expect("it is the first time");
        assert_eq!(client.client().id.as_str(), "agent");
    }
}

#[tokio::test]
async fn a_public_client_is_not_proven_to_be_itself() {
    let public = registered(Authentication::None, Credentials::default());
    let client =
        complete(decide(&bare(), Some(&public)).expect("it may"), true).await.expect("nothing to spend");
    assert_eq!(client.confidential().err(), Some(Refusal::ClientNotAuthenticated));
}

#[test]
fn a_client_cannot_choose_another_method_than_its_own() {
    let signer = Signer::new();
    let assertion = asserted(&signer.sign(ES256, &claims().to_string()));
    for (presented, registered) in [
        (bare(), with_secret(Authentication::ClientSecretBasic, 1)),
        (bare(), with_keys(&signer)),
        (post(1), with_secret(Authentication::ClientSecretBasic, 1)),
        (basic(1), with_secret(Authentication::ClientSecretPost, 1)),
        (basic(1), with_secret(Authentication::PrivateKeyJwt { jwks: signer.jwks() }, 1)),
        (basic(1), with_secret(Authentication::None, 1)),
        (assertion, with_secret(Authentication::ClientSecretBasic, 1)),
    ] {
        assert_rejected(decide(&presented, Some(&registered)), ClientRejection::MethodNotRegistered);
    }
}

#[test]
fn a_wrong_secret_a_disabled_and_an_unknown_client_are_rejected() {
    let right = with_secret(Authentication::ClientSecretBasic, 1);
    assert_rejected(decide(&basic(2), Some(&right)), ClientRejection::WrongSecret);

    let mut without = right.clone();
    without.credentials.secrets.clear();
    assert_rejected(decide(&basic(1), Some(&without)), ClientRejection::WrongSecret);

    let mut disabled = right.clone();
    disabled.credentials.disabled = true;
    assert_rejected(decide(&basic(1), Some(&disabled)), ClientRejection::Disabled);

    let signer = Signer::new();
    let assertion = asserted(&signer.sign(ES256, &claims().to_string()));
    for presented in [bare(), basic(1), post(1), assertion] {
        assert_rejected(decide(&presented, None), ClientRejection::Unknown);
    }
}

#[test]
fn what_is_registered_under_another_name_does_not_count() {
    let mut other = with_secret(Authentication::ClientSecretBasic, 1);
    Arc::make_mut(&mut other.client).id = ClientId::parse("other").expect("a name");
    assert_rejected(decide(&basic(1), Some(&other)), ClientRejection::Unknown);
}

#[tokio::test]
async fn an_assertion_works_once() {
    let signer = Signer::new();
    let registered = with_keys(&signer);
    let presented = asserted(&signer.sign(ES256, &claims().to_string()));
    let first = decide(&presented, Some(&registered)).expect("it is good");
    let again = decide(&presented, Some(&registered)).expect("its signature is still good");
    assert_eq!(first.to_spend(), again.to_spend());
    assert_eq!(first.to_spend().map(|spend| spend.expires_at.as_seconds()), Some(NOW + 60));
    assert!(complete(first, true).await.is_ok());
    let replayed = Refusal::ClientRejected { why: ClientRejection::AssertionReplayed };
    assert_eq!(complete(again, false).await.err(), Some(replayed));
}

#[test]
fn one_clients_jti_is_not_anothers() {
    let signer = Signer::new();
    let mut other = with_keys(&signer);
    Arc::make_mut(&mut other.client).id = ClientId::parse("other").expect("a name");
    let of_other = json!({"iss": "other", "sub": "other", "aud": ISSUER, "exp": NOW + 60, "jti": "1"});
    let one = decide(&asserted(&signer.sign(ES256, &claims().to_string())), Some(&with_keys(&signer)))
        .expect("good");
    let other = decide(&asserted(&signer.sign(ES256, &of_other.to_string())), Some(&other)).expect("good");
    assert_ne!(one.to_spend(), other.to_spend());
}

#[test]
fn good_assertions_are_accepted_in_their_variety() {
    let signer = Signer::new();
    let registered = with_keys(&signer);
    let typed = r#"{"alg":"ES256","typ":"client-authentication+jwt","kid":"k"}"#;
    for (header, claims) in [
        (ES256, changed("aud", json!([ISSUER]))),
        (ES256, changed("aud", json!(format!("{ISSUER}/token")))),
        (ES256, changed("aud", json!(format!("{ISSUER}/par")))),
        (ES256, changed("aud", json!([ISSUER, format!("{ISSUER}/token")]))),
        (ES256, changed("exp", json!(NOW + 600))),
        (ES256, changed("exp", json!(1_700_000_060.5))),
        (ES256, changed("iat", json!(NOW + 60))),
        (ES256, changed("nbf", json!(NOW - 3600))),
        (ES256, changed("jti", json!("j".repeat(LONGEST_JTI)))),
        (r#"{"alg":"ES256","typ":"JWT"}"#, changed("extra", json!({"a": 1}))),
        (typed, claims().to_string()),
        (r#"{"alg":"ES256","typ":"application/client-authentication+jwt"}"#, claims().to_string()),
    ] {
        let decided = decide(&asserted(&signer.sign(header, &claims)), Some(&registered));
        assert!(decided.is_ok(), "{header} {claims}: {decided:?}");
    }
}

#[test]
fn bad_assertions_are_rejected() {
    use ClientRejection::{
        AssertionAudience, AssertionExpired, AssertionFromTheFuture, AssertionIssuer, AssertionMalformed,
        AssertionSignature, AssertionTooLong,
    };
    let signer = Signer::new();
    let registered = with_keys(&signer);
    let without = |member: &str| {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(member);
        claims.to_string()
    };
    let typed = r#"{"alg":"ES256","typ":"client-authentication+jwt"}"#;
    let plain = claims().to_string();
    let twice = plain.replacen('{', r#"{"iss":"agent","#, 1);
    for (header, claims, why) in [
        // For whom it is.
        (ES256, without("aud"), AssertionMalformed),
        (ES256, changed("aud", json!([])), AssertionAudience),
        (ES256, changed("aud", json!("https://auth.example/prod/")), AssertionAudience),
        (ES256, changed("aud", json!("https://auth.example")), AssertionAudience),
        (ES256, changed("aud", json!(format!("{ISSUER}/introspect"))), AssertionAudience),
        (ES256, changed("aud", json!([ISSUER, "https://evil.example"])), AssertionAudience),
        (ES256, changed("aud", json!({"a": ISSUER})), AssertionMalformed),
        (typed, changed("aud", json!([ISSUER])), AssertionAudience),
        (typed, changed("aud", json!(format!("{ISSUER}/token"))), AssertionAudience),
        // From whom it is.
        (ES256, changed("iss", json!("other")), AssertionIssuer),
        (ES256, without("iss"), AssertionMalformed),
        (ES256, twice, AssertionMalformed),
        // When it is good.
        (ES256, without("exp"), AssertionMalformed),
        (ES256, changed("exp", json!("soon")), AssertionMalformed),
        (ES256, changed("exp", json!(NOW)), AssertionExpired),
        (ES256, changed("exp", json!(NOW - 1)), AssertionExpired),
        (ES256, changed("exp", json!(NOW + 661)), AssertionTooLong),
        (ES256, changed("exp", json!(i64::MAX)), AssertionTooLong),
        (ES256, changed("iat", json!(NOW + 61)), AssertionFromTheFuture),
        (ES256, changed("nbf", json!(NOW + 61)), AssertionFromTheFuture),
        // That it is good once.
        (ES256, without("jti"), AssertionMalformed),
        (ES256, changed("jti", json!("")), AssertionMalformed),
        (ES256, changed("jti", json!("j".repeat(LONGEST_JTI + 1))), AssertionMalformed),
        (ES256, changed("jti", json!(7)), AssertionMalformed),
        // What its header says.
        (r#"{"alg":"none"}"#, plain.clone(), AssertionMalformed),
        (r#"{"alg":"HS256"}"#, plain.clone(), AssertionMalformed),
        (r#"{"alg":"ES384"}"#, plain.clone(), AssertionMalformed),
        (r#"{"alg":"RS256"}"#, plain.clone(), AssertionSignature),
        ("{}", plain.clone(), AssertionMalformed),
        (r#"{"alg":"ES256","alg":"none"}"#, plain.clone(), AssertionMalformed),
        (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, plain.clone(), AssertionMalformed),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, plain.clone(), AssertionMalformed),
        (r#"{"alg":"ES256","typ":"dpop+jwt"}"#, plain.clone(), AssertionMalformed),
    ] {
        let decided = read_assertion(&signer.sign(header, &claims))
            .and_then(|presented| decide(&presented, Some(&registered)));
        assert_eq!(decided.err(), Some(Refusal::ClientRejected { why }), "{header} {claims}");
    }
}

#[test]
fn an_assertion_that_anybody_else_signed_or_altered_is_rejected() {
    let signer = Signer::new();
    let registered = with_keys(&signer);
    let foreign = Signer::new().sign(ES256, &claims().to_string());
    assert_rejected(decide(&asserted(&foreign), Some(&registered)), ClientRejection::AssertionSignature);

    // A key that the token brings along does not count.
    let attacker = Signer::new();
    let header = json!({"alg": "ES256", "jwk": attacker.jwks()["keys"][0]}).to_string();
    let brought = attacker.sign(&header, &claims().to_string());
    assert_rejected(decide(&asserted(&brought), Some(&registered)), ClientRejection::AssertionSignature);

    let good = signer.sign(ES256, &claims().to_string());
    let longer_lived = URL_SAFE_NO_PAD.encode(changed("exp", json!(NOW + 500)));
    let parts: Vec<&str> = good.split('.').collect();
    let altered = format!("{}.{longer_lived}.{}", parts[0], parts[2]);
    assert_rejected(decide(&asserted(&altered), Some(&registered)), ClientRejection::AssertionSignature);
}
