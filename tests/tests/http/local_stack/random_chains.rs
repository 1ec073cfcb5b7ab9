//! Random chains of all kinds of tokens: whatever is made of whatever, it says no more than rules and policies leave of what it is made
//! of, is about the same person, names who acts, and ends with all that it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use self::Acts::{AsBefore, Openly, Unseen};
use self::Kind::{Access, Assertion, Child, Elsewhere, Identity, Outside, Own, Told};
use crate::agent::{Agent, BANK, FILES, asks, the_file};
use crate::assertion::encode;
use crate::exchange::{
    ACCESS_TOKEN, CHAT, ID_JAG, ID_TOKEN, JWT, LEDGER, REFRESH_TOKEN, SAML2, an_exchange, without_details,
};
use crate::outsider::the_partner;
use crate::person::{Person, Tokens, granted, somebody};
use crate::running_stack::saml_assertions::seconds;
use crate::stack::Stack;
use crate::token::{payload, verified_by};
use crate::web::{Answer, Parameters};

/// How long a person's authorization lasts here, and what comes of another issuer's word: short, so that chains meet their ends.
const AUTHORIZATION: i64 = 600;
const WORD: i64 = 420;

/// What somebody can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An access token for this tool.
    Access(&'static str),
    /// The ID token of the client that the person let know who they are.
    Identity,
    /// The refresh token of the person's authorization.
    Own,
    /// A refresh token by exchange, for this tool.
    Child(&'static str),
    /// Another issuer's JWT.
    Outside,
    /// An ID token by exchange: nothing further is made of it, nor of the next two.
    Told,
    /// A SAML assertion for this tool.
    Assertion(&'static str),
    /// An ID-JAG.
    Elsewhere,
}

impl Kind {
    /// Whether something can be made of it.
    fn goes_on(self) -> bool {
        !matches!(self, Self::Told | Self::Assertion(_) | Self::Elsewhere)
    }
}

/// Whom the new token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acts {
    /// Who makes it, before all that acted earlier.
    Openly,
    /// Nobody new: the policies permit it without a name alone.
    Unseen,
    /// Nobody new: it is renewed.
    AsBefore,
}

/// What a token allows at its tool.
#[derive(Clone, Debug, Default)]
struct Rights {
    scopes: BTreeSet<&'static str>,
    details: Vec<Value>,
}

/// A token, who may show it, and what is reckoned of it.
#[derive(Clone, Debug)]
struct Holding {
    kind: Kind,
    by: &'static str,
    text: String,
    rights: Rights,
    /// Its last moment.
    ends: i64,
    /// The last moment of anything that comes of the same word: the person's, or another issuer's.
    all_ends: i64,
    /// Who acts, the newest first.
    actors: Vec<String>,
    /// What it says of whom it is about and how they signed in.
    about: BTreeMap<&'static str, Value>,
    /// How what is made of it names it among what that comes from, and what it comes from itself, the newest first.
    itself: Value,
    from: Vec<Value>,
    /// Whether it goes back to what the person granted.
    of_grant: bool,
    /// Which refresh tokens by exchange it goes back to, by their places, itself among them.
    children: Vec<usize>,
    /// Whether it goes back to a refresh token by exchange that goes back to nobody's authorization.
    own_root: bool,
}

const ABOUT: [&str; 5] = ["sub", "auth_time", "amr", "acr", "grant_id"];

/// One thing that can be done with a kind of token.
#[derive(Clone, Copy, Debug)]
struct Way {
    name: &'static str,
    from: Kind,
    to: Kind,
    /// Whose the new token is.
    by: &'static str,
    acts: Acts,
    /// What rules, policies and registration leave of these rights.
    most: fn(&Rights) -> Rights,
}

/// Only these scopes, by their names where they pass to.
fn renamed(rights: &Rights, names: &[(&str, &'static str)]) -> BTreeSet<&'static str> {
    names.iter().filter(|(from, _)| rights.scopes.contains(from)).map(|(_, to)| *to).collect()
}

fn at_the_bank(rights: &Rights) -> Rights {
    let may_read = |detail: &&Value| {
        detail["type"] == "file_access"
            && detail["actions"].as_array().is_some_and(|all| all.contains(&json!("read")))
    };
    let becomes = |detail: &Value| json!({ "type": "statement", "account": detail["identifier"], "kinds": ["daily", "monthly"] });
    Rights {
        scopes: renamed(rights, &[("files.read", "bank.statements")]),
        details: rights.details.iter().filter(may_read).map(becomes).collect(),
    }
}

fn at_the_ledger(rights: &Rights) -> Rights {
    let becomes = |detail: &Value| json!({ "type": "entry", "account": detail["account"] });
    Rights {
        scopes: renamed(rights, &[("bank.statements", "ledger.read")]),
        details: rights.details.iter().map(becomes).collect(),
    }
}

fn back_at_the_files(rights: &Rights) -> Rights {
    Rights { scopes: renamed(rights, &[("ledger.read", "files.read")]), details: vec![] }
}

fn names_of_files(rights: &Rights) -> Rights {
    Rights { scopes: renamed(rights, &[("files.read", "files.read")]), details: vec![] }
}

/// What the person let the client itself do, and no writing.
fn openly(rights: &Rights) -> Rights {
    let writes =
        |detail: &Value| detail["actions"].as_array().is_some_and(|all| all.contains(&json!("write")));
    Rights {
        scopes: renamed(rights, &[("files.access", "files.access")]),
        details: rights.details.iter().filter(|detail| !writes(detail)).cloned().collect(),
    }
}

fn chat(_: &Rights) -> Rights {
    Rights { scopes: BTreeSet::from(["chat.read"]), details: vec![] }
}

fn who_it_is(_: &Rights) -> Rights {
    Rights { scopes: BTreeSet::from(["openid"]), details: vec![] }
}

fn the_same(rights: &Rights) -> Rights {
    rights.clone()
}

fn nothing(_: &Rights) -> Rights {
    Rights::default()
}

const WAYS: [Way; 20] = [
    way("the bank is asked", (Access(FILES), Access(BANK)), "bank-tool", Openly, at_the_bank),
    way("the bank is asked from now on", (Access(FILES), Child(BANK)), "files-tool", Openly, at_the_bank),
    way(
        "the file server narrows its own",
        (Access(FILES), Access(FILES)),
        "files-tool",
        Openly,
        names_of_files,
    ),
    way(
        "the file server goes to the ledger",
        (Access(FILES), Access(LEDGER)),
        "ledger-tool",
        Openly,
        nothing,
    ),
    way("the file server asks who it is", (Access(FILES), Told), "", Openly, who_it_is),
    way("the ledger is asked", (Access(BANK), Access(LEDGER)), "ledger-tool", Openly, at_the_ledger),
    way("the old ledger is asked", (Access(BANK), Assertion(LEDGER)), "", Openly, at_the_ledger),
    way("the ledger turns back", (Access(LEDGER), Access(FILES)), "files-tool", Unseen, back_at_the_files),
    way("the agent acts by its ID token", (Identity, Access(FILES)), "files-tool", Openly, openly),
    way("the agent acts by its refresh token", (Own, Access(FILES)), "files-tool", Openly, openly),
    way("the agent's own is renewed", (Own, Access(FILES)), "files-tool", AsBefore, the_same),
    way("the agent goes elsewhere by its ID token", (Identity, Elsewhere), "", Openly, chat),
    way("the agent goes elsewhere by its refresh token", (Own, Elsewhere), "", Openly, chat),
    way("the partner is believed", (Outside, Access(FILES)), "files-tool", Openly, the_same),
    way(
        "the partner is believed from now on",
        (Outside, Child(FILES)),
        "partner-agent",
        Openly,
        names_of_files,
    ),
    way(
        "the partner's goes on longer",
        (Child(FILES), Child(FILES)),
        "partner-agent",
        Openly,
        names_of_files,
    ),
    way("the partner's is exchanged", (Child(FILES), Access(FILES)), "files-tool", Openly, the_same),
    way("the partner's is renewed", (Child(FILES), Access(FILES)), "files-tool", AsBefore, the_same),
    way("the file server's is exchanged", (Child(BANK), Access(BANK)), "bank-tool", Openly, the_same),
    way("the file server's is renewed", (Child(BANK), Access(BANK)), "bank-tool", AsBefore, the_same),
];

const fn way(
    name: &'static str,
    (from, to): (Kind, Kind),
    by: &'static str,
    acts: Acts,
    most: fn(&Rights) -> Rights,
) -> Way {
    Way { name, from, to, by, acts, most }
}

impl Way {
    /// Who acts with the new token, the newest first.
    fn actors(&self, holding: &Holding) -> Vec<String> {
        let newest = (self.acts == Openly).then(|| holding.by.to_owned());
        newest.into_iter().chain(holding.actors.iter().cloned()).collect()
    }

    /// For whom the new token is.
    fn audience(&self, holding: &Holding) -> &'static str {
        match self.to {
            Access(tool) | Child(tool) => tool,
            Assertion(_) => "https://ledger.test/saml",
            Elsewhere => CHAT,
            Told => holding.by,
            Identity | Own | Outside => panic!("{self:?} makes none"),
        }
    }

    /// The tokens that the new one comes from, the newest first.
    fn from(&self, holding: &Holding) -> Vec<Value> {
        let newest = (self.acts != AsBefore).then(|| holding.itself.clone());
        newest.into_iter().chain(holding.from.iter().cloned()).collect()
    }

    /// The form, without what narrows it.
    fn form(&self, holding: &Holding) -> Parameters {
        if self.acts == AsBefore {
            return Parameters::of([("grant_type", "refresh_token"), ("refresh_token", &holding.text)]);
        }
        let token_type = match holding.kind {
            Identity => ID_TOKEN,
            Own | Child(_) => REFRESH_TOKEN,
            Outside => JWT,
            _ => ACCESS_TOKEN,
        };
        let to = |resource| an_exchange(&holding.text, resource).with("subject_token_type", token_type);
        let as_one = |form: Parameters, requested| form.and("requested_token_type", requested);
        match self.to {
            Access(tool) => to(tool),
            Child(tool) => as_one(to(tool), REFRESH_TOKEN),
            Assertion(tool) => as_one(to(tool), SAML2),
            Elsewhere => as_one(to("https://mcp.chat.test"), ID_JAG).and("audience", CHAT),
            _ => as_one(to(FILES).without("resource"), ID_TOKEN),
        }
    }
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        // A linear congruential generator; its upper bits are the better ones (Knuth, MMIX).
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn one_in(&mut self, end: usize) -> bool {
        self.below(end) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What a request names: nothing mostly; else a part of what there is, or more than that.
fn narrowed(form: Parameters, most: &Rights, numbers: &mut Numbers) -> (Parameters, bool) {
    const ALL: [&str; 6] =
        ["files.read", "files.access", "bank.statements", "bank.pay", "ledger.read", "chat.write"];
    let (mut form, mut is_more) = (form, false);
    if numbers.one_in(4) {
        let scope = *numbers.of(&ALL);
        is_more |= !most.scopes.contains(scope);
        form = form.and("scope", scope);
    }
    if numbers.one_in(4) {
        let mut detail = if most.details.is_empty() {
            the_file("Q4-report.pdf", &["read"])
        } else {
            numbers.of(&most.details).clone()
        };
        match numbers.below(4) {
            0 => detail["account"] = json!("another"),
            1 if detail["type"] == "statement" => detail["kinds"] = json!(["daily"]),
            2 if detail["type"] == "statement" => detail["kinds"] = json!(["daily", "yearly"]),
            _ => {}
        }
        is_more |= !most.details.iter().any(|one| is_within(&detail, one));
        form = form.and("authorization_details", &json!([detail]).to_string());
    } else if most.details.is_empty() && numbers.one_in(2) {
        // Where none passes, the scope alone has to be asked for.
        form = form.joined(&without_details());
    }
    (form, is_more)
}

/// Lists may be shorter; everything else is the same.
fn is_within(detail: &Value, most: &Value) -> bool {
    let (Some(detail), Some(most)) = (detail.as_object(), most.as_object()) else { return false };
    detail.keys().eq(most.keys())
        && detail.iter().all(|(name, value)| match (value.as_array(), most[name].as_array()) {
            (Some(values), Some(most)) => values.iter().all(|one| most.contains(one)),
            _ => *value == most[name],
        })
}

/// `act`, from the newest on (RFC 8693, section 4.1).
fn actors(claims: &Value) -> Vec<String> {
    let nested = std::iter::successors(Some(&claims["act"]), |act| Some(&act["act"]));
    nested.map_while(|act| act["sub"].as_str()).map(str::to_owned).collect()
}

/// What an assertion says, as the claims of a token would.
fn claims_of_assertion(text: &str) -> Value {
    let xml = String::from_utf8(URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("UTF-8");
    let behind = |begin: &str| {
        let (_, rest) = xml.split_once(begin).unwrap_or_else(|| panic!("no {begin}: {xml}"));
        rest.split(['<', '"']).next().expect("its end").to_owned()
    };
    let attribute = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<saml:Attribute Name=\"{name}\""))?;
        let values = rest.split_once("</saml:Attribute>")?.0.split("<saml:AttributeValue>").skip(1);
        Some(values.filter_map(|value| value.split('<').next()).collect::<Vec<_>>().join(" "))
    };
    let (before, _) = xml.split_once("</saml:NameID>").expect("a name");
    let json = |name| attribute(name).map(|text| serde_json::from_str::<Value>(&text).expect("JSON"));
    json!({
        "name": before.rsplit('>').next(), "aud": behind("<saml:Audience>"), "act": json("act"),
        "exp": seconds(&xml, "NotOnOrAfter"), "auth_time": seconds(&xml, "AuthnInstant"),
        "scope": attribute("scope"), "authorization_details": json("authorization_details"),
        "client_id": attribute("client_id"),
    })
}

/// How what is made of a token names that one.
fn named(claims: &Value) -> Value {
    json!({ "jti": claims["jti"], "client_id": claims["client_id"], "aud": claims["aud"] })
}

fn said_of(claims: &Value) -> BTreeMap<&'static str, Value> {
    ABOUT.map(|name| (name, claims[name].clone())).into()
}

fn moment(claims: &Value, name: &str) -> i64 {
    claims[name].as_i64().unwrap_or_else(|| panic!("no {name}: {claims}"))
}

/// A walk: whatever there is, what was made of what, and the stack that it goes on at.
struct Walk<'s> {
    stack: &'s Stack,
    keys: &'s Value,
    person: Person,
    numbers: Numbers,
    held: Vec<Holding>,
    /// How often each way was gone.
    gone: BTreeMap<&'static str, u32>,
    /// How many tokens ended with what they came of, by whose that was.
    ended: BTreeMap<&'static str, u32>,
}

impl<'s> Walk<'s> {
    fn begins(stack: &'s Stack, keys: &'s Value, seed: u64) -> Self {
        let (numbers, person) = (Numbers(seed), somebody(stack));
        let mut walk = Self {
            stack,
            keys,
            person,
            numbers,
            held: vec![],
            gone: BTreeMap::new(),
            ended: BTreeMap::new(),
        };
        let ask = asks(&json!([
            the_file("Q4-report.pdf", &["read"]),
            the_file("Q3-report.pdf", &["read", "write"])
        ]));
        let by = if walk.numbers.one_in(2) { "report-agent" } else { "delegating-agent" };
        let first = granted(&Agent::with_basic(stack, by), &walk.person, &ask);
        walk.is_granted(by, &first);
        walk.is_told_of_somebody_outside();
        walk
    }

    /// What a client has that the person granted something to. Only one of them may exchange it.
    fn is_granted(&mut self, by: &'static str, first: &Tokens) {
        let all_ends = self.stack.now() + AUTHORIZATION;
        let access = self.read(&first.access_token);
        let rights = Rights {
            scopes: ["files.read", "files.access"].into(),
            details: access["authorization_details"].as_array().expect("details").clone(),
        };
        let token = |kind, by, text: &str, ends, claims: &Value| Holding {
            kind,
            by,
            text: text.to_owned(),
            rights: rights.clone(),
            ends,
            all_ends,
            actors: vec![],
            about: said_of(&access),
            // An ID token and a refresh token are for this server alone.
            itself: json!({
                "jti": claims["jti"],
                "client_id": access["client_id"],
                "aud": if matches!(kind, Access(_)) { FILES } else { &*self.stack.issuer },
            }),
            from: vec![],
            of_grant: true,
            children: vec![],
            own_root: false,
        };
        let ends = moment(&access, "exp");
        let renews = Agent::with_basic(self.stack, by).finds_active(&first.refresh_token);
        let mut held = vec![
            token(Access(FILES), "files-tool", &first.access_token, ends, &access),
            token(Own, by, &first.refresh_token, all_ends, &renews),
        ];
        if by == "delegating-agent" {
            let id_token = first.answer.string("id_token");
            let claims = self.read(&id_token);
            held.push(token(Identity, by, &id_token, moment(&claims, "exp"), &claims));
        }
        self.held = held;
    }

    /// Another issuer's word, with what the configuration trusts it with.
    fn is_told_of_somebody_outside(&mut self) {
        let text = the_partner().token(self.stack, "alice", |_, _| {});
        let claims = payload(&text);
        let rights = Rights {
            scopes: ["files.read", "files.access"].into(),
            details: vec![the_file("Q4-report.pdf", &["read"])],
        };
        let about = BTreeMap::from(["auth_time", "amr", "acr"].map(|name| (name, claims[name].clone())));
        let name_here = encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16]);
        self.held.push(Holding {
            kind: Outside,
            by: "partner-agent",
            text,
            rights,
            ends: moment(&claims, "exp"),
            all_ends: moment(&claims, "iat") + WORD,
            actors: vec![],
            about,
            itself: json!({ "jti": name_here, "client_id": "partner-agent", "aud": self.stack.issuer }),
            from: vec![],
            of_grant: false,
            children: vec![],
            own_root: false,
        });
    }

    fn read(&self, jwt: &str) -> Value {
        verified_by(self.keys, jwt).claims
    }

    /// Tries one thing.
    fn goes_on(&mut self) {
        if self.numbers.one_in(4) {
            let seconds = u32::try_from(self.numbers.below(70)).expect("seconds");
            self.stack.time_passes(seconds);
        }
        let chosen = self.numbers.below(self.held.len());
        let holding = self.held[chosen].clone();
        // Now and then something that is for other tokens, or by somebody else.
        let ways: Vec<&Way> = WAYS.iter().filter(|way| way.from == holding.kind).collect();
        let tried = if self.numbers.one_in(8) { *self.numbers.of(&WAYS) } else { **self.numbers.of(&ways) };
        // A renewal does not say for which tool it is.
        let is_the_same = |way: &&&Way| match (way.acts, tried.acts) {
            (AsBefore, AsBefore) => true,
            (AsBefore, _) | (_, AsBefore) => false,
            _ => way.to == tried.to,
        };
        let open = ways.iter().find(is_the_same);
        let way = open.map_or(Way { most: nothing, ..tried }, |way| **way);
        let is_its_own = !self.numbers.one_in(10);
        let by = if is_its_own { holding.by } else { "bank-tool" };
        let most = (way.most)(&holding.rights);
        let (form, is_more) = narrowed(way.form(&holding), &most, &mut self.numbers);
        let before = self.stack.now();
        let answer = Agent::with_basic(self.stack, by).sends("/token", &form);
        let named = ["scope", "authorization_details"].map(|name| form.get(name));
        let told = format!("{} {by} {named:?}: {holding:?}: {}", way.name, answer.text());
        if answer.status != 200 {
            assert_eq!(answer.status, 400, "{told}");
            return;
        }
        assert!(open.is_some() && by == holding.by, "shown by somebody else, or for something else: {told}");
        assert!(!is_more, "more than there is: {told}");
        assert!(before < holding.ends && before < holding.all_ends, "of what has ended: {told}");
        *self.gone.entry(way.name).or_default() += 1;
        self.keeps(&way, (chosen, &holding, &most), (before, &answer), &told);
    }

    /// Holds what was answered against what is reckoned, and keeps it.
    fn keeps(
        &mut self,
        way: &Way,
        (chosen, holding, most): (usize, &Holding, &Rights),
        (before, answer): (i64, &Answer),
        told: &str,
    ) {
        let said = answer.json();
        let scopes = said["scope"].as_str().unwrap_or_default().split_whitespace();
        let scopes: BTreeSet<&'static str> = scopes
            .map(|scope| {
                *most.scopes.get(scope).unwrap_or_else(|| panic!("{scope} is more than there is: {told}"))
            })
            .collect();
        let details = said["authorization_details"].as_array().cloned().unwrap_or_default();
        for detail in &details {
            assert!(
                most.details.iter().any(|one| is_within(detail, one)),
                "{detail} is more than there is: {told}"
            );
        }
        // RFC 6749, section 5.1, for what says no moment of its own.
        let ends = before + moment(&said, "expires_in");
        // What can be renewed outlives the token by which it was got, and never what that comes from.
        let outlives = matches!((holding.kind, way.to), (Access(_) | Outside, Child(_)));
        let last = if outlives { holding.all_ends } else { holding.ends.min(holding.all_ends) };
        assert!(ends <= last, "it ends at {ends}, and should at {last}: {told}");

        let is_child = matches!(way.to, Child(_));
        let mut token = Holding {
            kind: way.to,
            by: way.by,
            text: answer.string("access_token"),
            rights: Rights { scopes, details },
            ends,
            all_ends: holding.all_ends,
            actors: way.actors(holding),
            about: holding.about.clone(),
            itself: Value::Null,
            from: way.from(holding),
            of_grant: holding.of_grant,
            children: holding.children.iter().copied().chain(is_child.then_some(self.held.len())).collect(),
            own_root: holding.own_root || (!holding.of_grant && is_child),
        };
        self.holds(way, (holding, most), &mut token, last, told);
        if way.acts == AsBefore {
            self.held[chosen].text = answer.string("refresh_token");
            self.goes_on_as_before(&self.held[chosen], told);
        }
        if way.to.goes_on() {
            self.held.push(token);
        }
    }

    /// What a token says to whom it is for, or where it can be asked about.
    fn claims_of(&self, token: &Holding) -> Value {
        match token.kind {
            Child(_) | Own => Agent::with_basic(self.stack, token.by).finds_active(&token.text),
            Assertion(_) => claims_of_assertion(&token.text),
            _ => self.read(&token.text),
        }
    }

    /// That a token of any kind says whom it is about, for whom it is, what it allows, who acts and what it was made of; and ends in
    /// time.
    fn holds(
        &self,
        way: &Way,
        (holding, most): (&Holding, &Rights),
        token: &mut Holding,
        last: i64,
        told: &str,
    ) {
        let claims = self.claims_of(token);
        self.is_about_the_same(way, holding, &claims, told);
        assert_eq!(claims["aud"], way.audience(holding), "{claims}: {told}");
        let ends = moment(&claims, "exp");
        assert!(ends <= last, "it ends at {ends}, and should at {last}: {claims}: {told}");
        let scopes = claims["scope"].as_str().unwrap_or_default().split_whitespace().collect::<BTreeSet<_>>();
        assert!(
            way.to == Told || scopes == token.rights.scopes,
            "another scope than answered: {claims}: {told}"
        );
        for detail in claims["authorization_details"].as_array().into_iter().flatten() {
            assert!(most.details.iter().any(|one| is_within(detail, one)), "{detail} is more: {told}");
        }
        // An ID-JAG has no place for who acts, so that it is made of nothing by which anybody else does.
        let actors_there = if way.to == Elsewhere { &holding.actors } else { &token.actors };
        assert_eq!(&actors(&claims), actors_there, "{claims}: {told}");
        if !matches!(way.to, Assertion(_) | Elsewhere) {
            let from = claims["exchanged_from"].as_array().cloned().unwrap_or_default();
            assert_eq!(from, token.from, "{claims}: {told}");
        }
        if way.to.goes_on() {
            assert_eq!(claims["own_root"].as_bool().unwrap_or_default(), token.own_root, "{claims}: {told}");
        }
        token.ends = ends;
        token.about = said_of(&claims);
        token.itself = named(&claims);
    }

    /// It is about the same person, who signed in at the same moment in the same way.
    fn is_about_the_same(&self, way: &Way, holding: &Holding, claims: &Value, told: &str) {
        if let Assertion(_) = way.to {
            // It calls people by another name.
            assert_eq!(claims["name"], *self.person.user_name, "{claims}: {told}");
            assert_eq!(claims["auth_time"], holding.about["auth_time"], "{claims}: {told}");
            assert_eq!(claims["client_id"], holding.by, "{claims}: {told}");
            return;
        }
        for (name, value) in &holding.about {
            if way.to.goes_on() || *name == "sub" || claims.get(name).is_some() {
                assert_eq!(&claims[*name], value, "{name}: {claims}: {told}");
            }
        }
        if way.to == Elsewhere {
            assert_eq!(claims["client_id"], "agent-at-chat", "{claims}: {told}");
            assert_eq!(claims["resource"], "https://mcp.chat.test", "{claims}: {told}");
        }
    }

    /// That what was renewed is for the same as before.
    fn goes_on_as_before(&self, holding: &Holding, told: &str) {
        let claims = self.claims_of(holding);
        assert_eq!(
            (&named(&claims), said_of(&claims)),
            (&holding.itself, holding.about.clone()),
            "{claims}: {told}"
        );
        assert_eq!(actors(&claims), holding.actors, "{claims}: {told}");
        assert!(moment(&claims, "exp") <= holding.all_ends, "{claims}: {told}");
    }

    /// RFC 7009, section 2.1: with what somebody was given ends everything that came of it, and nothing else.
    fn ends_with_what_it_comes_of(&mut self) {
        let is_child =
            |at: &usize| matches!(self.held[*at].kind, Child(_)) && self.has_not_expired(&self.held[*at]);
        let children: Vec<usize> = (0..self.held.len()).filter(is_child).collect();
        let mut ended = None;
        if !children.is_empty() {
            let child = *self.numbers.of(&children);
            ended = Some(child);
            self.ends(child, |token| token.children.contains(&child));
        }
        let own = self.held.iter().position(|token| token.kind == Own).expect("what the person granted");
        if self.has_not_expired(&self.held[own]) {
            self.ends(own, |token| {
                token.of_grant || ended.is_some_and(|child| token.children.contains(&child))
            });
        }
    }

    fn has_not_expired(&self, token: &Holding) -> bool {
        // It takes a moment to look at all of them.
        token.ends > self.stack.now() + 20
    }

    /// Ends one, and looks at all of them.
    fn ends(&mut self, revoked: usize, has_ended: impl Fn(&Holding) -> bool) {
        let (by, text) = (self.held[revoked].by, self.held[revoked].text.clone());
        Agent::with_basic(self.stack, by).revokes(&text);
        let held: Vec<(usize, &Holding)> = self.held.iter().enumerate().collect();
        for (at, token) in held {
            if !matches!(token.kind, Access(_) | Child(_) | Own) || !self.has_not_expired(token) {
                continue;
            }
            let said = Agent::with_basic(self.stack, token.by).introspects(&token.text);
            let expected = if has_ended(token) { json!(false) } else { json!(true) };
            assert_eq!(said["active"], expected, "{token:?} after the end of {:?}", self.held[revoked]);
            if has_ended(token) && at != revoked {
                *self.ended.entry(by).or_default() += 1;
            }
        }
    }
}

