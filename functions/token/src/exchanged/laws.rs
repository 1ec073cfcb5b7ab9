//! No chain of exchanges ever yields a scope, a detail, an audience or a lifetime that the first token, the rules of the tools, the
//! clients' registrations and the policies do not allow. Three tools have the same rights under names of their own; a rule says
//! which of them passes from one to another, a registration which of them a client may have anywhere, and policies say who may have
//! which, where, how deep in a chain, and whether it is said who acts. Each hop is reckoned beside the code: it gives just what
//! token, request, rules, registrations and policies leave.

use std::collections::BTreeSet;
use std::time::Duration;

use details::DetailTypes;
use issuing::{Behalf, Content, Exchanged, Registered, on_behalf};
use oauth::configuration::{Client, DetailType, PolicyText, Server, Tool};
use oauth::{
    AccessTokenClaims, Actor, AuthorizationDetails, ClientId, Narrower, Origin, Scope, Timestamp, TokenFrame,
    TokenId, TokenType, delegated,
};
use policy::Policies;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::question::{Exchange, Permitted};
use crate::subject::Most;
use crate::token_exchange::{at_tool, said_to_act};

mod other_kinds;

/// The tools, each of which is the client that exchanges what it was sent.
const TOOLS: [&str; 3] = ["a", "b", "c"];
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LONGEST: usize = 3;

/// Which right passes from which tool to which other one.
type Rules = BTreeSet<(usize, usize, usize)>;

/// The scopes that a client is registered for, as rights: of every tool the same.
type Registration = BTreeSet<usize>;

/// What a request names, of rights 0 to 2; nothing where it names nothing.
#[derive(Clone, Debug)]
struct Asked {
    scopes: Option<BTreeSet<usize>>,
    detail: Option<(usize, BTreeSet<u8>)>,
}

impl Asked {
    fn at(&self, tool: usize) -> Narrower {
        Narrower {
            scope: self.scopes.as_ref().map(|rights| scope(tool, rights)),
            resources: vec![],
            details: self.detail.as_ref().map(|(object, ways)| details(vec![detail(tool, *object, ways)])),
        }
    }

    /// What it names of what there is at most, or the whole; nothing where it names more.
    fn of(&self, most: &Held) -> Option<Held> {
        let details = self.detail.clone().map_or_else(|| most.details.clone(), |one| BTreeSet::from([one]));
        let scopes = self.scopes.clone().unwrap_or_else(|| most.scopes.clone());
        (is_within(&details, &most.details) && scopes.is_subset(&most.scopes))
            .then_some(Held { scopes, details })
    }
}

/// One hop: to which tool, what the request names, and how much later.
#[derive(Clone, Debug)]
struct Step {
    to: usize,
    asked: Asked,
    later: u64,
}

/// What a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Anything,
    Scope(usize),
    Object(usize),
}

/// A policy: each of what it does not say may be anything.
#[derive(Clone, Debug)]
struct Said {
    permits: bool,
    impersonation: bool,
    client: Option<usize>,
    to: Option<usize>,
    about: About,
    deepest: Option<usize>,
    through: Option<usize>,
}

/// What is allowed: scopes, and on which objects which ways.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    scopes: BTreeSet<usize>,
    details: Details,
}

type Details = BTreeSet<(usize, BTreeSet<u8>)>;

/// Each of them within one of those.
fn is_within(details: &Details, most: &Details) -> bool {
    details.iter().all(|(object, ways)| most.iter().any(|(of, most)| of == object && ways.is_subset(most)))
}

fn tool(at: usize, rules: &Rules) -> Tool {
    let name = TOOLS[at];
    let scopes: serde_json::Map<String, Value> = (0..3)
        .map(|right| (format!("{name}.{right}"), json!({ "description": {}, "requires_details": false })))
        .collect();
    let scope = |(from, to, right): &(usize, usize, usize)| {
        json!({ "from": TOOLS[*from], "passes": { "kind": "scope",
            "scope": format!("{}.{right}", TOOLS[*from]), "becomes": format!("{}.{right}", TOOLS[*to]) } })
    };
    let detail = |(from, to, right): &(usize, usize, usize)| {
        json!({ "from": TOOLS[*from], "passes": { "kind": "detail", "detail_type": TOOLS[*from], "becomes": TOOLS[*to],
            "requires": { "object": right.to_string() },
            "fields": { "object": { "field": "object" }, "ways": { "field": "ways" } } } })
    };
    let own = rules.iter().filter(|(_, to, _)| *to == at);
    let exchanges: Vec<Value> = own.flat_map(|rule| [scope(rule), detail(rule)]).collect();
    parsed(json!({
        "id": name, "name": name, "resource": format!("https://{name}.test"), "locations": [], "scopes": scopes,
        "signing_alg": "ES256", "details_by_reference": false, "claims": {}, "exchanges": exchanges,
    }))
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("as the snapshot has it")
}

