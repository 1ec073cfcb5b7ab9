//! The attacks that a tool meets: RFC 8725 (JSON Web Token best practices), RFC 9068, section 4.

use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::LONGEST_TOKEN;
use crate::stage::{
    ISSUER, NOW, by_another, by_p256, by_rsa, claims, decode, forge, header, other_jwk, p256_jwk, resource,
    rsa_jwk, token, with,
};

fn published() -> KeySet {
    let secret = json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"});
    let private = with(other_jwk("private"), &json!({"d": "AAAA"}));
    let encrypts = with(other_jwk("encrypts"), &json!({"use": "enc"}));
    KeySet::parse(&json!({"keys": [p256_jwk(), rsa_jwk(), secret, private, encrypts, 7, {"kid": "empty"}]}))
        .expect("a JWK Set")
}

fn validated_at(token: &str, now: i64) -> Result<AccessToken, Unacceptable> {
    let resource = resource();
    let expected = Expected { issuer: ISSUER, resource: &resource };
    validate(token, &published(), expected, Timestamp::from_seconds(now))
}

fn validated(token: &str) -> Result<AccessToken, Unacceptable> {
    validated_at(token, NOW)
}

#[track_caller]
fn refused(token: &str, why: Unacceptable) {
    assert_eq!(validated(token).map(drop), Err(why), "{token}");
}

fn signed_as(header: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    forge(&header.to_string(), &claims().to_string(), sign)
}

#[test]
fn a_good_token_is_read() {
    let token = validated(&token(&json!({"groups": ["finance"]}))).expect("good");
    assert_eq!((token.subject(), token.client_id()), ("person-1", "finance-agent"));
    assert!(token.scope().contains("files.access"));
    assert_eq!(token.claim("groups"), Some(&json!(["finance"])));
    assert_eq!(token.expires_at(), Timestamp::from_seconds(NOW + 290));
}

#[test]
fn both_algorithms_verify_each_by_a_key_of_its_own_kind() {
    assert!(validated(&signed_as(&json!({"typ": "at+jwt", "alg": "RS256", "kid": "rsa"}), by_rsa)).is_ok());
    let long_form = json!({"typ": "Application/AT+JWT", "alg": "ES256", "kid": "one"});
    assert!(validated(&signed_as(&long_form, by_p256)).is_ok());
    // The same names crosswise.
    for (wrong, sign) in [
        (json!({"typ": "at+jwt", "alg": "RS256", "kid": "one"}), by_p256 as fn(&[u8]) -> Vec<u8>),
        (json!({"typ": "at+jwt", "alg": "ES256", "kid": "rsa"}), by_rsa),
        (json!({"typ": "at+jwt", "alg": "RS256", "kid": "one"}), by_rsa),
        (json!({"typ": "at+jwt", "alg": "ES256", "kid": "rsa"}), by_p256),
    ] {
        refused(&signed_as(&wrong, sign), Unacceptable::AlgorithmNotAllowed);
    }
}

/// RFC 8725, section 2.1: `none`, and the public key, which everybody has, as the secret of an HMAC.
#[test]
fn a_token_does_not_choose_its_algorithm() {
    for name in ["none", "None", "NONE", "HS256", "HS512", "RS1", "PS256", "ES384", "es256", ""] {
        let header = with(header(), &json!({"alg": name}));
        refused(&signed_as(&header, |_| Vec::new()), Unacceptable::AlgorithmNotAllowed);
    }
    let public = decode(p256_jwk()["x"].as_str().expect("x"));
    let by_hmac =
        |input: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), input).as_ref().to_vec();
    refused(
        &signed_as(&with(header(), &json!({"alg": "HS256"})), by_hmac),
        Unacceptable::AlgorithmNotAllowed,
    );
    refused(&signed_as(&header(), by_hmac), Unacceptable::BadSignature);
    refused(&signed_as(&header(), |_| Vec::new()), Unacceptable::BadSignature);
    refused(&signed_as(&header(), |_| vec![0; 64]), Unacceptable::BadSignature);
}

/// RFC 8725, section 3.10: what a header says about keys is not followed.
#[test]
fn a_token_does_not_bring_its_own_key() {
    for brought in [
        json!({"jwk": other_jwk("one")}),
        json!({"jku": "https://attacker.example/jwks.json"}),
        json!({"x5u": "https://attacker.example/cert.pem"}),
        json!({"x5c": ["MIIB"]}),
    ] {
        refused(&signed_as(&with(header(), &brought), by_another), Unacceptable::BadSignature);
    }
}

#[test]
fn a_token_names_a_key_that_is_published_for_signatures() {
    for key_id in [
        json!("two"),
        json!("ONE"),
        json!(""),
        json!("../one"),
        json!("one\0"),
        json!("private"),
        json!("encrypts"),
        json!("shared"),
    ] {
        let header = with(header(), &json!({"kid": key_id}));
        refused(&signed_as(&header, by_another), Unacceptable::UnknownKey);
    }
    refused(&signed_as(&with(header(), &json!({"kid": null})), by_p256), Unacceptable::UnknownKey);
    refused(&signed_as(&with(header(), &json!({"kid": ["one"]})), by_p256), Unacceptable::Malformed);
}

/// Another issuer's key may have the same name.
#[test]
fn a_key_of_another_issuer_proves_nothing() {
    refused(&signed_as(&header(), by_another), Unacceptable::BadSignature);
    let both = KeySet::parse(&json!({"keys": [other_jwk("one"), p256_jwk()]})).expect("a JWK Set");
    let resource = resource();
    let expected = Expected { issuer: ISSUER, resource: &resource };
    let now = Timestamp::from_seconds(NOW);
    assert!(
        validate(&token(&json!({})), &both, expected, now).is_ok(),
        "two keys of one name are both tried"
    );
}

