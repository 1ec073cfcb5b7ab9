use std::collections::HashSet;

use environment::Fault;
use oauth::{ClientId, ID_TOKEN_TYP, PersonId, Refusal, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::algorithm::Algorithm;
use crate::key_ring::KeyRing;
use crate::key_set::{KeySet, ScheduledKey};
use crate::public_key::PublicKey;
use crate::received::{Received, VerifiedToken};
use crate::rejection::{TokenRejected, shown};

/// The public half of the deployment's signing keys: it makes the JWKS and verifies our own tokens.
#[derive(Clone, Debug)]
pub struct PublicKeys(KeySet<NamedKey>);

#[derive(Clone, Debug)]
pub(crate) struct NamedKey {
    pub(crate) kid: String,
    pub(crate) public: PublicKey,
    pub(crate) certificate: Option<Vec<u8>>,
}

/// Which of our keys a token may be signed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedKeys {
    /// Those that stand in the JWKS now: for everything that grants something.
    Published,
    /// Also those that no longer do: for an `id_token_hint`, whose expiry does not matter.
    AlsoRetired,
}

/// What one of our own tokens must be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its `iss`, exactly.
    pub issuer: &'a str,
    /// Its `typ`, one of these (RFC 8725, section 3.11): `at+jwt`. Case does not matter, nor does `application/`
    /// before it (RFC 7515, section 4.1.9).
    pub types: &'a [&'a str],
    /// Which keys may have signed it.
    pub keys: AcceptedKeys,
}

impl PublicKeys {
    /// Puts the keys together, each with the algorithm that it can do.
    pub(crate) fn new(keys: KeySet<NamedKey>) -> Result<Self, Fault> {
        if let Some(wrong) = keys.iter().find(|key| !key.key.public.fits(key.algorithm.into())) {
            let why = format!("{} is not a key for {}", wrong.key.kid, wrong.algorithm.as_str());
            return Err(Fault::broken("signing keys", why));
        }
        // Two entries for one key could publish it for longer than either says.
        let mut kids = HashSet::new();
        if let Some(twice) = keys.iter().find(|key| !kids.insert(key.key.kid.as_str())) {
            return Err(Fault::broken("signing keys", format!("{} is listed twice", twice.key.kid)));
        }
        Ok(Self(keys))
    }

    /// The public halves of a ring.
    pub(crate) fn of(ring: &KeyRing) -> Result<Self, Fault> {
        let mut keys = Vec::new();
        for stored in ring.signing_keys.iter() {
            let public = stored.key.public()?;
            let certificate = stored.key.certificate()?;
            let key = NamedKey { kid: public.thumbprint(), public, certificate };
            keys.push(ScheduledKey { algorithm: stored.algorithm, schedule: stored.schedule, key });
        }
        Self::new(KeySet::new(keys))
    }

    /// The JWK Set (RFC 7517, section 5) of the keys published at this moment.
    pub fn jwks(&self, now: Timestamp) -> Value {
        let keys: Vec<Value> = self.0.published(now).map(to_jwk).collect();
        json!({ "keys": keys })
    }

    /// The certificates (DER) of the RSA keys published at this moment.
    pub fn certificates(&self, now: Timestamp) -> Vec<&[u8]> {
        self.0.published(now).filter_map(|key| key.key.certificate.as_deref()).collect()
    }

    /// Verifies a token of our own: algorithm, header, key, signature, type and issuer. Its times and its
    /// audience are the caller's to check.
    ///
    /// # Errors
    /// [`TokenRejected`] with what is wrong first.
    pub fn verify(
        &self,
        token: &str,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenRejected> {
        let received = Received::parse(token, &[Algorithm::Es256, Algorithm::Rs256])?;
        let header = &received.header;
        if !header.token_type.as_deref().is_some_and(|found| is_one_of(found, expected.types)) {
            let found = shown(header.token_type.as_deref().unwrap_or_default());
            return Err(TokenRejected::WrongType { found });
        }
        let kid = header.key_id.as_deref().ok_or(TokenRejected::NoKeyId)?;
        let key = self.find(kid, expected.keys, now)?;
        if Algorithm::from(key.algorithm) != header.algorithm {
            return Err(TokenRejected::AlgorithmNotAllowed {
                algorithm: header.algorithm.as_str().to_owned(),
            });
        }
        let claims = received.verify(&key.key.public)?;
        if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
            return Err(TokenRejected::WrongIssuer);
        }
        Ok(VerifiedToken { header: received.header, claims })
    }