fn detail_type(name: &str) -> DetailType {
    parsed(json!({
        "name": name, "narrowing": { "/ways": "subset" }, "absent": {}, "sentence": { "en": "x" },
        "assurance": "session", "pushed_only": false, "tools": [name],
        "schema": { "type": "object", "additionalProperties": false, "required": ["type", "object", "ways"],
            "properties": { "type": { "const": name }, "object": { "type": "string" },
                "ways": { "type": "array", "minItems": 1, "items": { "type": "integer" } } } },
    }))
}

fn client(id: &str) -> Client {
    let scopes: Vec<String> =
        TOOLS.iter().flat_map(|tool| (0..3).map(move |right| format!("{tool}.{right}"))).collect();
    parsed(json!({
        "id": id, "name": id, "authentication": { "method": "client_secret_basic" }, "redirect_uris": [],
        "grant_types": ["token_exchange"], "scopes": scopes.join(" "), "detail_types": TOOLS, "tools": TOOLS,
        "default_tool": null, "standing_details": [], "require_pushed_authorization_requests": false,
        "remember_consent": false, "id_token_signed_response_alg": "ES256", "is_tool": null,
    }))
}

/// A client that may have these scopes of every tool.
fn client_with(client: &Client, rights: &Registration) -> Client {
    let scopes: Vec<String> = (0..3).map(|tool| scope(tool, rights).to_string()).collect();
    let all = Scope::parse(scopes.join(" ").trim()).expect("a scope");
    Client { scopes: all, ..client.clone() }
}

fn server() -> Server {
    parsed(json!({
        "issuer": "https://us.test", "brand": { "name": "x", "accent": "#000000", "logo_svg": null },
        "require_pushed_authorization_requests": false,
        "lifetimes": { "request_uri": 90, "interaction": 900, "code": 60, "access_token": 300, "id_token": 300,
            "session": 43_200, "authorization": 86_400 },
    }))
}

fn detail(tool: usize, object: usize, ways: &BTreeSet<u8>) -> Value {
    json!({ "type": TOOLS[tool], "object": object.to_string(), "ways": ways })
}

fn scope(tool: usize, rights: &BTreeSet<usize>) -> Scope {
    let tokens: Vec<String> = rights.iter().map(|right| format!("{}.{right}", TOOLS[tool])).collect();
    Scope::parse(&tokens.join(" ")).expect("a scope")
}

/// A policy in Cedar.
fn cedar(at: usize, said: &Said) -> String {
    let effect = if said.permits { "permit" } else { "forbid" };
    let action = if said.impersonation { "impersonate" } else { "token_exchange" };
    let client = said.client.map(|one| format!(" == Client::\"{}\"", TOOLS[one])).unwrap_or_default();
    let to = said.to.map(|one| format!(" == Tool::\"https://{}.test\"", TOOLS[one])).unwrap_or_default();
    let mut conditions = vec!["true".to_owned()];
    conditions.extend(match said.about {
        About::Anything => None,
        About::Scope(right) => {
            let named = TOOLS.map(|tool| format!("\"{tool}.{right}\"")).join(", ");
            Some(format!("context has scope && [{named}].contains(context.scope)"))
        }
        About::Object(object) => {
            let of =
                |tool| format!("(context.detail has {tool} && context.detail.{tool}.object == \"{object}\")");
            Some(format!("context has detail && ({})", TOOLS.map(of).join(" || ")))
        }
    });
    conditions.extend(said.deepest.map(|most| format!("context.depth <= {most}")));
    conditions.extend(said.through.map(|one| format!("context.actors.contains(Client::\"{}\")", TOOLS[one])));
    let when = conditions.join(" && ");
    format!(
        "@id(\"{at}\") {effect} (principal{client}, action == Action::\"{action}\", resource{to}) when {{ {when} }};\n"
    )
}

