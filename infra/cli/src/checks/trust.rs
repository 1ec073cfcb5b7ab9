use std::collections::BTreeSet;
use std::time::Duration;

use details::DetailTypes;
use oauth::configuration::{Client, Tool};
use oauth::metadata::CLIENT_ASSERTION_ALGORITHMS;
use oauth::{
    Acceptance, AuthorizationDetails, ClientId, ID_JAG_TYP, IdJagTarget, IssuerKeys, ResourceUri, Scope,
    SubjectKind, Timestamp, TrustedIssuer,
};
use serde_json::Value;

use super::server::{out_of_bounds, parse_issuer};
use super::{Names, keys};
use crate::Complaint;
use crate::files::{
    AcceptanceName, IdJagTargetTable, Lifetime, ServerFile, StandingDetail, SubjectName, TrustedIssuerTable,
};
use crate::reading::Read;

const ISSUERS: &str = "trusted_issuer";
const TARGETS: &str = "id_jag_target";

/// The issuers whose tokens are taken, as far as they can be read by themselves; whether what they name exists is asked by [`check`].
pub(super) fn issuers(
    file: &Read<ServerFile>,
    own: &str,
    complaints: &mut Vec<Complaint>,
) -> Vec<TrustedIssuer> {
    let tables = &file.value.trusted_issuer;
    for (index, table) in tables.iter().enumerate() {
        let mut refuse = refusing(file, ISSUERS, index, complaints);
        if tables[..index].iter().any(|earlier| earlier.issuer == table.issuer) {
            refuse("issuer", "This issuer is there twice.".to_owned(), "Keep one of the two.");
        }
        if table.issuer == own {
            refuse("issuer", "That is this server itself.".to_owned(), "Its own tokens need no trust.");
        } else if let Err(problem) = parse_issuer(table.issuer.trim_end_matches('/')) {
            refuse(
                "issuer",
                format!("The issuer {:?} {problem}.", table.issuer),
                "Write it as its tokens do.",
            );
        }
    }
    tables.iter().enumerate().filter_map(|(index, table)| issuer(file, index, table, complaints)).collect()
}

fn issuer(
    file: &Read<ServerFile>,
    index: usize,
    table: &TrustedIssuerTable,
    complaints: &mut Vec<Complaint>,
) -> Option<TrustedIssuer> {
    let at = index.to_string();
    let keys = keys_of(file, &at, table, complaints);
    let max_age = table.max_age.unwrap_or(Lifetime(Duration::from_mins(10)));
    let details = details_of(&table.details);
    let mut refuse = refusing(file, ISSUERS, index, complaints);
    let known = |name: &&String| !CLIENT_ASSERTION_ALGORITHMS.contains(&name.as_str());
    if let Some(other) = table.algorithms.iter().find(known) {
        refuse("algorithms", format!("{other:?} is not accepted."), "ES256, RS256, PS256 and EdDSA are.");
    }
    for (name, is_empty) in [
        ("algorithms", table.algorithms.is_empty()),
        ("accepts", table.accepts.is_empty()),
        ("clients", table.clients.is_empty()),
        ("typ", table.typ.is_empty()),
        ("subject_claim", table.subject_claim.is_empty()),
    ] {
        if is_empty {
            refuse(name, format!("`{name}` is empty, so nothing is taken."), "Name at least one.");
        }
    }
    if table.typ.eq_ignore_ascii_case(ID_JAG_TYP) {
        refuse("typ", "An ID-JAG is no subject token.".to_owned(), "Add \"id_jag\" to `accepts`.");
    }
    if let Some(wrong) = out_of_bounds("max_age", max_age, (30, 86_400)) {
        refuse("max_age", wrong, "");
    }
    if let Some(wrong) =
        table.refresh_tokens.and_then(|lives| out_of_bounds("refresh_tokens", lives, (60, 2_592_000)))
    {
        refuse("refresh_tokens", wrong, "");
    }
    let not_before = table.not_before.as_ref().map(|text| text.parse::<jiff::Timestamp>());
    if let Some(Err(_)) = not_before {
        refuse("not_before", "It is no moment.".to_owned(), "It is such as \"2026-11-26T12:00:00Z\".");
    }
    if table.subject == SubjectName::UserName && table.subject_claim != "sub" && !table.claim_names_one_person
    {
        refuse(
            "subject_claim",
            format!("Nothing says that `{}` is one person's alone.", table.subject_claim),
            "Use `sub`, or add `claim_names_one_person = true` once you know that it is.",
        );
    }
    if details.is_none() {
        refuse("details", "They are not authorization details.".to_owned(), "Each has a `type`.");
    }
    Some(TrustedIssuer {
        issuer: table.issuer.clone(),
        keys: keys?,
        algorithms: table.algorithms.clone(),
        accepts: table.accepts.iter().map(|name| Acceptance::from(*name)).collect(),
        typ: table.typ.clone(),
        subject_claim: table.subject_claim.clone(),
        subject: table.subject.into(),
        clients: table.clients.iter().filter_map(|id| ClientId::parse(id)).collect(),
        scopes: scope(&table.scopes)?,
        details: details?,
        max_age: max_age.0,
        refresh_tokens: table.refresh_tokens.map(|lives| lives.0),
        not_before: not_before.and_then(Result::ok).map(|at| Timestamp::from_seconds(at.as_second())),
    })
}

