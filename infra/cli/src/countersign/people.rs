use cli::{
    LeftAtSns, add_person, disable_person, enable_person, enrol_person, generated_password, plan_people,
    read_people_table, remove_passkeys, remove_person, reset_password,
};
use environment::{Clock, Dice};
use oauth::configuration::Profile;
use oauth::{OtherPasskeys, PersonId, Secret};
use serde_json::json;

use crate::Stop;
use crate::arguments::{
    AddUser, Enrol, Import, List, PasswordSource, RemovePasskeys, ResetPassword, User, Where,
};
use crate::configuration::{refused, show};
use crate::terminal::{Terminal, first_line};
use crate::trail::{About, person_changed, person_named, record};

pub(crate) async fn run(user: User, terminal: &mut Terminal) -> Result<(), Stop> {
    let now = Clock::system().now();
    match user {
        User::Add(user) => add(user, terminal).await,
        User::Disable(user) => {
            let store = user.place.store().await?;
            let person = person_named(&store, &user.user_name).await?;
            disable_person(&store, &user.user_name, now).await.map_err(Stop::refused)?;
            recorded(&user.place, "user-disabled", person.as_ref());
            terminal.say(format_args!(
                "{} is shut out; their sessions, authorizations, tokens and the link for a passkey have ended.",
                user.user_name
            ));
            Ok(())
        }
        User::Enable(user) => {
            let store = user.place.store().await?;
            let person = person_named(&store, &user.user_name).await?;
            enable_person(&store, &user.user_name).await.map_err(Stop::refused)?;
            recorded(&user.place, "user-enabled", person.as_ref());
            terminal.say(format_args!("{} can sign in again.", user.user_name));
            Ok(())
        }
        User::Remove(user) => {
            let store = user.place.store().await?;
            let person = person_named(&store, &user.user_name).await?;
            let left = remove_person(&store, &user.user_name, now).await.map_err(Stop::refused)?;
            recorded(&user.place, "user-removed", person.as_ref());
            terminal.say(format_args!("{} is removed.", user.user_name));
            say_left(&left, terminal);
            Ok(())
        }
        User::Enrol(user) => enrol(user, terminal).await,
        User::RemovePasskeys(user) => without_passkeys(user, terminal).await,
        User::ResetPassword(user) => reset(user, terminal).await,
        User::Import(import) => self::import(import, terminal).await,
        User::List(list) => self::list(list, terminal).await,
    }
}

/// What whoever looks after the AWS account may clear away. Nothing is sent there any more.
fn say_left(left: &LeftAtSns, terminal: &mut Terminal) {
    for arn in &left.subscriptions {
        terminal.say(format_args!("SNS still has: aws sns unsubscribe --subscription-arn {arn}"));
    }
    for arn in &left.endpoints {
        terminal.say(format_args!(
            "SNS still has, unless somebody else signs in on that phone: aws sns delete-endpoint --endpoint-arn {arn}"
        ));
    }
}

fn recorded(place: &Where, event: &str, person: Option<&PersonId>) {
    if let Some(person) = person {
        record(place, event, &About::Person(person));
    }
}

async fn add(user: AddUser, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = user.place.store().await?;
    let dice = Dice::system();
    let profile = Profile {
        user_name: user.user_name.to_lowercase(),
        name: user.name,
        email: user.email,
        phone_number: user.phone_number,
        groups: user.groups.into_iter().collect(),
        attributes: user.attributes.into_iter().collect(),
        locale: user.locale,
        zone: user.zone,
    };
    let user_name = profile.user_name.clone();
    let password = if user.no_password { None } else { Some(password(&user.password, &dice)?) };
    let id = add_person(&store, &dice, profile, password.as_ref()).await.map_err(Stop::refused)?;
    record(&user.place, "user-added", &About::Person(&id));
    let shown = password.as_ref().filter(|_| !user.password.password_stdin);
    if user.json {
        terminal.json(&json!({ "user_name": user_name, "id": id, "password": shown.map(Secret::expose) }));
        return Ok(());
    }
    terminal.say(format_args!("{user_name} is added ({id})."));
    say_password(shown, terminal);
    if user.no_password {
        terminal.say(format_args!(
            "They cannot sign in yet: countersign user enrol {user_name}, or reset-password {user_name}"
        ));
    }
    Ok(())
}

