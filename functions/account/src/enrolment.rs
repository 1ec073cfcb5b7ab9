//! `POST /devices` and `DELETE /devices/{device_id}`: the company's own app enrols the phone that it runs on, to be woken when the
//! person who is signed in there is asked something. Nothing needs to be confirmed: app and person have both proven who they are. A
//! phone is one person's at a time: whoever signs in on it takes it from whoever had it before.

mod keeping;

use admission::Visit;
use deliver::{NotEnrolled, Platform};
use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::request::{Allowed, arrival, is_json, require_method};
use http::{
    Problem, Request, Response, StatusCode, answer as answers, bearer_token_in_header, respond_bearer,
};
use oauth::scope::DEVICES;
use oauth::{AccessTokenClaims, Channel, Device, DeviceId, DeviceName, Place, Reach, Refusal, Secret};
use pages::DeviceNews;
use serde::Deserialize;
use serde_json::json;
use store::Person;

use self::keeping::{Former, Kept, Phone, keep};
use crate::devices::{Changed, change_at, of_device, of_phone, tell_of};
use crate::{HOUR, Services};

/// The largest body: more than any platform's token needs.
const LARGEST_BODY: usize = 8 * 1024;
/// The longest token. Those of Google and Apple have a few hundred characters.
const LONGEST_TOKEN: usize = 4096;
/// How often one person's apps enrol in an hour.
const ENROLMENTS_PER_HOUR: u32 = 20;

/// What an app is told whose person is gone meanwhile.
const NOBODYS: Refusal = Refusal::TokenInvalid { why: "nobody's" };

/// What an app says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrolment {
    platform: String,
    token: String,
    name: String,
}

/// Whether a request is one of these.
pub(crate) fn is_meant(request: &Request) -> bool {
    let path = arrival(request).path.as_str();
    path == "/devices" || path.starts_with("/devices/")
}

/// Answers an app that shows an access token with the scope `devices` for the issuer itself.
pub(crate) async fn answer(services: &Services, request: &Request) -> Response {
    let pages = &services.pages;
    let visit = match Visit::begin(&pages.store, &pages.clock, request).await {
        Ok(visit) => visit,
        Err(fault) => return respond_bearer(Err(fault.into()), None),
    };
    let id = arrival(request).path_parameters.get("device_id");
    let event = if id.is_some() { Event::DeviceRemoved } else { Event::DeviceAdded };
    let claims = match shown(services, &visit, id.is_some()).await {
        Ok(claims) => claims,
        // Whoever shows no token of ours leaves nothing in the audit trail: anybody could, as often as they like.
        Err(problem) => return respond_bearer(Err(problem), Some(&visit.site)),
    };
    let answered = async {
        let person = bearer(&visit, &claims).await?;
        match id {
            Some(id) => remove(services, &visit, &claims, person, id).await,
            None => enrols(services, &visit, &claims, person).await,
        }
    };
    let answered = answered.await.inspect_err(|problem| {
        if let Problem::Refused(refusal) = problem {
            visit.record(event, Outcome::Refused(refusal)).client(&claims.client_id).record();
        }
    });
    respond_bearer(answered, Some(&visit.site))
}

