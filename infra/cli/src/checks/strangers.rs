use std::collections::BTreeSet;
use std::num::NonZero;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::configuration::{
    AddressRange, Documents, OpenTo, OutboundSettings, Registration, Server, is_issuer_scope,
};
use oauth::scope::is_scope_token;
use oauth::{ClientId, Scope, Sha256Digest, ToolId};
use outbound::{Loopback, Neighbourhood, Outbound, neighbourhood};
use url::{Host, Url};

use super::{Answers, Known, server};
use crate::Complaint;
use crate::files::{ClientFile, Lifetime, OpenToTable, ServerFile};
use crate::reading::Read;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Clients that are described by a document, if they are let in.
pub(super) fn documents(
    file: &Read<ServerFile>,
    issuer: &str,
    complaints: &mut Vec<Complaint>,
) -> Option<Documents> {
    let table = file.value.client_documents.as_ref().filter(|table| table.enabled)?;
    if table.hosts.is_empty() {
        complaints.push(file.complaint(
            &["client_documents"],
            "No host is named whose documents are read.",
            "Add `hosts`, such as [\"agents.example\"].",
        ));
    }
    for host in &table.hosts {
        let may_be_this_machine = host == "localhost" && server::is_loopback(issuer);
        if !may_be_this_machine && !is_pattern(host) {
            complaints.push(file.complaint(
                &["client_documents", "hosts"],
                format!("{host:?} is not a host whose documents can be read."),
                "Write a domain name in lower case without port, such as agents.example or *.agents.example.",
            ));
        }
    }
    Some(Documents { hosts: table.hosts.clone(), open_to: open_to(&table.open_to) })
}

/// Clients that register themselves, if they may.
pub(super) fn registration(file: &Read<ServerFile>, complaints: &mut Vec<Complaint>) -> Option<Registration> {
    let table = file.value.client_registration.as_ref().filter(|table| table.enabled)?;
    let unused = table.unused.unwrap_or(Lifetime(Duration::from_secs(DAY)));
    if let Some(wrong) = server::out_of_bounds("unused", unused, (HOUR, 365 * DAY)) {
        complaints.push(file.complaint(&["client_registration", "unused"], wrong, ""));
    }
    let written = table.initial_access_token_sha256.as_deref();
    let initial_access_token = written.and_then(digest);
    if written.is_some() && initial_access_token.is_none() {
        complaints.push(file.complaint(
            &["client_registration", "initial_access_token_sha256"],
            "This is not a SHA-256 in hexadecimal digits.",
            "Make one: printf %s \"$TOKEN\" | sha256sum",
        ));
    }
    Some(Registration {
        initial_access_token,
        unused: unused.0,
        per_minute: table.per_minute.map_or(10, NonZero::get),
        open_to: open_to(&table.open_to),
    })
}

/// What may be fetched.
pub(super) fn outbound(file: &Read<ServerFile>, complaints: &mut Vec<Complaint>) -> OutboundSettings {
    let table = &file.value.outbound;
    for host in &table.private_hosts {
        let (name, port) = host.split_once(':').map_or((host.as_str(), "443"), |(name, port)| (name, port));
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        if !is_name(name) || !is_port {
            complaints.push(file.complaint(
                &["outbound", "private_hosts"],
                format!("{host:?} is not a host that can be reached."),
                "Write a domain name in lower case, such as agents.corp or agents.corp:8443.",
            ));
        }
    }
    let authorities = table.authorities_file.as_deref().and_then(|name| authorities(file, name, complaints));
    let private_ranges = private_ranges(file, complaints);
    OutboundSettings { private_hosts: table.private_hosts.clone(), private_ranges, authorities }
}

/// The ranges that are private from their first address to their last. No other is one in which a client could be told.
fn private_ranges(file: &Read<ServerFile>, complaints: &mut Vec<Complaint>) -> Vec<AddressRange> {
    let is_private = |range: &AddressRange| {
        [range.first(), range.last()].map(neighbourhood) == [Neighbourhood::Private, Neighbourhood::Private]
    };
    let mut ranges = Vec::new();
    for text in &file.value.outbound.private_ranges {
        match AddressRange::parse(text).filter(is_private) {
            Some(range) => ranges.push(range),
            None => complaints.push(file.complaint(
                &["outbound", "private_ranges"],
                format!("{text:?} is not a range of a private network."),
                "Write its first address and its length, such as 10.20.0.0/16 or fd12:3456::/32 (RFC 1918, RFC 6598, RFC 4193).",
            )),
        }
    }
    ranges
}

