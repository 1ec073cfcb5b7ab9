use std::collections::BTreeSet;
use std::num::NonZero;

use oauth::configuration::{Authentication, Client, GrantType, is_issuer_scope};
use oauth::scope::is_scope_token;
use oauth::{ClientId, RedirectUri, Scope, ToolId};

use super::keys::{public_keys, public_keys_of_file};
use super::{Answers, First, Known, plain_text_problem};
use crate::Complaint;
use crate::files::{AuthenticationMethod, ClientFile, GrantTypeName};
use crate::reading::Read;

/// The clients with which nothing is wrong.
pub(super) fn clients(
    files: &[Read<ClientFile>],
    known: &Known<'_>,
    complaints: &mut Vec<Complaint>,
) -> Vec<Client> {
    let mut ids = First::default();
    files
        .iter()
        .filter_map(|file| {
            let before = complaints.len();
            ids.check("client", &file.value.id, file.at(&["id"]), complaints);
            known.clients.check_all(file, &["actors"], file.value.actors.iter(), complaints);
            let client = client(file, known, complaints).filter(|_| complaints.len() == before)?;
            known.standing_details(file, &client, complaints);
            (complaints.len() == before).then_some(client)
        })
        .collect()
}

fn client(file: &Read<ClientFile>, known: &Known<'_>, complaints: &mut Vec<Complaint>) -> Option<Client> {
    let written = &file.value;
    let id = ClientId::parse(&written.id);
    if id.is_none() {
        complaints.push(file.complaint(
            &["id"],
            format!("{:?} cannot be a client's id.", written.id),
            "Use visible ASCII characters without spaces, at most 256, not beginning with `person-` or `external:`.",
        ));
    }
    if let Some(problem) = plain_text_problem(&written.name, 100) {
        complaints.push(file.complaint(&["name"], format!("The client's name {problem}."), ""));
    }
    if written.may_act.as_deref().is_some_and(|actor| ClientId::parse(actor).is_none()) {
        complaints.push(file.complaint(&["may_act"], "This cannot be a client's id.", "Name a client."));
    }
    let authentication = authentication(file, complaints);
    check_grant_types(file, complaints);
    check_memory(file, complaints);
    check_scopes(file, known, complaints);
    check_tools(file, known, complaints);
    check_detail_types(file, known, complaints);
    let standing_details = super::standing::parse(file, complaints);
    Some(Client {
        redirect_uris: redirect_uris(file, complaints),
        id: id?,
        name: written.name.clone(),
        authentication: authentication?,
        grant_types: written.grant_types.iter().map(|grant| GrantType::from(*grant)).collect(),
        scopes: Scope::parse(&written.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "))?,
        detail_types: written.detail_types.clone(),
        tools: written.tools.iter().filter_map(|id| ToolId::parse(id)).collect(),
        default_tool: written.default_tool.as_deref().and_then(ToolId::parse),
        standing_details: standing_details?,
        require_pushed_authorization_requests: written.require_pushed_authorization_requests,
        requests_per_minute: written.requests_per_minute.map(NonZero::get),
        remember_consent: written.remember_consent,
        id_token_signed_response_alg: written.id_token_signed_response_alg.0,
        is_tool: written.is_tool.as_deref().and_then(ToolId::parse),
        may_act: written.may_act.as_deref().and_then(ClientId::parse),
        actors: written.actors.iter().filter_map(|id| ClientId::parse(id)).collect(),
        backchannel: super::backchannel::client(file, complaints),
        origin: oauth::ClientOrigin::Configured,
    })
}

fn authentication(file: &Read<ClientFile>, complaints: &mut Vec<Complaint>) -> Option<Authentication> {
    let written = &file.value;
    let uses_keys = written.token_endpoint_auth_method == AuthenticationMethod::PrivateKeyJwt;
    for (name, given) in [("jwks", written.jwks.is_some()), ("jwks_file", written.jwks_file.is_some())] {
        if given && !uses_keys {
            complaints.push(file.complaint(
                &[name],
                format!("`{name}` is for clients that authenticate by private_key_jwt."),
                "Take it out, or change `token_endpoint_auth_method`.",
            ));
        }
    }
    Some(match written.token_endpoint_auth_method {
        AuthenticationMethod::None => Authentication::None,
        AuthenticationMethod::ClientSecretBasic => Authentication::ClientSecretBasic,
        AuthenticationMethod::ClientSecretPost => Authentication::ClientSecretPost,
        AuthenticationMethod::PrivateKeyJwt => {
            let jwks = match (&written.jwks, &written.jwks_file) {
                (Some(keys), None) => public_keys(file, &keys.keys, complaints),
                (None, Some(name)) => public_keys_of_file(file, name, complaints),
                (Some(_), Some(_)) => {
                    complaints.push(file.complaint(
                        &["jwks_file"],
                        "The keys are named twice, by `jwks` and by `jwks_file`.",
                        "Keep one of the two.",
                    ));
                    None
                }
                (None, None) => {
                    complaints.push(file.complaint(
                        &["token_endpoint_auth_method"],
                        "private_key_jwt needs the client's public keys.",
                        "Add `jwks` or `jwks_file`.",
                    ));
                    None
                }
            };
            Authentication::PrivateKeyJwt { jwks: jwks? }
        }
    })
}

fn check_grant_types(file: &Read<ClientFile>, complaints: &mut Vec<Complaint>) {
    let written = &file.value;
    let may = |grant| written.grant_types.contains(&grant);
    let is_public = written.token_endpoint_auth_method == AuthenticationMethod::None;
    let mut refuse =
        |path: &[&str], wrong: &str, remedy: &str| complaints.push(file.complaint(path, wrong, remedy));
    if may(GrantTypeName::AuthorizationCode) && written.redirect_uris.is_empty() {
        refuse(&["grant_types"], "authorization_code needs a redirect URI.", "Add `redirect_uris`.");
    }
    if !may(GrantTypeName::AuthorizationCode) && !written.redirect_uris.is_empty() {
        refuse(
            &["redirect_uris"],
            "Redirect URIs are for authorization_code, which this client may not use.",
            "Add the grant type, or take them out.",
        );
    }
    let gets_some = [GrantTypeName::AuthorizationCode, GrantTypeName::TokenExchange, GrantTypeName::Ciba]
        .into_iter()
        .any(may);
    if may(GrantTypeName::RefreshToken) && !gets_some {
        refuse(
            &["grant_types"],
            "refresh_token goes with authorization_code, ciba or token_exchange: nothing else gives refresh tokens.",
            "Add one of them, or take refresh_token out.",
        );
    }
    if may(GrantTypeName::ClientCredentials) && is_public {
        refuse(
            &["grant_types"],
            "A public client proves nothing, so it may not use client_credentials.",
            "Choose another `token_endpoint_auth_method` than none.",
        );
    }
    for (grant, name) in
        [(GrantTypeName::TokenExchange, "token_exchange"), (GrantTypeName::JwtBearer, "jwt_bearer")]
    {
        if may(grant) && is_public {
            refuse(
                &["grant_types"],
                &format!("A public client proves nothing, so it may not use {name}."),
                "Choose another `token_endpoint_auth_method` than none.",
            );
        }
    }
    if written.grant_types.is_empty() && written.is_tool.is_none() {
        refuse(
            &["grant_types"],
            "The client may do nothing at all.",
            "Name a grant type, or the tool that it is with `is_tool`.",
        );
    }
    if !written.actors.is_empty() && is_public {
        refuse(
            &["actors"],
            "A public client proves nothing, so it says of nobody that they act.",
            "Choose another `token_endpoint_auth_method` than none, or take them out.",
        );
    }
    if written.is_tool.is_some() && is_public {
        refuse(
            &["is_tool"],
            "A tool must prove who it is before it introspects tokens (RFC 7662, section 2.1).",
            "Choose another `token_endpoint_auth_method` than none.",
        );
    }
    if !written.standing_details.is_empty() && !may(GrantTypeName::ClientCredentials) {
        refuse(
            &["standing_details"],
            "Standing details are for client_credentials, which this client may not use.",
            "Add the grant type, or take them out.",
        );
    }
}

fn redirect_uris(file: &Read<ClientFile>, complaints: &mut Vec<Complaint>) -> Vec<RedirectUri> {
    let mut seen = BTreeSet::new();
    let mut uris = Vec::new();
    for (index, text) in file.value.redirect_uris.iter().enumerate() {
        let path = ["redirect_uris", &index.to_string()];
        if !seen.insert(text) {
            complaints.push(file.complaint(&path, format!("{text:?} is there twice."), "Take one out."));
        }
        match RedirectUri::parse(text) {
            Some(uri) => uris.push(uri),
            None => complaints.push(file.complaint(
                &path,
                format!("A code must never be sent to {text:?}."),
                "A redirect URI is https, http on loopback, or an app's own scheme with a dot in it; it has no fragment, no user and no wildcard.",
            )),
        }
    }
    uris
}

/// Anybody on a person's machine can take the name of a public client (RFC 8252, section 8.6).
fn check_memory(file: &Read<ClientFile>, complaints: &mut Vec<Complaint>) {
    let is_public = file.value.token_endpoint_auth_method == AuthenticationMethod::None;
    if is_public && file.value.remember_consent {
        complaints.push(file.complaint(
            &["remember_consent"],
            "A public client's consent cannot be remembered: any program could use its name.",
            "Let the client authenticate, or leave remember_consent out.",
        ));
    }
}

fn check_scopes(file: &Read<ClientFile>, known: &Known<'_>, complaints: &mut Vec<Complaint>) {
    let written = &file.value;
    let for_people = [GrantTypeName::AuthorizationCode, GrantTypeName::TokenExchange, GrantTypeName::Ciba]
        .iter()
        .any(|grant| written.grant_types.contains(grant));
    for scope in &written.scopes {
        let mut refuse =
            |wrong: String, remedy: &str| complaints.push(file.complaint(&["scopes"], wrong, remedy));
        if !is_scope_token(scope) {
            refuse(
                format!("{scope:?} cannot be a scope."),
                "Write one scope an element, without spaces, quotes and backslashes.",
            );
        } else if is_issuer_scope(scope) {
            if !for_people {
                refuse(
                    format!("`{scope}` is about a person, and this client works alone."),
                    "Take it out, or add authorization_code.",
                );
            }
        } else {
            match known.scope(scope, &written.tools) {
                Answers::Yes => {}
                Answers::Elsewhere(tool) => refuse(
                    format!(
                        "The scope `{scope}` belongs to the tool `{tool}`, which this client may not use."
                    ),
                    "Add the tool to `tools`, or take the scope out.",
                ),
                Answers::No(all) => refuse(
                    format!("There is no scope `{scope}`."),
                    &format!("The scopes of its tools are: {all}."),
                ),
            }
        }
    }
}

fn check_tools(file: &Read<ClientFile>, known: &Known<'_>, complaints: &mut Vec<Complaint>) {
    let written = &file.value;
    known.tools.check_all(file, &["tools"], written.tools.iter(), complaints);
    known.tools.check_all(file, &["is_tool"], written.is_tool.iter(), complaints);
    if let Some(tool) = written.default_tool.as_ref().filter(|tool| !written.tools.contains(*tool)) {
        complaints.push(file.complaint(
            &["default_tool"],
            format!("The client may not use the tool `{tool}`."),
            "Name one of its `tools`.",
        ));
    }
}

fn check_detail_types(file: &Read<ClientFile>, known: &Known<'_>, complaints: &mut Vec<Complaint>) {
    let written = &file.value;
    known.detail_types.check_all(file, &["detail_types"], written.detail_types.iter(), complaints);
    for name in &written.detail_types {
        if let Some(tools) = known.tools_of_type(name).filter(|tools| tools.is_disjoint(&written.tools)) {
            let tools = tools.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            complaints.push(file.complaint(
                &["detail_types"],
                format!("No tool of this client takes details of the type `{name}`."),
                format!("Add one of its tools to `tools` ({tools}), or take the type out."),
            ));
        }
    }
}
