use lambda_http::http::Method;

use crate::request::{Request, arrival};
use crate::{Response, Site, answer};

/// Whether a request for a page came to the domain that is for machines, while the pages stand on another one.
pub(crate) fn is_astray(request: &Request, site: &Site) -> bool {
    arrival(request).domain.as_deref().is_some_and(|domain| site.is_for_machines(domain))
}

/// Sends a browser that opened a page at the domain for machines on to the pages' own, with all that it asked for. There
/// alone are its cookies, and there alone are forms taken ([`crate::require_same_origin`]).
///
/// The gateway says which domain it was, and where to go comes from the configuration: no header leads anybody anywhere.
pub fn to_the_pages(request: &Request, site: &Site) -> Option<Response> {
    let opens_a_page = matches!(*request.method(), Method::GET | Method::HEAD);
    if !opens_a_page || !is_astray(request, site) {
        return None;
    }
    let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
    Some(answer::see_other(&site.page(asked)))
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use lambda_http::http::{StatusCode, header};

    use super::*;
    use crate::request::Arrival;

    fn site() -> Site {
        Site::new("https://machines.example/prod").with_pages("https://people.example/sign")
    }

    fn sent_on(method: Method, uri: &str, domain: Option<&str>) -> Option<String> {
        let request = lambda_http::http::Request::builder()
            .method(method)
            .uri(uri)
            .header(header::HOST, "evil.example")
            .header("x-forwarded-host", "evil.example")
            .extension(Arrival { domain: domain.map(str::to_owned), ..Arrival::default() })
            .body(Body::Empty)
            .expect("a request");
        let response = to_the_pages(&request, &site())?;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        Some(response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned())
    }

    #[test]
    fn a_page_that_is_opened_at_the_machines_domain_is_at_the_pages_with_all_that_was_asked() {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(
                sent_on(method, "/authorize?client_id=a%20b&request_uri=c", Some("machines.example"))
                    .as_deref(),
                Some("https://people.example/sign/authorize?client_id=a%20b&request_uri=c")
            );
        }
        // A path never becomes part of the host.
        assert_eq!(
            sent_on(Method::GET, "//evil.example/", Some("machines.example")).as_deref(),
            Some("https://people.example/sign//evil.example/")
        );
    }

    #[test]
    fn nobody_is_sent_on_from_elsewhere() {
        for domain in [Some("people.example"), Some("abc.execute-api.example"), Some("evil.example"), None] {
            assert_eq!(sent_on(Method::GET, "/authorize", domain), None, "{domain:?}");
        }
        assert_eq!(sent_on(Method::POST, "/sign-in", Some("machines.example")), None);
    }
}
