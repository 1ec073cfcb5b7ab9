use http::audit::Outcome;
use http::{Method, Problem, Response, StatusCode, answer, bearer_token_in_header};
use oauth::{ClientId, ClientOrigin, Refusal, Secret, Stranger};
use serde_json::Value;
use store::KeptStranger;

use crate::visit::Visit;
use crate::{body, information, metadata};

/// Answers the owner of a registration (RFC 7592, section 2). Another registration's token, and that of one that is gone, is
/// answered alike: nobody learns which ids exist.
pub(crate) async fn manage(visit: &Visit<'_>, id: &str) -> Result<Response, Problem> {
    visit.registration()?;
    visit.within_limits().await?;
    let token = bearer_token_in_header(visit.request)?;
    let unknown = Refusal::TokenInvalid { why: "not the token of this registration" };
    let id = ClientId::parse(id).ok_or(unknown.clone())?;
    if id.origin(&visit.configuration.server) != ClientOrigin::Registered {
        return Err(unknown.into());
    }
    let kept = visit.services.store.stranger_now(&id, ClientOrigin::Registered).await?;
    let kept = kept.filter(|kept| kept.known.is_known_at(visit.now)).ok_or(unknown.clone())?;
    if !kept.known.management.as_ref().is_some_and(|digest| token.matches(digest)) {
        return Err(unknown.into());
    }
    match *visit.request.method() {
        Method::PUT => change(visit, &kept, &token).await,
        Method::DELETE => delete(visit, &kept.known).await,
        _ => {
            let client = visit.client(&kept.known)?;
            Ok(answer::json(StatusCode::OK, &information(visit, &kept.known, &client, &token)))
        }
    }
}

/// What a client may not say of itself when it changes its registration (RFC 7592, section 2.2).
const NOT_ITS_OWN: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Puts other metadata in the place of the old (RFC 7592, section 2.2): one write, on condition of what was read.
async fn change(visit: &Visit<'_>, kept: &KeptStranger, token: &Secret<String>) -> Result<Response, Problem> {
    let invalid = |problem| Refusal::ClientMetadataInvalid { problem };
    let said: Value = serde_json::from_slice(body(visit.request)?).unwrap_or_default();
    if said.get("client_id").and_then(Value::as_str) != Some(kept.known.id.as_str()) {
        return Err(invalid("its client_id must be that of the registration").into());
    }
    if NOT_ITS_OWN.iter().any(|name| said.get(name).is_some()) {
        return Err(invalid("it has members that only the server says").into());
    }
    if said.get("client_secret").is_some() {
        return Err(invalid("it has a client_secret, and none was given out").into());
    }
    let changed = Stranger { metadata: metadata(visit.request)?, ..kept.known.clone() };
    let client = visit.client(&changed)?;
    if !visit.services.store.change_registration(kept, &changed).await? {
        return Err(Refusal::TokenInvalid { why: "the registration has changed or gone meanwhile" }.into());
    }
    visit.record(Outcome::Granted).client(&changed.id).record();
    Ok(answer::json(StatusCode::OK, &information(visit, &changed, &client, token)))
}

/// Deletes the registration (RFC 7592, section 2.3): one write. What was granted to the client is worth nothing from then on,
/// because nobody is called so any more, and never will be.
async fn delete(visit: &Visit<'_>, kept: &Stranger) -> Result<Response, Problem> {
    visit.services.store.delete_registration(&kept.id).await?;
    visit.record(Outcome::Granted).client(&kept.id).record();
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
