use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oauth::configuration::{Authentication, Client, GrantType, Profile, SigningAlgorithm, Tool};
use oauth::scope::OPENID;
use oauth::{
    Audience, AuthorizationDetail, AuthorizationDetails, ClientId, IdJagTarget, PersonId, Scope, Timestamp,
    TokenType,
};
use policy::{Action, Answer, Context, Person, Policies, Principal, Question};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Snapshot;

use crate::files::Lifetime;

/// A request that the policies are asked about. What the server never asks them about is refused: an answer to it would be about
/// nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRequest {
    /// The client's id; also one under which a client can come that nobody here registers.
    pub client: String,
    /// The user name of the person for whom it acts.
    #[serde(default)]
    pub person: Option<String>,
    /// The person's `sub`. It is in no configuration folder, and needed where a policy names people by it.
    #[serde(default)]
    pub subject: Option<String>,
    /// The person's groups, where they are not those of their record.
    #[serde(default)]
    pub groups: Option<BTreeSet<String>>,
    /// The person's attributes, where they are not those of their record.
    #[serde(default)]
    pub attributes: Option<BTreeMap<String, String>>,
    /// The action's name.
    pub action: String,
    /// The tool's id or resource indicator, or `issuer`; also the resource of another authorization server (ID-JAG).
    pub tool: String,
    /// The scopes that are asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The details that are asked for.
    #[serde(default)]
    pub details: Vec<Map<String, Value>>,
    /// What is issued, as policies call it; where nothing is said an access token, or for `refresh_token_by_exchange` a refresh
    /// token.
    #[serde(default)]
    pub requested: Option<String>,
    /// The other issuer that vouches for whom it is about.
    #[serde(default)]
    pub origin: Option<String>,
    /// The clients between the person and this one.
    #[serde(default)]
    pub actors: Vec<String>,
    /// The client whose token this one shows to say that it acts, where that is another one.
    #[serde(default)]
    pub actor: Option<String>,
    /// How strongly the person has authenticated.
    #[serde(default)]
    pub acr: Option<String>,
    /// By which means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How long ago; who grants something has signed in just now where nothing is said.
    #[serde(default)]
    pub auth_age: Option<Lifetime>,
    /// The moment of the request, such as `2026-11-26T12:00:00Z`; the present one where nothing is said.
    #[serde(default)]
    pub now: Option<String>,
}

impl PolicyRequest {
    /// What the policies of a configuration say to the request. People are known by their user names.
    ///
    /// # Errors
    /// What is wrong with the request itself, such as a client that does not exist.
    pub fn decide(&self, snapshot: &Snapshot, people: &[Profile], now: Timestamp) -> Result<Answer, String> {
        let action = self.action()?;
        self.require_askable(action)?;
        let policies = Policies::new(&snapshot.policies, &snapshot.detail_types);
        let scope = Scope::parse(&self.scopes.join(" ")).ok_or("the scopes are not scopes")?;
        let details = self.details(snapshot)?;
        let requested = self.requested(action)?;
        let target = self.target(snapshot, requested)?;
        self.require_fitting((action, requested), target, (&scope, &details), snapshot)?;
        let profile = self.profile(people)?;
        let subject = self.subject(&policies)?;
        let person = profile.as_ref().map(|profile| Person {
            subject: &subject,
            user_name: &profile.user_name,
            groups: &profile.groups,
            attributes: &profile.attributes,
        });
        for actor in &self.actors {
            client(snapshot, actor)?;
        }
        let client = client(snapshot, &self.client)?;
        self.require_showable_actor(action, &client)?;
        let actors: Vec<&str> = self.actors.iter().map(String::as_str).collect();
        let amr: Vec<&str> = self.amr.iter().map(String::as_str).collect();
        Ok(policies.each(&Question {
            principal: Principal { client: &client, person },
            action,
            tool: name(target),
            context: Context {
                scope: None,
                detail: None,
                scopes: &scope,
                details: &details,
                requested,
                origin: self.origin.as_deref(),
                depth: u32::try_from(actors.len()).unwrap_or(u32::MAX),
                actors: &actors,
                actor: self.actor.as_deref(),
                acr: self.acr.as_deref(),
                amr: &amr,
                auth_age: self.auth_age(action),
                now: self.moment()?.unwrap_or(now),
            },
        }))
    }

