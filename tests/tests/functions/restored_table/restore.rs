//! A table that was lost and is restored, as the runbook says: what is there again, what must not live again, and how it ends.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::event::Request;
use crate::place::{Place, a_name};
use crate::process::Process;
use crate::version::Version;
use crate::visit::Visit;
use crate::walk::Crew;

const SIGNING_MODES: [&str; 2] = ["kms", "kms-wrapped"];

/// A process acts on what it knows of the configuration for five seconds.
const NOTICED: Duration = Duration::from_secs(6);

/// What has begun in the very second of an ending has ended, too.
const LATER: Duration = Duration::from_secs(2);

impl Deployment {
    fn is_backed_up(&self) -> Value {
        let made = self.database("CreateBackup", &json!({ "TableName": self.table, "BackupName": "before" }));
        made["BackupDetails"]["BackupArn"].clone()
    }

    /// The same deployment on a table that is restored from a backup.
    fn restored(&self, backup: &Value) -> Self {
        let table = a_name();
        self.restores_as(backup, &table);
        self.on(&table)
    }

    fn restores_as(&self, backup: &Value, table: &str) {
        self.database("RestoreTableFromBackup", &json!({ "BackupArn": backup, "TargetTableName": table }));
    }

    fn ends_everything(&self) {
        let said = self.operator(&Version::this()).does(&["end-everything", "--yes", "--json"]);
        let ended: Value = serde_json::from_str(&said).expect("JSON");
        assert!(ended["people"].as_u64() > Some(0) && ended["clients"].as_u64() > Some(0), "{ended}");
    }
}

/// A fresh process of a function, asked once.
fn asked(place: &Place, function: &str, request: &Request) -> crate::event::Reply {
    place.starts(function).sends(request)
}

