use admission::{GoodToken, Rights, ShownActor, Visit};
use details::DetailTypes;
use environment::Fault;
use oauth::configuration::{Client, Tool};
use oauth::{AccessTokenClaims, AuthorizationDetails, Child, Scope, TokenType};
use policy::{Action, Answer, Context, Policies, Principal, Question};
use store::Standing;

use crate::Services;

/// What the policies answer to each scope and detail that a client would have for itself at a tool.
pub(crate) fn ask(
    policies: &Policies,
    client: &Client,
    tool: &str,
    (scopes, details): (&Scope, &AuthorizationDetails),
    now: oauth::Timestamp,
) -> Answer {
    policies.each(&Question {
        principal: Principal { client, person: None },
        action: Action::ClientCredentials,
        tool,
        context: Context {
            scope: None,
            detail: None,
            scopes,
            details,
            requested: TokenType::AccessToken,
            origin: None,
            depth: 0,
            actors: &[],
            actor: None,
            acr: None,
            amr: &[],
            auth_age: None,
            now,
        },
    })
}

/// What was got by exchange as it could be renewed now, as far as registrations, rules and trusts say. What came of a client that works
/// alone has nobody's authorization to end with: what that client may have for itself is asked of the policies again.
///
/// # Errors
/// A fault of the table.
pub(crate) async fn good_child(
    services: &Services,
    visit: &Visit<'_>,
    child: &Child,
    (types, actor): (&DetailTypes, Option<&ShownActor>),
) -> Result<Option<(GoodToken, Option<Standing>)>, Fault> {
    let Some((good, actor)) = visit.good_child_beside(child, types, actor).await? else { return Ok(None) };
    if good.claims.grant_id.is_some() || good.claims.origin.is_some() {
        return Ok(Some((good, actor)));
    }
    let policies = services.policies(visit);
    let permitted = |tool: &Tool, client: &Client| {
        let scopes = client.scopes.retaining(|token| tool.scopes.contains_key(token));
        let details = types.granted_for(&client.standing_details, tool, client);
        let answer = ask(&policies, client, tool.resource.as_str(), (&scopes, &details), visit.now);
        if !answer.refused.is_empty() {
            http::note_policies(answer.for_audit());
        }
        let left = details.pick(&answer.details);
        Rights::of((&answer.scopes, &left), tool, client, types)
    };
    let held = (good.claims.scope.clone(), good.claims.authorization_details.clone());
    let Some((scope, authorization_details)) = visit.left_from_above(&good.claims, held, permitted).await?
    else {
        return Ok(None);
    };
    let claims = AccessTokenClaims { scope, authorization_details, ..good.claims };
    Ok(Some((GoodToken { claims, ..good }, actor)))
}