/// The person's app says how it is woken.
async fn enrols(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
    person: Person,
) -> Result<Response, Problem> {
    let Enrolment { platform, token, name } = enrolment(visit.request)?;
    let platform = Platform::parse(&platform).ok_or(unusable("platform is GCM or APNS"))?;
    let name = DeviceName::parse(name.trim()).ok_or(unusable("name is 1 to 40 characters on one line"))?;
    let is_token =
        (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = Secret::new(token);
    if !is_token {
        return Err(unusable("token is what the platform gave the app on this phone").into());
    }
    let place = of_phone(services.pages.keys.server_secret().await?, platform, &token);
    let store = &services.pages.store;
    let (_, kept) = store.person_and_devices(&person.id).await?;
    let reach = kept.reach.tidied(visit.now);
    // Before SNS is asked for anything. What is on the phone already takes no room.
    if reach.is_full() && !reach.devices().iter().any(|device| device.channel.is_at(&place)) {
        return Err(TOO_MANY.into());
    }
    let caller = format!("ENROLS#{}", person.id);
    if !store.count_within(&caller, ENROLMENTS_PER_HOUR, HOUR, visit.now).await? {
        return Err(Refusal::SlowDown { retry_after: HOUR }.into());
    }
    let endpoint = services.people.enrol(platform, &token).await.map_err(problem_of)?;
    let phone = Phone { name, endpoint, place };
    let Kept { id, reach, is_new, former } = keep(services, visit, &person, phone).await?;
    record(visit, Event::DeviceAdded, claims, &person, &id);
    if let Some(Former { person, reach, device }) = former {
        record(visit, Event::DeviceRemoved, claims, &person, &device);
        tell_of(services, visit, &person, reach.in_use(), DeviceNews::Removed).await;
    }
    if is_new {
        let others = reach.in_use().filter(|device| device.id != id);
        tell_of(services, visit, &person, others, DeviceNews::Added).await;
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answers::json(status, &json!({ "device_id": id })))
}

/// An app removes what an app enrolled, and nothing else of the person's.
async fn remove(
    services: &Services,
    visit: &Visit<'_>,
    claims: &AccessTokenClaims,
    person: Person,
    id: &str,
) -> Result<Response, Problem> {
    let id = DeviceId::parse(id).ok_or(Refusal::DeviceUnknown)?;
    let secret = services.pages.keys.server_secret().await?;
    let at = |reach: &Reach| reach.device(&id).and_then(|device| of_device(secret, device));
    let without = |reach: Reach, place: Option<Place>| {
        let of_an_app = |device: &&Device| matches!(device.channel, Channel::Push { .. });
        reach.device(&id).filter(of_an_app).ok_or(Refusal::DeviceUnknown)?;
        let (rest, removed) = reach.without(&id).ok_or(Refusal::DeviceUnknown)?;
        Ok::<_, Refusal>((rest, place.map(|place| place.let_go(&person.id)), removed))
    };
    let store = &services.pages.store;
    let changed = change_at(store, &person.id, (visit.now, NOBODYS), at, without).await?;
    let Changed { reach, told: removed, .. } = changed?;
    record(visit, Event::DeviceRemoved, claims, &person, &id);
    let told = std::iter::once(&removed).chain(reach.in_use());
    tell_of(services, visit, &person, told, DeviceNews::Removed).await;
    Ok(answers::empty(StatusCode::NO_CONTENT))
}

/// What the token says that an app shows: it is one of ours.
async fn shown(services: &Services, visit: &Visit<'_>, removes: bool) -> Result<AccessTokenClaims, Problem> {
    require_method(visit.request, if removes { Allowed::Delete } else { Allowed::Post })?;
    let token = bearer_token_in_header(visit.request)?;
    let keys = services.pages.keys.public().await?;
    Ok(visit.access_token(&keys, token.expose())?)
}

/// The person whose app shows the token. What acts on somebody's behalf, or what another issuer vouched for, is no app in which they
/// are signed in.
async fn bearer(visit: &Visit<'_>, claims: &AccessTokenClaims) -> Result<Person, Problem> {
    http::note_proven_client(&claims.client_id);
    if !claims.act.is_empty() || claims.origin.is_some() {
        return Err(Refusal::TokenInvalid { why: "it acts for somebody" }.into());
    }
    Ok(visit.bearer(claims, DEVICES).await?.person)
}

fn enrolment(request: &Request) -> Result<Enrolment, Refusal> {
    let body: &[u8] = request.body();
    if !is_json(request) {
        return Err(unusable("the body must be application/json"));
    }
    if body.len() > LARGEST_BODY {
        return Err(Refusal::BodyTooLarge { limit: LARGEST_BODY });
    }
    serde_json::from_slice(body).map_err(|_| unusable("the body is an object with platform, token and name"))
}

const TOO_MANY: Refusal = unusable("the person has as many devices as anybody may have");

const fn unusable(problem: &'static str) -> Refusal {
    Refusal::DeviceUnusable { problem }
}

fn problem_of(refused: NotEnrolled) -> Problem {
    match refused {
        NotEnrolled::NotOffered => unusable("there is no app for this platform").into(),
        NotEnrolled::TokenRefused => unusable("the platform does not know the token").into(),
        NotEnrolled::Undelivered(problem) => Fault::unavailable("SNS", problem.why).into(),
    }
}

fn record(visit: &Visit<'_>, event: Event, claims: &AccessTokenClaims, person: &Person, device: &DeviceId) {
    let decision: Decision<'_> = visit.record(event, Outcome::Granted);
    decision.client(&claims.client_id).token(claims).person(&person.id).device(device).record();
}

#[cfg(test)]
mod tests;