fn published(place: &Place) -> BTreeSet<String> {
    let keys = asked(place, "discovery", &Request::get("/jwks.json")).json();
    let keys = keys["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

fn issuer_told_by(discovery: &Process) -> String {
    discovery.sends(&Request::get("/.well-known/oauth-authorization-server")).member("issuer")
}

#[test]
fn a_restored_table_has_configuration_keys_people_and_what_was_under_way() {
    for signing_mode in SIGNING_MODES {
        let deployment = Deployment::ready(signing_mode);
        let before = deployment.with(&Version::this());
        let crew = Crew::at(before);
        let tokens = crew.redeems(&crew.gets_a_code(&before.push()));
        let ready = Visit::OF_BOTH_VERSIONS.map(|visit| crew.prepares(visit));
        let backup = deployment.is_backed_up();

        let after = deployment.restored(&backup).with(&Version::this());
        assert_eq!(published(after), published(before));
        let renewed = asked(after, "token", &after.refresh(&tokens.member("refresh_token")));
        assert!(Visit::Refresh.is_granted(&renewed), "{}", renewed.outline());
        let crew = Crew::at(after);
        for ready in &ready {
            let reply = asked(after, ready.visit.function(), &ready.request);
            assert!(ready.visit.is_granted(&reply), "{:?}: {}", ready.visit, reply.outline());
            crew.goes_on(ready, &reply).expect("it goes on");
        }
    }
}

#[test]
fn what_ended_after_the_backup_lives_again_until_everything_is_ended() {
    let deployment = Deployment::ready("kms");
    let before = deployment.with(&Version::this());
    let crew = Crew::at(before);
    let tokens = crew.redeems(&crew.gets_a_code(&before.push()));
    let alone = asked(before, "token", &before.client_credentials()).member("access_token");
    let (spent, unspent) = (crew.gets_a_code(&before.push()), crew.prepares(Visit::Consent));
    let (revoked, of_person) = (tokens.member("refresh_token"), tokens.member("access_token"));
    let session = crew.somebodys_browser();
    let opens = |place: &Place| {
        let pushed = asked(place, "par", &place.push()).member("request_uri");
        asked(place, "authorize", &session.opens(&pushed))
    };
    let shut_out = a_name();
    before.operator.adds_a_user(&shut_out, &[]);
    before.operator.does(&["user", "disable", &shut_out]);
    let backup = deployment.is_backed_up();
    crew.redeems(&spent);
    assert!(Visit::RevokeRefreshToken.is_granted(&asked(before, "revoke", &before.revocation(&revoked))));
    assert!(!crew.is_active(&of_person));

    let restored = deployment.restored(&backup);
    let after = restored.with(&Version::this());
    let is_active = |token: &str| {
        Visit::IntrospectAccessToken.is_granted(&asked(after, "introspect", &after.introspection(token)))
    };
    assert!(
        is_active(&of_person) && is_active(&alone),
        "what was revoked lives again: why there is a command"
    );
    assert!(opens(after).has_form("/consent"), "so does the session");

    restored.ends_everything();
    assert!(!is_active(&of_person), "an access token has ended with everything");
    assert!(!is_active(&alone), "so has that of an agent that works alone");
    for request in [after.refresh(&revoked), after.redemption(&spent)] {
        let refused = asked(after, "token", &request);
        assert_eq!(refused.member("error"), "invalid_grant", "{}", refused.outline());
    }
    assert!(opens(after).has_form("/sign-in"), "the session has ended");
    let decided = asked(after, "consent", &unspent.request);
    assert!(decided.callback("code").is_none(), "a page that was open gives no code: {}", decided.outline());

    let people: Value =
        serde_json::from_str(&after.operator.does(&["user", "list", "--json"])).expect("JSON");
    for person in people.as_array().expect("people") {
        assert_eq!(
            person["disabled"] == true,
            person["profile"]["user_name"] == shut_out.as_str(),
            "{person}"
        );
    }
    // Clients' secrets and people's passwords are as they were, and all of it can be begun anew.
    sleep(LATER);
    let crew = Crew::at(after);
    assert!(crew.is_active(&crew.redeems(&crew.gets_a_code(&after.push())).member("access_token")));
    assert!(crew.is_active(&asked(after, "token", &after.client_credentials()).member("access_token")));
}

#[test]
fn keys_that_were_replaced_after_the_backup_are_replaced_again() {
    for signing_mode in SIGNING_MODES {
        let (deployment, at_once) =
            (Deployment::ready(signing_mode), json!({ "rotate": ["ES256", "RS256"], "at_once": true }));
        let this = Version::this();
        let leaked = published(deployment.with(&this));
        let backup = deployment.is_backed_up();
        deployment.tends_keys(&this, &at_once);
        let restored = deployment.restored(&backup);
        let place = restored.with(&this);
        assert_eq!(
            published(place),
            leaked,
            "{signing_mode}: the keys that were given up are published again"
        );

        if signing_mode == "kms" {
            let token = asked(place, "token", &place.client_credentials());
            assert_eq!(token.status, 500, "KMS has disabled the key: {}", token.outline());
        }
        assert_eq!(restored.tends_keys(&this, &at_once)["keys"], "changed");
        assert!(published(place).is_disjoint(&leaked), "{signing_mode}");
        let token = asked(place, "token", &place.client_credentials());
        assert!(Visit::WorkAlone.is_granted(&token), "{signing_mode}: {}", token.outline());
        assert!(Crew::at(place).is_active(&token.member("access_token")));
    }
}

/// The runbook restores under the table's own name, and processes may outlive that. The number of the configuration that is
/// applied next was given out before the loss, too.
#[test]
fn a_process_that_outlived_the_restore_takes_no_configuration_for_another_of_its_number() {
    let (deployment, this) = (Deployment::ready("kms-wrapped"), Version::this());
    let configuration = this.configuration_in(&deployment.folder);
    let operator = deployment.operator(&this);
    let backup = deployment.is_backed_up();
    let lost = operator.applies_as(&configuration, "http://localhost:8691");
    let place = deployment.with(&this);
    let discovery = place.starts("discovery");
    assert_eq!(issuer_told_by(&discovery), "http://localhost:8691");

    deployment.database("DeleteTable", &json!({ "TableName": deployment.table }));
    deployment.restores_as(&backup, &deployment.table);
    assert_eq!(operator.applies_as(&configuration, "http://localhost:8692"), lost, "the number comes twice");
    sleep(NOTICED);
    assert_eq!(issuer_told_by(&discovery), "http://localhost:8692");
}