    /// The person of an `id_token_hint` (OpenID Connect Core, section 3.1.2.1): an ID token that we gave to this
    /// very client when the person signed in. It may have expired, and so may its key. One that was got by exchange says who somebody
    /// else's person is.
    ///
    /// # Errors
    /// [`Refusal::MalformedParameter`].
    pub fn hinted_person(
        &self,
        id_token_hint: &str,
        issuer: &str,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<PersonId, Refusal> {
        let expected = Expected { issuer, types: &[ID_TOKEN_TYP], keys: AcceptedKeys::AlsoRetired };
        let claims = self.verify(id_token_hint, &expected, now).and_then(|token| token.claims_as::<Hint>());
        claims
            .ok()
            .filter(|claims| claims.aud == *client && claims.exchanged_from.is_empty())
            .and_then(|claims| PersonId::parse(&claims.sub))
            .ok_or(Refusal::MalformedParameter {
                name: "id_token_hint",
                expected: "an ID token of this client",
            })
    }

    fn find(
        &self,
        kid: &str,
        accepted: AcceptedKeys,
        now: Timestamp,
    ) -> Result<&ScheduledKey<NamedKey>, TokenRejected> {
        let is_accepted = |key: &&ScheduledKey<NamedKey>| match accepted {
            AcceptedKeys::Published => key.schedule.is_published_at(now),
            AcceptedKeys::AlsoRetired => key.schedule.published_at <= now && !key.schedule.distrusted,
        };
        self.0
            .iter()
            .filter(is_accepted)
            .find(|key| key.key.kid == kid)
            .ok_or_else(|| TokenRejected::UnknownKey { key_id: shown(kid) })
    }
}

/// What of an ID token names somebody: one that an earlier version issued may have fewer claims than today's.
#[derive(Deserialize)]
struct Hint {
    sub: String,
    aud: ClientId,
    #[serde(default)]
    exchanged_from: Vec<Value>,
}

fn to_jwk(key: &ScheduledKey<NamedKey>) -> Value {
    Value::Object(key.key.public.to_published_jwk(key.algorithm, &key.key.kid))
}

fn is_one_of(found: &str, types: &[&str]) -> bool {
    const PREFIX: &str = "application/";
    let bare = match found.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => found,
    };
    types.iter().any(|wanted| bare.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use SigningAlgorithm::{Es256, Rs256};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use oauth::configuration::SigningAlgorithm;

    use super::*;
    use crate::fixtures::{self, OTHER_P256_PKCS8, P256_PKCS8, P256_SPKI, RSA_PKCS8, START, forge, signer};
    use crate::received::LONGEST_TOKEN;
    use crate::signing_key::LoadedKeys;
    use crate::{FileKey, KeyFile};

    const ISSUER: &str = "https://issuer.example";
    const ACCESS_TOKEN: Expected<'_> =
        Expected { issuer: ISSUER, types: &["at+jwt"], keys: AcceptedKeys::Published };

    fn public() -> std::sync::Arc<PublicKeys> {
        LoadedKeys::from_file(&fixtures::key_file()).expect("keys").public
    }

    fn kid(spki: &[u8]) -> String {
        PublicKey::from_spki(spki).expect("a key").thumbprint()
    }

    fn claims() -> Value {
        json!({ "iss": ISSUER, "sub": "alice" })
    }

    fn header() -> Value {
        json!({ "alg": "ES256", "kid": kid(P256_SPKI), "typ": "at+jwt" })
    }

    fn header_with(member: &str, value: Value) -> Value {
        let mut header = header();
        header[member] = value;
        header
    }

    fn rejected(token: &str) -> TokenRejected {
        public().verify(token, &ACCESS_TOKEN, START).expect_err("it must be refused")
    }

    fn signed(header: &Value) -> String {
        forge(header, &claims(), signer(Es256, P256_PKCS8))
    }

    #[test]
    fn our_own_tokens_verify() {
        let token = public().verify(&signed(&header()), &ACCESS_TOKEN, START).expect("our own");
        assert_eq!(Value::Object(token.claims.clone()), claims());
        assert_eq!(token.header.key_id, Some(kid(P256_SPKI)));
        assert_eq!(token.header.algorithm, Algorithm::Es256);

        let header = json!({ "alg": "RS256", "kid": kid(fixtures::RSA_SPKI), "typ": "at+jwt" });
        let by_rsa = forge(&header, &claims(), signer(Rs256, RSA_PKCS8));
        public().verify(&by_rsa, &ACCESS_TOKEN, START).expect("our own, by the RSA key");
    }

    #[test]
    fn the_jwks_says_what_each_key_is_for_and_holds_nothing_private() {
        let jwks = public().jwks(START);
        let keys = jwks["keys"].as_array().expect("keys");
        assert_eq!(keys.len(), 2);
        for (key, (algorithm, members)) in keys.iter().zip([
            ("ES256", ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
            ("RS256", &["alg", "e", "kid", "kty", "n", "use"]),
        ]) {
            let mut names: Vec<_> = key.as_object().expect("a key").keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, members);
            assert_eq!((&key["alg"], &key["use"]), (&json!(algorithm), &json!("sig")));
            let public = PublicKey::from_jwk(key.as_object().expect("a key")).expect("a usable key");
            assert_eq!(key["kid"], json!(public.thumbprint()));
        }
    }

    #[test]
    fn our_own_jwks_verifies_our_own_tokens_for_others() {
        let jwks = crate::Jwks::parse(&public().jwks(START)).expect("a JWK Set");
        assert_eq!(jwks.defects().count(), 0);
        jwks.verify(&signed(&header()), &[Algorithm::Es256]).expect("verifies");
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        for alg in ["none", "None", "NONE", ""] {
            let token = forge(&header_with("alg", json!(alg)), &claims(), |_| vec![]);
            assert_eq!(rejected(&token), TokenRejected::AlgorithmNotAllowed { algorithm: alg.to_owned() });
        }
        let stripped = signed(&header());
        let (input, _) = stripped.rsplit_once('.').expect("three parts");
        assert_eq!(rejected(&format!("{input}.")), TokenRejected::BadSignature);
    }

    #[test]
    fn the_public_key_is_not_a_shared_secret() {
        for spki in [P256_SPKI, fixtures::RSA_SPKI] {
            let header = json!({ "alg": "HS256", "kid": kid(spki), "typ": "at+jwt" });
            let token = forge(&header, &claims(), fixtures::hmac_by(spki));
            assert_eq!(
                rejected(&token),
                TokenRejected::AlgorithmNotAllowed { algorithm: "HS256".to_owned() }
            );
        }
    }

    #[test]
    fn a_key_is_used_with_its_own_algorithm_only() {
        let confused = json!({ "alg": "RS256", "kid": kid(P256_SPKI), "typ": "at+jwt" });
        let token = forge(&confused, &claims(), signer(Rs256, RSA_PKCS8));
        assert_eq!(rejected(&token), TokenRejected::AlgorithmNotAllowed { algorithm: "RS256".to_owned() });

        let by_pss = header_with("alg", json!("PS256"));
        assert!(matches!(rejected(&signed(&by_pss)), TokenRejected::AlgorithmNotAllowed { .. }));
    }

    #[test]
    fn critical_extensions_are_refused_whatever_they_are() {
        for crit in [json!(["exp"]), json!([]), json!(null), json!("b64"), json!({ "b64": false })] {
            assert_eq!(rejected(&signed(&header_with("crit", crit))), TokenRejected::CriticalExtension);
        }
    }

    #[test]
    fn the_name_of_another_key_does_not_help() {
        let token = forge(&header(), &claims(), signer(Es256, OTHER_P256_PKCS8));
        assert_eq!(rejected(&token), TokenRejected::BadSignature);

        let other = header_with("kid", json!("another"));
        assert_eq!(rejected(&signed(&other)), TokenRejected::UnknownKey { key_id: "another".to_owned() });

        let mut unnamed = header();
        unnamed.as_object_mut().expect("an object").remove("kid");
        assert_eq!(rejected(&signed(&unnamed)), TokenRejected::NoKeyId);
    }

    #[test]
    fn a_token_that_brings_its_own_key_is_not_believed() {
        let own = PublicKey::from_spki(P256_SPKI).expect("a key").to_jwk();
        let token =
            forge(&header_with("jwk", Value::Object(own)), &claims(), signer(Es256, OTHER_P256_PKCS8));
        assert_eq!(rejected(&token), TokenRejected::BadSignature);
    }

    #[test]
    fn the_type_is_compared_as_a_media_type() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/at+JWT"] {
            let token = signed(&header_with("typ", json!(typ)));
            assert!(public().verify(&token, &ACCESS_TOKEN, START).is_ok(), "{typ}");
        }
        for typ in ["JWT", "", "at+jwt ", "text/at+jwt", "application/application/at+jwt"] {
            let token = signed(&header_with("typ", json!(typ)));
            assert_eq!(rejected(&token), TokenRejected::WrongType { found: typ.to_owned() });
        }
        let untyped = json!({ "alg": "ES256", "kid": kid(P256_SPKI) });
        assert_eq!(rejected(&signed(&untyped)), TokenRejected::WrongType { found: String::new() });
    }

    #[test]
    fn the_issuer_is_there_and_is_exactly_ours() {
        for issuer in [json!("https://issuer.example/"), json!([ISSUER]), json!(null), json!({})] {
            let token = forge(&header(), &json!({ "iss": issuer }), signer(Es256, P256_PKCS8));
            assert_eq!(rejected(&token), TokenRejected::WrongIssuer, "{issuer}");
        }
        let token = forge(&header(), &json!({}), signer(Es256, P256_PKCS8));
        assert_eq!(rejected(&token), TokenRejected::WrongIssuer);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let token = signed(&header());
        for part in 0..3 {
            for byte in 0..64 {
                let flipped = fixtures::with_a_flipped_bit(&token, part, byte);
                assert!(
                    public().verify(&flipped, &ACCESS_TOKEN, START).is_err(),
                    "byte {byte} of part {part}"
                );
            }
        }
    }

    /// Once a successor has taken over at this moment: at once, or with overlap.
    fn replaced(at_once: bool) -> std::sync::Arc<PublicKeys> {
        let (next, minute) =
            (FileKey::from_pkcs8(Es256, OTHER_P256_PKCS8.to_vec()).expect("a key"), Duration::from_mins(1));
        let file = fixtures::key_file();
        let keys = file.keys().clone();
        let keys = if at_once {
            keys.replace_at_once(Es256, next, START)
        } else {
            keys.rotate(Es256, next, START, minute, minute)
        };
        LoadedKeys::from_file(&KeyFile::new(fixtures::SECRET, keys)).expect("keys").public
    }

    /// OpenID Connect Core, section 3.1.2.1: an ID token that has expired may hint at somebody, and so may one whose key is
    /// retired. Whoever has stolen the key could name anybody.
    #[test]
    fn a_retired_key_may_hint_at_a_person_and_a_leaked_one_may_not() {
        let (client, person) =
            (ClientId::parse("report-agent").expect("a name"), PersonId::from_random([1; 16]));
        let claims = json!({
            "iss": ISSUER, "sub": person.as_str(), "aud": "report-agent", "exp": START.as_seconds() + 60,
            "iat": START.as_seconds(), "auth_time": START.as_seconds(), "amr": ["pwd"], "at_hash": "",
        });
        let header = json!({ "alg": "ES256", "kid": kid(P256_SPKI), "typ": "JWT" });
        let hint = forge(&header, &claims, signer(Es256, P256_PKCS8));
        let years_later = START.after(Duration::from_hours(24 * 700));
        let hinted = |keys: &PublicKeys| keys.hinted_person(&hint, ISSUER, &client, years_later);
        assert_eq!(hinted(&replaced(false)).expect("it was ours"), person);
        let refusal = hinted(&replaced(true)).expect_err("anybody's");
        assert!(matches!(refusal, Refusal::MalformedParameter { name: "id_token_hint", .. }), "{refusal:?}");
    }

    /// Whom a client was told of by exchange had signed in elsewhere.
    #[test]
    fn an_id_token_by_exchange_hints_at_nobody() {
        let (client, person) =
            (ClientId::parse("report-agent").expect("a name"), PersonId::from_random([1; 16]));
        let hinted = |exchanged_from: Value| {
            let claims = json!({
                "iss": ISSUER, "sub": person.as_str(), "aud": "report-agent", "exp": START.as_seconds() + 60,
                "exchanged_from": exchanged_from,
            });
            let header = json!({ "alg": "ES256", "kid": kid(P256_SPKI), "typ": "JWT" });
            let hint = forge(&header, &claims, signer(Es256, P256_PKCS8));
            replaced(false).hinted_person(&hint, ISSUER, &client, START)
        };
        assert_eq!(hinted(json!([])).expect("it was ours"), person);
        hinted(json!([{ "jti": "x", "client_id": "files-tool" }])).expect_err("got by exchange");
    }

    #[test]
    fn one_token_has_one_spelling() {
        let token = signed(&header());
        let last = token.chars().last().expect("not empty");
        // 64 bytes leave four bits of the last character unused; they must be zero.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let neighbour = alphabet.chars().nth(alphabet.find(last).expect("base64url") + 1).expect("another");
        let respelt = format!("{}{neighbour}", &token[..token.len() - 1]);
        assert!(matches!(rejected(&respelt), TokenRejected::Malformed(_)));
        for other in [format!("{token}="), format!(" {token}"), format!("{token}\n"), format!("{token}.")] {
            assert!(matches!(rejected(&other), TokenRejected::Malformed(_)), "{other:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        let no_object = forge(&header(), &json!(["a"]), signer(Es256, P256_PKCS8));
        let twice = format!(r#"{{"alg":"none","alg":"ES256","kid":"{}","typ":"at+jwt"}}"#, kid(P256_SPKI));
        let twice = format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(twice));
        for token in ["", ".", "..", "a.b", "a.b.c.d", "e30.e30.AA", "W10.e30.AA", no_object.as_str(), &twice]
        {
            assert!(matches!(rejected(token), TokenRejected::Malformed(_)), "{token}");
        }
    }

    #[test]
    fn an_oversized_token_is_not_even_read() {
        let claims = json!({ "iss": ISSUER, "pad": "x".repeat(LONGEST_TOKEN) });
        let token = forge(&header(), &claims, signer(Es256, P256_PKCS8));
        let expected = TokenRejected::TooLong { bytes: token.len(), limit: LONGEST_TOKEN };
        assert_eq!(rejected(&token), expected);
    }

    fn rotated() -> KeyFile {
        let successor = FileKey::from_pkcs8(Es256, OTHER_P256_PKCS8.to_vec()).expect("a key");
        let (max_age, token_life) = (Duration::from_mins(10), Duration::from_mins(5));
        fixtures::key_file().rotate(Es256, successor, START, max_age, token_life)
    }

    #[test]
    fn a_token_signed_just_before_retirement_verifies_until_it_expires() {
        let public = LoadedKeys::from_file(&rotated()).expect("keys").public;
        let token = signed(&header());
        let last_signature = START.after(Duration::from_secs(599));
        let expiry = last_signature.after(Duration::from_mins(5));
        assert!(public.verify(&token, &ACCESS_TOKEN, expiry).is_ok());
        let names = |at| public.jwks(at)["keys"].as_array().expect("keys").len();
        assert_eq!(names(expiry), 3);

        let later = expiry.after(Duration::from_mins(2));
        assert_eq!(names(later), 2);
        let refused = public.verify(&token, &ACCESS_TOKEN, later);
        assert_eq!(refused, Err(TokenRejected::UnknownKey { key_id: kid(P256_SPKI) }));
    }

    #[test]
    fn a_retired_key_still_serves_as_a_hint() {
        let public = LoadedKeys::from_file(&rotated()).expect("keys").public;
        let hint = Expected { keys: AcceptedKeys::AlsoRetired, ..ACCESS_TOKEN };
        let years_later = START.after(Duration::from_hours(20_000));
        assert!(public.verify(&signed(&header()), &hint, years_later).is_ok());
    }
}
