//! The exchanges that are refused, each with the error that its specification names, and the few beside them that are not.

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks_for_a_file, the_file_tool};
use crate::assertion::encode;
use crate::exchange::{
    ACCESS_TOKEN, GRANT, ID_JAG, ID_TOKEN, JWT, JWT_BEARER, LEDGER, REFRESH_TOKEN, an_exchange, the_bank,
    the_ledger,
};
use crate::person::{Person, granted, somebody};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

const SAML1: &str = "urn:ietf:params:oauth:token-type:saml1";

/// Everything that can be shown.
struct World<'s> {
    stack: &'s Stack,
    files: Agent<'s>,
    bank: Agent<'s>,
    ledger: Agent<'s>,
    agent: Agent<'s>,
    /// The agent's token for the file server, and what came with it.
    good: String,
    refresh_token: String,
    id_token: String,
    /// What the file server got for the bank.
    for_bank: String,
    /// The agent's own for the bank and for the issuer.
    agents_for_bank: String,
    for_issuer: String,
    /// No longer good: it was revoked; its authorization was.
    revoked: String,
    ended: String,
    /// A token of a client that works alone.
    alone: String,
}

impl<'s> World<'s> {
    fn new(stack: &'s Stack) -> Self {
        let (agent, files) = (an_agent(stack), the_file_tool(stack));
        let person = somebody(stack);
        let first = granted(&agent, &person, &asks_for_a_file());
        let for_bank = files.exchanges(&first.access_token, BANK).ok().string("access_token");
        let [revoked, ended] = [(), ()].map(|()| granted(&agent, &person, &asks_for_a_file()));
        agent.revokes(&revoked.access_token);
        agent.revokes(&ended.refresh_token);
        let nightly = Agent::with_basic(stack, "nightly-agent");
        let alone = nightly.works_alone(&Parameters::of([("scope", "files.read")])).ok();
        let of_issuer = granted(&agent, &person, &Ask::new("openid profile offline_access"));
        Self {
            agents_for_bank: for_the_bank(&agent, &person),
            for_issuer: of_issuer.access_token,
            good: first.access_token,
            refresh_token: first.refresh_token,
            id_token: first.answer.string("id_token"),
            for_bank,
            revoked: revoked.access_token,
            ended: ended.access_token,
            alone: alone.string("access_token"),
            bank: the_bank(stack),
            ledger: the_ledger(stack),
            stack,
            files,
            agent,
        }
    }

    fn form(&self) -> Parameters {
        an_exchange(&self.good, BANK)
    }

    fn with(&self, name: &str, value: &str) -> Parameters {
        self.form().with(name, value)
    }

    fn subject(&self, token: &str) -> Parameters {
        self.with("subject_token", token)
    }

    fn actor(&self, token: &str, token_type: &str) -> Parameters {
        self.form().and("actor_token", token).and("actor_token_type", token_type)
    }

    fn asking(&self, details: &Value) -> Parameters {
        self.form().and("authorization_details", &details.to_string())
    }

    /// The good token's claims under a header of our own, signed with a key of our own.
    fn forged(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let real = verified(self.stack, &self.good);
        let (mut header, mut claims) = (real.header, real.claims);
        change(&mut header, &mut claims);
        self.stack.client_key.signed(&header, &claims)
    }

    /// The good token with other claims under its own signature.
    fn altered(&self, name: &str, value: Value) -> String {
        let mut claims = verified(self.stack, &self.good).claims;
        claims[name] = value;
        let parts: Vec<&str> = self.good.split('.').collect();
        format!("{}.{}.{}", parts[0], encode(claims.to_string().as_bytes()), parts[2])
    }
}

fn for_the_bank(agent: &Agent<'_>, person: &Person) -> String {
    granted(agent, person, &Ask::new("bank.pay offline_access").with("resource", BANK)).access_token
}

