//! What a relying party must verify (Web Authentication Level 3, sections 7.1 and 7.2), one thing wrong at a time.

#![expect(clippy::unwrap_used, clippy::assigning_clones, reason = "in tests a panic is the report")]

mod authenticator;

use authenticator::Authenticator;
use oauth::{PasskeyName, PasskeyRefused, Passkeys, PersonId, Sha256Digest, Timestamp};
use passkeys::{
    Challenge, Countersigned, Countersigning, Holder, Proven, Registered, Registering, RelyingParty,
    SigningIn, Unproven,
};
use serde_json::Value;

const PAGES: &str = "https://sign-in.example/prod";
const ORIGIN: &str = "https://sign-in.example";
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn relying_party() -> RelyingParty {
    RelyingParty::of("Example", PAGES).unwrap()
}

fn alice() -> PersonId {
    PersonId::from_random([1; 16])
}

fn name() -> PasskeyName {
    PasskeyName::parse("My phone").unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn challenge(number: u8) -> Challenge {
    Challenge::from_random([number; 32])
}

fn registering() -> Registering {
    Registering::begin(alice(), challenge(1))
}

fn asked_to_register() -> Value {
    let holder = Holder { user_name: "alice", display_name: "Alice" };
    json(&registering().options(&relying_party(), holder, &Passkeys::default()))
}

fn registered(answer: &str) -> Result<Registered, Unproven> {
    registering().answered(&relying_party(), &alice(), answer, name(), NOW)
}

/// An authenticator with Alice's passkey, and what is known of it.
fn with_a_passkey() -> (Authenticator, Passkeys) {
    let mut authenticator = Authenticator::at(ORIGIN);
    let Registered { passkey, challenge } = registered(&authenticator.create(&asked_to_register())).unwrap();
    (authenticator, Passkeys::default().registered(passkey, challenge, NOW).unwrap())
}

fn asked_to_sign(challenge: Challenge) -> Value {
    json(&SigningIn::begin(challenge).options(&relying_party()))
}

fn signed_in(challenge: Challenge, answer: &str, own: &Passkeys) -> Result<Proven, Unproven> {
    SigningIn::begin(challenge).claimed(answer)?.proven(&relying_party(), own, NOW)
}

#[test]
fn a_passkey_that_was_registered_signs_its_person_in_without_a_name() {
    let (mut authenticator, mut own) = with_a_passkey();
    for number in 2..5 {
        let options = asked_to_sign(challenge(number));
        assert_eq!(options["allowCredentials"], json("[]"));
        let answer = authenticator.get(&options);
        let claim = SigningIn::begin(challenge(number)).claimed(&answer).unwrap();
        assert_eq!(*claim.person(), alice());
        let Proven { passkey, challenge } = claim.proven(&relying_party(), &own, NOW).unwrap();
        own = own.used(passkey, challenge, NOW).unwrap();
    }
    assert_eq!(own.all()[0].used_at, Some(NOW));
}

#[test]
fn a_browser_is_asked_for_a_passkey_that_verifies_its_person_and_is_found_without_a_name() {
    let options = asked_to_register();
    assert_eq!(options["rp"], json(r#"{"id": "sign-in.example", "name": "Example"}"#));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["attestation"], "none");
    let (authenticator, own) = with_a_passkey();
    let holder = Holder { user_name: "alice", display_name: "Alice" };
    let again = json(&registering().options(&relying_party(), holder, &own));
    assert_eq!(again["excludeCredentials"][0]["id"], own.all()[0].id.as_str());
    assert_eq!(own.all()[0].id, oauth::PasskeyId::of(&authenticator.id).unwrap());
    assert_eq!(asked_to_sign(challenge(1))["userVerification"], "required");
}

/// One thing that is wrong with an authenticator or its browser, and what it is refused for.
type Wrong = (fn(&mut Authenticator), Unproven);

const WRONG: [Wrong; 7] = [
    (|it| it.origin = "https://sign-in.example.evil.example".to_owned(), Unproven::ForeignOrigin),
    (|it| it.origin = "https://sub.sign-in.example".to_owned(), Unproven::ForeignOrigin),
    (|it| it.origin = "http://sign-in.example".to_owned(), Unproven::ForeignOrigin),
    (|it| it.origin = "https://sign-in.example:8443".to_owned(), Unproven::ForeignOrigin),
    (|it| it.top_origin = Some("https://evil.example".to_owned()), Unproven::InAFrame),
    (|it| it.is_touched = false, Unproven::NobodyPresent),
    (|it| it.verifies = false, Unproven::PersonNotVerified),
];

#[test]
fn a_registration_with_one_thing_wrong_is_refused() {
    for (number, (spoil, refused)) in WRONG.into_iter().enumerate() {
        let mut authenticator = Authenticator::at(ORIGIN);
        spoil(&mut authenticator);
        assert_eq!(registered(&authenticator.create(&asked_to_register())), Err(refused), "{number}");
    }
}

#[test]
fn a_sign_in_with_one_thing_wrong_is_refused() {
    for (number, (spoil, refused)) in WRONG.into_iter().enumerate() {
        let (mut authenticator, own) = with_a_passkey();
        spoil(&mut authenticator);
        let answer = authenticator.get(&asked_to_sign(challenge(2)));
        assert_eq!(signed_in(challenge(2), &answer, &own), Err(refused), "{number}");
    }
}

#[test]
fn an_answer_to_another_challenge_is_refused_in_either_ceremony() {
    let (mut authenticator, own) = with_a_passkey();
    let answer = authenticator.get(&asked_to_sign(challenge(2)));
    assert_eq!(signed_in(challenge(3), &answer, &own), Err(Unproven::OtherChallenge));
    let answer = Authenticator::at(ORIGIN).create(&asked_to_register());
    let other = Registering::begin(alice(), challenge(9));
    let refused = other.answered(&relying_party(), &alice(), &answer, name(), NOW);
    assert_eq!(refused, Err(Unproven::OtherChallenge));
}

#[test]
fn an_answer_that_comes_again_is_refused_by_what_is_kept_of_it() {
    let (mut authenticator, own) = with_a_passkey();
    authenticator.counter = None;
    let answer = authenticator.get(&asked_to_sign(challenge(2)));
    let Proven { passkey, challenge: answered } = signed_in(challenge(2), &answer, &own).unwrap();
    let own = own.used(passkey, answered, NOW).unwrap();
    // Without a count of signatures, nothing in the answer tells that it is an old one.
    let again = signed_in(challenge(2), &answer, &own).unwrap();
    assert_eq!(own.used(again.passkey, again.challenge, NOW), Err(PasskeyRefused::Answered));
}

#[test]
fn what_is_signed_in_one_ceremony_is_worth_nothing_in_the_other() {
    let (mut authenticator, own) = with_a_passkey();
    let mut answer = json(&authenticator.get(&asked_to_sign(challenge(2))));
    let created = json(&authenticator.create(&asked_to_register()));
    answer["response"]["clientDataJSON"] = created["response"]["clientDataJSON"].clone();
    assert_eq!(signed_in(challenge(1), &answer.to_string(), &own), Err(Unproven::OtherCeremony));
}

#[test]
fn a_copied_passkey_is_refused_once_the_count_does_not_grow() {
    let (mut authenticator, own) = with_a_passkey();
    authenticator.counter = Some(7);
    let Proven { passkey, challenge: answered } =
        signed_in(challenge(2), &authenticator.get(&asked_to_sign(challenge(2))), &own).unwrap();
    let own = own.used(passkey, answered, NOW).unwrap();
    // The other authenticator signs with a count that was there before, and with the very last one.
    for (number, before) in [(3, 6), (4, 7)] {
        authenticator.counter = Some(before);
        let answer = authenticator.get(&asked_to_sign(challenge(number)));
        assert_eq!(signed_in(challenge(number), &answer, &own), Err(Unproven::Copied), "{before}");
    }
    authenticator.counter = Some(8);
    let answer = authenticator.get(&asked_to_sign(challenge(5)));
    assert!(signed_in(challenge(5), &answer, &own).is_ok(), "the count grows");
}

#[test]
fn a_passkey_of_another_person_or_of_nobody_is_refused() {
    let (mut authenticator, own) = with_a_passkey();
    let answer = authenticator.get(&asked_to_sign(challenge(2)));
    assert_eq!(signed_in(challenge(2), &answer, &Passkeys::default()), Err(Unproven::UnknownPasskey));
    // Bob's authenticator says that it is Alice's.
    let mut bobs = Authenticator::at(ORIGIN);
    bobs.handle = alice().to_string();
    let answer = bobs.get(&asked_to_sign(challenge(2)));
    assert_eq!(signed_in(challenge(2), &answer, &own), Err(Unproven::UnknownPasskey));
    // And calls its passkey what hers is called.
    bobs.id.clone_from(&authenticator.id);
    let answer = bobs.get(&asked_to_sign(challenge(2)));
    assert_eq!(signed_in(challenge(2), &answer, &own), Err(Unproven::Invalid));
    let answer = Authenticator::at(ORIGIN).create(&asked_to_register());
    let bob = PersonId::from_random([2; 16]);
    let refused = registering().answered(&relying_party(), &bob, &answer, name(), NOW);
    assert_eq!(refused, Err(Unproven::SomebodyElses));
}

#[test]
fn a_passkey_of_another_domain_is_refused() {
    let (mut authenticator, own) = with_a_passkey();
    let mut options = asked_to_sign(challenge(2));
    options["rpId"] = "evil.example".into();
    let answer = authenticator.get(&options);
    assert_eq!(signed_in(challenge(2), &answer, &own), Err(Unproven::ForeignDomain));
    let mut options = asked_to_register();
    options["rp"]["id"] = "example".into();
    assert_eq!(registered(&Authenticator::at(ORIGIN).create(&options)), Err(Unproven::ForeignDomain));
}

#[test]
fn no_bit_of_what_was_signed_can_be_changed() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (mut authenticator, own) = with_a_passkey();
    let answer = json(&authenticator.get(&asked_to_sign(challenge(2))));
    assert!(signed_in(challenge(2), &answer.to_string(), &own).is_ok());
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = URL_SAFE_NO_PAD.decode(answer["response"][field].as_str().unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut answer = answer.clone();
            answer["response"][field] = URL_SAFE_NO_PAD.encode(changed).into();
            assert!(signed_in(challenge(2), &answer.to_string(), &own).is_err(), "{field}: bit {bit}");
        }
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    let own = with_a_passkey().1;
    for answer in ["", "{}", "null", "[]", "{\"id\":1}", &"x".repeat(20_000)] {
        assert_eq!(registered(answer), Err(Unproven::Unreadable), "{answer:.20}");
        assert_eq!(signed_in(challenge(2), answer, &own), Err(Unproven::Unreadable), "{answer:.20}");
    }
    let mut nobodys = Authenticator::at(ORIGIN);
    let answer = nobodys.get(&asked_to_sign(challenge(2)));
    assert_eq!(
        signed_in(challenge(2), &answer, &own),
        Err(Unproven::Unreadable),
        "it does not say whose it is"
    );
}

#[test]
fn a_server_whose_pages_have_an_address_has_no_passkeys() {
    for pages in ["http://127.0.0.1:8765", "http://[::1]:8765", "https://192.0.2.1/prod", "nothing"] {
        assert!(RelyingParty::of("Example", pages).is_none(), "{pages}");
    }
    assert_eq!(RelyingParty::of("Example", "http://localhost:8765").unwrap().id(), "localhost");
}

#[test]
fn a_ceremony_comes_back_as_it_was() {
    let begun = registering();
    let text = serde_json::to_string(&begun).unwrap();
    assert_eq!(serde_json::from_str::<Registering>(&text).unwrap(), begun);
    let begun = SigningIn::begin(challenge(1));
    let text = serde_json::to_string(&begun).unwrap();
    assert_eq!(serde_json::from_str::<SigningIn>(&text).unwrap(), begun);
    assert!(serde_json::from_str::<SigningIn>(r#"{"challenge":"AAAA"}"#).is_err());
}

fn countersigning(text: &str) -> Countersigning {
    Countersigning::begin(alice(), Sha256Digest::of(text.as_bytes()))
}

fn asked_to_countersign(text: &str, own: &Passkeys) -> Value {
    json(&countersigning(text).options(&relying_party(), own))
}

fn countersigned(text: &str, answer: &str, own: &Passkeys) -> Result<Countersigned, Unproven> {
    countersigning(text).answered(&relying_party(), own, answer, NOW)
}

#[test]
fn what_is_countersigned_is_the_hash_of_the_text_and_only_the_persons_own_passkeys_are_asked_for() {
    let (mut authenticator, own) = with_a_passkey();
    let options = asked_to_countersign("pay", &own);
    assert_eq!(options["challenge"], Sha256Digest::of(b"pay").to_base64url());
    assert_eq!(options["allowCredentials"][0]["id"], own.all()[0].id.as_str());
    assert_eq!(options["userVerification"], "required");
    let made = countersigned("pay", &authenticator.get(&options), &own).unwrap();
    assert_eq!(made.passkey.used_at, Some(NOW));
    let client_data = json(std::str::from_utf8(&made.signed.client_data).unwrap());
    assert_eq!(client_data["challenge"], options["challenge"]);
    assert_eq!(made.signed.authenticator_data.len(), 37);
    let own = own.used(made.passkey, made.challenge, NOW).unwrap();
    assert!(own.has_answered(&made.challenge, NOW));
}

#[test]
fn a_countersignature_of_another_text_or_with_one_thing_wrong_is_refused() {
    let (mut authenticator, own) = with_a_passkey();
    let answer = authenticator.get(&asked_to_countersign("pay 10", &own));
    assert_eq!(countersigned("pay 1000", &answer, &own), Err(Unproven::OtherChallenge));
    let sign_in = authenticator.get(&asked_to_sign(challenge(2)));
    assert_eq!(countersigned("pay 10", &sign_in, &own), Err(Unproven::OtherChallenge));
    assert_eq!(countersigned("pay 10", &answer, &Passkeys::default()), Err(Unproven::UnknownPasskey));
    authenticator.handle = "person-BBBBBBBBBBBBBBBBBBBBBB".to_owned();
    let others = authenticator.get(&asked_to_countersign("pay 10", &own));
    assert_eq!(countersigned("pay 10", &others, &own), Err(Unproven::SomebodyElses));
    for (number, (spoil, refused)) in WRONG.into_iter().enumerate() {
        let (mut authenticator, own) = with_a_passkey();
        spoil(&mut authenticator);
        let answer = authenticator.get(&asked_to_countersign("pay", &own));
        assert_eq!(countersigned("pay", &answer, &own), Err(refused), "{number}");
    }
}

#[test]
fn a_countersignature_by_a_copied_passkey_is_refused() {
    let (mut authenticator, own) = with_a_passkey();
    let made = countersigned("one", &authenticator.get(&asked_to_countersign("one", &own)), &own).unwrap();
    let own = own.used(made.passkey, made.challenge, NOW).unwrap();
    authenticator.counter = Some(0);
    let answer = authenticator.get(&asked_to_countersign("two", &own));
    assert_eq!(countersigned("two", &answer, &own), Err(Unproven::Copied));
}