    fn action(&self) -> Result<Action, String> {
        Action::named(&self.action).ok_or_else(|| {
            let names: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
            format!("there is no action {:?}: {}", self.action, names.join(", "))
        })
    }

    /// Refuses what the server never asks about: who asks people does not know them yet, who works alone has none, who grants
    /// something does it here, and only an exchange has a chain, or another issuer's word. Nobody is named by a token where nobody is
    /// named at all.
    fn require_askable(&self, action: Action) -> Result<(), String> {
        let by_exchange = is_by_exchange(action);
        let of_somebody = by_exchange || action == Action::Grant;
        let names_actors = !matches!(action, Action::Impersonate | Action::ClientCredentials);
        let said = [
            ("person", self.person.is_some(), of_somebody),
            ("amr", !self.amr.is_empty(), of_somebody),
            ("auth_age", self.auth_age.is_some(), of_somebody),
            ("acr", self.acr.is_some(), of_somebody),
            ("origin", self.origin.is_some(), by_exchange),
            ("actors", !self.actors.is_empty(), by_exchange),
            ("actor", self.actor.is_some(), names_actors),
        ];
        if let Some((name, ..)) = said.iter().find(|(_, is_said, may_be)| *is_said && !may_be) {
            return Err(format!("the server never says {name:?} where it asks about {:?}", self.action));
        }
        if action == Action::Grant && self.person.is_none() {
            return Err("somebody grants: say which person".to_owned());
        }
        Ok(())
    }