/// The first token: for tool 0.
fn first_token(held: &Held, lives: u64) -> AccessTokenClaims {
    let details: Vec<Value> = held.details.iter().map(|(object, ways)| detail(0, *object, ways)).collect();
    parsed(json!({
        "iss": "https://us.test", "sub": "person-AAAAAAAAAAAAAAAAAAAAAA", "aud": "https://a.test",
        "iat": NOW, "exp": NOW.after(Duration::from_secs(lives)), "jti": "A".repeat(22), "client_id": "agent",
        "scope": scope(0, &held.scopes), "authorization_details": details,
        "origin": Origin::new("https://them.test", "alice", NOW), "child_grant_ids": ["B".repeat(22)], "own_root": true,
    }))
}

fn details(value: Vec<Value>) -> AuthorizationDetails {
    AuthorizationDetails::from_values(value).expect("details")
}

/// What one hop makes of a token, by the code under test, or nothing where it is refused.
fn hop(
    world: &World,
    at: usize,
    token: &AccessTokenClaims,
    step: &Step,
    now: Timestamp,
) -> Option<AccessTokenClaims> {
    let World { tools, clients, policies, .. } = world;
    if now >= token.exp {
        return None;
    }
    let (client, target) = (&clients[at], &tools[step.to]);
    let asked = step.asked.at(step.to);
    let act = delegated(token, Actor::client(&client.id), LONGEST).ok()?;
    let most = Most::AtTool(&tools[at]);
    let content = at_tool((&most, token, None), target, &asked, &registered(world, client)).ok()?;
    let exchange = Exchange {
        policies: policies.clone(),
        client,
        person: None,
        at: target.resource.as_str(),
        requested: TokenType::AccessToken,
        actor: None,
        origin: token.origin.as_ref(),
        signed_in: token.into(),
        actors: most.actors(token),
        is_approved: false,
        now,
    };
    let permitted = exchange.permitted(&BTreeSet::new(), &asked, &content).ok()?;
    let Permitted::Now { content, names_the_actor } = permitted else { return None };
    let act = said_to_act(act, names_the_actor, token);
    let exchanged = Exchanged { subject: token, grant: None, profile: None, act };
    let depth = u8::try_from(token.exchanged_from.len()).expect("a short chain");
    let jti = TokenId::from_random([depth + 1; 16]);
    Some(issued(world, &content, &Behalf::Exchanged(&exchanged), (&token.sub, &client.id), jti, now))
}

/// What a token with this content says.
fn issued(
    world: &World,
    content: &Content<'_>,
    behalf: &Behalf<'_>,
    (sub, client_id): (&str, &ClientId),
    jti: TokenId,
    now: Timestamp,
) -> AccessTokenClaims {
    let server = &world.server;
    let lives = behalf.capped(content.audience.access_token_lifetime(server), now);
    let frame = TokenFrame {
        iss: server.issuer.clone(),
        sub: sub.to_owned(),
        aud: content.audience.uri(server),
        client_id: client_id.clone(),
        jti,
        iat: now,
        exp: now.after(lives),
    };
    let bare = AccessTokenClaims {
        scope: content.scope.clone(),
        authorization_details: content.details.clone(),
        ..AccessTokenClaims::bare(frame)
    };
    on_behalf(bare, behalf, content.audience.tool())
}

fn registered<'w>(world: &'w World, client: &'w Client) -> Registered<'w> {
    let World { tools, types, server, .. } = world;
    Registered { server, tools, types: types.clone(), client, default_resource: None }
}

struct World {
    tools: Vec<Tool>,
    types: DetailTypes,
    clients: Vec<Client>,
    server: Server,
    policies: Policies,
}

impl World {
    fn new(rules: &Rules, said: &[Said]) -> Self {
        let types = TOOLS.map(detail_type).to_vec();
        let text = said.iter().enumerate().map(|(at, said)| cedar(at, said)).collect();
        Self {
            tools: (0..3).map(|at| tool(at, rules)).collect(),
            policies: Policies::new(&[PolicyText { file: "said.cedar".to_owned(), text }], &types),
            types: DetailTypes::new(types),
            clients: TOOLS.map(client).to_vec(),
            server: server(),
        }
    }
}

