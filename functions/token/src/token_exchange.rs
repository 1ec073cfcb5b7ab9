use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use admission::Visit;
use clients::AuthenticatedClient;
use environment::Fault;
use http::{Problem, Response, StatusCode, answer};
use issuing::{AccessToken, Behalf, Content, Exchanged, Registered};
use oauth::configuration::{Client, GrantType, Server, Tool, is_openid};
use oauth::{
    AccessTokenClaims, Actor, Actors, Authorization, ClientId, ExchangeRequest, Grant, HandleRejection,
    IdJagTarget, Narrower, Parameters, Refusal, Secret, Timestamp, TokenResponse, TokenType, delegated,
};
use policy::ISSUER;
use store::{Commit, Hop};

use crate::deferred::{self, Waiting};
use crate::exchanged::Rights;
use crate::issued::{assertion, id_jag, id_token_by_exchange, refresh_token_by_exchange};
use crate::question::{Exchange, Permitted};
use crate::subject::{Most, Subject};
use crate::{Services, child, exchanged};

/// Exchanges a token (RFC 8693): one read of all that could have ended the subject token, or the actor token, one signature, and one
/// write that records the hop, where the configuration keeps such records. A refresh token as subject is one read more, and one that is
/// asked for is a write in place of the signature.
///
/// What a policy wants a person for waits for them, and comes here again when they have approved it: everything is asked again then, for
/// that alone which they approved, and the write that spends the approval comes before anything is given out.
///
/// In this order: whether the client may exchange at all, whether the subject token is good and this client the one to show it,
/// who acts, what the tools' rules leave of its rights, and what the policies leave of that.
pub(crate) async fn exchange<'a>(
    services: &Services,
    visit: &'a Visit<'_>,
    authenticated: &'a AuthenticatedClient,
    (parameters, approved): (&Parameters, Option<Approved<'_>>),
) -> Result<Answer<'a>, Problem> {
    let client = authenticated.client();
    client.require_grant(GrantType::TokenExchange)?;
    authenticated.confidential()?;
    let mut request = ExchangeRequest::parse(parameters)?;
    if let Some(approved) = &approved {
        approved.narrow(&mut request);
    }
    require_issuable(request.requested, &visit.configuration.server, client)?;
    let registered = services.registered(visit, client);
    let target = Target::of(services, visit, client, &request).await?;

    let shown_actor = match &request.actor {
        Some(shown) => Some(visit.actor_shown(&*services.keys.public().await?, client, shown)),
        None => None,
    };
    // Where both tokens are no good, it is the subject's that is refused.
    let beside = shown_actor.as_ref().and_then(|shown| shown.as_ref().ok());
    let mut subject = Subject::shown(services, visit, client, (&request.subject, beside)).await?;
    let longest = visit.configuration.server.exchange.longest_chain;
    if let Some(approved) = &approved {
        approved.still_stands(services, visit, &subject).await?;
    }
    // Whoever an actor token names, it is the client that gets the new token: it must be one that may act.
    let by_the_client = delegated(&subject.claims, Actor::client(&client.id), longest)?;
    let actor = match shown_actor {
        Some(shown) => {
            let shown = shown?;
            let id = shown.id().clone();
            visit.still_acts(&registered.types, shown, subject.actor.take()).await?;
            Some(id)
        }
        None => None,
    };
    let act = match &actor {
        Some(actor) => delegated(&subject.claims, Actor::client(actor), longest)?,
        None => by_the_client,
    };

    let content = target.content(&subject, &request.asked, &registered)?;
    let another = actor.clone().filter(|actor| *actor != client.id).or_else(|| subject.shown_actor());
    let actor = another.or(actor);
    let (at, actor) = (target.name(), actor.as_ref());
    let is_approved = approved.is_some();
    let hop =
        Attempt { services, visit, client, at, actor, subject: &subject, request: &request, is_approved };
    let (spoke, content) = hop.renewable(content)?;
    let (content, names_the_actor) = match hop.question().permitted(&spoke, &request.asked, &content)? {
        Permitted::Now { content, names_the_actor } => (content, names_the_actor),
        Permitted::OnceApproved(content) => return Ok(Answer::Waits(Box::new(hop.waits(&target, content)?))),
    };

    let act = said_to_act(act, names_the_actor, &subject.claims);
    let profile = subject.standing.person.as_ref().map(|person| &person.profile);
    let claims = match &approved {
        Some(approved) => Cow::Owned(approved.behind(subject.claims.clone(), visit.now)),
        None => Cow::Borrowed(&subject.claims),
    };
    let exchanged = Exchanged { subject: &claims, grant: subject.grant(), profile, act };
    let (token, child) = hop.issue(&target, &content, (&exchanged, names_the_actor)).await?;
    if let Some(approved) = &approved
        && let Commit::Outdated(current) = approved.spent(services, visit, client, &token).await?
    {
        return Ok(Answer::Overtaken(current));
    }
    record(services, visit, &token, &content, &exchanged).await?;
    if let Some(child) = child {
        keep(services, &child).await?;
    }
    let response = token.respond(crate::granted(visit), &content, None);
    let token_type = request.requested.token_type();
    let response = TokenResponse { issued_token_type: Some(request.requested), token_type, ..response };
    Ok(Answer::Token(Box::new(response)))
}

