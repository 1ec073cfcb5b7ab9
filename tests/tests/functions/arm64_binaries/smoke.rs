//! The architecture that a deployment has unless it says otherwise, on a machine of another: do the programs run at all?

use serde_json::json;

use crate::deployment::Deployment;
use crate::event::Request;
use crate::version::Version;
use crate::visit::Visit;

#[test]
fn functions_for_arm64_make_keys_publish_them_sign_and_verify() {
    let arm64 = Version::for_arm64();
    for signing_mode in ["kms", "kms-wrapped"] {
        let deployment = Deployment::new(signing_mode);
        assert_eq!(deployment.tends_keys(&arm64, &json!({})), json!({ "keys": "made" }));
        deployment.applies(&arm64);
        let place = deployment.with(&arm64);
        let discovery = place.starts("discovery");
        let metadata = discovery.sends(&Request::get("/.well-known/oauth-authorization-server"));
        assert_eq!((metadata.status, metadata.member("issuer")), (200, place.issuer.clone()));
        let keys = discovery.sends(&Request::get("/jwks.json")).json();
        assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2), "{keys}");
        let token = place.starts("token").sends(&place.client_credentials());
        assert!(Visit::WorkAlone.is_granted(&token), "{signing_mode}: {}", token.outline());
        let question = place.introspection(&token.member("access_token"));
        let answer = place.starts("introspect").sends(&question);
        assert!(Visit::IntrospectAccessToken.is_granted(&answer), "{signing_mode}: {}", answer.outline());
    }
}
