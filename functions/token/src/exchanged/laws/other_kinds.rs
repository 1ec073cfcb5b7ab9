//! As the law of chains, for what is made of other tokens than access tokens, and for what can be renewed: each is reckoned beside the
//! code, and what the code gives is just that.

use std::collections::BTreeSet;
use std::time::Duration;

use issuing::{Behalf, Content, Exchanged};
use oauth::configuration::Client;
use oauth::{
    AccessTokenClaims, Actors, AssertedGrant, Child, Grant, GrantId, Narrower, Origin, OutsideToken, Scope,
    Sha256Digest, Timestamp, TokenId, TrustedIssuer,
};
use proptest::prelude::*;
use serde_json::json;

use super::{
    Asked, Held, NOW, Rules, TOOLS, World, asked, client_with, detail, details, first_token, is_within,
    issued, parsed, registered, scope, ways,
};
use crate::exchanged::{identity, of_child, vouched};

fn rights() -> impl Strategy<Value = BTreeSet<usize>> {
    prop::collection::btree_set(0_usize..3, 0..4)
}

fn held() -> impl Strategy<Value = Held> {
    (rights(), prop::collection::btree_set((0_usize..3, ways()), 0..3))
        .prop_map(|(scopes, details)| Held { scopes, details })
}

/// What a content for this tool allows, in the terms of the reckoning.
fn read(tool: usize, content: &Content<'_>) -> Held {
    let bare = AccessTokenClaims {
        scope: content.scope.clone(),
        authorization_details: content.details.clone(),
        ..first_token(&Held { scopes: BTreeSet::new(), details: BTreeSet::new() }, 60)
    };
    super::read(tool, &bare)
}

/// What another issuer is trusted with, for a client with less, and what its token and the request say.
#[derive(Clone, Debug)]
struct Vouched {
    trusted: Held,
    client: BTreeSet<usize>,
    asserted: Option<Held>,
    asked: Asked,
}

fn a_vouched() -> impl Strategy<Value = Vouched> {
    (held(), rights(), prop::option::weighted(0.5, held()), asked(0.4))
        .prop_map(|(trusted, client, asserted, asked)| Vouched { trusted, client, asserted, asked })
}

impl Vouched {
    /// What comes of it; nothing where more is named or asserted in detail than the issuer is trusted with.
    fn outcome(&self) -> Option<Held> {
        let asserted = self.asserted.as_ref();
        let scopes = self.trusted.scopes.iter().filter(|right| {
            self.client.contains(right) && asserted.is_none_or(|said| said.scopes.contains(right))
        });
        let details = match (&self.asked.detail, asserted) {
            (Some(named), _) => BTreeSet::from([named.clone()]),
            (None, Some(said)) => said.details.clone(),
            (None, None) => BTreeSet::new(),
        };
        let is_too_much = !is_within(&details, &self.trusted.details)
            || asserted.is_some_and(|said| !is_within(&details, &said.details));
        let most = Held { scopes: scopes.copied().collect(), details };
        if is_too_much { None } else { self.asked.of(&most) }
    }

    fn made(&self, world: &World) -> Option<Held> {
        let trusted: TrustedIssuer = parsed(json!({
            "issuer": "https://them.test", "keys": { "jwks": { "keys": [] } }, "algorithms": ["ES256"],
            "accepts": ["subject_token", "id_jag"], "typ": "JWT", "subject_claim": "sub", "subject": "external",
            "clients": [TOOLS[0]], "scopes": scope(0, &self.trusted.scopes), "max_age": 600,
            "details": self.trusted.details.iter().map(|(object, ways)| detail(0, *object, ways)).collect::<Vec<_>>(),
        }));
        let asserted = self.asserted.as_ref().map(|said| AssertedGrant {
            token: OutsideToken {
                origin: Origin::new("https://them.test", "alice", NOW),
                name: "alice".to_owned(),
                iat: NOW,
                exp: NOW.after(Duration::from_mins(1)),
                auth_time: None,
                acr: None,
                amr: vec![],
            },
            spent_as: Sha256Digest::of(b"one"),
            resources: vec![],
            scope: scope(0, &said.scopes),
            details: details(said.details.iter().map(|(object, ways)| detail(0, *object, ways)).collect()),
        });
        let client = client_with(&world.clients[0], &self.client);
        let registered = registered(world, &client);
        let asked = self.asked.at(0);
        let content = vouched(&trusted, asserted.as_ref(), &world.tools[0], &asked, &registered).ok()?;
        Some(read(0, &content))
    }
}