fn keys_of(
    file: &Read<ServerFile>,
    at: &str,
    table: &TrustedIssuerTable,
    complaints: &mut Vec<Complaint>,
) -> Option<IssuerKeys> {
    let place = file.at(&[ISSUERS, at, if table.jwks_uri.is_some() { "jwks_uri" } else { "jwks" }]);
    match (&table.jwks, &table.jwks_uri) {
        (Some(jwks), None) => keys::checked(&jwks.keys, |_| place.clone(), complaints).map(IssuerKeys::Jwks),
        (None, Some(uri)) => {
            // Whoever answers there can speak for everybody.
            if let Err(problem) = parse_issuer(uri) {
                let remedy = "It is such as https://idp.example.com/jwks.json.";
                complaints.push(Complaint::new(place, format!("{uri:?} {problem}."), remedy));
            }
            Some(IssuerKeys::JwksUri(uri.clone()))
        }
        _ => {
            let remedy = "Add `jwks` or `jwks_uri`, one of the two.";
            complaints.push(Complaint::new(place, "Nothing says which keys sign for it, or twice.", remedy));
            None
        }
    }
}

/// The other authorization servers that take ID-JAGs.
pub(super) fn targets(
    file: &Read<ServerFile>,
    own: &str,
    complaints: &mut Vec<Complaint>,
) -> Vec<IdJagTarget> {
    let tables = &file.value.id_jag_target;
    let same = |one: &IdJagTargetTable, other: &IdJagTargetTable| {
        one.audience == other.audience && one.resource == other.resource
    };
    let made = tables.iter().enumerate().map(|(index, table)| {
        let lifetime = table.lifetime.unwrap_or(Lifetime(Duration::from_mins(5)));
        let mut refuse = refusing(file, TARGETS, index, complaints);
        if tables[..index].iter().any(|earlier| same(earlier, table)) {
            refuse("resource", "This pair is there twice.".to_owned(), "Keep one of the two.");
        }
        // A server must not take an assertion that it made itself (draft-ietf-oauth-identity-assertion-authz-grant, section 8.3).
        if table.audience == own {
            refuse("audience", "That is this server itself.".to_owned(), "Its tools take its own tokens.");
        } else if let Err(problem) = parse_issuer(table.audience.trim_end_matches('/')) {
            refuse("audience", format!("The issuer {:?} {problem}.", table.audience), "");
        }
        let resource = ResourceUri::parse(&table.resource);
        if resource.is_none() {
            refuse(
                "resource",
                format!("{:?} is no resource indicator.", table.resource),
                "It is an absolute URI.",
            );
        }
        let scopes = scope(&table.scopes).filter(|scopes| !scopes.is_empty());
        if scopes.is_none() {
            refuse("scopes", "It names no scope.".to_owned(), "Name what an ID-JAG may be for.");
        }
        if let Some(wrong) = out_of_bounds("lifetime", lifetime, (30, 600)) {
            refuse("lifetime", wrong, "");
        }
        let clients = table.clients.iter();
        let clients = clients.filter_map(|(id, name)| Some((ClientId::parse(id)?, name.clone()))).collect();
        Some(IdJagTarget {
            audience: table.audience.clone(),
            resource: resource?,
            scopes: scopes?,
            clients,
            email: table.email,
            lifetime: lifetime.0,
        })
    });
    made.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Whether what the trusts and targets name exists.
pub(super) fn check(
    file: &Read<ServerFile>,
    clients: &Names<'_>,
    (registered, tools): (&[Client], &[Tool]),
    types: Option<&DetailTypes>,
    complaints: &mut Vec<Complaint>,
) {
    let scopes: BTreeSet<&str> =
        tools.iter().flat_map(|tool| tool.scopes.keys().map(String::as_str)).collect();
    for (index, table) in file.value.trusted_issuer.iter().enumerate() {
        let at = index.to_string();
        clients.check_all(file, &[ISSUERS, &at, "clients"], table.clients.iter(), complaints);
        let mut refuse = refusing(file, ISSUERS, index, complaints);
        if let Some(other) = table.scopes.iter().find(|scope| !scopes.contains(scope.as_str())) {
            refuse("scopes", format!("No tool has the scope `{other}`."), "Name scopes of tools.");
        }
        // Valid by their types, whichever of the clients asks for them.
        let shows = registered.iter().find(|client| table.clients.contains(client.id.as_str()));
        if let (Some(client), Some(types), Some(details)) = (shows, types, details_of(&table.details)) {
            let may = details.iter().map(|detail| detail.detail_type.clone()).collect();
            let client = Client { detail_types: may, ..client.clone() };
            if let Err(refusal) = types.validate(&details, &client, true) {
                refuse("details", format!("They are refused: {refusal}."), "");
            }
        }
    }
    for (index, table) in file.value.id_jag_target.iter().enumerate() {
        let at = index.to_string();
        clients.check_all(file, &[TARGETS, &at, "clients"], table.clients.keys(), complaints);
        let mut refuse = refusing(file, TARGETS, index, complaints);
        // Policies call the target by its resource: it must not mean two things there.
        if tools.iter().any(|tool| tool.resource.as_str() == table.resource) {
            let remedy = "Whoever may have its tokens here would be asserted there too.";
            refuse("resource", format!("{:?} is a tool of this server.", table.resource), remedy);
        }
        let targets = &file.value.id_jag_target[..index];
        if targets.iter().any(|one| one.resource == table.resource && one.audience != table.audience) {
            let wrong = format!("Another server's resource is {:?} too.", table.resource);
            refuse("resource", wrong, "Policies could not tell the two apart.");
        }
    }
}

fn refusing<'a>(
    file: &'a Read<ServerFile>,
    table: &'static str,
    index: usize,
    complaints: &'a mut Vec<Complaint>,
) -> impl FnMut(&str, String, &str) + 'a {
    move |field, wrong, remedy| {
        complaints.push(file.complaint(&[table, &index.to_string(), field], wrong, remedy));
    }
}

fn scope(written: &BTreeSet<String>) -> Option<Scope> {
    Scope::parse(&written.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
}

fn details_of(written: &[StandingDetail]) -> Option<AuthorizationDetails> {
    let value = |detail: &StandingDetail| {
        let mut fields = detail.fields.clone();
        fields.insert("type".to_owned(), Value::String(detail.detail_type.clone()));
        Value::Object(fields)
    };
    AuthorizationDetails::from_values(written.iter().map(value).collect()).ok()
}

impl From<AcceptanceName> for Acceptance {
    fn from(name: AcceptanceName) -> Self {
        match name {
            AcceptanceName::SubjectToken => Self::SubjectToken,
            AcceptanceName::IdJag => Self::IdJag,
        }
    }
}

impl From<SubjectName> for SubjectKind {
    fn from(name: SubjectName) -> Self {
        match name {
            SubjectName::UserName => Self::UserName,
            SubjectName::External => Self::External,
        }
    }
}