/// A hop as it is reckoned, without the code under test.
struct Reckoned<'a> {
    rules: &'a Rules,
    /// Of the client that exchanges.
    registration: &'a Registration,
    said: &'a [Said],
    /// The tool that exchanges, and the clients before it, the newest first; the agent, which no policy names, is none of them.
    at: usize,
    above: &'a [Option<usize>],
    step: &'a Step,
}

impl Reckoned<'_> {
    /// What comes of it, and whether it says who acts; nothing where it is refused.
    fn outcome(&self, held: &Held) -> Option<(Held, bool)> {
        let content = self.content(held)?;
        if self.above.len() > LONGEST || (content.scopes.is_empty() && content.details.is_empty()) {
            return None;
        }
        for impersonation in [false, true] {
            let left = self.left(&content, impersonation);
            if left.scopes.is_empty() && left.details.is_empty() {
                if self.is_forbidden(&content, impersonation) {
                    return None;
                }
                continue;
            }
            let asked = &self.step.asked;
            let named_and_refused = (asked.scopes.is_some() && left.scopes != content.scopes)
                || (asked.detail.is_some() && left.details != content.details);
            // Where policies leave none of the details, the scope alone would look as if it allowed everything.
            let are_lost = left.details.is_empty() && !content.details.is_empty();
            return (!named_and_refused && !are_lost).then_some((left, !impersonation));
        }
        None
    }

    /// What the rules let pass, as far as the client is registered for it, and of that what the request names; nothing where it names
    /// more, or where it names no detail and none of those that there were passes.
    fn content(&self, held: &Held) -> Option<Held> {
        let to = self.step.to;
        let passes = |right: usize| self.at == to || self.rules.contains(&(self.at, to, right));
        let most = Held {
            scopes: held
                .scopes
                .iter()
                .copied()
                .filter(|right| passes(*right) && self.registration.contains(right))
                .collect(),
            details: held.details.iter().filter(|(object, _)| passes(*object)).cloned().collect(),
        };
        let are_lost = most.details.is_empty() && !held.details.is_empty();
        self.step.asked.of(&most).filter(|_| !are_lost)
    }

    fn left(&self, content: &Held, impersonation: bool) -> Held {
        let allows = |about| self.says(about, impersonation, true) && !self.says(about, impersonation, false);
        Held {
            scopes: content.scopes.iter().copied().filter(|right| allows(About::Scope(*right))).collect(),
            details: content
                .details
                .iter()
                .filter(|(object, _)| allows(About::Object(*object)))
                .cloned()
                .collect(),
        }
    }

    fn is_forbidden(&self, content: &Held, impersonation: bool) -> bool {
        let scopes = content.scopes.iter().map(|right| About::Scope(*right));
        let mut items = scopes.chain(content.details.iter().map(|(object, _)| About::Object(*object)));
        items.any(|about| self.says(about, impersonation, false))
    }

    /// Whether any policy permits it, or forbids it.
    fn says(&self, about: About, impersonation: bool, permits: bool) -> bool {
        self.said.iter().any(|said| {
            said.permits == permits
                && said.impersonation == impersonation
                && said.client.is_none_or(|client| client == self.at)
                && said.to.is_none_or(|to| to == self.step.to)
                && (said.about == About::Anything || said.about == about)
                && said.deepest.is_none_or(|most| self.above.len() <= most)
                && said.through.is_none_or(|client| self.above.contains(&Some(client)))
        })
    }
}

/// What a token for this tool allows.
fn read(at: usize, token: &AccessTokenClaims) -> Held {
    let of_detail = |detail: &oauth::AuthorizationDetail| {
        assert_eq!(detail.detail_type, TOOLS[at]);
        let object = detail.fields["object"].as_str().expect("an object").parse().expect("a number");
        (object, parsed(detail.fields["ways"].clone()))
    };
    let number = |scope: &str| {
        let right = scope.strip_prefix(TOOLS[at]).and_then(|rest| rest.strip_prefix('.'));
        right.expect("a scope of the tool").parse().expect("a number")
    };
    Held {
        scopes: token.scope.iter().map(number).collect(),
        details: token.authorization_details.iter().map(of_detail).collect(),
    }
}

fn ways() -> impl Strategy<Value = BTreeSet<u8>> {
    prop::collection::btree_set(0_u8..3, 1..3)
}