    /// Only an ID-JAG is for another authorization server, and it is for nothing else.
    fn target<'a>(&self, snapshot: &'a Snapshot, requested: TokenType) -> Result<Audience<'a>, String> {
        let named = &self.tool;
        let is_elsewhere = |target: &&IdJagTarget| target.resource.as_str() == named;
        let elsewhere = snapshot.server.id_jag_targets.iter().find(is_elsewhere);
        let is_named = |tool: &&Tool| tool.id.as_str() == named || tool.resource.as_str() == named;
        let tool = snapshot.tools.iter().find(is_named);
        match (requested == TokenType::IdJag, elsewhere, tool) {
            (true, Some(target), _) => Ok(Audience::Elsewhere(target)),
            (true, None, _) => {
                Err(format!("no \"id-jag\" is for {named:?}: name the resource of an id_jag_target"))
            }
            (false, ..) if named == policy::ISSUER => Ok(Audience::Issuer),
            (false, _, Some(tool)) => Ok(Audience::Tool(tool)),
            (false, Some(_), None) => {
                Err(format!("{named:?} is elsewhere: nothing but an \"id-jag\" is for it"))
            }
            (false, None, None) => Err(format!("there is no tool {named:?}")),
        }
    }

    /// Refuses what is asked of no policy because the server has refused it before, or asks about it at another target.
    fn require_fitting(
        &self,
        (action, requested): (Action, TokenType),
        target: Audience<'_>,
        (scope, details): (&Scope, &AuthorizationDetails),
        snapshot: &Snapshot,
    ) -> Result<(), String> {
        let named = &self.tool;
        let says_who = requested == TokenType::IdToken;
        if is_by_exchange(action) {
            require_exchangeable(target, requested, snapshot).map_err(|why| format!("{named:?}: {why}"))?;
            if scope.is_empty() && details.is_empty() {
                return Err("an exchange for nothing is refused before: say scopes, or details".to_owned());
            }
        }
        let own = match target {
            _ if says_who => [OPENID].into_iter().collect(),
            Audience::Issuer if action == Action::ClientCredentials => Scope::default(),
            _ => target.scope(scope),
        };
        if let Some(other) = scope.iter().find(|token| !own.contains(token)) {
            return Err(format!("{:?} at {named:?} is never about the scope {other:?}", self.action));
        }
        let tool = target.tool().filter(|_| !says_who);
        let carries = |detail: &AuthorizationDetail| {
            let of_type = snapshot.detail_types.iter().find(|known| known.name == detail.detail_type);
            tool.is_some_and(|tool| of_type.is_some_and(|known| known.belongs_to(detail, tool)))
        };
        match details.iter().position(|detail| !carries(detail)) {
            Some(index) => Err(format!("{:?} at {named:?} is never about details[{index}]", self.action)),
            None => Ok(()),
        }
    }

    /// Who may be named by a token is registered, and who asks people names them at the backchannel alone.
    fn require_showable_actor(&self, action: Action, client: &Client) -> Result<(), String> {
        let Some(actor) = &self.actor else { return Ok(()) };
        let is_another = ClientId::parse(actor).is_some_and(|id| id != client.id && client.may_show(&id));
        if !is_another {
            return Err(format!("{:?} is none of the \"actors\" of {:?}", actor, self.client));
        }
        if !is_by_exchange(action) && !client.may_use(GrantType::Ciba) {
            return Err(format!("{:?} says at no backchannel that somebody else acts", self.client));
        }
        Ok(())
    }

    /// A refresh token and its renewals are asked about as such, and what is not got by exchange as an access token.
    fn requested(&self, action: Action) -> Result<TokenType, String> {
        let otherwise = match action {
            Action::RefreshTokenByExchange => TokenType::RefreshToken,
            _ => TokenType::AccessToken,
        };
        let Some(name) = &self.requested else { return Ok(otherwise) };
        let requested = TokenType::issued_as(name).ok_or_else(|| format!("no token is called {name:?}"))?;
        let may_be_any = matches!(action, Action::TokenExchange | Action::Impersonate);
        if !may_be_any && requested.issued_name() != otherwise.issued_name() {
            return Err(format!("{:?} is never about {name:?}", self.action));
        }
        Ok(requested)
    }

    fn auth_age(&self, action: Action) -> Option<Duration> {
        let just_now = (action == Action::Grant).then_some(Duration::ZERO);
        self.auth_age.as_ref().map(|age| age.0).or(just_now)
    }

    fn details(&self, snapshot: &Snapshot) -> Result<AuthorizationDetails, String> {
        let values = self.details.iter().cloned().map(Value::Object).collect();
        let details = AuthorizationDetails::from_values(values).map_err(|refusal| refusal.to_string())?;
        let is_unknown = |name: &str| !snapshot.detail_types.iter().any(|known| known.name == name);
        let unknown = details.iter().find(|detail| is_unknown(&detail.detail_type));
        match unknown.map(|detail| detail.detail_type.clone()) {
            Some(name) => Err(format!("there is no detail type {name:?}")),
            None => Ok(details),
        }
    }

    fn profile(&self, people: &[Profile]) -> Result<Option<Profile>, String> {
        let Some(user_name) = &self.person else {
            let without = self.groups.is_none() && self.attributes.is_none() && self.subject.is_none();
            let needed = || "groups, attributes and a subject need a person".to_owned();
            return without.then_some(None).ok_or_else(needed);
        };
        let known = people.iter().find(|profile| profile.user_name == *user_name).cloned();
        let made_up = || self.groups.is_some().then(|| nobody(user_name));
        let mut profile = known.or_else(made_up).ok_or_else(|| {
            format!("nobody is known by the user name {user_name:?}: say groups, and perhaps attributes")
        })?;
        profile.groups = self.groups.clone().unwrap_or(profile.groups);
        profile.attributes = self.attributes.clone().unwrap_or(profile.attributes);
        Ok(Some(profile))
    }

    /// Who the person is to policies. One that names nobody by `sub` decides the same whoever they are; with one that does,
    /// nobody is made up.
    fn subject(&self, policies: &Policies) -> Result<String, String> {
        match (&self.subject, &self.person) {
            (Some(subject), _) => match PersonId::parse(subject) {
                Some(id) => Ok(id.to_string()),
                None => Err(format!("{subject:?} is not a person's sub")),
            },
            (None, Some(person)) if policies.name_people() => Err(format!(
                "a policy names people by their sub, and that of {person:?} is not known here: say the subject"
            )),
            (None, _) => Ok("nobody's".to_owned()),
        }
    }

    fn moment(&self) -> Result<Option<Timestamp>, String> {
        let read = |text: &String| match text.parse::<jiff::Timestamp>() {
            Ok(moment) => Ok(Timestamp::from_seconds(moment.as_second())),
            Err(_) => Err(format!("{text:?} is not a moment such as 2026-11-26T12:00:00Z")),
        };
        self.now.as_ref().map(read).transpose()
    }
}