/// Answers an exchange: by a token, or by what comes before there can be one.
pub(crate) async fn answer(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<Response, Problem> {
    match Box::pin(exchange(services, visit, authenticated, (parameters, None))).await? {
        Answer::Token(response) => Ok(answer::json(StatusCode::OK, &*response)),
        Answer::Waits(waiting) => {
            Box::pin(deferred::put_off(services, visit, authenticated.client(), (parameters, *waiting))).await
        }
        Answer::Overtaken(_) => Err(Refusal::ExchangeNotAllowed.into()),
    }
}

/// What comes of an exchange.
pub(crate) enum Answer<'a> {
    /// A token.
    Token(Box<TokenResponse>),
    /// A person has to approve it first.
    Waits(Box<Waiting<'a>>),
    /// Somebody else has done something with the approval meanwhile.
    Overtaken(Option<Box<Authorization>>),
}

/// The approval by which an exchange is made.
pub(crate) struct Approved<'a> {
    /// As it stands.
    pub(crate) standing: &'a Authorization,
    /// What the person approved.
    pub(crate) grant: &'a Grant,
    /// What the client comes with.
    pub(crate) secret: &'a Secret<[u8; 32]>,
}

impl Approved<'_> {
    /// The request for what was approved of it, and nothing else: at the tool that was approved, whatever the request's words for it mean
    /// by now.
    fn narrow(&self, request: &mut ExchangeRequest<'_>) {
        let Grant { scope, details, resources, .. } = self.grant.clone();
        request.asked = Narrower { resources, scope: Some(scope), details: Some(details) };
        request.audiences.clear();
    }

    /// Refuses an approval that has ended beside the subject token: with everything of the person's, of the client's, or at the tool,
    /// which is the one resource of its grant.
    async fn still_stands(
        &self,
        services: &Services,
        visit: &Visit<'_>,
        subject: &Subject<'_>,
    ) -> Result<(), Problem> {
        let stands = match &subject.standing.person {
            Some(person) => {
                services.store.lets_stand(&visit.configuration, person, self.grant, visit.now).await?
            }
            None => false,
        };
        let ended = Refusal::DeferralCodeInvalid { why: HandleRejection::Ended };
        if stands { Ok(()) } else { Err(ended.into()) }
    }

    /// What the new token comes from: it ends with the approval, too, lives no longer than was signed, and names its evidence where there
    /// is any. What was signed further up says nothing about this.
    fn behind(&self, subject: AccessTokenClaims, now: Timestamp) -> AccessTokenClaims {
        let Grant { approval, access, .. } = self.grant;
        let (approval, signed) = (approval.clone(), access.map(|access| now.after(access.token)));
        let exp = signed.map_or(subject.exp, |signed| subject.exp.min(signed));
        let above = subject.child_grant_ids.iter().cloned();
        let child_grant_ids = std::iter::once(self.standing.id.clone()).chain(above).collect();
        AccessTokenClaims { approval, child_grant_ids, exp, ..subject }
    }

    /// Spends it, before anybody has seen the token.
    async fn spent(
        &self,
        services: &Services,
        visit: &Visit<'_>,
        client: &Client,
        token: &AccessToken,
    ) -> Result<Commit, Problem> {
        let before = self.standing.clone();
        let next = before.clone().answered(&client.id, self.secret, token.claims.exp, visit.now)?;
        Ok(services.store.commit_or_take_back(before, &next).await?)
    }
}