/// RFC 8725, section 3.11: an ID token, a logout token and a client's assertion are no access tokens.
#[test]
fn another_kind_of_token_is_refused() {
    for typ in
        [json!("JWT"), json!("logout+jwt"), json!(""), json!("at+jwt;x"), json!("text/at+jwt"), json!(null)]
    {
        let header = with(header(), &json!({"typ": typ}));
        refused(&signed_as(&header, by_p256), Unacceptable::NotAnAccessToken);
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    for critical in [json!(["exp"]), json!([]), json!("exp"), json!(false)] {
        let header = with(header(), &json!({"crit": critical}));
        refused(&signed_as(&header, by_p256), Unacceptable::CriticalExtension);
    }
    let null = r#"{"typ":"at+jwt","alg":"ES256","kid":"one","crit":null}"#;
    refused(&forge(null, &claims().to_string(), by_p256), Unacceptable::CriticalExtension);
}

#[test]
fn what_comes_twice_makes_a_token_unreadable() {
    let twice = r#"{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"one"}"#;
    refused(&forge(twice, &claims().to_string(), by_p256), Unacceptable::Malformed);
    let twice = claims().to_string().replacen('{', r#"{"aud":"https://mail.internal.corp","#, 1);
    refused(&forge(&header().to_string(), &twice, by_p256), Unacceptable::ClaimMissingOrWrong);
}

#[test]
fn a_claim_that_is_missing_or_wrong_makes_a_token_worthless() {
    use Unacceptable::{ClaimMissingOrWrong, Expired, NotYet, OtherAudience, OtherIssuer, SenderConstrained};
    let deep = (0..20).fold(json!({"sub": "a"}), |act, _| json!({"sub": "a", "act": act}));
    for (changes, why) in [
        (json!({"iss": "https://auth.example.com/"}), OtherIssuer),
        (json!({"iss": "https://evil.example.com"}), OtherIssuer),
        (json!({"iss": [ISSUER]}), ClaimMissingOrWrong),
        (json!({"aud": "https://mail.internal.corp"}), OtherAudience),
        (json!({"aud": "https://files.internal.corp/"}), OtherAudience),
        (json!({"aud": []}), OtherAudience),
        (json!({"aud": {"0": "https://files.internal.corp"}}), ClaimMissingOrWrong),
        (json!({"exp": NOW - 10}), Expired),
        (json!({"exp": i64::MIN}), Expired),
        (json!({"exp": "4102444800"}), ClaimMissingOrWrong),
        (json!({"exp": 1e300}), ClaimMissingOrWrong),
        (json!({"nbf": NOW + 61}), NotYet),
        (json!({"iat": NOW + 61}), NotYet),
        (json!({"iat": i64::MAX}), NotYet),
        (json!({"scope": ["files.access"]}), ClaimMissingOrWrong),
        (json!({"authorization_details": {"type": "file_access"}}), ClaimMissingOrWrong),
        (json!({"authorization_details": [{"actions": ["read"]}]}), ClaimMissingOrWrong),
        (json!({"act": {"client_id": "without a subject"}}), ClaimMissingOrWrong),
        (json!({"act": deep}), ClaimMissingOrWrong),
        (json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}), SenderConstrained),
        (json!({"cnf": {}}), SenderConstrained),
    ] {
        assert_eq!(validated(&token(&changes)).map(drop), Err(why), "{changes}");
    }
    for missing in ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"] {
        assert_eq!(
            validated(&token(&json!({ missing: null }))).map(drop),
            Err(ClaimMissingOrWrong),
            "{missing}"
        );
    }
    assert!(
        validated(&token(&json!({"aud": ["https://mail.internal.corp", "https://files.internal.corp"]})))
            .is_ok()
    );
}

#[test]
fn clocks_may_differ_by_ten_seconds_at_the_end_and_a_minute_at_the_start() {
    let token = token(&json!({"exp": NOW, "nbf": NOW - 100, "iat": NOW - 100}));
    assert!(validated_at(&token, NOW + 9).is_ok());
    assert_eq!(validated_at(&token, NOW + 10).map(drop), Err(Unacceptable::Expired));
    assert!(validated_at(&token, NOW - 160).is_ok());
    assert_eq!(validated_at(&token, NOW - 161).map(drop), Err(Unacceptable::NotYet));
}

#[test]
fn a_huge_token_is_refused_before_it_is_read() {
    refused(&token(&json!({"padding": "x".repeat(LONGEST_TOKEN)})), Unacceptable::TooLong);
    refused(&"a".repeat(100_000_000), Unacceptable::TooLong);
    let nested = format!(r#"{{"typ":{}"#, "[".repeat(9_000));
    refused(&forge(&nested, "{}", by_p256), Unacceptable::Malformed);
}

#[test]
fn what_is_no_jwt_is_refused() {
    let good = token(&json!({}));
    for wrong in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.e30",
        "e30..",
        &format!(" {good}"),
        &format!("{good}="),
        &good.replacen('.', "..", 1),
    ] {
        let refusal = validated(wrong).map(drop).expect_err(wrong);
        assert!(matches!(refusal, Unacceptable::Malformed), "{wrong}: {refusal}");
    }
}

proptest! {
    /// No changed bit, and no text that somebody makes up, is ever accepted.
    #[test]
    fn a_token_with_a_changed_bit_is_refused(place in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let good = token(&json!({}));
        let mut bytes = good.clone().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes) && changed != good {
            prop_assert!(validated(&changed).is_err(), "{}", changed);
        }
    }

    #[test]
    fn made_up_text_is_refused(text in "[A-Za-z0-9._=-]{0,200}") {
        prop_assert!(validated(&text).is_err());
    }
}
