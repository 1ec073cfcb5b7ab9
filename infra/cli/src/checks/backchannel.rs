use std::num::NonZero;
use std::time::Duration;

use oauth::configuration::{
    Acquaintances, BackchannelClient, BackchannelSettings, Server, TokenDelivery, UserCodeUse,
};
use oauth::metadata::CLIENT_ASSERTION_ALGORITHMS;
use outbound::{Loopback, endpoint_problem};
use url::Url;

use super::server::within;
use crate::Complaint;
use crate::files::{
    AuthenticationMethod, ClientFile, DeliveryMode, GrantTypeName, Lifetime, ServerFile, UserCodeName,
};
use crate::reading::Read;

const HOUR: u64 = 3_600;

/// The server's settings for the backchannel.
pub(super) fn settings(file: &Read<ServerFile>, complaints: &mut Vec<Complaint>) -> BackchannelSettings {
    let (table, default) = (&file.value.backchannel, BackchannelSettings::default());
    let mut within = |name: &str, asked: Option<Lifetime>, default: Duration, bounds: (u64, u64)| {
        within(file, ["backchannel", name], asked, default, bounds, complaints)
    };
    let longest_expiry = within("longest_expiry", table.longest_expiry, default.longest_expiry, (30, HOUR));
    let bounds = (30, longest_expiry.as_secs());
    let expires_in = within("expires_in", table.expires_in, default.expires_in.min(longest_expiry), bounds);
    let or = |written: Option<NonZero<u32>>, default| written.map_or(default, NonZero::get);
    BackchannelSettings {
        expires_in,
        longest_expiry,
        interval: within("interval", table.interval, default.interval, (2, 60)),
        tells_unknown_users: table.tells_unknown_users.unwrap_or(default.tells_unknown_users),
        push: table.push.unwrap_or(default.push),
        asks_per_hour: or(table.asks_per_hour, default.asks_per_hour),
        asks_of_one_client_per_hour: or(
            table.asks_of_one_client_per_hour,
            default.asks_of_one_client_per_hour,
        ),
        asks_of_one_client_per_minute: or(
            table.asks_of_one_client_per_minute,
            default.asks_of_one_client_per_minute,
        ),
        number_matching: table.number_matching.unwrap_or(default.number_matching),
    }
}

/// How a client asks people who are elsewhere, if it may.
pub(super) fn client(file: &Read<ClientFile>, complaints: &mut Vec<Complaint>) -> Option<BackchannelClient> {
    let written = &file.value;
    let may_ask = written.grant_types.contains(&GrantTypeName::Ciba);
    let mut refuse =
        |path: &[&str], wrong: &str, remedy: &str| complaints.push(file.complaint(path, wrong, remedy));
    let Some(table) = &written.backchannel else {
        if may_ask {
            let remedy = "Add a table `[backchannel]` that says whom it may ask.";
            refuse(&["grant_types"], "ciba needs to know whom the client may ask.", remedy);
        }
        return None;
    };
    if !may_ask {
        let remedy = "Add the grant type, or take the table out.";
        refuse(&["backchannel"], "This is for the grant type ciba, which the client may not use.", remedy);
    }
    if written.token_endpoint_auth_method == AuthenticationMethod::None {
        let wrong =
            "A public client proves nothing, so it may not ask people (OpenID CIBA Core 1.0, section 4).";
        refuse(&["backchannel"], wrong, "Choose another `token_endpoint_auth_method` than none.");
    }
    let knows_nobody = table.may_ask_groups.is_empty() && table.may_ask_people.is_empty();
    if knows_nobody && !table.invited_only {
        let remedy =
            "Name groups in `may_ask_groups` or people in `may_ask_people`, or say `invited_only = true`.";
        refuse(&["backchannel"], "The client may ask nobody.", remedy);
    }
    if !knows_nobody && table.invited_only {
        let wrong = "The client may ask people without having been invited.";
        refuse(
            &["backchannel", "invited_only"],
            wrong,
            "Take it out, or `may_ask_groups` and `may_ask_people`.",
        );
    }
    if table.refresh_tokens && !written.grant_types.contains(&GrantTypeName::RefreshToken) {
        let wrong = "Refresh tokens are for the grant type refresh_token, which the client may not use.";
        refuse(&["backchannel", "refresh_tokens"], wrong, "Add the grant type, or take this out.");
    }
    if let Some(algorithm) = table.request_signing_alg.as_deref() {
        let path = ["backchannel", "request_signing_alg"];
        if !CLIENT_ASSERTION_ALGORITHMS.contains(&algorithm) {
            refuse(&path, "No request is signed with this.", "Choose ES256, RS256, PS256 or EdDSA.");
        }
        if written.token_endpoint_auth_method != AuthenticationMethod::PrivateKeyJwt {
            let wrong = "Only a client that authenticates by private_key_jwt has keys to sign with.";
            refuse(&path, wrong, "Change `token_endpoint_auth_method`, or take this out.");
        }
    }
    Some(BackchannelClient {
        delivery: delivery(file, complaints)?,
        may_ask: Acquaintances {
            groups: table.may_ask_groups.clone(),
            people: table.may_ask_people.iter().map(|name| name.to_lowercase()).collect(),
        },
        refresh_tokens: table.refresh_tokens,
        request_signing_alg: table.request_signing_alg.clone(),
        user_code: match table.user_code {
            None => UserCodeUse::None,
            Some(UserCodeName::Optional) => UserCodeUse::Optional,
            Some(UserCodeName::Required) => UserCodeUse::Required,
        },
        number_matching: table.number_matching,
    })
}