/// What can be asked for. Further kinds of tokens get their place here.
fn require_issuable(requested: TokenType, server: &Server, client: &Client) -> Result<(), Refusal> {
    match requested {
        TokenType::RefreshToken if !server.exchange.issue_refresh_tokens => {
            Err(Refusal::TokenTypeNotSupported { name: "requested_token_type" })
        }
        // Nobody is given what they could not use.
        TokenType::RefreshToken => client.require_grant(GrantType::RefreshToken),
        _ => Ok(()),
    }
}

/// What the new token is for.
enum Target<'t> {
    /// A tool.
    Tool(&'t Tool),
    /// A client that is told who somebody is: the one that asks, or one that is a tool which it may use.
    Party(Arc<Client>, Option<&'t Tool>),
    /// Another authorization server.
    Elsewhere(&'t IdJagTarget),
}

impl<'t> Target<'t> {
    async fn of(
        services: &Services,
        visit: &'t Visit<'_>,
        client: &Arc<Client>,
        request: &ExchangeRequest<'_>,
    ) -> Result<Self, Problem> {
        let configuration = &visit.configuration;
        match request.requested {
            TokenType::IdJag => {
                Ok(Self::Elsewhere(request.other_server(client, &configuration.server.id_jag_targets)?))
            }
            TokenType::IdToken => {
                let id = request.relying_party(client)?;
                if id == client.id {
                    return Ok(Self::Party(client.clone(), None));
                }
                let party = services.store.client(configuration, &id, visit.now).await?;
                let party = party.ok_or(Refusal::ResourceNotAllowed)?;
                let tool = configuration.own_tool(&party).filter(|tool| client.tools.contains(&tool.id));
                Ok(Self::Party(party, Some(tool.ok_or(Refusal::ResourceNotAllowed)?)))
            }
            _ => Ok(Self::Tool(request.target(client, &configuration.tools)?)),
        }
    }

    /// What policies call it.
    fn name(&self) -> &'t str {
        match self {
            Self::Tool(tool) | Self::Party(_, Some(tool)) => tool.resource.as_str(),
            Self::Party(_, None) => ISSUER,
            Self::Elsewhere(target) => target.resource.as_str(),
        }
    }

    /// What of the subject's rights a token for it can carry, and of that what the request names.
    fn content(
        &self,
        subject: &Subject<'_>,
        asked: &Narrower,
        registered: &Registered<'t>,
    ) -> Result<Content<'t>, Refusal> {
        let is_elsewhere =
            |claims: &AccessTokenClaims| !matches!(self, Self::Tool(tool) if tool.resource == claims.aud);
        if matches!(subject.most, Most::OfChild(_)) && is_elsewhere(&subject.claims) {
            return Err(Refusal::ResourceNotAllowed);
        }
        match self {
            Self::Tool(tool) if !subject.is_good_at(&tool.resource) => {
                Err(Refusal::SubjectTokenInvalid { why: "ended" })
            }
            Self::Tool(tool) => {
                at_tool((&subject.most, &subject.claims, subject.grant()), tool, asked, registered)
            }
            Self::Party(..) => exchanged::identity(subject.grant(), asked, registered),
            Self::Elsewhere(target) => {
                may_be_told_elsewhere(subject, registered.client)?;
                exchanged::elsewhere(target, asked)
            }
        }
    }
}

/// Refuses to assert to another authorization server who somebody is, where they are not known for that to the client itself, or
/// where somebody else acts: an ID-JAG has no place for who acts (draft-ietf-oauth-identity-assertion-authz-grant, section 3.1), and
/// would say that the client comes for the person alone.
fn may_be_told_elsewhere(subject: &Subject<'_>, client: &Client) -> Result<(), Refusal> {
    let knows = |grant: &Grant| is_openid(&grant.scope) && grant.client_id == client.id;
    if !is_openid(&client.scopes) || !subject.grant().is_some_and(knows) {
        return Err(Refusal::SubjectTokenInvalid { why: "no identity of this client's" });
    }
    let itself = Actor::client(&client.id);
    if subject.claims.act.iter().any(|actor| *actor != itself) {
        return Err(Refusal::SubjectTokenInvalid { why: "somebody else acts" });
    }
    Ok(())
}

