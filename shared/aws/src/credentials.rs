use std::env::var;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as CredentialsFuture;
use aws_credential_types::provider::{ProvideCredentials, Result};

/// The credentials that Lambda puts into the environment, read at each call: no copy of them is kept that could go on when
/// they have ended.
///
/// Lambda puts them there when it starts an execution environment, and does not change the environment of a process that runs;
/// new ones come with a new one, and Lambda ends each after some hours, however often it is called
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>). AWS does not say how long they are good. A
/// process that has outlived its own is refused (`ExpiredTokenException`) and answers 503: there is nowhere else to take others
/// from, and a process that ended itself would begin again in the same execution environment. What is left to an operator
/// stands in infra/runbook.md, "Failing answers".
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnvironmentCredentials;

impl ProvideCredentials for EnvironmentCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a>
    where
        Self: 'a,
    {
        CredentialsFuture::ready(credentials(|name| var(name).ok()))
    }
}

fn credentials(environment: impl Fn(&'static str) -> Option<String>) -> Result {
    let required = |name| {
        environment(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| CredentialsError::not_loaded(format!("environment variable {name} is not set")))
    };
    Ok(Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        environment("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()),
        None,
        "the function's environment",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Option<String> {
        match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("a secret".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn the_three_variables_make_credentials() {
        let made = credentials(|name| match name {
            "AWS_SESSION_TOKEN" => Some("a session".to_owned()),
            other => set(other),
        })
        .expect("all are set");
        assert_eq!(made.access_key_id(), "AKIDEXAMPLE");
        assert_eq!(made.secret_access_key(), "a secret");
        assert_eq!(made.session_token(), Some("a session"));
    }

    #[test]
    fn a_session_token_may_be_missing_or_empty() {
        assert_eq!(credentials(set).expect("set").session_token(), None);
        let with_an_empty_token = |name: &'static str| set(name).or_else(|| Some(String::new()));
        assert_eq!(credentials(with_an_empty_token).expect("set").session_token(), None);
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = credentials(|_| None).expect_err("nothing is set");
        let source = std::error::Error::source(&error).expect("says why").to_string();
        assert!(source.contains("AWS_ACCESS_KEY_ID"), "{source}");
    }
}
