use cli::{Change, Complaint, IssuerChoice, NotApplied, Plan, check_folder, differences, reference, schemas};
use environment::Dice;
use serde_json::json;
use store::Applied as Moved;

use crate::Stop;
use crate::arguments::{Apply, Check, Rollback, Schema};
use crate::terminal::Terminal;
use crate::trail::{About, person_changed, record};

/// What a folder is checked for when nobody says what its issuer will be.
pub(crate) const SOME_ISSUER: &str = "http://localhost";

pub(crate) async fn apply(apply: Apply, terminal: &mut Terminal) -> Result<(), Stop> {
    if apply.json && !apply.yes && !apply.dry_run {
        return Err(Stop::Usage(
            "--json goes with --dry-run or --yes: in JSON nobody can be asked.".to_owned(),
        ));
    }
    let store = apply.place.store().await?;
    let plan = Plan::make(&store, &apply.folder, apply.issuer.as_deref()).await.map_err(stop)?;
    if !apply.json {
        show(plan.changes(), terminal);
    }
    if apply.dry_run {
        if apply.json {
            terminal.json(&json!({ "changes": plan.changes() }));
        }
        return Ok(());
    }
    if !apply.yes && !plan.changes().is_empty() {
        terminal.confirm("Put this in force?")?;
    }
    let mut tell = |done, person: &_| person_changed(&apply.place, done, person);
    let applied = plan.carry_out(&store, &Dice::system(), &mut tell).await.map_err(stop)?;
    if !applied.changes.is_empty() {
        record(&apply.place, "configuration-applied", &About::Configuration(applied.version));
    }
    if apply.json {
        terminal.json(&json!({
            "version": applied.version,
            "changes": applied.changes,
            "clients_without_secret": applied.clients_without_secret,
        }));
        return Ok(());
    }
    terminal.say(format_args!("Version {} is in force.", applied.version));
    for client in applied.clients_without_secret {
        terminal.say(format_args!("{client} has no secret yet: countersign client rotate-secret {client}"));
    }
    Ok(())
}

pub(crate) async fn rollback(rollback: Rollback, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = rollback.place.store().await?;
    let in_force = store.snapshot().await.map_err(Stop::refused)?;
    let (version, before) = in_force.ok_or_else(|| Stop::refused("No configuration was ever applied."))?;
    let to = rollback.to.unwrap_or(version.saturating_sub(1));
    if to == version || to == 0 {
        return Err(Stop::refused(format_args!(
            "Version {version} is in force, and there is none to go back to."
        )));
    }
    if !rollback.yes {
        terminal.confirm(&format!("Version {version} is in force. Go back to version {to}?"))?;
    }
    match store.go_back_to(to).await.map_err(Stop::refused)? {
        Moved::Overtaken => return Err(stop(NotApplied::Overtaken)),
        Moved::InForce(_) => {}
    }
    record(&rollback.place, "configuration-rolled-back", &About::Configuration(to));
    if let Some((_, after)) = store.snapshot().await.map_err(Stop::refused)? {
        show(&differences(Some(&before), &after), terminal);
    }
    terminal.say(format_args!("Version {to} is in force."));
    Ok(())
}

pub(crate) fn check(check: &Check, terminal: &mut Terminal) -> Result<(), Stop> {
    let choice = IssuerChoice { argument: check.issuer.as_deref(), otherwise: Some(SOME_ISSUER) };
    let checked = check_folder(&check.folder, &choice).map_err(|complaints| refused(&complaints))?;
    let snapshot = &checked.snapshot;
    terminal.say(format_args!(
        "Nothing is wrong: {}, {}, {}, {}, {}.",
        counted(snapshot.clients.len(), "client", "clients"),
        counted(snapshot.tools.len(), "tool", "tools"),
        counted(snapshot.detail_types.len(), "detail type", "detail types"),
        counted(::policy::by_id(&snapshot.policies).len(), "policy", "policies"),
        counted(checked.people.len(), "person", "people"),
    ));
    Ok(())
}

pub(crate) fn schema(schema: &Schema, terminal: &mut Terminal) -> Result<(), Stop> {
    if schema.markdown {
        terminal.write(&reference());
        return Ok(());
    }
    let Some(folder) = &schema.output else {
        let all: serde_json::Map<_, _> =
            schemas().into_iter().map(|file| (file.file_name(), file.schema)).collect();
        terminal.json(&all.into());
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Stop::refused(format_args!("{}: {error}", folder.display())))?;
    for file in schemas() {
        let path = folder.join(file.file_name());
        std::fs::write(&path, file.text())
            .map_err(|error| Stop::refused(format_args!("{}: {error}", path.display())))?;
        terminal.say(path.display());
    }
    Ok(())
}

pub(crate) fn show(changes: &[Change], terminal: &mut Terminal) {
    if changes.is_empty() {
        terminal.say("Nothing changes.");
    }
    for change in changes {
        terminal.say(change);
    }
}

pub(crate) fn refused(complaints: &[Complaint]) -> Stop {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let count = counted(complaints.len(), "mistake", "mistakes");
    Stop::Refused(format!("{}\n{count}; nothing has changed.", lines.join("\n")))
}

fn stop(why: NotApplied) -> Stop {
    match why {
        NotApplied::Refused(complaints) => refused(&complaints),
        other => Stop::refused(other),
    }
}

pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