/// A request that names scopes in so many cases, and in as many a detail.
fn asked(weight: f64) -> impl Strategy<Value = Asked> {
    let scopes = prop::option::weighted(weight, prop::collection::btree_set(0_usize..3, 0..2));
    (scopes, prop::option::weighted(weight, (0_usize..3, ways())))
        .prop_map(|(scopes, detail)| Asked { scopes, detail })
}

fn step() -> impl Strategy<Value = Step> {
    (0_usize..3, asked(0.3), 0_u64..120).prop_map(|(to, asked, later)| Step { to, asked, later })
}

fn about() -> impl Strategy<Value = About> {
    prop_oneof![(0_usize..3).prop_map(About::Scope), (0_usize..3).prop_map(About::Object)]
}

/// Most policies permit a lot; one that forbids is about one right, or it would end every chain at once.
fn said() -> impl Strategy<Value = Said> {
    let permits = (prop::bool::weighted(0.2), prop_oneof![3 => Just(About::Anything), 2 => about()])
        .prop_map(|(impersonation, about)| (true, impersonation, about));
    let forbids =
        (prop::bool::weighted(0.2), about()).prop_map(|(impersonation, about)| (false, impersonation, about));
    let one_of_three = |weight| prop::option::weighted(weight, 0_usize..3);
    let whose = (one_of_three(0.3), one_of_three(0.2));
    let deepest = prop::option::weighted(0.2, 1_usize..4);
    (prop_oneof![3 => permits, 1 => forbids], whose, deepest, one_of_three(0.1)).prop_map(
        |((permits, impersonation, about), (client, to), deepest, through)| Said {
            permits,
            impersonation,
            client,
            to,
            about,
            deepest,
            through,
        },
    )
}

/// Most clients are registered for whatever comes their way.
fn registration() -> impl Strategy<Value = Registration> {
    prop_oneof![3 => Just((0..3).collect()), 2 => prop::collection::btree_set(0_usize..3, 0..3)]
}

/// The first token's rights, which rules, registrations and policies there are, how long it lives, and where it goes.
#[derive(Clone, Debug)]
struct Chain {
    rules: Rules,
    registrations: [Registration; 3],
    said: Vec<Said>,
    first: Held,
    lives: u64,
    steps: Vec<Step>,
}

fn chain() -> impl Strategy<Value = Chain> {
    (
        prop::collection::btree_set((0_usize..3, 0_usize..3, 0_usize..3), 8..27),
        [registration(), registration(), registration()],
        prop::collection::vec(said(), 2..12),
        prop::collection::btree_set(0_usize..3, 1..4),
        prop::collection::btree_set((0_usize..3, ways()), 0..3),
        30_u64..600,
        prop::collection::vec(step(), 1..6),
    )
        .prop_map(|(rules, registrations, said, scopes, details, lives, steps)| Chain {
            rules,
            registrations,
            said,
            first: Held { scopes, details },
            lives,
            steps,
        })
}

/// How many hops there were of a chain.
#[derive(Default)]
struct Walk {
    hops: usize,
    /// Of which policies took something away.
    by_policies: usize,
    /// Of which the registration of the client did.
    by_registration: usize,
}

/// Goes along a chain, and holds each hop to what is reckoned.
fn walked(chain: &Chain) -> Result<Walk, TestCaseError> {
    let Chain { rules, registrations, said, first, lives, steps } = chain;
    let mut world = World::new(rules, said);
    for (client, rights) in world.clients.iter_mut().zip(registrations) {
        *client = client_with(client, rights);
    }
    let everything = Registration::from([0, 1, 2]);
    let origin = first_token(first, *lives);
    let (mut token, mut at, mut now, mut above) = (origin.clone(), 0, NOW, vec![None]);
    let mut walk = Walk::default();
    for step in steps {
        now = now.after(Duration::from_secs(step.later));
        let reckoned = Reckoned { rules, registration: &registrations[at], said, at, above: &above, step };
        let held = read(at, &token);
        let expected = reckoned.outcome(&held).filter(|_| now < token.exp);
        let next = hop(&world, at, &token, step, now);
        prop_assert_eq!(next.is_some(), expected.is_some(), "{:?} of {:?}: {:?}", step, held, expected);
        let (Some(next), Some((left, names_the_actor))) = (next, expected) else { continue };
        // Just what token, request, rules, registration and policies leave; so never more than the first token's.
        let given = read(step.to, &next);
        prop_assert_eq!(&given, &left);
        let before_policies = reckoned.content(&held);
        let without_bounds = Reckoned { registration: &everything, ..reckoned }.content(&held);
        walk.by_registration += usize::from(without_bounds != before_policies);
        walk.by_policies += usize::from(before_policies.is_some_and(|content| content != given));
        prop_assert!(given.scopes.is_subset(&first.scopes) && given.scopes.is_subset(&registrations[at]));
        prop_assert!(is_within(&given.details, &first.details), "{:?}", given);
        is_made_of(&next, &token, &origin, now)?;
        prop_assert_eq!(next.aud.as_str(), format!("https://{}.test", TOOLS[step.to]));
        prop_assert_eq!(next.client_id.as_str(), TOOLS[at]);
        prop_assert_eq!(next.act.len(), token.act.len() + usize::from(names_the_actor));
        prop_assert!(next.act.len() <= LONGEST);
        above.insert(0, Some(at));
        (token, at, walk.hops) = (next, step.to, walk.hops + 1);
    }
    Ok(walk)
}

