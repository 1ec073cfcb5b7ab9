use environment::Clock;
use hyper::header::DATE;
use serde_json::Value;
use url::{Host, Url};

use super::clock::clock;
use super::documents::{discovery, json, key_set, refusal};
use super::pages::pages;
use super::visitor::{Answer, Visitor};
use super::{Finding, Verdict};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// Looks at a deployment as any client sees it: its documents and keys, its clock, where its pages are, and how it refuses.
pub async fn examine_outside(issuer: &str, clock_here: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    let visitor = match (is_an_issuer(issuer), Visitor::new()) {
        (Err(verdict), _) => return vec![Finding::new("address", verdict)],
        (Ok(()), Err(error)) => {
            let remedy = "install the system's CA certificates, or name a file of them in SSL_CERT_FILE";
            return vec![Finding::new("address", Verdict::wrong(error, remedy))];
        }
        (Ok(()), Ok(visitor)) => visitor,
    };
    let answer = match visitor.get(&format!("{issuer}{OPENID}")).await {
        Ok(answer) => answer,
        Err(why) => {
            let remedy = "see that the address is right, its name resolves here, and its certificate is good; a PRIVATE API is \
                          reached from inside its network alone";
            return vec![Finding::new("address", Verdict::wrong(why, remedy))];
        }
    };
    let how =
        if issuer.starts_with("https:") { "https, with a good certificate" } else { "http, on this machine" };
    findings.push(Finding::new("address", Verdict::ok(how)));
    findings.push(Finding::new("clock", clock(answer.header(DATE), clock_here.now())));
    let document = json(&answer);
    findings.push(Finding::new("OpenID discovery", judged(&document, issuer)));
    findings.push(Finding::new("OAuth discovery", oauth_discovery(&visitor, issuer).await));
    let document = document.unwrap_or_default();
    findings.push(Finding::new("key set", keys_of(&visitor, issuer, &document).await));
    findings.push(Finding::new("pages", pages(&visitor, issuer, &document).await));
    findings.push(Finding::new("refusal", refusal_of(&visitor, issuer, &document).await));
    findings
}

/// An issuer is an https URL without query and fragment (RFC 8414, section 2); http is for this machine alone.
fn is_an_issuer(issuer: &str) -> Result<(), Verdict> {
    let remedy = "give the issuer as it was applied: https://, and no slash at the end";
    let url = Url::parse(issuer).map_err(|error| Verdict::wrong(error, remedy))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return Err(Verdict::wrong("tokens and passwords would travel without encryption", remedy));
    }
    if url.query().is_some() || url.fragment().is_some() || issuer.ends_with('/') {
        return Err(Verdict::wrong("it is no issuer", remedy));
    }
    Ok(())
}

fn judged(document: &Result<Value, Verdict>, issuer: &str) -> Verdict {
    match document {
        Ok(document) => discovery(document, issuer),
        Err(verdict) => verdict.clone(),
    }
}

/// The document of RFC 8414, whose own place (section 3.1) is before the issuer's path. A stage's URL has a path and
/// does not reach there: clients find the document behind the path, as OpenID's stands.
async fn oauth_discovery(visitor: &Visitor, issuer: &str) -> Verdict {
    let (inserted, appended) = (inserted(issuer), format!("{issuer}{OAUTH}"));
    if let Ok(answer) = visitor.get(&inserted).await
        && answer.status == 200
    {
        return judged(&json(&answer), issuer);
    }
    match asked(visitor.get(&appended).await) {
        Ok(answer) => match judged(&json(&answer), issuer) {
            Verdict::Ok { seen } if inserted != appended => {
                Verdict::ok(format_args!("{seen}; behind the issuer's path alone, as under a stage's URL"))
            }
            verdict => verdict,
        },
        Err(verdict) => verdict,
    }
}

/// Where RFC 8414, section 3.1 has the document: between host and path.
fn inserted(issuer: &str) -> String {
    let after_scheme = issuer.find("://").map_or(0, |at| at + 3);
    let path = issuer[after_scheme..].find('/').map_or(issuer.len(), |at| after_scheme + at);
    format!("{}{OAUTH}{}", &issuer[..path], &issuer[path..])
}

async fn keys_of(visitor: &Visitor, issuer: &str, document: &Value) -> Verdict {
    match asked(visitor.get(&endpoint(issuer, document, "jwks_uri", "/jwks.json")).await) {
        Ok(answer) => key_set(&answer, document),
        Err(verdict) => verdict,
    }
}

async fn refusal_of(visitor: &Visitor, issuer: &str, document: &Value) -> Verdict {
    let url = endpoint(issuer, document, "token_endpoint", "/token");
    match asked(visitor.post(&url, "grant_type=client_credentials").await) {
        Ok(answer) => refusal(&answer),
        Err(verdict) => verdict,
    }
}

/// Where the document says an endpoint is, if that is below the issuer: nothing is sent to anybody else.
fn endpoint(issuer: &str, document: &Value, name: &str, otherwise: &str) -> String {
    let said = document[name].as_str().filter(|url| url.starts_with(&format!("{issuer}/")));
    said.map_or_else(|| format!("{issuer}{otherwise}"), str::to_owned)
}

fn asked(answer: Result<Answer, String>) -> Result<Answer, Verdict> {
    answer.map_err(|why| Verdict::wrong(why, "see whether the function answers: its log, and its alarms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_place_is_between_host_and_path() {
        for (issuer, place) in [
            ("https://auth.example.com", "https://auth.example.com/.well-known/oauth-authorization-server"),
            ("https://a.example/prod", "https://a.example/.well-known/oauth-authorization-server/prod"),
        ] {
            assert_eq!(inserted(issuer), place);
        }
    }

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for issuer in
            ["https://auth.example.com", "https://a.example/prod", "http://localhost:8690", "http://[::1]:1"]
        {
            assert_eq!(is_an_issuer(issuer), Ok(()), "{issuer}");
        }
        for issuer in
            ["http://auth.example.com", "https://auth.example.com/", "ftp://localhost", "auth", "https://a?x"]
        {
            assert!(is_an_issuer(issuer).is_err(), "{issuer}");
        }
    }
}