/// A refresh token by exchange, as the table has it: for tool 0, as good as `lives` says.
fn a_child(held: &Held, lives: u64) -> Child {
    parsed(json!({
        "claims": first_token(held, lives),
        "refresh": { "secret": Sha256Digest::of(b"family"), "generation": 0, "rotated_at": NOW },
        "terms": { "names_the_actor": true },
    }))
}

/// What one renewal says.
fn renewed(child: &Child, content: &Content<'_>, world: &World, now: Timestamp) -> AccessTokenClaims {
    let id = GrantId::from_random([7; 16]);
    let behalf = Behalf::Child { id: &id, child, profile: None };
    let jti = TokenId::from_random([8; 16]);
    issued(world, content, &behalf, (&child.claims.sub, &world.clients[0].id), jti, now)
}

/// What a person granted at each tool, and until when.
fn a_grant(at: &[Held; 3], extra: &str, tools: &BTreeSet<usize>, ends: u64) -> Grant {
    let of_tools: Vec<String> =
        at.iter().enumerate().map(|(tool, held)| scope(tool, &held.scopes).to_string()).collect();
    let words = format!("{} {extra}", of_tools.join(" "));
    let words: Vec<&str> = words.split_whitespace().collect();
    let in_detail = at
        .iter()
        .enumerate()
        .flat_map(|(tool, held)| held.details.iter().map(move |(object, ways)| detail(tool, *object, ways)));
    parsed(json!({
        "client_id": "agent", "person": "person-AAAAAAAAAAAAAAAAAAAAAA",
        "authentication": { "auth_time": NOW, "amr": ["pwd"] }, "scope": words.join(" "), "nonce": null,
        "resources": tools.iter().map(|tool| format!("https://{}.test", TOOLS[*tool])).collect::<Vec<_>>(),
        "details": in_detail.collect::<Vec<_>>(), "asked": Sha256Digest::of(b"asked"),
        "granted_at": NOW, "ends_at": NOW.after(Duration::from_secs(ends)),
    }))
}

