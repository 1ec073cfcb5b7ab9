//! `POST /devices` and `DELETE /devices/{device_id}`: the company's own app enrols the phone that it runs on, to be woken when the
//! person who is signed in there is asked something. Nothing needs to be confirmed: app and person have both proven who they are.

use admission::Visit;
use deliver::{NotEnrolled, Platform};
use environment::Fault;
use http::audit::{Decision, Event, Outcome};
use http::request::{Allowed, arrival, is_json, require_method};
use http::{
    Problem, Request, Response, StatusCode, answer as answers, bearer_token_in_header, respond_bearer,
};
use oauth::scope::DEVICES;
use oauth::{
    AccessTokenClaims, Channel, Device, DeviceId, DeviceName, EndpointArn, Reach, Refusal, Secret, Standing,
};
use pages::DeviceNews;
use serde::Deserialize;
use serde_json::json;
use store::Person;

use crate::devices::{Changed, change, tell_of};
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
    let answered = match id {
        Some(id) => remove(services, &visit, id).await,
        None => enrol(services, &visit).await,
    };
    let answered = answered.inspect_err(|problem| {
        if let Problem::Refused(refusal) = problem {
            visit.record(event, Outcome::Refused(refusal)).record();
        }
    });
    respond_bearer(answered, Some(&visit.site))
}

async fn enrol(services: &Services, visit: &Visit<'_>) -> Result<Response, Problem> {
    require_method(visit.request, Allowed::Post)?;
    let (claims, person) = bearer(services, visit).await?;
    let Enrolment { platform, token, name } = enrolment(visit.request)?;
    let platform = Platform::parse(&platform).ok_or(unusable("platform is GCM or APNS"))?;
    let name = DeviceName::parse(name.trim()).ok_or(unusable("name is 1 to 40 characters on one line"))?;
    let is_token =
        (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = Secret::new(token);
    if !is_token {
        return Err(unusable("token is what the platform gave the app on this phone").into());
    }
    let caller = format!("ENROLS#{}", person.id);
    let store = &services.pages.store;
    if !store.count_within(&caller, ENROLMENTS_PER_HOUR, HOUR, visit.now).await? {
        return Err(Refusal::SlowDown { retry_after: HOUR }.into());
    }
    let endpoint = services.people.enrol(platform, &token).await.map_err(problem_of)?;
    let Changed { reach, is_new, told: id, .. } = keep(services, visit, &person, name, endpoint).await?;
    record(visit, Event::DeviceAdded, &claims, &person, &id);
    if is_new {
        let others = reach.in_use().filter(|device| device.id != id);
        tell_of(services, visit, &person, others, DeviceNews::Added).await;
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answers::json(status, &json!({ "device_id": id })))
}

/// An app removes what an app enrolled, and nothing else of the person's.
async fn remove(services: &Services, visit: &Visit<'_>, id: &str) -> Result<Response, Problem> {
    require_method(visit.request, Allowed::Delete)?;
    let (claims, person) = bearer(services, visit).await?;
    let id = DeviceId::parse(id).ok_or(Refusal::DeviceUnknown)?;
    let without = |reach: Reach| {
        let of_an_app = |device: &&Device| matches!(device.channel, Channel::Push { .. });
        reach.device(&id).filter(of_an_app).ok_or(Refusal::DeviceUnknown)?;
        reach.without(&id).ok_or(Refusal::DeviceUnknown)
    };
    let Changed { reach, told: removed, .. } =
        change(&services.pages.store, &person.id, NOBODYS, without).await??;
    record(visit, Event::DeviceRemoved, &claims, &person, &id);
    let told = std::iter::once(&removed).chain(reach.in_use());
    tell_of(services, visit, &person, told, DeviceNews::Removed).await;
    Ok(answers::empty(StatusCode::NO_CONTENT))
}

/// The person whose app shows the token. What acts on somebody's behalf, or what another issuer vouched for, is no app in which they
/// are signed in.
async fn bearer(services: &Services, visit: &Visit<'_>) -> Result<(AccessTokenClaims, Person), Problem> {
    let token = bearer_token_in_header(visit.request)?;
    let keys = services.pages.keys.public().await?;
    let claims = visit.access_token(&keys, token.expose())?;
    http::note_proven_client(&claims.client_id);
    if !claims.act.is_empty() || claims.origin.is_some() {
        return Err(Refusal::TokenInvalid { why: "it acts for somebody" }.into());
    }
    let bearer = visit.bearer(&claims, DEVICES).await?;
    Ok((claims, bearer.person))
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

/// The device that leads to this endpoint: the one that the person has, of which nothing is written, or a new one.
async fn keep(
    services: &Services,
    visit: &Visit<'_>,
    person: &Person,
    name: DeviceName,
    endpoint: EndpointArn,
) -> Result<Changed<DeviceId>, Problem> {
    let channel = Channel::Push { endpoint };
    let id = DeviceId::from_random(services.pages.dice.roll());
    let standing = Standing::Confirmed { since: visit.now };
    let device = Device { id, name, channel, standing };
    let enrolled = |reach: Reach| {
        if let Some(own) = reach.leading_to(&device.channel) {
            let id = own.id.clone();
            return Ok((reach, id));
        }
        let next = reach.enrolled(device.clone(), visit.now);
        let next = next.map_err(|_| unusable("the person has as many devices as anybody may have"))?;
        Ok((next, device.id.clone()))
    };
    let kept: Result<_, Refusal> = change(&services.pages.store, &person.id, NOBODYS, enrolled).await?;
    Ok(kept?)
}

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
