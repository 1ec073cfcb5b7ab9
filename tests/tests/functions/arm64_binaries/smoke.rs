//! The architecture that a deployment has unless it says otherwise, on a machine of another: do the programs run at all? What they
//! answer is tested elsewhere.

use lean_start::runtime_api::Outcome;
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::event::Request;
use crate::post_office::{PostOffice, of_stream};
use crate::process::TIMEOUT;
use crate::version::Version;
use crate::visit::Visit;
use crate::walk::Crew;

/// What begins with a key: rotation makes them, discovery publishes them, token signs and introspect verifies.
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

/// A deployment with keys and a configuration.
fn with_keys(arm64: &Version) -> Deployment {
    let deployment = Deployment::new("kms");
    deployment.tends_keys(arm64, &json!({}));
    deployment.applies(arm64);
    deployment
}

#[test]
fn every_function_for_arm64_that_a_gateway_calls_grants_a_request() {
    let arm64 = Version::for_arm64();
    let deployment = with_keys(&arm64);
    let crew = Crew::at(deployment.with(&arm64));
    for visit in Visit::ALL.into_iter().filter(|visit| visit.is_first_of_its_function()) {
        let reply = crew.place.starts(visit.function()).sends(&crew.prepares(visit).request);
        assert!(visit.is_granted(&reply), "{}: {}", visit.function(), reply.outline());
    }
}

#[test]
fn the_messenger_for_arm64_has_nothing_to_tell_of_what_is_gone() {
    let arm64 = Version::for_arm64();
    let deployment = with_keys(&arm64);
    let place = deployment.with(&arm64);
    let post = PostOffice::at(&place.endpoint);
    let messenger =
        place.starts_in("notify", post.in_environment(place.environment("notify", &place.endpoint)));
    let news = json!({ "Records": [of_stream("AAAAAAAAAAAAAAAAAAAAAA", "approved")] });
    match messenger.function.invoke(&news.to_string(), TIMEOUT) {
        Outcome::Answer(answer) => {
            let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(said, json!({ "batchItemFailures": [] }));
        }
        other => panic!("{other:?}: {}", messenger.log()),
    }
}