async fn enrol(user: Enrol, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = user.place.store().await?;
    let now = Clock::system().now();
    let others = if user.replace { OtherPasskeys::Replaced } else { OtherPasskeys::Stay };
    let made = enrol_person(&store, &Dice::system(), &user.user_name, others, now).await;
    let made = made.map_err(Stop::refused)?;
    record(&user.place, "passkey-link-made", &About::Person(&made.person));
    if user.json {
        let expires_at = made.expires_at;
        terminal.json(
            &json!({ "user_name": user.user_name, "link": made.link.expose(), "expires_at": expires_at }),
        );
        return Ok(());
    }
    terminal.say(format_args!("{} registers a passkey by this link, once, within an hour:", user.user_name));
    terminal.say(made.link.expose());
    terminal.say("Whoever has it is taken for them: give it to nobody else.");
    if user.replace {
        terminal.say("When it is used, all other passkeys are gone, and whatever was begun until then ends.");
    }
    Ok(())
}

async fn without_passkeys(user: RemovePasskeys, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = user.place.store().await?;
    let now = Clock::system().now();
    let person = person_named(&store, &user.user_name).await?;
    let removed = remove_passkeys(&store, &user.user_name, now).await.map_err(Stop::refused)?;
    recorded(&user.place, "passkeys-removed", person.as_ref());
    if user.json {
        terminal.json(&json!({ "user_name": user.user_name, "removed": removed }));
        return Ok(());
    }
    terminal.say(format_args!(
        "{} has no passkey any more, of {removed}, and no link for one; their sessions, authorizations and tokens have ended.",
        user.user_name
    ));
    Ok(())
}

async fn reset(user: ResetPassword, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = user.place.store().await?;
    let dice = Dice::system();
    let password = password(&user.password, &dice)?;
    let now = Clock::system().now();
    let person = person_named(&store, &user.user_name).await?;
    let passkeys = reset_password(&store, &dice, &user.user_name, &password, now).await;
    let passkeys = passkeys.map_err(Stop::refused)?;
    recorded(&user.place, "password-reset", person.as_ref());
    let shown = Some(&password).filter(|_| !user.password.password_stdin);
    if user.json {
        terminal.json(&json!({ "user_name": user.user_name, "password": shown.map(Secret::expose), "passkeys": passkeys }));
        return Ok(());
    }
    terminal.say(format_args!(
        "{} has a new password; their sessions, authorizations, tokens and the link for a passkey have ended.",
        user.user_name
    ));
    say_password(shown, terminal);
    if passkeys > 0 {
        terminal.say(format_args!(
            "Their passkeys ({passkeys}) still sign them in. If any may be somebody else's: countersign user remove-passkeys {}",
            user.user_name
        ));
    }
    Ok(())
}

fn password(source: &PasswordSource, dice: &Dice) -> Result<Secret<String>, Stop> {
    if source.password_stdin { first_line() } else { Ok(generated_password(dice)) }
}

fn say_password(password: Option<&Secret<String>>, terminal: &mut Terminal) {
    if let Some(password) = password {
        terminal.say(format_args!("Their password, shown this once: {}", password.expose()));
    }
}

async fn import(import: Import, terminal: &mut Terminal) -> Result<(), Stop> {
    let profiles = read_people_table(&import.file).map_err(|complaints| refused(&complaints))?;
    let store = import.place.store().await?;
    let changes = plan_people(&store, &profiles).await.map_err(Stop::refused)?;
    show(&changes.changes(), terminal);
    if import.dry_run {
        return Ok(());
    }
    let missing = changes.missing().len();
    changes
        .carry_out(&store, &Dice::system(), &mut |done, person| person_changed(&import.place, done, person))
        .await
        .map_err(Stop::refused)?;
    if missing > 0 {
        terminal
            .say("Whoever is new cannot sign in yet: countersign user enrol NAME, or reset-password NAME");
    }
    Ok(())
}

async fn list(list: List, terminal: &mut Terminal) -> Result<(), Stop> {
    let people = list.place.store().await?.people().await.map_err(Stop::refused)?;
    if list.json {
        let people: Vec<_> = people
            .iter()
            .map(|person| {
                json!({
                    "id": person.id,
                    "profile": person.profile,
                    "disabled": person.disabled,
                    "has_password": person.password_hash.is_some(),
                })
            })
            .collect();
        terminal.json(&people.into());
        return Ok(());
    }
    for person in &people {
        let state = match (person.disabled, &person.password_hash) {
            (true, _) => "disabled",
            (false, None) => "no password",
            (false, Some(_)) => "",
        };
        let groups = person.profile.groups.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        terminal.say(
            format_args!(
                "{:<20} {:<30} {:<12} {groups}",
                person.profile.user_name, person.profile.name, state
            )
            .to_string()
            .trim_end(),
        );
    }
    Ok(())
}
