use lambda_http::http::{Method, header};
use oauth::{Parameters, Refusal};

use crate::request::{Allowed, Request, single};

/// The largest body that is read. `authorization_details` of 300 KB are three times as long when every
/// byte is percent-encoded; 60 KB are left for everything else.
pub const LARGEST_BODY: usize = 960 * 1024;

/// The longest query, percent-encoded. The gateway itself takes 10,240 bytes of request line and headers.
pub const LONGEST_QUERY: usize = 8 * 1024;

/// More parameters than any request of ours can have.
pub const MOST_PARAMETERS: usize = 1000;

/// The parameters of a POST (OAuth 2.1, section 3.2).
///
/// # Errors
/// As [`form_within`], with a limit of [`LARGEST_BODY`].
pub fn form(request: &Request) -> Result<Parameters, Refusal> {
    form_within(request, LARGEST_BODY)
}

/// The parameters of a POST whose body has at most `limit` bytes. They come in the body alone: what stands
/// in a URL ends in logs and histories (RFC 6749, sections 2.3.1 and 3.2).
///
/// # Errors
/// [`Refusal::WrongMethod`], [`Refusal::ParametersInQuery`], [`Refusal::WrongContentType`],
/// [`Refusal::BodyTooLarge`], [`Refusal::TooManyParameters`], [`Refusal::NotUtf8`].
pub fn form_within(request: &Request, limit: usize) -> Result<Parameters, Refusal> {
    if request.method() != Method::POST {
        return Err(Refusal::WrongMethod { allowed: Allowed::Post.as_str() });
    }
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(Refusal::ParametersInQuery);
    }
    if !single(request, &header::CONTENT_TYPE).is_some_and(is_form) {
        return Err(Refusal::WrongContentType);
    }
    let body: &[u8] = request.body();
    if body.len() > limit {
        return Err(Refusal::BodyTooLarge { limit });
    }
    decode(body)
}

/// The parameters of the query.
///
/// A REST API hands the query over decoded. What was not UTF-8 is then a replacement character, so that one
/// is refused as well: nobody means it.
///
/// # Errors
/// [`Refusal::QueryTooLong`], [`Refusal::TooManyParameters`], [`Refusal::NotUtf8`].
pub fn query(request: &Request) -> Result<Parameters, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    if query.len() > LONGEST_QUERY {
        return Err(Refusal::QueryTooLong { limit: LONGEST_QUERY });
    }
    let parameters = decode(query.as_bytes())?;
    let replaced = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    if parameters.iter().any(|(name, value)| replaced(name) || replaced(value)) {
        return Err(Refusal::NotUtf8);
    }
    Ok(parameters)
}

fn decode(encoded: &[u8]) -> Result<Parameters, Refusal> {
    if encoded.split(|byte| *byte == b'&').nth(MOST_PARAMETERS).is_some() {
        return Err(Refusal::TooManyParameters { limit: MOST_PARAMETERS });
    }
    Parameters::decode(encoded)
}

/// `application/x-www-form-urlencoded`, with `charset=utf-8` or without.
pub(crate) fn is_form(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_urlencoded =
        parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    is_urlencoded
        && parts.all(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use oauth::LONGEST_DETAILS;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn post(uri: &str, content_type: &str, body: impl Into<Body>) -> Request {
        lambda_http::http::Request::post(uri)
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .expect("a request")
    }

    fn get(uri: &str) -> Request {
        lambda_http::http::Request::get(uri).body(Body::Empty).expect("a request")
    }

    #[test]
    fn a_form_is_read_whatever_the_case_and_charset_of_its_content_type() {
        for content_type in [
            FORM,
            "Application/X-WWW-Form-Urlencoded",
            "application/x-www-form-urlencoded;charset=UTF-8",
            "application/x-www-form-urlencoded; charset=\"utf-8\"",
        ] {
            let parameters = form(&post("/token", content_type, "grant_type=a+b")).expect(content_type);
            assert_eq!(parameters.optional("grant_type"), Ok(Some("a b")));
        }
    }

    #[test]
    fn what_is_not_a_form_is_refused() {
        let too_large = vec![b'a'; LARGEST_BODY + 1];
        let too_many = "a&".repeat(MOST_PARAMETERS);
        for (request, refusal) in [
            (get("/token?grant_type=x"), Refusal::WrongMethod { allowed: "POST" }),
            (post("/token?client_secret=x", FORM, "a=b"), Refusal::ParametersInQuery),
            (post("/token", "application/json", "{}"), Refusal::WrongContentType),
            (post("/token", "", "a=b"), Refusal::WrongContentType),
            (post("/token", "multipart/form-data; boundary=x", "a=b"), Refusal::WrongContentType),
            (
                post("/token", "application/x-www-form-urlencoded; charset=utf-16", "a=b"),
                Refusal::WrongContentType,
            ),
            (post("/token", FORM, too_large), Refusal::BodyTooLarge { limit: LARGEST_BODY }),
            (post("/token", FORM, too_many), Refusal::TooManyParameters { limit: MOST_PARAMETERS }),
            (post("/token", FORM, "state=%ff"), Refusal::NotUtf8),
            (post("/token", FORM, vec![b'a', b'=', 0xff]), Refusal::NotUtf8),
        ] {
            assert_eq!(form(&request).map(|_| ()), Err(refusal));
        }
    }

    #[test]
    fn a_content_type_that_comes_twice_is_refused() {
        let mut request = post("/token", FORM, "a=b");
        request.headers_mut().append(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        assert_eq!(form(&request).map(|_| ()), Err(Refusal::WrongContentType));
    }

    #[test]
    fn the_longest_details_pass_with_every_byte_percent_encoded_and_a_mebibyte_does_not() {
        let body = format!("client_id=a&authorization_details={}", "%5B".repeat(LONGEST_DETAILS));
        let parameters = form(&post("/par", FORM, body)).expect("within the limit");
        assert_eq!(parameters.required("authorization_details").unwrap().len(), LONGEST_DETAILS);
        const { assert!(LARGEST_BODY < 1024 * 1024) }
    }

    #[test]
    fn a_query_is_read_within_its_limit() {
        let parameters = query(&get("/authorize?scope=a%20b&scope=c&state=")).expect("a query");
        assert!(parameters.has("state"));
        assert_eq!(parameters.optional("scope"), Err(Refusal::RepeatedParameter { name: "scope" }));
        assert!(query(&get("/authorize")).is_ok());

        let long = format!("/authorize?state={}", "a".repeat(LONGEST_QUERY));
        assert_eq!(query(&get(&long)).map(|_| ()), Err(Refusal::QueryTooLong { limit: LONGEST_QUERY }));
        for garbled in ["/authorize?state=%FF", "/authorize?state=%EF%BF%BD", "/authorize?a=%00"] {
            assert_eq!(query(&get(garbled)).map(|_| ()), Err(Refusal::NotUtf8));
        }
    }
}
