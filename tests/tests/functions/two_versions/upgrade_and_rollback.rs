//! An upgrade, and the way back: what one version began on a table goes on with the other's programs, real ones both.

use serde_json::json;

use super::begun::Begun;
use crate::deployment::Deployment;
use crate::version::Version;

const SIGNING_MODES: [&str; 2] = ["kms", "kms-wrapped"];

/// A deployment as the previous version leaves it, and which configuration is in force.
fn a_deployment_of_the_previous_version(signing_mode: &'static str) -> (Deployment, u64) {
    let (deployment, previous) = (Deployment::new(signing_mode), Version::previous());
    assert_eq!(deployment.tends_keys(&previous, &json!({})), json!({ "keys": "made" }));
    let configuration = deployment.applies(&previous);
    (deployment, configuration)
}

/// This version's rotation, first on its daily run, then with successors for both keys.
fn keys_are_rotated(deployment: &Deployment) {
    let this = Version::this();
    deployment.tends_keys(&this, &json!({}));
    let answer = deployment.tends_keys(&this, &json!({ "rotate": ["ES256", "RS256"] }));
    assert_eq!(answer["keys"], "changed", "{answer}");
}

#[test]
fn what_the_previous_version_began_goes_on_after_an_upgrade() {
    for signing_mode in SIGNING_MODES {
        let (deployment, _) = a_deployment_of_the_previous_version(signing_mode);
        let previous = deployment.with(&Version::previous());
        // The functions are replaced first, and work with the configuration and the keys that are there.
        Begun::by(previous).goes_on_with(deployment.with(&Version::this()));

        let begun = Begun::by(previous);
        deployment.applies_changed(&Version::this());
        keys_are_rotated(&deployment);
        begun.goes_on_with(deployment.with(&Version::this()));
    }
}

#[test]
fn what_this_version_began_goes_on_after_a_rollback() {
    for signing_mode in SIGNING_MODES {
        let (deployment, before) = a_deployment_of_the_previous_version(signing_mode);
        deployment.applies_changed(&Version::this());
        keys_are_rotated(&deployment);
        let begun = Begun::by(deployment.with(&Version::this()));
        // As the runbook says: the configuration goes back first, then the functions.
        let before = before.to_string();
        deployment.operator(&Version::this()).does(&["rollback", "--to", &before, "--yes"]);
        begun.goes_on_with(deployment.with(&Version::previous()));
    }
}
