use url::{Host, Url};

/// The `Content-Security-Policy` of every page: nothing but our own style sheet, images, manifest and forms, in no frame.
///
/// A form's answer may redirect to the client, and Chromium applies `form-action` to that redirect too: `redirect_uris`
/// are the ones that this page's forms may lead to. What cannot be written as a source (CSP Level 3, section 2.3.1), such as
/// an IPv6 address, is allowed by its scheme; what is no URI is passed over.
///
/// Chromium follows the whole chain: a callback that itself redirects to another origin is stopped, unless that origin is
/// among the URIs given here.
pub fn content_security_policy(redirect_uris: &[&str]) -> String {
    policy("", redirect_uris)
}

/// As [`content_security_policy`], for a page on which a passkey is registered or used: with our own script and no other.
pub fn content_security_policy_with_script(redirect_uris: &[&str]) -> String {
    policy("script-src 'self'; ", redirect_uris)
}

fn policy(script: &str, redirect_uris: &[&str]) -> String {
    let mut targets = vec!["'self'".to_owned()];
    targets.extend(redirect_uris.iter().filter_map(|uri| form_target(uri)));
    targets.dedup();
    format!(
        "default-src 'none'; {script}style-src 'self'; img-src 'self'; manifest-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'",
        targets.join(" ")
    )
}

fn form_target(redirect_uri: &str) -> Option<String> {
    let uri = Url::parse(redirect_uri).ok()?;
    let scheme = uri.scheme();
    match uri.host() {
        Some(Host::Domain(_) | Host::Ipv4(_)) if matches!(scheme, "http" | "https") => {
            Some(uri.origin().ascii_serialization())
        }
        // `javascript:` and `data:` would let a form run what a client chose.
        _ if matches!(scheme, "javascript" | "data" | "blob" | "file" | "filesystem" | "vbscript") => None,
        _ => Some(format!("{scheme}:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_load_and_post_to_nobody_but_us() {
        assert_eq!(
            content_security_policy(&[]),
            "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
    }

    #[test]
    fn a_page_for_passkeys_runs_our_own_script_and_is_alike_otherwise() {
        let with_script = content_security_policy_with_script(&["https://agent.example/callback"]);
        assert_eq!(
            with_script.replace("script-src 'self'; ", ""),
            content_security_policy(&["https://agent.example/callback"])
        );
        assert!(with_script.starts_with("default-src 'none'; script-src 'self'; style-src"), "{with_script}");
    }

    #[test]
    fn a_form_may_lead_back_to_the_client() {
        for (redirect_uri, target) in [
            ("http://127.0.0.1:8912/callback?x=1", " http://127.0.0.1:8912;"),
            ("https://agent.example/callback", " https://agent.example;"),
            ("https://agent.example:443/", " https://agent.example;"),
            ("com.example.agent:/callback", " com.example.agent:;"),
            ("http://[::1]:8912/callback", " http:;"),
            ("javascript:alert(1)", ";"),
            ("https://a.example; script-src *", ";"),
            ("not a uri", ";"),
        ] {
            let policy = content_security_policy(&[redirect_uri]);
            assert!(
                policy.contains(&format!("form-action 'self'{target} base-uri")),
                "{redirect_uri}: {policy}"
            );
        }
    }
}
