use languages::{LanguageTag, Zone};
use oauth::PhoneNumber;
use oauth::configuration::Profile;

use super::{First, plain_text_problem};
use crate::Complaint;
use crate::files::{PeopleFile, PersonTable};
use crate::reading::Read;

/// The people of `people.toml`.
pub(super) fn people(file: &Read<PeopleFile>, complaints: &mut Vec<Complaint>) -> Vec<Profile> {
    let mut user_names = First::default();
    let mut people = Vec::new();
    for (index, table) in file.value.people.iter().enumerate() {
        let index = index.to_string();
        let profile = profile(table);
        user_names.check(
            "user name",
            &profile.user_name,
            file.at(&["people", &index, "user_name"]),
            complaints,
        );
        for (field, problem) in profile_problems(&profile) {
            complaints.push(file.complaint(&["people", &index, field], problem, ""));
        }
        people.push(profile);
    }
    people
}

fn profile(table: &PersonTable) -> Profile {
    Profile {
        user_name: table.user_name.to_lowercase(),
        name: table.name.clone(),
        email: table.email.clone(),
        phone_number: table.phone_number.clone(),
        groups: table.groups.clone(),
        attributes: table.attributes.clone(),
        locale: table.locale.clone(),
        zone: table.zone.clone(),
    }
}

/// What is wrong with a person's record: the field, and a sentence.
pub(crate) fn profile_problems(profile: &Profile) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let user_name = &profile.user_name;
    if let Some(problem) = plain_text_problem(user_name, 128) {
        problems.push(("user_name", format!("The user name {problem}.")));
    } else if user_name.chars().any(char::is_whitespace) {
        problems.push(("user_name", format!("The user name {user_name:?} has a space in it.")));
    }
    if let Some(problem) = plain_text_problem(&profile.name, 200) {
        problems.push(("name", format!("The name {problem}.")));
    }
    if let Some(email) = profile.email.as_deref().filter(|email| !is_email(email)) {
        problems.push(("email", format!("{email:?} is not an e-mail address.")));
    }
    if let Some(number) =
        profile.phone_number.as_deref().filter(|number| PhoneNumber::parse(number).is_none())
    {
        let wrong = format!("{number:?} is not a telephone number such as \"+4915112345678\".");
        problems.push(("phone_number", wrong));
    }
    if let Some(group) = profile.groups.iter().find(|group| plain_text_problem(group, 128).is_some()) {
        problems.push(("groups", format!("{group:?} cannot be the name of a group.")));
    }
    if let Some((name, _)) = profile.attributes.iter().find(|(name, value)| {
        plain_text_problem(name, 128).is_some() || value.len() > 1000 || value.chars().any(char::is_control)
    }) {
        problems.push(("attributes", format!("The attribute {name:?} cannot be kept: a name has at most 128 characters, a value 1000, and neither has control characters.")));
    }
    if let Some(locale) = profile.locale.as_deref().filter(|locale| locale.parse::<LanguageTag>().is_err()) {
        problems.push(("locale", format!("{locale:?} is not a language tag such as \"en\" or \"de-AT\".")));
    }
    if let Some(zone) = profile.zone.as_deref().filter(|zone| zone.parse::<Zone>().is_err()) {
        problems.push(("zone", format!("{zone:?} is not a time zone such as \"Europe/Vienna\".")));
    }
    problems
}

fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let visible = text.len() <= 254
        && !text.chars().any(|character| character.is_control() || character.is_whitespace());
    visible && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}
