use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use serde_json::Value;

use super::Verdict;
use super::visitor::{Answer, Visitor};

/// A page that anybody may open.
const PAGE: &str = "/sign-in";

/// Whether the pages stand where clients send people, with their policy, and nowhere else.
pub(super) async fn pages(visitor: &Visitor, issuer: &str, document: &Value) -> Verdict {
    let said = document["authorization_endpoint"].as_str().and_then(|url| url.strip_suffix("/authorize"));
    let Some(pages) = said else {
        return Verdict::not_checked("the discovery document does not say where they are");
    };
    if issuer.starts_with("https:") && !pages.starts_with("https:") {
        return Verdict::wrong(
            format_args!("passwords would travel without encryption to {pages}"),
            "have the pages at an https URL: `pages` in server.toml",
        );
    }
    let url = format!("{pages}{PAGE}");
    let shown = match visitor.get(&url).await {
        Ok(answer) => is_a_page(&answer, &url),
        Err(why) => Err(why),
    };
    if let Err(why) = shown {
        let remedy = "see that the API of the pages is deployed (infra/http-api.yaml), and that `pages` in server.toml is its URL";
        return Verdict::wrong(format_args!("there is none at {url}: {why}"), remedy);
    }
    if pages == issuer {
        return Verdict::ok("they stand at the issuer");
    }
    match visitor.get(&format!("{issuer}{PAGE}")).await {
        Ok(answer) if answer.status == 200 => Verdict::wrong(
            format_args!("the issuer shows them too, and takes no form: {issuer}{PAGE}"),
            "have the API be reached under the issuer's own domain, so that it sends people on",
        ),
        _ => Verdict::ok(format_args!("they stand at {pages}")),
    }
}

fn is_a_page(answer: &Answer, url: &str) -> Result<(), String> {
    if answer.header(LOCATION).is_some_and(|location| location == url) {
        let why = "it sends people to itself; what stands before the API must not reach it under the issuer's domain";
        return Err(why.to_owned());
    }
    if answer.status != 200 {
        return Err(format!("it is answered with the status {}", answer.status));
    }
    let says = |name, what: &str| answer.header(name).is_some_and(|value| value.contains(what));
    if !says(CONTENT_TYPE, "text/html") || !says(CONTENT_SECURITY_POLICY, "frame-ancestors 'none'") {
        return Err("what is answered is not our page, or has lost its policy on the way".to_owned());
    }
    Ok(())
}