/// What policies call a target.
fn name(target: Audience<'_>) -> &str {
    match target {
        Audience::Issuer => policy::ISSUER,
        Audience::Tool(tool) => tool.resource.as_str(),
        Audience::Elsewhere(target) => target.resource.as_str(),
    }
}

/// Refuses a kind of token that no exchange yields for it.
fn require_exchangeable(
    target: Audience<'_>,
    requested: TokenType,
    snapshot: &Snapshot,
) -> Result<(), &'static str> {
    let is_client = |tool: &Tool| snapshot.clients.iter().any(|one| one.is_tool.as_ref() == Some(&tool.id));
    match (target, requested) {
        (Audience::Issuer, TokenType::IdToken) | (Audience::Elsewhere(_), _) => Ok(()),
        (Audience::Issuer, _) => Err("an exchange yields nothing but an \"id_token\" there"),
        (Audience::Tool(tool), TokenType::IdToken) if !is_client(tool) => {
            Err("no client is this tool, so nobody is told there who somebody is")
        }
        (Audience::Tool(_), _) => Ok(()),
    }
}

const fn is_by_exchange(action: Action) -> bool {
    matches!(action, Action::TokenExchange | Action::Impersonate | Action::RefreshTokenByExchange)
}

/// The client with this id: one of the configuration, or one that nobody here registers and the configuration lets in under
/// it.
fn client<'a>(snapshot: &'a Snapshot, id: &str) -> Result<Cow<'a, Client>, String> {
    if let Some(known) = snapshot.clients.iter().find(|client| client.id.as_str() == id) {
        return Ok(Cow::Borrowed(known));
    }
    let stranger = ClientId::parse(id).filter(|_| snapshot.server.may_meet(id));
    stranger
        .map(|id| Cow::Owned(stranger_of(id, snapshot)))
        .ok_or_else(|| format!("there is no client {id:?}"))
}

/// A stranger as policies know it: by its id, and by who vouches for it, which the id says. Whatever else its document or its
/// registration says is no concern of theirs.
fn stranger_of(id: ClientId, snapshot: &Snapshot) -> Client {
    Client {
        name: id.to_string(),
        origin: id.origin(&snapshot.server),
        id,
        authentication: Authentication::None,
        redirect_uris: Vec::new(),
        grant_types: BTreeSet::new(),
        scopes: Scope::default(),
        detail_types: BTreeSet::new(),
        tools: BTreeSet::new(),
        default_tool: None,
        standing_details: AuthorizationDetails::default(),
        require_pushed_authorization_requests: false,
        requests_per_minute: None,
        remember_consent: false,
        id_token_signed_response_alg: SigningAlgorithm::Es256,
        is_tool: None,
        may_act: None,
        actors: BTreeSet::new(),
        backchannel: None,
    }
}

fn nobody(user_name: &str) -> Profile {
    Profile {
        user_name: user_name.to_owned(),
        name: user_name.to_owned(),
        email: None,
        phone_number: None,
        groups: BTreeSet::new(),
        attributes: BTreeMap::new(),
        locale: None,
        zone: None,
    }
}

#[cfg(test)]
mod tests;
