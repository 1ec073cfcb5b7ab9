use std::sync::Arc;

use admission::Visit;
use http::Problem;
use issuing::{AccessToken, Behalf, Content};
use oauth::configuration::{Client, GrantType};
use oauth::{
    Authorization, HandleRejection, Narrower, Parameters, RefreshToken, Refusal, Rotation, Spent, Stage,
    TokenResponse,
};
use store::Commit;

use crate::{Services, child};

/// How often a move is decided again because somebody else moved first: of many rotations of one token the
/// first moves the family, and the others are repetitions of it.
const MOST_TRIES: usize = 4;

/// Rotates a refresh token (OAuth 2.1, section 4.3): one read of the authorization, one of the person, one
/// signature, one write. A repetition within the grace gets the same successor and writes nothing.
pub(crate) async fn rotate(
    services: &Services,
    visit: &Visit<'_>,
    client: &Arc<Client>,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    client.require_grant(GrantType::RefreshToken)?;
    let unknown = Refusal::RefreshTokenInvalid { why: HandleRejection::Unknown };
    let secret = services.keys.server_secret().await?;
    let presented =
        RefreshToken::parse(parameters.required("refresh_token")?, secret).ok_or(unknown.clone())?;
    let asked = Narrower::parse(parameters)?;
    // Our tag is on it, so it was given out for this authorization, whatever has become of that.
    http::note_grant(presented.id());
    let mut standing = services.store.authorization(presented.id()).await?.ok_or(unknown.clone())?;
    http::note_authorization(&standing);
    for _ in 0..MOST_TRIES {
        let rotation = match standing.rotated(&client.id, &presented, visit.now) {
            Spent::Well(rotation) => rotation,
            Spent::Not(refusal) => return Err(refusal.into()),
            Spent::Replayed(ended) => match services.store.commit(&ended).await? {
                Commit::Done => {
                    let replayed = Refusal::RefreshTokenInvalid { why: HandleRejection::Replayed };
                    crate::record_end(visit, &ended, &replayed);
                    return Err(replayed.into());
                }
                Commit::Outdated(current) => {
                    standing = *current.ok_or(unknown.clone())?;
                    continue;
                }
            },
        };
        let (next, moved) = match rotation {
            Rotation::Moved(next) => (next, true),
            Rotation::Repeated(same) => (same, false),
        };
        let (token, content) = match &next.stage {
            Stage::Child(of) => child::renewed(services, visit, client, (&next, &**of), &asked).await?,
            _ => renewed(services, visit, client, &next, &asked).await?,
        };
        if moved && let Commit::Outdated(current) = services.store.commit(&next).await? {
            standing = *current.ok_or(unknown.clone())?;
            continue;
        }
        let successor = presented.successor().reveal(secret);
        return Ok(token.respond(crate::granted(visit), &content, Some(successor)));
    }
    Err(unknown.into())
}

/// An access token of what a person granted, before anybody has seen it.
async fn renewed<'a>(
    services: &Services,
    visit: &'a Visit<'_>,
    client: &'a Arc<Client>,
    next: &Authorization,
    asked: &Narrower,
) -> Result<(AccessToken, Content<'a>), Problem> {
    let unknown = Refusal::RefreshTokenInvalid { why: HandleRejection::Unknown };
    let grant = next.grant().ok_or(unknown)?;
    let person = services.mint(visit).standing_person(grant).await?;
    let registered = services.registered(visit, client);
    let content = Content::of_grant(grant, asked, &registered)?;
    services.mint(visit).still_good_at(grant, &content).await?;
    let behalf = Behalf::Person { authorization: next, grant, profile: &person.profile };
    let token = services.access_token(visit, client, &content, &behalf).await?;
    Ok((token, content))
}
