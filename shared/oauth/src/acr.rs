use crate::{AuthenticationEvent, Parameters, Refusal};

/// The authentication context of whoever signed in so that no foreign page could have it passed on: with a passkey ("OpenID Connect
/// Extended Authentication Profile (EAP) ACR Values 1.0", section 4). Nobody has attested that hardware keeps the key, which `phrh`
/// would say.
pub const PHISHING_RESISTANT: &str = "phr";

/// The most values of `acr_values`.
const MOST_ACR_VALUES: usize = 10;
/// The longest of them, in bytes.
const LONGEST_ACR_VALUE: usize = 256;

/// The method that only a passkey has: possession of a key (`amr`, RFC 8176, section 2).
const BY_KEY: &str = "pop";

impl AuthenticationEvent {
    /// How surely it was the person (`acr`, OpenID Connect Core, section 2); nothing is said of a password.
    pub fn acr(&self) -> Option<&'static str> {
        self.amr.iter().any(|method| method == BY_KEY).then_some(PHISHING_RESISTANT)
    }
}

/// Whether an authentication context is one of those demanded, if any is (RFC 9470, section 5: what is demanded is met or refused).
pub fn meets_acr(acr: Option<&str>, demanded: &[String]) -> bool {
    demanded.is_empty() || acr.is_some_and(|acr| demanded.iter().any(|value| value == acr))
}

/// `acr_values` (OpenID Connect Core, section 3.1.2.1; OpenID CIBA Core 1.0, section 7.1).
pub(crate) fn acr_values(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let Some(text) = parameters.optional("acr_values")? else {
        return Ok(vec![]);
    };
    let values: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let is_value = |value: &String| (1..=LONGEST_ACR_VALUE).contains(&value.len());
    let well_formed = values.len() <= MOST_ACR_VALUES && values.iter().all(is_value);
    well_formed.then_some(values).ok_or(Refusal::MalformedParameter {
        name: "acr_values",
        expected: "at most ten values separated by single spaces",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn signed_in_by(methods: &[&str]) -> AuthenticationEvent {
        let amr = methods.iter().map(|&method| method.to_owned()).collect();
        AuthenticationEvent { auth_time: Timestamp::from_seconds(1_800_000_000), amr }
    }

    #[test]
    fn a_passkey_resists_phishing_and_a_password_says_nothing() {
        assert_eq!(signed_in_by(&["pop", "user", "mfa"]).acr(), Some("phr"));
        assert_eq!(signed_in_by(&["pwd"]).acr(), None);
        assert_eq!(signed_in_by(&[]).acr(), None);
    }

    #[test]
    fn what_is_demanded_is_met_by_one_of_the_values_and_by_nothing_like_it() {
        let demanded = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        assert!(meets_acr(None, &[]) && meets_acr(Some("phr"), &[]));
        assert!(meets_acr(Some("phr"), &demanded(&["phrh", "phr"])));
        for (acr, values) in [(None, ["phr"]), (Some("phr"), ["phrh"]), (Some("phr"), ["PHR"])] {
            assert!(!meets_acr(acr, &demanded(&values)), "{acr:?} {values:?}");
        }
    }
}