/// Who acts, as the new token says it: with nobody new, where nothing but impersonation is permitted.
pub(crate) fn said_to_act(act: Actors, names_the_actor: bool, subject: &AccessTokenClaims) -> Actors {
    if names_the_actor { act } else { subject.act.clone() }
}

/// What of the subject's rights a token for a tool can carry: of what it allows at most, what its token says, and what was granted.
pub(crate) fn at_tool<'a>(
    (most, claims, grant): (&Most<'_>, &AccessTokenClaims, Option<&Grant>),
    target: &'a Tool,
    asked: &Narrower,
    registered: &Registered<'a>,
) -> Result<Content<'a>, Refusal> {
    match (most, grant) {
        (Most::AtTool(tool), _) => {
            let rights = Rights { tool, scope: &claims.scope, details: &claims.authorization_details };
            exchanged::at_tool(&rights, target, asked, registered)
        }
        (Most::OfGrant, Some(grant)) => {
            let asked = Narrower { resources: vec![target.resource.clone()], ..asked.clone() };
            Content::of_grant(grant, &asked, registered)
        }
        (Most::OfGrant, None) => Err(Refusal::SubjectTokenInvalid { why: "ended" }),
        (Most::OfChild(_), _) => exchanged::of_child(claims, asked, registered),
        (Most::Vouched(trusted), _) => exchanged::vouched(trusted, None, target, asked, registered),
    }
}

/// An exchange that everything but the policies allows.
struct Attempt<'a> {
    services: &'a Services,
    visit: &'a Visit<'a>,
    client: &'a Arc<Client>,
    at: &'a str,
    /// Whom an actor token names, or named when the refresh token was got that is shown.
    actor: Option<&'a ClientId>,
    subject: &'a Subject<'a>,
    request: &'a ExchangeRequest<'a>,
    /// Whether the person has approved it.
    is_approved: bool,
}

