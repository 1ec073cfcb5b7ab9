use lambda_http::http::{HeaderName, header};
use oauth::Refusal;

use crate::Site;
use crate::astray::is_astray;
use crate::request::{Request, single};

/// Refuses a page's form that was not sent by a page of ours. The sealed value is what such a form cannot
/// have; this is the second lock. Browsers always say one of the two on a POST; what says neither is not a
/// browser, and nobody is signed in there. No form is taken at a domain that is for machines.
///
/// # Errors
/// [`Refusal::FormRejected`].
pub fn require_same_origin(request: &Request, site: &Site) -> Result<(), Refusal> {
    let fetch_site = HeaderName::from_static("sec-fetch-site");
    let origin_is_ours = says(request, &header::ORIGIN, |origin| origin == site.origin());
    // `none`: the person themselves, such as by reloading.
    let sent_by_us = says(request, &fetch_site, |site| matches!(site, "same-origin" | "none"));
    if origin_is_ours && sent_by_us && !is_astray(request, site) {
        Ok(())
    } else {
        Err(Refusal::FormRejected)
    }
}

/// Whether a header is absent or says what it should.
fn says(request: &Request, name: &HeaderName, right: impl Fn(&str) -> bool) -> bool {
    !request.headers().contains_key(name) || single(request, name).is_some_and(right)
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;
    use crate::request::Arrival;

    fn check(headers: &[(&str, &str)]) -> Result<(), Refusal> {
        check_at(&Site::new("https://auth.example/prod"), "auth.example", headers)
    }

    fn check_at(site: &Site, domain: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let arrival = Arrival { domain: Some(domain.to_owned()), ..Arrival::default() };
        let mut builder = lambda_http::http::Request::post("/consent").extension(arrival);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let request = builder.body(Body::Empty).expect("a request");
        require_same_origin(&request, site)
    }

    #[test]
    fn our_own_forms_pass() {
        for headers in [
            &[("origin", "https://auth.example"), ("sec-fetch-site", "same-origin")][..],
            &[("origin", "https://auth.example")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[],
        ] {
            assert_eq!(check(headers), Ok(()), "{headers:?}");
        }
    }

    #[test]
    fn forms_of_others_do_not() {
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://auth.example")],
            &[("origin", "https://auth.example:8443")],
            &[("origin", "https://auth.example.evil.example")],
            &[("origin", "https://auth.example"), ("origin", "https://evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://auth.example"), ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(check(headers), Err(Refusal::FormRejected), "{headers:?}");
        }
    }

    #[test]
    fn pages_with_a_domain_of_their_own_take_forms_from_there_and_there_alone() {
        let site = Site::new("https://machines.example").with_pages("https://people.example");
        let ours = ("origin", "https://people.example");
        assert_eq!(check_at(&site, "people.example", &[ours]), Ok(()));
        for (domain, headers) in [
            ("people.example", &[("origin", "https://machines.example")][..]),
            (
                "machines.example",
                &[("origin", "https://machines.example"), ("sec-fetch-site", "same-origin")],
            ),
            ("machines.example", &[ours]),
            ("machines.example", &[("sec-fetch-site", "same-origin")]),
            ("machines.example", &[]),
        ] {
            assert_eq!(check_at(&site, domain, headers), Err(Refusal::FormRejected), "{domain} {headers:?}");
        }
    }
}