/// A server where what people grant and others vouch for ends soon.
fn where_everything_ends_soon() -> Stack {
    Stack::start_with("random-chains", &[], |folder| {
        let file = folder.join("server.toml");
        let text = fs::read_to_string(&file).expect("the file");
        let changed = text.replace("refresh_tokens = \"8 h\"", &format!("refresh_tokens = \"{WORD} s\""));
        assert_ne!(text, changed);
        let lifetimes = format!("\n[lifetimes]\nauthorization = \"{AUTHORIZATION} s\"\n");
        fs::write(file, changed + &lifetimes).expect("written");
    })
}

/// RFC 8693, sections 1.1, 2.2 and 4.1, for access tokens, ID tokens, refresh tokens, assertions, ID-JAGs and other issuers' tokens.
#[test]
fn no_chain_of_any_tokens_says_more_than_it_is_made_of_or_outlives_it() {
    let stack = where_everything_ends_soon();
    let keys = stack.get("/jwks.json").ok().json();
    let (mut gone, mut ended) = (BTreeMap::<&'static str, u32>::new(), BTreeMap::<&'static str, u32>::new());
    for seed in 1..=30 {
        let mut walk = Walk::begins(&stack, &keys, seed);
        for _ in 0..30 {
            walk.goes_on();
        }
        walk.ends_with_what_it_comes_of();
        for (sum, part) in [(&mut gone, walk.gone), (&mut ended, walk.ended)] {
            for (name, times) in part {
                *sum.entry(name).or_default() += times;
            }
        }
    }
    // That the laws are about something: each way that is open was gone, and the closed one never; and with what each kind of client
    // had, something ended.
    for way in WAYS.iter().filter(|way| way.name != "the file server goes to the ledger") {
        assert!(gone.contains_key(way.name), "{} was never gone: {gone:?}", way.name);
    }
    assert!(!gone.contains_key("the file server goes to the ledger"), "{gone:?}");
    for client in ["report-agent", "delegating-agent", "files-tool", "partner-agent"] {
        assert!(ended.contains_key(client), "nothing ended with what {client} had: {ended:?}");
    }
}