/// What becomes of a case.
#[derive(Clone, Copy)]
enum Becomes {
    Granted,
    Refused(u16, &'static str),
}

use Becomes::{Granted, Refused};

type Sent = Box<dyn Fn(&World<'_>) -> Answer>;

struct Case {
    name: String,
    becomes: Becomes,
    sent: Sent,
}

fn case(name: &str, becomes: Becomes, sent: impl Fn(&World<'_>) -> Answer + 'static) -> Case {
    Case { name: name.to_owned(), becomes, sent: Box::new(sent) }
}

/// A case in which the file server sends a form.
fn form(name: &str, becomes: Becomes, form: impl Fn(&World<'_>) -> Parameters + 'static) -> Case {
    case(name, becomes, move |world| world.files.sends("/token", &form(world)))
}

const INVALID: Becomes = Refused(400, "invalid_request");
const TARGET: Becomes = Refused(400, "invalid_target");
const SCOPE: Becomes = Refused(400, "invalid_scope");
const DETAILS: Becomes = Refused(400, "invalid_authorization_details");
const UNAUTHORIZED: Becomes = Refused(400, "unauthorized_client");

#[test]
fn every_exchange_is_granted_or_refused_as_its_specification_says() {
    let world = World::new(Stack::shared());
    let cases: Vec<Case> = [
        shape(),
        long(),
        targets(),
        bearers(),
        subjects(),
        forgeries(),
        scopes(),
        details(),
        actors(),
        kinds(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 80, "{} cases", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(|case| what_is_wrong(&world, case)).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn what_is_wrong(world: &World<'_>, case: &Case) -> Option<String> {
    let answer = (case.sent)(world);
    let as_expected = match case.becomes {
        Granted => answer.status == 200,
        Refused(status, error) => answer.status == status && answer.json()["error"] == error,
    };
    let leaks = answer.status != 200 && (answer.text().contains("eyJ") || answer.text().contains("evil"));
    (!as_expected || leaks).then(|| format!("{}: {} {}", case.name, answer.status, answer.text()))
}

/// RFC 8693, section 2.1; OAuth 2.1, section 3.1.
fn shape() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "scope",
        "authorization_details",
        "actor_token",
        "actor_token_type",
    ]
    .into_iter()
    .map(|name| {
        form(&format!("{name} twice"), INVALID, move |world| world.form().and(name, "evil").and(name, "evil"))
    })
    .collect();
    cases.extend([
        form("as it should be", Granted, |world| world.with("grant_type", GRANT)),
        form("no subject_token", INVALID, |world| world.form().without("subject_token")),
        form("an empty subject_token", INVALID, |world| world.subject("")),
        form("no subject_token_type", INVALID, |world| world.form().without("subject_token_type")),
        form("a type in short", INVALID, |world| world.with("subject_token_type", "access_token")),
        form("a type in capitals", INVALID, |world| {
            world.with("subject_token_type", &ACCESS_TOKEN.to_uppercase())
        }),
        form("a type that does not exist", INVALID, |world| world.with("subject_token_type", "urn:evil")),
        form("a JWT", Granted, |world| {
            world.with("subject_token_type", JWT).with("requested_token_type", JWT)
        }),
        form("an empty requested type", Granted, |world| world.with("requested_token_type", "")),
        form("a requested type that does not exist", INVALID, |world| {
            world.with("requested_token_type", "urn:evil")
        }),
        form("a SAML 1.1 assertion is asked for", INVALID, |world| world.with("requested_token_type", SAML1)),
        form("a grant type that does not exist", Refused(400, "unsupported_grant_type"), |world| {
            world.with("grant_type", &format!("{GRANT}s"))
        }),
        form("the grant type in capitals", Refused(400, "unsupported_grant_type"), |world| {
            world.with("grant_type", &GRANT.to_uppercase())
        }),
    ]);
    cases
}

fn long() -> Vec<Case> {
    let many = |name: &'static str| {
        move |world: &World<'_>| (0..17).fold(world.form(), |form, _| form.and(name, BANK))
    };
    let huge = || "evil".repeat(25_600);
    let of_a_kind = |part: String| format!("{part}.{part}.{part}");
    vec![
        form("17 resources", INVALID, many("resource")),
        form("17 audiences", INVALID, many("audience")),
        form("a subject token of 100 KB", INVALID, move |world| world.subject(&huge())),
        form("a JWT of 100 KB", INVALID, move |world| world.subject(&of_a_kind("evil".repeat(8_600)))),
        form("a JWT of 15 KB", INVALID, move |world| world.subject(&of_a_kind("evil".repeat(1_250)))),
        form("an actor token of 100 KB", INVALID, move |world| world.actor(&huge(), ACCESS_TOKEN)),
        form("an audience of 100 KB", INVALID, move |world| world.form().and("audience", &huge())),
        form("details of 400 KB", INVALID, move |world| {
            world.form().and("authorization_details", &huge().repeat(4))
        }),
    ]
}

/// RFC 8693, section 2.2.2; RFC 8707, section 2.
fn targets() -> Vec<Case> {
    let to = |name: &str, becomes, resource: &'static str| {
        form(name, becomes, move |world| world.with("resource", resource))
    };
    vec![
        to("an unknown resource", TARGET, "https://evil.test"),
        to("a relative resource", TARGET, "/api"),
        to("a resource with a fragment", TARGET, "https://bank.test/api#x"),
        to("a resource with a slash more", TARGET, "https://bank.test/api/"),
        to("a resource in capitals", TARGET, "HTTPS://BANK.TEST/API"),
        to("a hop that the rules allow and no policy does", TARGET, LEDGER),
        form("the issuer as target", TARGET, |world| world.with("resource", &world.stack.issuer)),
        form("no target", TARGET, |world| world.form().without("resource")),
        form("two targets", TARGET, |world| world.form().and("resource", LEDGER)),
        form("a target by each parameter", TARGET, |world| world.form().and("audience", "ledger")),
        form("an unknown audience", TARGET, |world| world.form().without("resource").and("audience", "evil")),
        form("an audience in capitals", TARGET, |world| {
            world.form().without("resource").and("audience", "BANK")
        }),
        form("the target by its name", Granted, |world| {
            world.form().without("resource").and("audience", "bank")
        }),
        form("the target by its URI as audience", Granted, |world| {
            world.form().without("resource").and("audience", BANK)
        }),
        form("the same target four times", Granted, |world| {
            world.form().and("resource", BANK).and("audience", BANK).and("audience", "bank")
        }),
        form("its own tool, for less", Granted, |world| {
            world.with("resource", FILES).with("scope", "files.read")
        }),
        case("a target that the client may not use", TARGET, |world| {
            world.bank.exchanges(&world.for_bank, FILES)
        }),
    ]
}

/// Who may exchange, and who may show this token.
fn bearers() -> Vec<Case> {
    vec![
        case("the agent itself", UNAUTHORIZED, |world| world.agent.exchanges(&world.good, BANK)),
        case("a tool that may not exchange", UNAUTHORIZED, |world| {
            Agent::with_basic(world.stack, "shelf-tool").exchanges(&world.good, BANK)
        }),
        case("a public client", UNAUTHORIZED, |world| {
            Agent::public(world.stack).exchanges(&world.good, BANK)
        }),
        case("another tool", INVALID, |world| world.bank.exchanges(&world.good, LEDGER)),
        case("a third tool", INVALID, |world| world.ledger.exchanges(&world.good, FILES)),
        case("a tool with its own new token", INVALID, |world| world.files.exchanges(&world.for_bank, BANK)),
        case("a tool out of its turn", INVALID, |world| world.ledger.exchanges(&world.for_bank, FILES)),
        case("rights that become nothing", TARGET, |world| {
            world.bank.exchanges(&world.agents_for_bank, LEDGER)
        }),
        case("a policy that wants another actor", TARGET, |world| {
            let jealous = Agent::with_basic(world.stack, "jealous-agent");
            let ask = Ask::new("bank.statements offline_access").with("resource", BANK);
            let token = granted(&jealous, &somebody(world.stack), &ask).access_token;
            world.bank.exchanges(&token, LEDGER)
        }),
        case("a wrong secret", Refused(401, "invalid_client"), |world| {
            let proof = crate::agent::Proof::Basic("evil".to_owned());
            Agent { stack: world.stack, id: "files-tool".to_owned(), proof }.exchanges(&world.good, BANK)
        }),
        case("nobody", Refused(401, "invalid_client"), |world| {
            Answer::to(crate::web::post(&world.stack.url("/token"), &world.form()))
        }),
    ]
}

/// Tokens of ours that are not what should be shown.
fn subjects() -> Vec<Case> {
    vec![
        form("a token for another tool", INVALID, |world| world.subject(&world.agents_for_bank)),
        form("a token for the issuer", INVALID, |world| world.subject(&world.for_issuer)),
        form("a revoked token", INVALID, |world| world.subject(&world.revoked)),
        form("a token of an authorization that has ended", INVALID, |world| world.subject(&world.ended)),
        form("a token of a client that works alone", Granted, |world| world.subject(&world.alone)),
        form("an ID token as access token", INVALID, |world| world.subject(&world.id_token)),
        form("an ID token as JWT", INVALID, |world| {
            world.subject(&world.id_token).with("subject_token_type", JWT)
        }),
        form("somebody else's ID token", INVALID, |world| {
            world.subject(&world.id_token).with("subject_token_type", ID_TOKEN)
        }),
        form("an access token as ID token", INVALID, |world| world.with("subject_token_type", ID_TOKEN)),
        form("a refresh token as access token", INVALID, |world| world.subject(&world.refresh_token)),
        form("somebody else's refresh token", INVALID, |world| {
            world.subject(&world.refresh_token).with("subject_token_type", REFRESH_TOKEN)
        }),
        form("an access token as refresh token", INVALID, |world| {
            world.with("subject_token_type", REFRESH_TOKEN)
        }),
        form("an access token as SAML assertion", INVALID, |world| world.with("subject_token_type", SAML1)),
        form("a client assertion", INVALID, |world| {
            let header = crate::assertion::header("ES256");
            let claims = crate::assertion::claims(world.stack, "signing-agent");
            world.subject(&world.stack.client_key.signed(&header, &claims))
        }),
    ]
}

/// RFC 8725: what is signed by nobody, by somebody else, or by another way.
fn forgeries() -> Vec<Case> {
    let forged = |name: &str, change: fn(&mut Value, &mut Value)| {
        form(name, INVALID, move |world| world.subject(&world.forged(change)))
    };
    let unsigned = |algorithm: &'static str| {
        form(&format!("alg {algorithm}"), INVALID, move |world| {
            world.subject(&world.forged(|header, _| header["alg"] = json!(algorithm)))
        })
    };
    vec![
        unsigned("none"),
        unsigned("None"),
        unsigned(""),
        unsigned("HS256"),
        forged("alg PS256", |header, _| header["alg"] = json!("PS256")),
        forged("alg RS256 for a key of the other kind", |header, _| header["alg"] = json!("RS256")),
        forged("another key under our kid", |_, _| {}),
        forged("another kid", |header, _| header["kid"] = json!("p256")),
        forged("no kid", |header, _| {
            header.as_object_mut().expect("an object").remove("kid");
        }),
        forged("a kid that is a path", |header, _| header["kid"] = json!("../../evil")),
        forged("a key that came with it", |header, _| header["jwk"] = json!({ "kty": "EC", "crv": "P-256" })),
        forged("a key from elsewhere", |header, _| header["jku"] = json!("https://evil.test/jwks.json")),
        forged("critical extensions", |header, _| header["crit"] = json!(["evil"])),
        forged("another typ", |header, _| header["typ"] = json!("JWT")),
        forged("another issuer", |_, claims| claims["iss"] = json!("https://evil.test")),
        forged("not valid yet", |_, claims| claims["iat"] = json!(4_000_000_000_i64)),
        form("a later exp under our signature", INVALID, |world| {
            world.subject(&world.altered("exp", json!(4_000_000_000_i64)))
        }),
        form("another sub under our signature", INVALID, |world| {
            world.subject(&world.altered("sub", json!("person-evil")))
        }),
        form("a wider scope under our signature", INVALID, |world| {
            world.subject(&world.altered("scope", json!("files.read bank.pay")))
        }),
        form("no signature", INVALID, |world| {
            let end = world.good.rfind('.').expect("three parts") + 1;
            world.subject(&world.good[..end])
        }),
        form("half a signature", INVALID, |world| world.subject(&world.good[..world.good.len() - 30])),
        form("a space at the end", INVALID, |world| world.subject(&format!("{} ", world.good))),
        form("two tokens", INVALID, |world| world.subject(&format!("{0} {0}", world.good))),
        form("four parts", INVALID, |world| world.subject(&format!("{}.evil", world.good))),
        form("junk", INVALID, |world| world.subject("evil")),
        form("junk in three parts", INVALID, |world| world.subject("evil.evil.evil")),
    ]
}

/// OAuth 2.1, section 3.2.4.
fn scopes() -> Vec<Case> {
    let scope = |name: &str, becomes, scope: &'static str| {
        form(name, becomes, move |world| world.with("scope", scope))
    };
    vec![
        scope("the scope that it becomes", Granted, "bank.statements"),
        scope("the scope that it was", SCOPE, "files.read"),
        scope("a scope that does not exist", SCOPE, "bank.evil"),
        scope("a scope that the rules allow and no policy does", SCOPE, "bank.pay"),
        scope("one scope too many", SCOPE, "bank.statements bank.pay"),
        scope("a scope about the person", SCOPE, "openid"),
        scope("access while the person is away", SCOPE, "offline_access"),
        scope("two spaces", INVALID, "bank.statements  bank.pay"),
        scope("a quote", INVALID, "bank.\"evil"),
    ]
}

/// RFC 9396, sections 5 and 6.
fn details() -> Vec<Case> {
    let statement =
        |account: &str, kinds: &[&str]| json!({ "type": "statement", "account": account, "kinds": kinds });
    let own = "Q4-report.pdf";
    let asking =
        |name: &str, becomes, details: Value| form(name, becomes, move |world| world.asking(&details));
    let raw = |name: &str, text: &'static str| {
        form(name, DETAILS, move |world| world.form().and("authorization_details", text))
    };
    let mut more = statement(own, &["daily"]);
    more["extra"] = json!(true);
    vec![
        asking("all of it", Granted, json!([statement(own, &["daily", "monthly"])])),
        asking("less of it", Granted, json!([statement(own, &["monthly"])])),
        asking("none of it", Granted, json!([])),
        asking("another account", DETAILS, json!([statement("Q3-report.pdf", &["daily"])])),
        asking("one kind too many", DETAILS, json!([statement(own, &["daily", "monthly", "yearly"])])),
        asking("a kind that does not exist", DETAILS, json!([statement(own, &["evil"])])),
        asking("no kind", DETAILS, json!([statement(own, &[])])),
        asking(
            "one of two",
            DETAILS,
            json!([statement(own, &["daily"]), statement("Q3-report.pdf", &["daily"])]),
        ),
        asking("a field that the type does not have", DETAILS, json!([more])),
        asking(
            "a number for a text",
            DETAILS,
            json!([{ "type": "statement", "account": 4711, "kinds": ["daily"] }]),
        ),
        asking("the detail that it was", DETAILS, json!([crate::agent::the_file(own, &["read"])])),
        asking(
            "a type that the client may not use",
            DETAILS,
            json!([
                { "type": "payment", "amount": { "value": "1", "currency": "EUR" }, "creditor": "x" }
            ]),
        ),
        asking("a type of another tool", DETAILS, json!([{ "type": "entry", "account": own }])),
        asking("a type that does not exist", DETAILS, json!([{ "type": "evil" }])),
        asking("no type", DETAILS, json!([{ "account": own }])),
        asking("an object", DETAILS, statement(own, &["daily"])),
        raw("no JSON", "evil"),
        raw(
            "a member twice",
            r#"[{"type":"statement","account":"evil","account":"Q4-report.pdf","kinds":["daily"]}]"#,
        ),
    ]
}