proptest! {
    /// RFC 8693, section 2.1; draft-ietf-oauth-identity-assertion-authz-grant, section 4.4.
    #[test]
    fn whoever_is_vouched_for_gets_no_more_than_the_trust_the_grant_and_the_registration_allow(vouched in a_vouched()) {
        let world = World::new(&Rules::new(), &[]);
        let (made, expected) = (vouched.made(&world), vouched.outcome());
        prop_assert_eq!(&made, &expected);
        if let Some(made) = made {
            prop_assert!(made.scopes.is_subset(&vouched.trusted.scopes));
            prop_assert!(is_within(&made.details, &vouched.trusted.details));
        }
    }

    /// RFC 8693, section 2.2.1; OAuth 2.1, section 4.3.1.
    #[test]
    fn no_renewal_of_a_refresh_token_by_exchange_is_more_than_it_was_got_with_or_outlives_it(
        held in held(), lives in 2_u64..1000, renewals in prop::collection::vec((asked(0.4), 0_u64..400), 1..6),
        client in rights(),
    ) {
        let world = World::new(&Rules::new(), &[]);
        let child = a_child(&held, lives);
        let client = (client_with(&world.clients[0], &client), client);
        let registered = registered(&world, &client.0);
        let mut now = NOW;
        for (asked, later) in renewals {
            now = now.after(Duration::from_secs(later));
            // The stored state refuses what has ended.
            if now >= child.claims.exp { break; }
            let content = of_child(&child.claims, &asked.at(0), &registered);
            let expected = asked.of(&held).map(|left| Held {
                scopes: left.scopes.intersection(&client.1).copied().collect(), ..left
            });
            prop_assert_eq!(content.is_ok(), expected.is_some(), "{:?}", asked);
            let (Ok(content), Some(expected)) = (content, expected) else { continue };
            let token = renewed(&child, &content, &world, now);
            prop_assert_eq!(super::read(0, &token), expected);
            prop_assert!(token.exp <= child.claims.exp && token.exp <= now.after(Duration::from_mins(5)));
            let said = &child.claims;
            prop_assert_eq!((&token.sub, &token.aud, &token.act), (&said.sub, &said.aud, &said.act));
            prop_assert_eq!((&token.exchanged_from, &token.origin), (&said.exchanged_from, &said.origin));
            prop_assert_eq!(token.own_root, said.own_root);
            prop_assert_eq!(&token.child_grant_ids[1..], &said.child_grant_ids);
        }
    }

    /// An ID token or a refresh token stands for what the person granted to its client: OAuth 2.1, section 4.3.1; RFC 9396, section 6.
    #[test]
    fn what_a_person_granted_becomes_no_more_at_any_of_its_tools(
        at in [held(), held(), held()], tools in prop::collection::btree_set(0_usize..3, 1..4), to in 0_usize..3,
        asked in asked(0.4), client in rights(),
    ) {
        let world = World::new(&Rules::new(), &[]);
        let grant = a_grant(&at, "openid", &tools, 300);
        let of_client = client_with(&world.clients[0], &client);
        let named = Narrower { resources: vec![world.tools[to].resource.clone()], ..asked.at(to) };
        let made = Content::of_grant(&grant, &named, &registered(&world, &of_client)).ok();
        let expected = asked.of(&at[to]).filter(|_| tools.contains(&to)).map(|left| Held {
            scopes: left.scopes.intersection(&client).copied().collect(), ..left
        });
        prop_assert_eq!(made.map(|content| read(to, &content)), expected);
    }

    /// OpenID Connect Core, section 3.1.2.1: an ID token by exchange tells who somebody is, and opens nothing.
    #[test]
    fn nobody_is_told_who_somebody_is_unless_they_let_that_be_known_and_nothing_else_is_said(
        held in held(), granted in any::<bool>(), may in any::<bool>(),
        named in prop::sample::select(vec![None, Some("openid"), Some("openid email"), Some("a.0")]), in_detail in any::<bool>(),
    ) {
        let world = World::new(&Rules::new(), &[]);
        let at = [held.clone(), held.clone(), held];
        let grant = a_grant(&at, if granted { "openid email" } else { "" }, &BTreeSet::from([0]), 300);
        let scopes = Scope::parse(if may { "openid email a.0" } else { "email a.0" }).expect("a scope");
        let client = Client { scopes, ..world.clients[0].clone() };
        let asked = Narrower {
            scope: named.map(|words| Scope::parse(words).expect("a scope")),
            resources: vec![],
            details: in_detail.then(|| details(vec![detail(0, 0, &BTreeSet::from([0]))])),
        };
        let told = identity(Some(&grant), &asked, &registered(&world, &client)).ok();
        let is_to_be_told = granted && may && !in_detail && matches!(named, None | Some("openid"));
        prop_assert_eq!(told.is_some(), is_to_be_told);
        if let Some(content) = told {
            prop_assert_eq!(content.scope.to_string(), "openid");
            prop_assert!(content.details.is_empty());
        }
    }

    /// RFC 8693, section 2.2.1, for whatever is made of a token: access tokens, ID tokens, assertions and grants for others.
    #[test]
    fn nothing_by_exchange_outlives_its_subject_or_what_the_person_granted(
        lives in 1_u64..1000, subject in 1_u64..1000, grant in prop::option::of(1_u64..1000), later in 0_u64..1000,
    ) {
        let nothing = || Held { scopes: BTreeSet::new(), details: BTreeSet::new() };
        let end = grant.map_or(subject, |ends| ends.min(subject));
        let now = NOW.after(Duration::from_secs(later.min(end - 1)));
        let subject = first_token(&nothing(), subject);
        let grant = grant.map(|ends| a_grant(&[nothing(), nothing(), nothing()], "", &BTreeSet::from([0]), ends));
        let exchanged = Exchanged { subject: &subject, grant: grant.as_ref(), profile: None, act: Actors::default() };
        let capped = Behalf::Exchanged(&exchanged).capped(Duration::from_secs(lives), now);
        let left = NOW.after(Duration::from_secs(end)).since(now);
        prop_assert_eq!(capped, left.min(Duration::from_secs(lives)));
    }
}