/// It ends with whatever the token before it ends with, and with that token; and it is about whom that was about.
fn is_made_of(
    next: &AccessTokenClaims,
    token: &AccessTokenClaims,
    origin: &AccessTokenClaims,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    prop_assert!(next.exp <= token.exp && next.exp <= now.after(Duration::from_mins(5)));
    prop_assert_eq!(&next.exchanged_from[0].jti, &token.jti);
    prop_assert_eq!(&next.exchanged_from[0].client_id, &token.client_id);
    prop_assert_eq!(&next.exchanged_from[1..], &token.exchanged_from);
    prop_assert_eq!(&next.child_grant_ids, &origin.child_grant_ids);
    prop_assert_eq!((next.own_root, &next.origin), (true, &origin.origin));
    prop_assert_eq!(&next.sub, &origin.sub);
    Ok(())
}

proptest! {
    #[test]
    fn no_chain_of_exchanges_yields_more_than_its_first_token_rules_registrations_and_policies_allow(chain in chain()) {
        walked(&chain)?;
    }
}

/// That the law above is about something: many chains get somewhere, and policies and registrations take something away from many.
#[test]
fn many_chains_are_long_and_many_are_narrowed_by_policies_and_by_registrations() {
    let mut runner = TestRunner::deterministic();
    let chains = (0..400).map(|_| chain().new_tree(&mut runner).expect("a chain").current());
    let walks: Vec<Walk> = chains.map(|chain| walked(&chain).expect("within the law")).collect();
    let of = |number: fn(&Walk) -> bool| walks.iter().filter(|walk| number(walk)).count();
    let numbers =
        [of(|walk| walk.hops > 1), of(|walk| walk.by_policies > 0), of(|walk| walk.by_registration > 0)];
    let [long, by_policies, by_registration] = numbers;
    assert!(long > 40 && by_policies > 15 && by_registration > 10, "{numbers:?}");
}

/// And what everything lets pass goes all the way, under the name of each tool.
#[test]
fn a_right_that_every_rule_and_policy_lets_pass_goes_all_the_way() {
    let all: Rules = (0..3)
        .flat_map(|from| (0..3).flat_map(move |to| (0..3).map(move |right| (from, to, right))))
        .collect();
    let anything = Said {
        permits: true,
        impersonation: false,
        client: None,
        to: None,
        about: About::Anything,
        deepest: None,
        through: None,
    };
    let forbids = Said { permits: false, client: Some(1), about: About::Scope(0), ..anything.clone() };
    let world = World::new(&all, &[anything, forbids]);
    let first = Held { scopes: BTreeSet::from([0, 1]), details: BTreeSet::from([(2, BTreeSet::from([0]))]) };
    let mut token = first_token(&first, 300);
    for (at, to) in [(0, 1), (1, 2)] {
        let step = Step { to, asked: Asked { scopes: None, detail: None }, later: 0 };
        token = hop(&world, at, &token, &step, NOW).expect("a token");
    }
    assert_eq!(token.scope, scope(2, &BTreeSet::from([1])), "the second may not have the other");
    assert_eq!(token.authorization_details, details(vec![detail(2, 2, &BTreeSet::from([0]))]));
}