fn authorities(file: &Read<ServerFile>, name: &str, complaints: &mut Vec<Complaint>) -> Option<String> {
    let mut refuse = |wrong: String, remedy: &str| {
        complaints.push(file.complaint(&["outbound", "authorities_file"], wrong, remedy));
    };
    if !super::is_beside(name) {
        refuse(
            format!("{name:?} is not the name of a file beside server.toml."),
            "Name the file alone, without a folder.",
        );
        return None;
    }
    let pem = match std::fs::read_to_string(file.path.with_file_name(name)) {
        Ok(pem) => pem,
        Err(error) => {
            refuse(
                format!("The authorities {name:?} cannot be read: {error}."),
                "The file must lie beside server.toml.",
            );
            return None;
        }
    };
    let settings = OutboundSettings { authorities: Some(pem), ..OutboundSettings::default() };
    match Outbound::new(&settings, Loopback::Refused) {
        Ok(_) => settings.authorities,
        Err(problem) => {
            refuse(format!("The authorities {name:?} cannot be used: {problem}."), "");
            None
        }
    }
}

/// Whether strangers are offered what exists, and no client of the configuration has an id that would be a stranger's.
pub(super) fn check(
    file: &Read<ServerFile>,
    server: Option<&Server>,
    clients: &[Read<ClientFile>],
    known: &Known<'_>,
    complaints: &mut Vec<Complaint>,
) {
    let documents = file.value.client_documents.as_ref().map(|table| ("client_documents", &table.open_to));
    let registration =
        file.value.client_registration.as_ref().map(|table| ("client_registration", &table.open_to));
    for (table, open_to) in documents.into_iter().chain(registration) {
        check_open_to(file, table, open_to, known, complaints);
    }
    let Some(server) = server else { return };
    for client in clients {
        let id = ClientId::parse(&client.value.id);
        if id.is_some_and(|id| !id.origin(server).is_vouched_for()) {
            complaints.push(client.complaint(
                &["id"],
                format!("{:?} is an id that a client has which nobody registers.", client.value.id),
                "Call it otherwise, or switch off `client_documents` or `client_registration` in server.toml.",
            ));
        }
    }
}

fn check_open_to(
    file: &Read<ServerFile>,
    table: &str,
    open_to: &OpenToTable,
    known: &Known<'_>,
    complaints: &mut Vec<Complaint>,
) {
    known.tools.check_all(file, &[table, "open_to", "tools"], open_to.tools.iter(), complaints);
    let types = [table, "open_to", "detail_types"];
    known.detail_types.check_all(file, &types, open_to.detail_types.iter(), complaints);
    if open_to.default_tool.as_ref().is_some_and(|tool| !open_to.tools.contains(tool)) {
        let path = [table, "open_to", "default_tool"];
        complaints.push(file.complaint(&path, "It is not one of `tools`.", "Name one of them."));
    }
    for scope in &open_to.scopes {
        let exists = is_scope_token(scope)
            && (is_issuer_scope(scope) || matches!(known.scope(scope, &open_to.tools), Answers::Yes));
        if !exists {
            complaints.push(file.complaint(
                &[table, "open_to", "scopes"],
                format!("There is no scope `{scope}` of these tools."),
                "Name scopes of `tools` here, or those about a person.",
            ));
        }
    }
}

fn open_to(table: &OpenToTable) -> OpenTo {
    let scopes: BTreeSet<&str> =
        table.scopes.iter().map(String::as_str).filter(|scope| is_scope_token(scope)).collect();
    OpenTo {
        tools: table.tools.iter().filter_map(|id| ToolId::parse(id)).collect(),
        scopes: scopes.into_iter().collect::<Scope>(),
        detail_types: table.detail_types.clone(),
        default_tool: table.default_tool.as_deref().and_then(ToolId::parse),
    }
}

/// A name, or every name below one that is more than a top-level domain.
fn is_pattern(host: &str) -> bool {
    match host.strip_prefix("*.") {
        Some(domain) => is_name(domain) && domain.contains('.'),
        None => is_name(host),
    }
}

/// A domain name as a URL parser would write it.
fn is_name(host: &str) -> bool {
    let url = Url::parse(&format!("https://{host}/")).ok();
    let written = url.as_ref().and_then(Url::host);
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    plain
        && matches!(written, Some(Host::Domain(name)) if name == host && name != "localhost" && !name.ends_with('.'))
}

fn digest(hexadecimal: &str) -> Option<Sha256Digest> {
    let digits = hexadecimal.len() == 64 && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |position: usize| u8::from_str_radix(&hexadecimal[position..position + 2], 16).ok();
    let bytes: Vec<u8> = digits.then(|| (0..64).step_by(2).map(byte).collect::<Option<_>>())??;
    Sha256Digest::from_base64url(&URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_all_names_below_a_domain() {
        for good in ["agents.example", "*.agents.example", "a-b.example"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.",
            "*.example",
            "*.*.example",
            "a*.example",
            "Agents.example",
            "agents.example:8443",
            "agents.example.",
            "https://agents.example",
            "10.0.0.1",
            "[::1]",
            "localhost",
            "a b",
            "agents.example/x",
        ] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_read_as_sha256sum_writes_it() {
        let written = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(written), Some(Sha256Digest::of(b"abc")));
        for wrong in ["", "ba78", &written[1..], &format!("{written}00"), &written.replace('b', "g")] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }
}
