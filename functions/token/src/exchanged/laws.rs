//! No chain of exchanges ever yields a scope, a detail, an audience or a lifetime that the first token and the rules do not
//! allow. Three tools have the same rights under names of their own; a rule says which of them passes from one to another.

use std::collections::BTreeSet;
use std::time::Duration;

use details::DetailTypes;
use oauth::configuration::{Client, DetailType, Server, Tool};
use oauth::{
    AccessTokenClaims, Actor, AuthorizationDetails, Narrower, Origin, Scope, Timestamp, TokenFrame, TokenId,
    delegated,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::content::Registered;
use crate::issued::{Behalf, Exchanged, on_behalf};
use crate::subject::Most;
use crate::token_exchange::at_tool;

const TOOLS: [&str; 3] = ["a", "b", "c"];
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LONGEST: usize = 3;

/// Which right passes from which tool to which other one.
type Rules = BTreeSet<(usize, usize, usize)>;

/// One hop: to which tool, and what the request names of rights 0 to 2; nothing where it names nothing.
#[derive(Clone, Debug)]
struct Step {
    to: usize,
    scopes: Option<BTreeSet<usize>>,
    detail: Option<(usize, BTreeSet<u8>)>,
    later: u64,
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

fn client() -> Client {
    let scopes: Vec<String> =
        TOOLS.iter().flat_map(|tool| (0..3).map(move |right| format!("{tool}.{right}"))).collect();
    parsed(json!({
        "id": "tool", "name": "Tool", "authentication": { "method": "client_secret_basic" }, "redirect_uris": [],
        "grant_types": ["token_exchange"], "scopes": scopes.join(" "), "detail_types": TOOLS, "tools": TOOLS,
        "default_tool": null, "standing_details": [], "require_pushed_authorization_requests": false,
        "remember_consent": false, "id_token_signed_response_alg": "ES256", "is_tool": null,
    }))
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

/// The first token: for tool 0.
fn first(rights: &BTreeSet<usize>, held: &[(usize, BTreeSet<u8>)], lives: u64) -> AccessTokenClaims {
    let details: Vec<Value> = held.iter().map(|(object, ways)| detail(0, *object, ways)).collect();
    parsed(json!({
        "iss": "https://us.test", "sub": "person-AAAAAAAAAAAAAAAAAAAAAA", "aud": "https://a.test",
        "iat": NOW, "exp": NOW.after(Duration::from_secs(lives)), "jti": "A".repeat(22), "client_id": "agent",
        "scope": scope(0, rights), "authorization_details": details,
        "origin": Origin::new("https://them.test", "alice", NOW), "child_grant_ids": ["B".repeat(22)], "own_root": true,
    }))
}

fn details(value: Vec<Value>) -> AuthorizationDetails {
    AuthorizationDetails::from_values(value).expect("details")
}

/// What one hop makes of a token, or nothing where it is refused.
fn hop(
    world: &World,
    at: usize,
    token: &AccessTokenClaims,
    step: &Step,
    now: Timestamp,
) -> Option<AccessTokenClaims> {
    let World { tools, types, client, server } = world;
    if now >= token.exp {
        return None;
    }
    let asked = Narrower {
        scope: step.scopes.as_ref().map(|rights| scope(step.to, rights)),
        resources: vec![],
        details: step.detail.as_ref().map(|(object, ways)| details(vec![detail(step.to, *object, ways)])),
    };
    let act = delegated(token, Actor::client(&client.id), LONGEST).ok()?;
    let registered = Registered { server, tools, types: types.clone(), client, default_resource: None };
    let subject = (&Most::AtTool(&tools[at]), token, None);
    let content = at_tool(subject, &tools[step.to], &asked, &registered).ok()?;
    let exchanged = Exchanged { subject: token, grant: None, profile: None, act };
    let behalf = Behalf::Exchanged(&exchanged);
    let lives = behalf.capped(content.audience.access_token_lifetime(server), now);
    let depth = u8::try_from(token.exchanged_from.len()).expect("a short chain");
    let frame = TokenFrame {
        iss: server.issuer.clone(),
        sub: token.sub.clone(),
        aud: content.audience.uri(server),
        client_id: client.id.clone(),
        jti: TokenId::from_random([depth + 1; 16]),
        iat: now,
        exp: now.after(lives),
    };
    let tool = content.audience.tool();
    let bare = AccessTokenClaims {
        scope: content.scope,
        authorization_details: content.details,
        ..AccessTokenClaims::bare(frame)
    };
    Some(on_behalf(bare, &behalf, tool))
}

struct World {
    tools: Vec<Tool>,
    types: DetailTypes,
    client: Client,
    server: Server,
}

impl World {
    fn new(rules: &Rules) -> Self {
        Self {
            tools: (0..3).map(|at| tool(at, rules)).collect(),
            types: DetailTypes::new(TOOLS.map(detail_type).to_vec()),
            client: client(),
            server: server(),
        }
    }
}

fn ways() -> impl Strategy<Value = BTreeSet<u8>> {
    prop::collection::btree_set(0_u8..3, 1..3)
}

fn step() -> impl Strategy<Value = Step> {
    let scopes = prop::option::weighted(0.3, prop::collection::btree_set(0_usize..3, 0..2));
    let detail = prop::option::weighted(0.3, (0_usize..3, ways()));
    (0_usize..3, scopes, detail, 0_u64..120).prop_map(|(to, scopes, detail, later)| Step {
        to,
        scopes,
        detail,
        later,
    })
}

/// The rights that are left by rules alone, reckoned without the code under test.
fn passed(rights: &BTreeSet<usize>, rules: &Rules, from: usize, to: usize) -> BTreeSet<usize> {
    rights.iter().copied().filter(|right| from == to || rules.contains(&(from, to, *right))).collect()
}

proptest! {
    #[test]
    fn no_chain_of_exchanges_yields_more_than_its_first_token_and_the_rules_allow(
        rules in prop::collection::btree_set((0_usize..3, 0_usize..3, 0_usize..3), 8..27),
        rights in prop::collection::btree_set(0_usize..3, 1..4),
        held in prop::collection::vec((0_usize..3, ways()), 0..3),
        lives in 30_u64..600,
        steps in prop::collection::vec(step(), 1..6),
    ) {
        let world = World::new(&rules);
        let origin = first(&rights, &held, lives);
        let (mut token, mut at, mut now) = (origin.clone(), 0, NOW);
        let (mut scopes_left, mut objects_left) = (rights, held.iter().map(|(object, _)| *object).collect());
        for one in &steps {
            now = now.after(Duration::from_secs(one.later));
            let Some(next) = hop(&world, at, &token, one, now) else { continue };
            scopes_left = passed(&scopes_left, &rules, at, one.to);
            objects_left = passed(&objects_left, &rules, at, one.to);
            at = one.to;

            prop_assert_eq!(next.aud.as_str(), format!("https://{}.test", TOOLS[at]));
            prop_assert!(next.exp <= token.exp && next.exp <= now.after(Duration::from_mins(5)));
            prop_assert!(next.scope.is_within(&scope(at, &scopes_left)), "{} of {:?}", next.scope, scopes_left);
            for detail in next.authorization_details.iter() {
                let object: usize = detail.fields["object"].as_str().unwrap().parse().unwrap();
                let own: BTreeSet<u8> = parsed(detail.fields["ways"].clone());
                prop_assert_eq!(detail.detail_type.as_str(), TOOLS[at]);
                prop_assert!(objects_left.contains(&object));
                prop_assert!(held.iter().any(|(of, ways)| *of == object && own.is_subset(ways)), "{:?}", detail);
            }
            prop_assert!(next.act.len() <= LONGEST && next.act.len() == token.act.len() + 1);
            // It ends with whatever the token before it ends with, and with that token.
            prop_assert_eq!(&next.exchanged_from[0].jti, &token.jti);
            prop_assert_eq!(&next.exchanged_from[0].client_id, &token.client_id);
            prop_assert_eq!(&next.exchanged_from[1..], &token.exchanged_from);
            prop_assert_eq!(&next.child_grant_ids, &origin.child_grant_ids);
            prop_assert_eq!((next.own_root, &next.origin), (true, &origin.origin));
            prop_assert_eq!(&next.sub, &origin.sub);
            // What the request named is all that it got.
            if let Some(named) = &one.scopes {
                prop_assert!(next.scope.is_within(&scope(at, named)));
            }
            if one.detail.is_some() {
                prop_assert!(next.authorization_details.len() <= 1);
            }
            token = next;
        }
    }
}

/// That the law above is about something: most chains get somewhere.
#[test]
fn a_right_that_every_rule_lets_pass_goes_all_the_way() {
    let all: Rules = (0..3)
        .flat_map(|from| (0..3).flat_map(move |to| (0..3).map(move |right| (from, to, right))))
        .collect();
    let world = World::new(&all);
    let mut token = first(&BTreeSet::from([1]), &[(2, BTreeSet::from([0]))], 300);
    for (at, to) in [(0, 1), (1, 2)] {
        let step = Step { to, scopes: None, detail: None, later: 0 };
        token = hop(&world, at, &token, &step, NOW).expect("a token");
    }
    assert_eq!(token.scope, scope(2, &BTreeSet::from([1])));
    assert_eq!(token.authorization_details, details(vec![detail(2, 2, &BTreeSet::from([0]))]));
}
