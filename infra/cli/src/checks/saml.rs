use std::time::Duration;

use oauth::configuration::{SAML_ATTRIBUTES, SamlRegistration};
use url::Url;

use super::server::{is_loopback, out_of_bounds};
use super::{listed, plain_text_problem};
use crate::Complaint;
use crate::files::{DetailFile, Lifetime, SamlAttributeSource, SamlTable, ToolFile};
use crate::folder::Kind;
use crate::reading::Read;

/// The bounds of an assertion's lifetime: nobody can call it back.
const LIFETIME: (u64, u64) = (30, 600);
const DEFAULT_LIFETIME: Lifetime = Lifetime(Duration::from_mins(2));

/// A tool as a SAML service provider, if nothing is wrong with it.
pub(super) fn registration(
    file: &Read<ToolFile>,
    table: &SamlTable,
    complaints: &mut Vec<Complaint>,
) -> Option<SamlRegistration> {
    let before = complaints.len();
    let mut complain = |field: &str, wrong: String, remedy: &str| {
        complaints.push(file.complaint(&["saml", field], wrong, remedy));
    };
    if let Some(problem) = plain_text_problem(&table.audience, 1024) {
        complain("audience", format!("The entity id {problem}."), "");
    }
    if !is_recipient(&table.recipient) {
        let remedy = "Name its assertion consumer service, such as https://legacy.example.com/saml/acs.";
        complain(
            "recipient",
            format!("{:?} is not an https URL without a fragment.", table.recipient),
            remedy,
        );
    }
    let lifetime = table.lifetime.unwrap_or(DEFAULT_LIFETIME);
    if let Some(wrong) = out_of_bounds("lifetime", lifetime, LIFETIME) {
        complain("lifetime", wrong, "");
    }
    for (name, source) in &table.attributes {
        if let Some((wrong, remedy)) = attribute_problem(name, source, file) {
            complaints.push(file.complaint(&["saml", "attributes", name], wrong, remedy));
        }
    }
    let attributes = table.attributes.iter().map(|(name, source)| (name.clone(), source.clone().into()));
    (complaints.len() == before).then(|| SamlRegistration {
        audience: table.audience.clone(),
        recipient: table.recipient.clone(),
        name_id: table.name_id.into(),
        lifetime: lifetime.0,
        attributes: attributes.collect(),
    })
}

/// Complains about attributes from a type of details that is not registered, or not for the tool.
pub(super) fn check_detail_types(
    tools: &[Read<ToolFile>],
    details: &Kind<DetailFile>,
    complaints: &mut Vec<Complaint>,
) {
    for file in tools.iter().filter(|_| details.complete) {
        let own = details.files.iter().filter(|detail| detail.value.tools.contains(&file.value.id));
        let own: Vec<&str> = own.map(|detail| detail.value.name.as_str()).collect();
        for (name, source) in file.value.saml.iter().flat_map(|table| &table.attributes) {
            let SamlAttributeSource::Detail(field) = source else { continue };
            if !own.contains(&field.detail_type.as_str()) {
                complaints.push(file.complaint(
                    &["saml", "attributes", name],
                    format!("The tool has no detail type `{}`.", field.detail_type),
                    format!("Its types are: {}.", listed(own.iter().copied())),
                ));
            }
        }
    }
}

fn is_recipient(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(text));
        is_safe && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
    })
}

fn attribute_problem(
    name: &str,
    source: &SamlAttributeSource,
    file: &Read<ToolFile>,
) -> Option<(String, &'static str)> {
    if SAML_ATTRIBUTES.contains(&name) {
        let wrong = format!("The attribute `{name}` has a meaning of its own, which a tool cannot replace.");
        return Some((wrong, "Choose another name."));
    }
    // SAML Core, sections 8.2.2 and 8.2.3: a URI, or `xs:Name` without a colon.
    let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|one| one.is_ascii_alphanumeric() || "_-.".contains(one));
    if !is_word && Url::parse(name).is_err() {
        let wrong = format!("{name:?} is neither a URI nor a word.");
        return Some((wrong, "Use a URI, or letters, digits, `_`, `-` and `.`."));
    }
    match source {
        SamlAttributeSource::Detail(detail) if !detail.field.starts_with('/') => {
            Some((format!("{:?} is not a JSON pointer.", detail.field), "Write it as `/identifier`."))
        }
        SamlAttributeSource::Scopes(values) => {
            let unknown = values.keys().find(|scope| !file.value.scopes.contains_key(*scope))?;
            Some((format!("The tool has no scope `{unknown}`."), "Name one of its scopes."))
        }
        _ => None,
    }
}