impl Attempt<'_> {
    /// The exchange as policies are asked about it.
    fn question(&self) -> Exchange<'_> {
        let Self { services, visit, client, at, actor, subject, request, is_approved } = *self;
        Exchange {
            policies: services.policies(visit),
            client,
            person: subject.standing.person.as_ref(),
            at,
            requested: request.requested,
            actor: actor.cloned(),
            origin: subject.claims.origin.as_ref(),
            signed_in: (&subject.claims).into(),
            actors: subject.most.actors(&subject.claims),
            is_approved,
            now: visit.now,
        }
    }

    /// What the person at the start of the chain has to approve. Where there is none, nobody can.
    fn waits<'t>(&self, target: &Target<'t>, content: Content<'_>) -> Result<Waiting<'t>, Refusal> {
        let Self { client, actor, subject, .. } = *self;
        let (Target::Tool(tool), Some(person)) = (target, &subject.standing.person) else {
            return Err(Refusal::ExchangeNotAllowed);
        };
        let ends_at = subject.standing.ends_at();
        Ok(Waiting {
            person: person.id.clone(),
            tool,
            scope: content.scope,
            details: content.details,
            actor: actor.filter(|actor| **actor != client.id).cloned(),
            through: subject.most.actors(&subject.claims),
            until: ends_at.map_or(subject.claims.exp, |ends_at| ends_at.min(subject.claims.exp)),
        })
    }

    /// What the policies leave of the content where it comes of a refresh token that was got by exchange, and which of them spoke: what
    /// could not be renewed by it any more is not had by exchanging it either.
    fn renewable<'c>(&self, content: Content<'c>) -> Result<(BTreeSet<String>, Content<'c>), Refusal> {
        let Self { services, visit, client, subject, request, .. } = *self;
        let Most::OfChild(child) = &subject.most else { return Ok((BTreeSet::new(), content)) };
        let person = subject.standing.person.as_ref();
        let renewal = child::renewal(services.policies(visit), client, person, child, visit.now);
        renewal.permitted_again(content, child, &request.asked)?.ok_or(Refusal::ExchangeNotAllowed)
    }

    /// How many bytes are kept beside what was asked for: the record of the hop, what can be renewed, or details that are referred to.
    fn bytes_kept(&self, content: &Content<'_>, exchanged: &Exchanged<'_>) -> usize {
        let Self { services, visit, request, .. } = *self;
        let is_recorded = visit.configuration.server.exchange.record;
        let recorded = if is_recorded { content.bytes() } else { 0 };
        let beside = match request.requested {
            TokenType::RefreshToken => content.bytes(),
            _ => services.mint(visit).bytes_kept(content, &Behalf::Exchanged(exchanged)),
        };
        recorded + beside
    }

    /// Makes what was asked for, and the authorization by exchange that is to be stored with it, if there is one.
    async fn issue(
        &self,
        target: &Target<'_>,
        content: &Content<'_>,
        (exchanged, names_the_actor): (&Exchanged<'_>, bool),
    ) -> Result<(AccessToken, Option<Authorization>), Problem> {
        let Self { services, visit, client, .. } = *self;
        visit.may_keep(client, self.bytes_kept(content, exchanged)).await?;
        let token = match (self.request.requested, target) {
            (TokenType::RefreshToken, _) => {
                let of = (
                    exchanged,
                    self.renewed_until()?,
                    self.subject.terms(names_the_actor, self.actor.filter(|actor| **actor != client.id)),
                );
                let made = refresh_token_by_exchange(services, visit, client, content, of).await?;
                return Ok((made.0, Some(made.1)));
            }
            (_, Target::Party(party, _)) => {
                id_token_by_exchange(services, visit, (client, party), content, exchanged).await?
            }
            (_, Target::Elsewhere(target)) => {
                id_jag(services, visit, client, (target, content), exchanged).await?
            }
            (TokenType::Saml2, _) => assertion(services, visit, client, content, exchanged).await?,
            _ => services.mint(visit).access_token(client, content, &Behalf::Exchanged(exchanged)).await?,
        };
        Ok((token, None))
    }

    /// The last moment of what can be renewed by a refresh token: never past what it comes from. Somebody whom another issuer vouches
    /// for is renewed by the client that it vouched to alone, and for as long as the trust says.
    fn renewed_until(&self) -> Result<Timestamp, Refusal> {
        let Self { visit, subject, .. } = *self;
        let server = &visit.configuration.server;
        let claims = &subject.claims;
        let not_given = Refusal::TokenTypeNotSupported { name: "requested_token_type" };
        let vouched_until = match (&claims.origin, &subject.most) {
            (None, _) => None,
            (Some(origin), Most::Vouched(_) | Most::OfChild(_)) => {
                let lives = server.trusted(&origin.iss).and_then(|trusted| trusted.refresh_tokens);
                Some(lives.map(|lives| origin.iat.after(lives)).ok_or_else(|| not_given.clone())?)
            }
            (Some(_), Most::AtTool(_) | Most::OfGrant) => return Err(not_given),
        };
        let of_child = matches!(subject.most, Most::OfChild(_)).then_some(claims.exp);
        let longest = visit.now.after(server.lifetimes.authorization);
        let above = [subject.standing.ends_at(), vouched_until, of_child];
        let until = above.into_iter().flatten().fold(longest, Timestamp::min);
        if visit.now < until { Ok(until) } else { Err(not_given) }
    }
}

/// Stores an authorization by exchange.
async fn keep(services: &Services, child: &Authorization) -> Result<(), Problem> {
    match services.store.commit(child).await? {
        Commit::Done => Ok(()),
        Commit::Outdated(_) => {
            Err(Fault::broken("table", "an authorization by exchange is there already").into())
        }
    }
}

/// Records the hop before anybody is given the token.
async fn record(
    services: &Services,
    visit: &Visit<'_>,
    token: &AccessToken,
    content: &Content<'_>,
    exchanged: &Exchanged<'_>,
) -> Result<(), Problem> {
    if !visit.configuration.server.exchange.record {
        return Ok(());
    }
    let (claims, subject) = (&token.claims, exchanged.subject);
    let hop = Hop {
        at: claims.iat,
        client_id: claims.client_id.clone(),
        act: claims.act.clone(),
        subject: claims.sub.clone(),
        from: subject.jti.clone(),
        token: claims.jti.clone(),
        resource: claims.aud.clone(),
        scope: content.scope.clone(),
        details: content.details.clone(),
        until: claims.exp,
    };
    let forgotten_at = exchanged.grant.map_or(claims.exp, |grant| grant.ends_at);
    services.store.record_hop(claims.grant_id.as_ref(), &hop, forgotten_at).await?;
    Ok(())
}
