use std::time::Duration;

use cli::doctor::{Deployment, Finding, examine_inside, examine_outside};
use environment::Clock;
use serde_json::json;

use crate::Stop;
use crate::arguments::Doctor;
use crate::terminal::Terminal;

pub(crate) async fn run(asked: Doctor, terminal: &mut Terminal) -> Result<(), Stop> {
    let clock = Clock::system();
    let mut findings = examine_outside(&asked.issuer, &clock).await;
    if !asked.json {
        show(&findings, terminal);
    }
    if let Some(table) = asked.place.table() {
        let deployment = Deployment {
            sdk: &asked.place.sdk().await?,
            table: &table,
            issuer: &asked.issuer,
            rotation: Duration::from_hours(24 * u64::from(asked.rotation_days)),
            push_applications: &asked.push_applications,
        };
        let inside = examine_inside(&deployment, &clock).await;
        if !asked.json {
            show(&inside, terminal);
        }
        findings.extend(inside);
    }
    let wrong = findings.iter().filter(|finding| finding.is_wrong()).count();
    if asked.json {
        terminal.json(&json!({ "issuer": asked.issuer, "well": wrong == 0, "findings": findings }));
    }
    match wrong {
        0 => Ok(()),
        1 => Err(Stop::refused("One thing is wrong.")),
        many => Err(Stop::refused(format_args!("{many} things are wrong."))),
    }
}

fn show(findings: &[Finding], terminal: &mut Terminal) {
    for finding in findings {
        terminal.say(finding);
    }
}
