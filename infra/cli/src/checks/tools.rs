use std::collections::BTreeMap;

use oauth::configuration::{Tool, ToolScope, is_issuer_scope};
use oauth::scope::is_scope_token;
use oauth::{RESERVED_CLAIMS, ResourceUri, ToolId};

use super::saml;
use super::server::{ACCESS_TOKEN_LIFETIME, out_of_bounds};
use super::{First, by_language, plain_text_problem};
use crate::Complaint;
use crate::files::{ScopeTable, ToolFile};
use crate::reading::Read;

/// The tools with which nothing is wrong.
pub(super) fn tools(
    files: &[Read<ToolFile>],
    issuer: Option<&str>,
    complaints: &mut Vec<Complaint>,
) -> Vec<Tool> {
    let (mut ids, mut resources, mut audiences) = (First::default(), First::default(), First::default());
    files
        .iter()
        .filter_map(|file| {
            let before = complaints.len();
            ids.check("tool", &file.value.id, file.at(&["id"]), complaints);
            resources.check("resource", &file.value.resource, file.at(&["resource"]), complaints);
            if let Some(saml) = &file.value.saml {
                // Who takes an assertion looks at its audience alone.
                audiences.check("saml audience", &saml.audience, file.at(&["saml", "audience"]), complaints);
            }
            let tool = tool(file, issuer, complaints);
            tool.filter(|_| complaints.len() == before)
        })
        .collect()
}

fn tool(file: &Read<ToolFile>, issuer: Option<&str>, complaints: &mut Vec<Complaint>) -> Option<Tool> {
    let written = &file.value;
    let id = ToolId::parse(&written.id);
    if id.is_none() {
        complaints.push(file.complaint(
            &["id"],
            format!("{:?} cannot be a tool's id.", written.id),
            "Use letters, digits, `-` and `_`, at most 64.",
        ));
    }
    if let Some(problem) = plain_text_problem(&written.name, 100) {
        complaints.push(file.complaint(&["name"], format!("The tool's name {problem}."), ""));
    }
    let resource = resource(file, &["resource"], &written.resource, complaints);
    if issuer.is_some_and(|issuer| issuer == written.resource) {
        complaints.push(file.complaint(
            &["resource"],
            "This is the issuer itself, whose tokens are for userinfo.",
            "Name the tool's own URI.",
        ));
    }
    let locations = written.locations.iter().enumerate();
    let locations: Vec<_> =
        locations.filter_map(|(index, text)| resource_at(file, index, text, complaints)).collect();
    if let Some(wrong) = written
        .access_token_lifetime
        .and_then(|asked| out_of_bounds("access_token_lifetime", asked, ACCESS_TOKEN_LIFETIME))
    {
        complaints.push(file.complaint(&["access_token_lifetime"], wrong, ""));
    }
    check_claims(file, complaints);
    Some(Tool {
        scopes: scopes(file, &written.scopes, complaints),
        id: id?,
        name: written.name.clone(),
        resource: resource?,
        locations,
        access_token_lifetime: written.access_token_lifetime.map(|lifetime| lifetime.0),
        signing_alg: written.signing_alg.0,
        details_by_reference: written.details_by_reference,
        claims: written.claims.iter().map(|(name, source)| (name.clone(), source.clone().into())).collect(),
        exchanges: super::exchanges::rules(file, complaints),
        saml: written.saml.as_ref().and_then(|table| saml::registration(file, table, complaints)),
    })
}

fn resource_at(
    file: &Read<ToolFile>,
    index: usize,
    text: &str,
    complaints: &mut Vec<Complaint>,
) -> Option<ResourceUri> {
    resource(file, &["locations", &index.to_string()], text, complaints)
}

fn resource(
    file: &Read<ToolFile>,
    path: &[&str],
    text: &str,
    complaints: &mut Vec<Complaint>,
) -> Option<ResourceUri> {
    let parsed = ResourceUri::parse(text);
    if parsed.is_none() {
        complaints.push(file.complaint(
            path,
            format!("{text:?} is not an absolute URI without a fragment."),
            "A resource indicator is such as https://files.example.com (RFC 8707, section 2).",
        ));
    }
    parsed
}

fn scopes(
    file: &Read<ToolFile>,
    tables: &BTreeMap<String, ScopeTable>,
    complaints: &mut Vec<Complaint>,
) -> BTreeMap<String, ToolScope> {
    for (name, table) in tables {
        let path = ["scopes", name.as_str()];
        if !is_scope_token(name) {
            complaints.push(file.complaint(
                &path,
                format!("{name:?} cannot be a scope."),
                "A scope has no spaces, quotes or backslashes (RFC 6749, section 3.3).",
            ));
        }
        if is_issuer_scope(name) {
            complaints.push(file.complaint(
                &path,
                format!("`{name}` is a scope of the issuer itself."),
                "Give the tool's scope a name of its own, such as `files.read`.",
            ));
        }
        by_language(file, &["scopes", name, "description"], &table.description, 200, complaints);
    }
    let scope = |table: &ScopeTable| ToolScope {
        description: table.description.clone(),
        requires_details: table.requires_details,
    };
    tables.iter().map(|(name, table)| (name.clone(), scope(table))).collect()
}

fn check_claims(file: &Read<ToolFile>, complaints: &mut Vec<Complaint>) {
    for name in file.value.claims.keys() {
        if RESERVED_CLAIMS.contains(&name.as_str()) {
            complaints.push(file.complaint(
                &["claims", name],
                format!("The claim `{name}` has a meaning of its own, which a tool cannot replace."),
                "Choose another name.",
            ));
        }
    }
}
