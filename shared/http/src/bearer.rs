use lambda_http::http::{Method, header};
use oauth::{Refusal, Secret};

use crate::form::{form_within, is_form};
use crate::request::{Request, single};

/// Longer than any access token of ours: the gateway takes 10,240 bytes of headers.
const LONGEST_TOKEN: usize = 10 * 1024;

/// The access token that a request carries: in the Authorization header (RFC 6750, section 2.1) or in the
/// form of a POST (section 2.2). Never in the query (OAuth 2.1, section 5.1).
///
/// # Errors
/// [`Refusal::TokenMissing`], [`Refusal::TokenSentTwice`], [`Refusal::ParametersInQuery`],
/// [`Refusal::TokenInvalid`], and those of [`crate::form_within`]. A body without a token in the header can only be meant
/// to carry one, so it must be a form (RFC 6750, section 2.2): else [`Refusal::WrongContentType`].
pub fn bearer_token(request: &Request) -> Result<Secret<String>, Refusal> {
    not_in_query(request)?;
    match (in_header(request)?, in_form(request)?) {
        (Some(_), Some(_)) => Err(Refusal::TokenSentTwice),
        (Some(token), None) | (None, Some(token)) => checked(token),
        (None, None) if has_another_body(request) => Err(Refusal::WrongContentType),
        (None, None) => Err(Refusal::TokenMissing),
    }
}

/// The same, where the body has another purpose: the token comes in the Authorization header alone.
///
/// # Errors
/// [`Refusal::TokenMissing`], [`Refusal::TokenSentTwice`], [`Refusal::ParametersInQuery`], [`Refusal::TokenInvalid`].
pub fn bearer_token_in_header(request: &Request) -> Result<Secret<String>, Refusal> {
    not_in_query(request)?;
    checked(in_header(request)?.ok_or(Refusal::TokenMissing)?)
}

fn not_in_query(request: &Request) -> Result<(), Refusal> {
    let is_in_query = request.uri().query().is_some_and(|query| query.contains("access_token="));
    if is_in_query { Err(Refusal::ParametersInQuery) } else { Ok(()) }
}

fn checked(token: String) -> Result<Secret<String>, Refusal> {
    if is_token(&token) {
        Ok(Secret::new(token))
    } else {
        Err(Refusal::TokenInvalid { why: "it is not the text of a token" })
    }
}

fn in_header(request: &Request) -> Result<Option<String>, Refusal> {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::TokenSentTwice);
    }
    let text = value.to_str().unwrap_or_default();
    let Some((scheme, token)) = text.split_once(' ') else {
        return Ok(None);
    };
    Ok(scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start_matches(' ').to_owned()))
}

fn in_form(request: &Request) -> Result<Option<String>, Refusal> {
    if !has_body(request) || has_another_body(request) {
        return Ok(None);
    }
    Ok(form_within(request, 2 * LONGEST_TOKEN)?.optional("access_token")?.map(ToOwned::to_owned))
}

fn has_body(request: &Request) -> bool {
    request.method() == Method::POST && !request.body().is_empty()
}

/// A body that is no form.
fn has_another_body(request: &Request) -> bool {
    has_body(request) && !single(request, &header::CONTENT_TYPE).is_some_and(is_form)
}

/// `b64token` (RFC 6750, section 2.1).
fn is_token(text: &str) -> bool {
    let characters = text.trim_end_matches('=');
    !characters.is_empty()
        && text.len() <= LONGEST_TOKEN
        && characters.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn request(uri: &str, authorization: &[&str], body: Option<&str>) -> Request {
        let mut builder = lambda_http::http::Request::builder().uri(uri);
        for value in authorization {
            builder = builder.header(header::AUTHORIZATION, *value);
        }
        match body {
            Some(body) => builder
                .method(Method::POST)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(body)),
            None => builder.body(Body::Empty),
        }
        .expect("a request")
    }

    #[test]
    fn a_token_comes_in_the_header_or_in_the_form() {
        for request in [
            request("/userinfo", &["Bearer abc.def-_~+/=="], None),
            request("/userinfo", &["bearer  abc.def-_~+/=="], None),
            request("/userinfo", &[], Some("access_token=abc.def-_~%2B/==")),
        ] {
            assert_eq!(
                bearer_token(&request).map(|token| token.expose().clone()).as_deref(),
                Ok("abc.def-_~+/==")
            );
        }
    }

    #[test]
    fn a_body_that_is_no_form_carries_no_token_and_does_not_matter_beside_the_header() {
        let json = |authorization: &[&str]| {
            let mut request = request("/userinfo", authorization, Some(r#"{"access_token":"a"}"#));
            let json = header::HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
            bearer_token(&request).map(|token| token.expose().clone())
        };
        assert_eq!(json(&[]), Err(Refusal::WrongContentType));
        assert_eq!(json(&["Bearer b"]).as_deref(), Ok("b"));
    }

    #[test]
    fn what_is_no_single_token_is_refused() {
        let invalid = Refusal::TokenInvalid { why: "it is not the text of a token" };
        let long = format!("Bearer {}", "a".repeat(LONGEST_TOKEN + 1));
        for (request, refusal) in [
            (request("/userinfo", &[], None), Refusal::TokenMissing),
            (request("/userinfo", &["Basic YTpi"], None), Refusal::TokenMissing),
            (request("/userinfo", &["Bearer"], None), Refusal::TokenMissing),
            (request("/userinfo", &[], Some("access_token=")), Refusal::TokenMissing),
            (request("/userinfo", &["Bearer a", "Bearer b"], None), Refusal::TokenSentTwice),
            (request("/userinfo", &["Bearer a"], Some("access_token=a")), Refusal::TokenSentTwice),
            (request("/userinfo?access_token=a", &[], None), Refusal::ParametersInQuery),
            (request("/userinfo", &["Bearer a b"], None), invalid.clone()),
            (request("/userinfo", &["Bearer ==="], None), invalid.clone()),
            (request("/userinfo", &[&long], None), invalid),
        ] {
            if request.body().is_empty() {
                assert_eq!(bearer_token_in_header(&request).map(|_| ()), Err(refusal.clone()));
            }
            assert_eq!(bearer_token(&request).map(|_| ()), Err(refusal));
        }
    }

    #[test]
    fn where_the_body_has_another_purpose_no_token_is_looked_for_in_it() {
        let form = Some("access_token=a");
        let read = |request: &Request| bearer_token_in_header(request).map(|token| token.expose().clone());
        assert_eq!(read(&request("/register", &[], form)), Err(Refusal::TokenMissing));
        assert_eq!(read(&request("/register", &["bearer b"], form)).as_deref(), Ok("b"));
    }
}