/// RFC 8693, section 2.1.
fn actors() -> Vec<Case> {
    vec![
        form("an actor token without its type", INVALID, |world| {
            world.form().and("actor_token", &world.alone)
        }),
        form("an actor's type without a token", INVALID, |world| {
            world.form().and("actor_token_type", ACCESS_TOKEN)
        }),
        form("an actor's type that does not exist", INVALID, |world| world.actor(&world.alone, "urn:evil")),
        form("an actor who shows a refresh token", INVALID, |world| {
            world.actor(&world.refresh_token, REFRESH_TOKEN)
        }),
        form("an actor token that is junk", INVALID, |world| world.actor("evil.evil.evil", ACCESS_TOKEN)),
        form("an actor token that was revoked", INVALID, |world| world.actor(&world.revoked, ACCESS_TOKEN)),
        form("an actor token that is an ID token", INVALID, |world| {
            world.actor(&world.id_token, ACCESS_TOKEN)
        }),
        form("an actor token for another tool", INVALID, |world| {
            world.actor(&world.agents_for_bank, ACCESS_TOKEN)
        }),
        form("an actor token by another key", INVALID, |world| {
            world.actor(&world.forged(|_, _| {}), ACCESS_TOKEN)
        }),
        form("an actor token for this tool", Granted, |world| world.actor(&world.alone, ACCESS_TOKEN)),
        form("an actor token that is a person's", INVALID, |world| world.actor(&world.for_bank, JWT)),
        form("the subject token as the actor's too", INVALID, |world| world.actor(&world.good, ACCESS_TOKEN)),
    ]
}