fn delivery(file: &Read<ClientFile>, complaints: &mut Vec<Complaint>) -> Option<TokenDelivery> {
    let table = file.value.backchannel.as_ref()?;
    let path = ["backchannel", "client_notification_endpoint"];
    match (table.token_delivery_mode, &table.client_notification_endpoint) {
        (DeliveryMode::Poll, None) => Some(TokenDelivery::Poll),
        (DeliveryMode::Poll, Some(_)) => {
            let wrong = "A client that polls is told nothing.";
            complaints.push(file.complaint(&path, wrong, "Take it out, or choose the mode ping."));
            None
        }
        (DeliveryMode::Ping | DeliveryMode::Push, None) => {
            let wrong = "This mode needs to know where the client is told.";
            complaints.push(file.complaint(
                &["backchannel", "token_delivery_mode"],
                wrong,
                "Add `client_notification_endpoint`.",
            ));
            None
        }
        (DeliveryMode::Ping, Some(endpoint)) if is_endpoint(endpoint) => {
            Some(TokenDelivery::Ping { endpoint: endpoint.clone() })
        }
        (DeliveryMode::Push, Some(endpoint)) if is_endpoint(endpoint) => {
            Some(TokenDelivery::Push { endpoint: endpoint.clone() })
        }
        (DeliveryMode::Ping | DeliveryMode::Push, Some(endpoint)) => {
            let wrong = format!("Nothing must be sent to {endpoint:?}.");
            let remedy = "It is an https URL without user and fragment (OpenID CIBA Core 1.0, section 4).";
            complaints.push(file.complaint(&path, wrong, remedy));
            None
        }
    }
}

/// Refuses to bring tokens to a client where the server brings them to nobody. A token that is bound to its sender could not be
/// brought, either: whoever adds such a setting refuses it beside `push` here.
pub(super) fn check_push(
    server: &Read<ServerFile>,
    clients: &[Read<ClientFile>],
    complaints: &mut Vec<Complaint>,
) {
    if server.value.backchannel.push.unwrap_or_default() {
        return;
    }
    let is_push = |file: &&Read<ClientFile>| {
        file.value.backchannel.as_ref().is_some_and(|table| table.token_delivery_mode == DeliveryMode::Push)
    };
    for file in clients.iter().filter(is_push) {
        complaints.push(file.complaint(
            &["backchannel", "token_delivery_mode"],
            "This server brings tokens to nobody.",
            "Choose the mode ping, or set `push = true` in the table `[backchannel]` of server.toml.",
        ));
    }
}

/// Refuses endpoints at which no call would ever be made: it would be noticed only when somebody waits to be told.
pub(super) fn check_endpoints(
    server: &Server,
    clients: &[Read<ClientFile>],
    complaints: &mut Vec<Complaint>,
) {
    let loopback =
        if super::server::is_loopback(&server.issuer) { Loopback::Allowed } else { Loopback::Refused };
    for file in clients {
        let table = file.value.backchannel.as_ref();
        let endpoint = table.and_then(|table| table.client_notification_endpoint.as_deref());
        // What cannot be one at all is refused where it is read.
        let Some(endpoint) = endpoint.filter(|endpoint| is_endpoint(endpoint)) else { continue };
        let url = Url::parse(endpoint).ok();
        let problem = url.and_then(|url| endpoint_problem(&url, &server.outbound, loopback));
        if let Some(problem) = problem {
            complaints.push(file.complaint(
                &["backchannel", "client_notification_endpoint"],
                format!("Nobody is told at {endpoint:?}: {}.", problem.for_strangers()),
                "It has a host's name and port 443; another port takes `private_hosts` or `private_ranges` in server.toml.",
            ));
        }
    }
}

/// Whether clients can be told there at all. On this machine a plain one will do.
fn is_endpoint(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_here = url.host().is_some_and(|host| oauth::is_loopback(&host));
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_here;
    text.len() <= 1024 && is_plain && is_safe
}
