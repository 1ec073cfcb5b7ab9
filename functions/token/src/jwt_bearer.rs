use std::collections::BTreeSet;

use admission::Visit;
use clients::AuthenticatedClient;
use http::Problem;
use issuing::{Behalf, Registered};
use oauth::configuration::{Client, GrantType, Tool};
use oauth::{
    AssertedGrant, Audience, Narrower, OutsideToken, Parameters, PersonId, Refusal, TokenResponse, TokenType,
};
use policy::Action;

use crate::question::{Exchange, permitted_on_record};
use crate::{Services, exchanged, outside};

/// Redeems an ID-JAG of a trusted issuer (RFC 7523, section 2.1; draft-ietf-oauth-identity-assertion-authz-grant, section 4.4): one
/// signature, and one write by which it is spent; two reads more where it is about a person of ours. There is no refresh token
/// (section 4.4.3): the next ID-JAG takes its place.
///
/// It is spent last, so that a request that asks for something wrong costs nobody their grant.
pub(crate) async fn redeem(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    let client = authenticated.client();
    client.require_grant(GrantType::JwtBearer)?;
    authenticated.confidential()?;
    let text = parameters.required("assertion")?;
    let asked = Narrower::parse(parameters)?;
    let trusted = outside::trust(visit, text).ok_or_else(|| invalid("issuer"))?;
    let grant = outside::id_jag(services, visit, trusted, client, text).await;
    let grant = grant.map_err(|unproven| unproven.told(invalid))?;

    let sub = outside::subject(services, trusted, &grant.token).await?;
    let sub = sub.ok_or_else(|| invalid("unknown subject"))?;
    let person = standing(services, visit, client, &sub, &grant.token).await?;

    let registered = services.registered(visit, client);
    let target = target(client, &grant, &asked, &registered)?;
    // Everything there may have been ended since somebody said this.
    let state = services.store.client_state(&client.id, visit.now).await?;
    if !state.allows_at(&target.resource, grant.token.made_at_the_earliest()) {
        return Err(invalid("ended"));
    }
    let content = exchanged::vouched(trusted, Some(&grant), target, &asked, &registered)?;
    let exchange = Exchange {
        policies: services.policies(visit),
        client,
        person: person.as_ref(),
        at: target.resource.as_str(),
        requested: TokenType::AccessToken,
        actor: None,
        origin: Some(&grant.token.origin),
        signed_in: (&grant.token).into(),
        actors: vec![],
        is_approved: false,
        now: visit.now,
    };
    let answer = exchange.ask(Action::TokenExchange, &content);
    let content = permitted_on_record(&BTreeSet::new(), &asked, &answer, &content)?;
    if content.is_empty() {
        return Err(Refusal::ClientNotPermitted.into());
    }

    let profile = person.as_ref().map(|person| &person.profile);
    let behalf = Behalf::Asserted { grant: &grant, sub: &sub, profile };
    let token = services.access_token(visit, client, &content, &behalf).await?;
    if !services.store.spend_assertion(&grant.spent_as, grant.token.exp, visit.now).await? {
        return Err(invalid("replayed"));
    }
    Ok(token.respond(crate::granted(visit), &content, None))
}

fn invalid(why: &'static str) -> Problem {
    Refusal::GrantAssertionInvalid { why }.into()
}

/// The person it is about, if it is one of ours. What was asserted before everything of theirs or of the client was ended is
/// worth nothing.
async fn standing(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    sub: &str,
    token: &OutsideToken,
) -> Result<Option<store::Person>, Problem> {
    let made = token.made_at_the_earliest();
    if !services.store.client_state(&client.id, visit.now).await?.allows_issued_at(made) {
        return Err(invalid("ended"));
    }
    let Some(id) = PersonId::parse(sub) else { return Ok(None) };
    http::note_person(&id);
    let person = services.store.person(&id).await?.filter(|person| person.allows_of(&client.id, made));
    Ok(Some(person.ok_or_else(|| invalid("ended"))?))
}

/// The one tool that the token is for (RFC 8707, section 2.2): of those that the ID-JAG names, where it names any.
fn target<'t>(
    client: &Client,
    grant: &AssertedGrant,
    asked: &Narrower,
    registered: &Registered<'t>,
) -> Result<&'t Tool, Refusal> {
    let Registered { server, tools, default_resource, .. } = *registered;
    let audience = Audience::choose(&asked.resources, &grant.resources, default_resource, server, tools)?;
    let tool = audience.tool().filter(|tool| client.tools.contains(&tool.id));
    tool.ok_or(Refusal::ResourceNotAllowed)
}