/// RFC 8693, sections 2.1 and 2.2.1: what can be asked for beside access tokens.
fn kinds() -> Vec<Case> {
    let kind = |token_type: &'static str| {
        move |world: &World<'_>| world.form().and("requested_token_type", token_type)
    };
    let identity = move |world: &World<'_>| kind(ID_TOKEN)(world).without("resource");
    vec![
        form("an ID token", Granted, identity),
        form("an ID token for a resource", TARGET, kind(ID_TOKEN)),
        form("an ID token for a tool by its name", TARGET, move |world| {
            identity(world).and("audience", "bank")
        }),
        form("an ID token for a tool's client", Granted, move |world| {
            identity(world).and("audience", "bank-tool")
        }),
        form("an ID token for two", TARGET, move |world| {
            identity(world).and("audience", "bank-tool").and("audience", "files-tool")
        }),
        form("an ID token with a scope of a tool", SCOPE, move |world| {
            identity(world).and("scope", "bank.statements")
        }),
        form("an ID token with details", DETAILS, move |world| {
            identity(world).and("authorization_details", r#"[{"type":"statement"}]"#)
        }),
        form("an ID token of a client that works alone", SCOPE, move |world| {
            identity(world).with("subject_token", &world.alone)
        }),
        form("an ID token of a revoked token", INVALID, move |world| {
            identity(world).with("subject_token", &world.revoked)
        }),
        form("a refresh token", Granted, kind(REFRESH_TOKEN)),
        form("a refresh token for a scope that does not pass", SCOPE, move |world| {
            kind(REFRESH_TOKEN)(world).and("scope", "bank.pay")
        }),
        form("a refresh token of an ended authorization", INVALID, move |world| {
            kind(REFRESH_TOKEN)(world).with("subject_token", &world.ended)
        }),
        form("a refresh token that no policy lets go on", TARGET, move |world| {
            kind(REFRESH_TOKEN)(world).with("resource", FILES)
        }),
        form("an ID-JAG of a client that may have none", TARGET, move |world| {
            kind(ID_JAG)(world).and("audience", "https://auth.chat.test")
        }),
        form("an ID-JAG as subject", INVALID, |world| world.with("subject_token_type", ID_JAG)),
        form("an actor who shows an ID-JAG", INVALID, |world| world.actor(&world.alone, ID_JAG)),
        case("an ID-JAG as a grant of a client that may not", UNAUTHORIZED, |world| {
            let form = Parameters::of([("grant_type", JWT_BEARER), ("assertion", &world.id_token)]);
            world.files.sends("/token", &form)
        }),
    ]
}
