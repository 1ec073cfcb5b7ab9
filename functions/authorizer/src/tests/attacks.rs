//! What somebody tries who has a good token for something else, or none at all.

use ring::hmac;

use super::*;

const Q4: &str = "/files/finance/Q4-report.pdf";

/// Refused by each kind of API alike.
#[track_caller]
fn no_token(name: &str, token: &str) -> impl Future<Output = ()> {
    let (name, token) = (name.to_owned(), token.to_owned());
    async move {
        assert_eq!(answer(&asks("GET", Q4, &token)).await, Err("Unauthorized"), "{name}");
        let no = answer(&asks_of_http_api(Q4, &token)).await.expect("an answer");
        assert_eq!(no["isAuthorized"], false, "{name}");
    }
}

/// RFC 8725, sections 2 and 3; RFC 9068, section 4.
#[tokio::test]
async fn a_token_that_only_looks_like_one_of_this_tool_s_opens_nothing() {
    let header = || json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"});
    let claims = || claims_with("files.access", &json!({}));
    assert!(answer(&asks("GET", Q4, &signed(&header(), &claims()))).await.is_ok(), "signed in the same way");
    let with = |mut value: Value, name: &str, change: Value| {
        value[name] = change;
        value
    };
    for (name, change) in [
        ("typ", json!("JWT")),
        ("typ", json!("logout+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("kid", json!("two")),
        ("kid", json!("../one")),
        ("crit", json!(["exp"])),
    ] {
        no_token(&format!("{name} {change}"), &signed(&with(header(), name, change.clone()), &claims()))
            .await;
    }
    for (name, change) in [
        ("aud", json!("https://mail.internal.corp")),
        ("aud", json!("https://files.internal.corp/")),
        ("aud", json!(["https://files.internal.corp.evil.example"])),
        ("iss", json!("https://auth.example.com.evil.example")),
        ("nbf", json!(4_102_444_000_u64)),
        ("cnf", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
    ] {
        no_token(&format!("{name} {change}"), &signed(&header(), &with(claims(), name, change.clone())))
            .await;
    }
    // The public key, which everybody has, as the secret of an HMAC, and no signature at all.
    let input =
        |header: Value| [header, claims()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let input_by_hmac = input(with(header(), "alg", json!("HS256")));
    let public = [X, Y].map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), input_by_hmac.as_bytes());
    no_token("an HMAC", &format!("{input_by_hmac}.{}", URL_SAFE_NO_PAD.encode(mac))).await;
    no_token("no signature", &format!("{}.", input(with(header(), "alg", json!("none"))))).await;
}

/// RFC 9396: two details are not added up, and what a rule does not look at could be a restriction.
#[tokio::test]
async fn a_good_token_s_details_open_nothing_beside_what_they_say() {
    let file = json!({
        "type": "file_access", "locations": ["https://files.internal.corp/finance"], "actions": ["read"],
        "identifier": "Q4-report.pdf",
    });
    let with = |name: &str, change: Value| {
        let mut file = file.clone();
        file[name] = change;
        file
    };
    let opens = async |details: Value| {
        effect("GET", Q4, &token_with("files.access", &json!({"authorization_details": details}))).await.0
    };
    assert_eq!(opens(json!([file])).await, "Allow");
    for details in [
        json!([with("actions", json!(["write"]))]),
        json!([with("actions", json!("read"))]),
        json!([with("actions", json!([["read"]]))]),
        json!([with("locations", json!(["https://files.internal.corp"]))]),
        json!([with("locations", json!(["https://files.internal.corp/finance/.."]))]),
        json!([with("identifier", json!("*"))]),
        json!([with("identifier", json!(null))]),
        json!([with("identifier", json!(["Q4-report.pdf"]))]),
        json!([with("type", json!("FILE_ACCESS"))]),
        json!([with("only_on", json!("Monday"))]),
        json!([with("actions", json!(["write"])), with("identifier", json!("Q3-report.pdf"))]),
        json!([]),
    ] {
        assert_eq!(opens(details.clone()).await, "Deny", "{details}");
    }
    // The rule is about reading, whatever else the request could be taken for.
    for method in ["get", "HEAD", "POST", "DELETE", "GET "] {
        assert_eq!(effect(method, Q4, &token("files.access")).await.0, "Deny", "{method:?}");
    }
}

/// RFC 8693, section 4.1: a name is one of the token's issuer only where nobody else can have given it.
#[tokio::test]
async fn a_demanded_actor_is_not_found_among_another_issuer_s() {
    let deletes = async |act: Value| {
        effect("DELETE", "/drafts/a", &token_with("files.access", &json!({"act": act}))).await.0
    };
    let elsewhere = "https://elsewhere.example.com";
    let chain = json!({"sub": "finance-agent", "act": {"sub": "planner"}});
    assert_eq!(deletes(json!({"sub": "files-agent", "act": chain})).await, "Allow");
    for act in [
        json!({"sub": "files-agent", "act": {"sub": "gateway", "iss": elsewhere, "act": chain}}),
        json!({"sub": "files-agent", "act": {"sub": "finance-agent", "iss": elsewhere, "act": {"sub": "planner"}}}),
        json!({"sub": "files-agent", "iss": elsewhere, "act": chain}),
        json!({"sub": "gateway", "iss": elsewhere, "act": {"sub": "files-agent", "act": chain}}),
        json!({"sub": "files-agent", "iss": "", "act": chain}),
    ] {
        assert_eq!(deletes(act.clone()).await, "Deny", "{act}");
    }
}

/// OAuth 2.1, section 5.1.1: one header, and nothing but the header.
#[tokio::test]
async fn a_good_token_in_a_wrong_place_is_none() {
    let good = token("files.access");
    let with_headers = |headers: Value| {
        let mut event = asks("GET", Q4, "");
        event["multiValueHeaders"] = headers;
        event
    };
    let bearer = format!("Bearer {good}");
    assert!(answer(&with_headers(json!({"authorization": [bearer]}))).await.is_ok());
    for headers in [
        json!({"Authorization": [bearer], "authorization": [bearer]}),
        json!({"Authorization": [bearer, "Basic YTpi"]}),
        json!({"Authorization": [format!("{bearer},{bearer}")]}),
        json!({"Authorization": [format!("DPoP {good}")]}),
        json!({"Authorization": [good]}),
        json!({"X-Authorization": [bearer]}),
        json!({"Proxy-Authorization": [bearer]}),
        json!({"Cookie": [format!("access_token={good}")]}),
    ] {
        assert_eq!(answer(&with_headers(headers.clone())).await, Err("Unauthorized"), "{headers}");
    }
    let mut event = with_headers(json!({}));
    event["queryStringParameters"] = json!({"access_token": good});
    assert_eq!(answer(&event).await, Err("Unauthorized"));
}
