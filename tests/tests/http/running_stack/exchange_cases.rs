//! The exchanges that are refused, each with the error that its specification names and the words that the audit has for it, and the
//! few beside them that are not. A token of ours that has expired takes a clock of one's own: `local_stack::exchanges`. All that can be
//! wrong with another issuer's token, in any of its claims, has a table of its own: `other_issuers`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::agent::{Agent, Ask, BANK, FILES, an_agent, asks_for_a_file, the_file_tool};
use crate::assertion::encode;
use crate::exchange::{
    ACCESS_TOKEN, GRANT, ID_JAG, ID_TOKEN, JWT, JWT_BEARER, LEDGER, REFRESH_TOKEN, an_exchange, own_token_of,
    the_bank, the_ledger, without_details,
};
use crate::outsider::the_partner;
use crate::person::{Person, granted, somebody};
use crate::server_key::signed_by_the_public_key;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

/// How many hops the configuration of the tests allows.
const LONGEST_CHAIN: usize = 4;

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
    /// A token of a client that works alone, and of one whom nobody may name.
    alone: String,
    calling: String,
    /// Made of another again and again, as often as that may be.
    at_the_end: String,
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
        let calling = Agent::with_basic(stack, "calling-agent").works_alone(&Parameters::default()).ok();
        let again = |token: String, _| {
            let less = without_details().and("scope", "files.read");
            files.exchanges_for(&token, FILES, &less).ok().string("access_token")
        };
        let at_the_end = (0..LONGEST_CHAIN).fold(first.access_token.clone(), again);
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
            calling: calling.string("access_token"),
            at_the_end,
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

    /// The partner's agent shows a token of the partner's.
    fn of_partner(&self, change: impl FnOnce(&mut Value)) -> Answer {
        let token = the_partner().token(self.stack, "alice", |_, claims| change(claims));
        let form = an_exchange(&token, FILES).with("subject_token_type", JWT);
        Agent::with_basic(self.stack, "partner-agent").sends("/token", &form)
    }

    /// The good token's claims under its header with a change, signed by a client's own key of the kind that `alg` says; by none
    /// where it says none. All that is wrong with such a token is who signed it.
    fn forged(&self, change: impl FnOnce(&mut Value)) -> String {
        let real = verified(self.stack, &self.good);
        let mut header = real.header;
        change(&mut header);
        self.stack.client_key.signed(&header, &real.claims)
    }

    /// The same with HMACs by what everybody knows of the server's key.
    fn by_the_public_key(&self, secret: usize) -> String {
        let real = verified(self.stack, &self.good);
        signed_by_the_public_key(self.stack, &real.header, &real.claims).swap_remove(secret)
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

/// What becomes of a case: what the client is told, and what the audit says.
#[derive(Clone, Copy)]
struct Becomes {
    status: u16,
    /// Nothing where it is granted.
    error: Option<&'static str>,
    /// As [`said_of`] puts it.
    audited: &'static str,
}

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

fn granted_by(policies: &'static str) -> Becomes {
    Becomes { status: 200, error: None, audited: policies }
}

fn refused((status, error): (u16, &'static str), audited: &'static str) -> Becomes {
    Becomes { status, error: Some(error), audited }
}

fn invalid(audited: &'static str) -> Becomes {
    refused((400, "invalid_request"), audited)
}

fn no_target(audited: &'static str) -> Becomes {
    refused((400, "invalid_target"), audited)
}

fn out_of_scope(audited: &'static str) -> Becomes {
    refused((400, "invalid_scope"), audited)
}

fn widened(audited: &'static str) -> Becomes {
    refused((400, "invalid_authorization_details"), audited)
}

fn unauthorized(audited: &'static str) -> Becomes {
    refused((400, "unauthorized_client"), audited)
}

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
    let answers: Vec<(&Case, Answer)> = cases.iter().map(|case| (case, (case.sent)(&world))).collect();
    let audit = (!world.stack.is_deployed()).then(|| Audit::of(world.stack));
    let wrong: Vec<String> =
        answers.iter().filter_map(|(case, answer)| what_is_wrong(case, answer, audit.as_ref())).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn what_is_wrong(case: &Case, answer: &Answer, audit: Option<&Audit>) -> Option<String> {
    let Becomes { status, error, audited } = case.becomes;
    let is_told = answer.status == status && error.is_none_or(|error| answer.json()["error"] == error);
    let leaks = status != 200 && (answer.text().contains("eyJ") || answer.text().contains("evil"));
    if !is_told || leaks {
        return Some(format!("{}: {} {}", case.name, answer.status, answer.text()));
    }
    let said = audit?.said_of(answer);
    (said != audited).then(|| format!("{}: the audit says {said:?} and not {audited:?}", case.name))
}

/// What the audit says of each request.
struct Audit(BTreeMap<String, Vec<Value>>);

impl Audit {
    fn of(stack: &Stack) -> Self {
        let mut events = BTreeMap::<String, Vec<Value>>::new();
        for line in stack.observer().log().into_iter().filter(|line| line["target"] == "audit") {
            let id = line["request_id"].as_str().unwrap_or_default().to_owned();
            events.entry(id).or_default().push(line);
        }
        Self(events)
    }

    /// The one event of a request, in short: who refused and why, and the policies that decided. What has no event was refused
    /// before anybody had said who they are.
    fn said_of(&self, answer: &Answer) -> String {
        let events = self.0.get(answer.request_id()).map_or(&[][..], Vec::as_slice);
        let event = match events {
            [] => return "nothing".to_owned(),
            [event] => event,
            several => panic!("several events: {several:?}"),
        };
        let outcome = if answer.status == 200 { "granted" } else { "refused" };
        assert_eq!(
            (event["event"].as_str(), event["outcome"].as_str()),
            (Some("token"), Some(outcome)),
            "{event}"
        );
        let text = |name: &str| event[name].as_str();
        let reason = [text("reason"), text("why")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let by = text("policies").map(|policies| format!("by {policies}")).unwrap_or_default();
        format!("{reason} {by}").trim().to_owned()
    }
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
        form(&format!("{name} twice"), invalid("repeated-parameter"), move |world| {
            world.form().and(name, "evil").and(name, "evil")
        })
    })
    .collect();
    cases.extend([
        form("as it should be", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.with("grant_type", GRANT)
        }),
        form("no subject_token", invalid("missing-parameter"), |world| world.form().without("subject_token")),
        form("an empty subject_token", invalid("missing-parameter"), |world| world.subject("")),
        form("no subject_token_type", invalid("missing-parameter"), |world| {
            world.form().without("subject_token_type")
        }),
        form("a type in short", invalid("token-type-not-supported"), |world| {
            world.with("subject_token_type", "access_token")
        }),
        form("a type in capitals", invalid("token-type-not-supported"), |world| {
            world.with("subject_token_type", &ACCESS_TOKEN.to_uppercase())
        }),
        form("a type that does not exist", invalid("token-type-not-supported"), |world| {
            world.with("subject_token_type", "urn:evil")
        }),
        form("a JWT", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.with("subject_token_type", JWT).with("requested_token_type", JWT)
        }),
        form("an empty requested type", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.with("requested_token_type", "")
        }),
        form("a requested type that does not exist", invalid("token-type-not-supported"), |world| {
            world.with("requested_token_type", "urn:evil")
        }),
        form("a SAML 1.1 assertion is asked for", invalid("token-type-not-supported"), |world| {
            world.with("requested_token_type", SAML1)
        }),
        form(
            "a grant type that does not exist",
            refused((400, "unsupported_grant_type"), "unsupported-grant-type"),
            |world| world.with("grant_type", &format!("{GRANT}s")),
        ),
        form(
            "the grant type in capitals",
            refused((400, "unsupported_grant_type"), "unsupported-grant-type"),
            |world| world.with("grant_type", &GRANT.to_uppercase()),
        ),
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
        form("17 resources", invalid("too-many-values"), many("resource")),
        form("17 audiences", invalid("too-many-values"), many("audience")),
        form("a subject token of 100 KB", invalid("parameter-too-long"), move |world| world.subject(&huge())),
        form("a JWT of 100 KB", invalid("parameter-too-long"), move |world| {
            world.subject(&of_a_kind("evil".repeat(8_600)))
        }),
        form("a JWT of 15 KB", invalid("subject-token-invalid: signature or shape"), move |world| {
            world.subject(&of_a_kind("evil".repeat(1_250)))
        }),
        form("an actor token of 100 KB", invalid("parameter-too-long"), move |world| {
            world.actor(&huge(), ACCESS_TOKEN)
        }),
        form("an audience of 100 KB", invalid("parameter-too-long"), move |world| {
            world.form().and("audience", &huge())
        }),
        form("details of 400 KB", invalid("parameter-too-long"), move |world| {
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
        to("an unknown resource", no_target("resource-not-allowed"), "https://evil.test"),
        to("a relative resource", no_target("resource-not-allowed"), "/api"),
        to("a resource with a fragment", no_target("resource-not-allowed"), "https://bank.test/api#x"),
        to("a resource with a slash more", no_target("resource-not-allowed"), "https://bank.test/api/"),
        to("a resource in capitals", no_target("resource-not-allowed"), "HTTPS://BANK.TEST/API"),
        to("a hop that no detail passes", no_target("exchange-not-allowed"), LEDGER),
        form(
            "a hop that the rules allow and no policy does",
            no_target("exchange-not-allowed by none"),
            |world| world.with("resource", LEDGER).joined(&without_details()),
        ),
        form("the issuer as target", no_target("resource-not-allowed"), |world| {
            world.with("resource", &world.stack.issuer)
        }),
        form("no target", no_target("target-not-chosen"), |world| world.form().without("resource")),
        form("two targets", no_target("target-not-chosen"), |world| world.form().and("resource", LEDGER)),
        form("a target by each parameter", no_target("target-not-chosen"), |world| {
            world.form().and("audience", "ledger")
        }),
        form("an unknown audience", no_target("resource-not-allowed"), |world| {
            world.form().without("resource").and("audience", "evil")
        }),
        form("an audience in capitals", no_target("resource-not-allowed"), |world| {
            world.form().without("resource").and("audience", "BANK")
        }),
        form("the target by its name", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.form().without("resource").and("audience", "bank")
        }),
        form("the target by its URI as audience", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.form().without("resource").and("audience", BANK)
        }),
        form("the same target four times", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.form().and("resource", BANK).and("audience", BANK).and("audience", "bank")
        }),
        form("its own tool, for less", granted_by("by files-tool-narrows-its-own"), |world| {
            world.with("resource", FILES).with("scope", "files.read").joined(&without_details())
        }),
        case("a target that the client may not use", no_target("resource-not-allowed"), |world| {
            world.bank.exchanges(&world.for_bank, FILES)
        }),
    ]
}

/// Who may exchange, and who may show this token.
fn bearers() -> Vec<Case> {
    vec![
        case("the agent itself", unauthorized("grant-not-allowed"), |world| {
            world.agent.exchanges(&world.good, BANK)
        }),
        case("a tool that may not exchange", unauthorized("grant-not-allowed"), |world| {
            Agent::with_basic(world.stack, "shelf-tool").exchanges(&world.good, BANK)
        }),
        case("a public client", unauthorized("grant-not-allowed"), |world| {
            Agent::public(world.stack).exchanges(&world.good, BANK)
        }),
        case("another tool", invalid("subject-token-invalid: audience"), |world| {
            world.bank.exchanges(&world.good, LEDGER)
        }),
        case("a third tool", invalid("subject-token-invalid: audience"), |world| {
            world.ledger.exchanges(&world.good, FILES)
        }),
        case("a tool with its own new token", invalid("subject-token-invalid: audience"), |world| {
            world.files.exchanges(&world.for_bank, BANK)
        }),
        case("a tool out of its turn", invalid("subject-token-invalid: audience"), |world| {
            world.ledger.exchanges(&world.for_bank, FILES)
        }),
        case("rights that become nothing", no_target("exchange-not-allowed"), |world| {
            world.bank.exchanges(&world.agents_for_bank, LEDGER)
        }),
        case("a policy that wants another actor", no_target("exchange-not-allowed by none"), |world| {
            let jealous = Agent::with_basic(world.stack, "jealous-agent");
            let ask = Ask::new("bank.statements offline_access").with("resource", BANK);
            let token = granted(&jealous, &somebody(world.stack), &ask).access_token;
            world.bank.exchanges(&token, LEDGER)
        }),
        case("a client between", granted_by("by bank-tool-asks-the-ledger"), |world| {
            world.bank.exchanges(&world.for_bank, LEDGER)
        }),
        // The same right in the same hands, but two actors in the chain.
        case(
            "a policy that goes by the depth of the chain",
            no_target("exchange-not-allowed by the-ledger-is-two-clients-away-at-most"),
            |world| {
                let less = without_details().and("scope", "files.read");
                let narrowed = world.files.exchanges_for(&world.good, FILES, &less).ok();
                let for_bank = world.files.exchanges(&narrowed.string("access_token"), BANK).ok();
                world.bank.exchanges(&for_bank.string("access_token"), LEDGER)
            },
        ),
        case("a wrong secret", refused((401, "invalid_client"), "client-rejected: WrongSecret"), |world| {
            let proof = crate::agent::Proof::Basic("evil".to_owned());
            Agent { stack: world.stack, id: "files-tool".to_owned(), proof }.exchanges(&world.good, BANK)
        }),
        case("nobody", refused((401, "invalid_client"), "client-not-authenticated"), |world| {
            Answer::to(crate::web::post(&world.stack.url("/token"), &world.form()))
        }),
    ]
}

/// Tokens of ours that are not what should be shown.
fn subjects() -> Vec<Case> {
    vec![
        form("a token for another tool", invalid("subject-token-invalid: audience"), |world| {
            world.subject(&world.agents_for_bank)
        }),
        form("a token for the issuer", invalid("subject-token-invalid: audience"), |world| {
            world.subject(&world.for_issuer)
        }),
        form("a revoked token", invalid("subject-token-invalid: ended"), |world| {
            world.subject(&world.revoked)
        }),
        form(
            "a token of an authorization that has ended",
            invalid("subject-token-invalid: ended"),
            |world| world.subject(&world.ended),
        ),
        form("a token of a client that works alone", granted_by("by files-tool-asks-the-bank"), |world| {
            world.subject(&world.alone)
        }),
        form("an ID token as access token", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject(&world.id_token)
        }),
        form("an ID token as JWT", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject(&world.id_token).with("subject_token_type", JWT)
        }),
        form("somebody else's ID token", invalid("subject-token-invalid: audience"), |world| {
            world.subject(&world.id_token).with("subject_token_type", ID_TOKEN)
        }),
        form("an access token as ID token", invalid("subject-token-invalid: signature or shape"), |world| {
            world.with("subject_token_type", ID_TOKEN)
        }),
        form(
            "a refresh token as access token",
            invalid("subject-token-invalid: signature or shape"),
            |world| world.subject(&world.refresh_token),
        ),
        form("somebody else's refresh token", invalid("subject-token-invalid: refresh token"), |world| {
            world.subject(&world.refresh_token).with("subject_token_type", REFRESH_TOKEN)
        }),
        form("an access token as refresh token", invalid("subject-token-invalid: unknown"), |world| {
            world.with("subject_token_type", REFRESH_TOKEN)
        }),
        form("an access token as SAML assertion", invalid("token-type-not-supported"), |world| {
            world.with("subject_token_type", SAML1)
        }),
        form("a token at the end of the longest chain", invalid("chain-too-long"), |world| {
            world.subject(&world.at_the_end).with("resource", FILES).with("scope", "files.read")
        }),
        case("another issuer's token", granted_by("by partner-agent-reads"), |world| {
            world.of_partner(|_| {})
        }),
        case("another issuer's token that has expired", invalid("subject-token-invalid: expired"), |world| {
            let now = world.stack.now();
            world.of_partner(|claims| claims["exp"] = json!(now))
        }),
        case(
            "another issuer's token from the future",
            invalid("subject-token-invalid: from the future"),
            |world| {
                let now = world.stack.now();
                world.of_partner(|claims| claims["iat"] = json!(now + 120))
            },
        ),
        form("a client assertion", invalid("subject-token-invalid: signature or shape"), |world| {
            let header = crate::assertion::header("ES256");
            let claims = crate::assertion::claims(world.stack, "signing-agent");
            world.subject(&world.stack.client_key.signed(&header, &claims))
        }),
    ]
}

/// RFC 8725: what is signed by nobody, by somebody else, or by another way. What is wrong beside the signature takes the server's own
/// key to be shown: `local_stack::stolen_key`.
fn forgeries() -> Vec<Case> {
    let forged = |name: &str, change: fn(&World<'_>, &mut Value)| {
        form(name, invalid("subject-token-invalid: signature or shape"), move |world| {
            world.subject(&world.forged(|header| change(world, header)))
        })
    };
    let by_hmac = |name: &str, secret: usize| {
        form(name, invalid("subject-token-invalid: signature or shape"), move |world| {
            world.subject(&world.by_the_public_key(secret))
        })
    };
    vec![
        forged("alg none and no signature", |_, header| header["alg"] = json!("none")),
        forged("alg None and no signature", |_, header| header["alg"] = json!("None")),
        forged("an empty alg and no signature", |_, header| header["alg"] = json!("")),
        by_hmac("HS256 by our public key in DER", 0),
        by_hmac("HS256 by our public key in PEM", 1),
        by_hmac("HS256 by our public point", 2),
        by_hmac("HS256 by our JWK", 3),
        forged("another key under our kid", |_, _| {}),
        forged("another key under its own kid", |_, header| header["kid"] = json!("p256")),
        forged("another RSA key under our kid", |_, header| header["alg"] = json!("RS256")),
        forged("another RSA key by PS256 under our kid", |_, header| header["alg"] = json!("PS256")),
        forged("the key that signed it came with it", |world, header| {
            header["jwk"] = world.stack.client_key.jwks()["keys"][0].clone();
        }),
        forged("the key that signed it came with it, under its own kid", |world, header| {
            header["jwk"] = world.stack.client_key.jwks()["keys"][0].clone();
            header["kid"] = json!("p256");
        }),
        form(
            "a later exp under our signature",
            invalid("subject-token-invalid: signature or shape"),
            |world| world.subject(&world.altered("exp", json!(4_000_000_000_i64))),
        ),
        form(
            "another sub under our signature",
            invalid("subject-token-invalid: signature or shape"),
            |world| world.subject(&world.altered("sub", json!("person-evil"))),
        ),
        form(
            "a wider scope under our signature",
            invalid("subject-token-invalid: signature or shape"),
            |world| world.subject(&world.altered("scope", json!("files.read bank.pay"))),
        ),
        form("no signature", invalid("subject-token-invalid: signature or shape"), |world| {
            let end = world.good.rfind('.').expect("three parts") + 1;
            world.subject(&world.good[..end])
        }),
        form("half a signature", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject(&world.good[..world.good.len() - 30])
        }),
        form("a space at the end", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject(&format!("{} ", world.good))
        }),
        form("two tokens", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject(&format!("{0} {0}", world.good))
        }),
        form("four parts", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject(&format!("{}.evil", world.good))
        }),
        form("junk", invalid("subject-token-invalid: signature or shape"), |world| world.subject("evil")),
        form("junk in three parts", invalid("subject-token-invalid: signature or shape"), |world| {
            world.subject("evil.evil.evil")
        }),
    ]
}

/// OAuth 2.1, section 3.2.4.
fn scopes() -> Vec<Case> {
    let scope = |name: &str, becomes, scope: &'static str| {
        form(name, becomes, move |world| world.with("scope", scope))
    };
    vec![
        scope("the scope that it becomes", granted_by("by files-tool-asks-the-bank"), "bank.statements"),
        scope("the scope that it was", out_of_scope("scope-widened"), "files.read"),
        scope("a scope that does not exist", out_of_scope("scope-widened"), "bank.evil"),
        scope(
            "a scope that the rules allow and no policy does",
            out_of_scope("scope-not-permitted by none"),
            "bank.pay",
        ),
        scope("one scope too many", out_of_scope("scope-not-permitted by none"), "bank.statements bank.pay"),
        scope("a scope about the person", out_of_scope("scope-widened"), "openid"),
        scope("access while the person is away", out_of_scope("scope-widened"), "offline_access"),
        scope("two spaces", invalid("malformed-parameter"), "bank.statements  bank.pay"),
        scope("a quote", invalid("malformed-parameter"), "bank.\"evil"),
    ]
}

/// RFC 9396, sections 5 and 6.
fn details() -> Vec<Case> {
    let statement =
        |account: &str, kinds: &[&str]| json!({ "type": "statement", "account": account, "kinds": kinds });
    let own = "Q4-report.pdf";
    let asking =
        |name: &str, becomes, details: Value| form(name, becomes, move |world| world.asking(&details));
    let raw = |name: &str, audited, text: &'static str| {
        form(name, widened(audited), move |world| world.form().and("authorization_details", text))
    };
    let mut more = statement(own, &["daily"]);
    more["extra"] = json!(true);
    vec![
        asking(
            "all of it",
            granted_by("by files-tool-asks-the-bank none"),
            json!([statement(own, &["daily", "monthly"])]),
        ),
        asking(
            "less of it",
            granted_by("by files-tool-asks-the-bank none"),
            json!([statement(own, &["monthly"])]),
        ),
        asking("none of it", granted_by("by files-tool-asks-the-bank none"), json!([])),
        asking("another account", widened("detail-widened"), json!([statement("Q3-report.pdf", &["daily"])])),
        asking(
            "one kind too many",
            widened("detail-widened"),
            json!([statement(own, &["daily", "monthly", "yearly"])]),
        ),
        asking("a kind that does not exist", widened("detail-invalid"), json!([statement(own, &["evil"])])),
        asking("no kind", widened("detail-invalid"), json!([statement(own, &[])])),
        asking(
            "one of two",
            widened("detail-widened"),
            json!([statement(own, &["daily"]), statement("Q3-report.pdf", &["daily"])]),
        ),
        asking("a field that the type does not have", widened("detail-invalid"), json!([more])),
        asking(
            "a number for a text",
            widened("detail-invalid"),
            json!([{ "type": "statement", "account": 4711, "kinds": ["daily"] }]),
        ),
        asking(
            "the detail that it was",
            widened("detail-type-not-allowed"),
            json!([crate::agent::the_file(own, &["read"])]),
        ),
        asking(
            "a type that the client may not use",
            widened("detail-type-not-allowed"),
            json!([
                { "type": "payment", "amount": { "value": "1", "currency": "EUR" }, "creditor": "x" }
            ]),
        ),
        asking(
            "a type of another tool",
            widened("detail-outside-resource"),
            json!([{ "type": "entry", "account": own }]),
        ),
        asking("a type that does not exist", widened("unknown-detail-type"), json!([{ "type": "evil" }])),
        asking("no type", widened("detail-without-type"), json!([{ "account": own }])),
        asking("an object", widened("details-not-an-array"), statement(own, &["daily"])),
        raw("no JSON", "details-not-an-array", "evil"),
        raw(
            "a member twice",
            "detail-repeats-member",
            r#"[{"type":"statement","account":"evil","account":"Q4-report.pdf","kinds":["daily"]}]"#,
        ),
    ]
}

/// RFC 8693, section 2.1.
fn actors() -> Vec<Case> {
    vec![
        form("an actor token without its type", invalid("missing-parameter"), |world| {
            world.form().and("actor_token", &world.alone)
        }),
        form("an actor's type without a token", invalid("missing-parameter"), |world| {
            world.form().and("actor_token_type", ACCESS_TOKEN)
        }),
        form("an actor's type that does not exist", invalid("token-type-not-supported"), |world| {
            world.actor(&world.alone, "urn:evil")
        }),
        form("an actor who shows a refresh token", invalid("token-type-not-supported"), |world| {
            world.actor(&world.refresh_token, REFRESH_TOKEN)
        }),
        form("an actor token that is junk", invalid("actor-token-invalid: signature or shape"), |world| {
            world.actor("evil.evil.evil", ACCESS_TOKEN)
        }),
        form("an actor token that was revoked", invalid("actor-token-invalid: ended"), |world| {
            let nightly = Agent::with_basic(world.stack, "nightly-agent");
            let ended = own_token_of(&nightly);
            nightly.revokes(&ended);
            world.actor(&ended, ACCESS_TOKEN)
        }),
        form(
            "an actor token that is an ID token",
            invalid("actor-token-invalid: signature or shape"),
            |world| world.actor(&world.id_token, ACCESS_TOKEN),
        ),
        form("an actor token for another tool", invalid("actor-token-invalid: audience"), |world| {
            world.actor(&world.agents_for_bank, ACCESS_TOKEN)
        }),
        form("an actor token by another key", invalid("actor-token-invalid: signature or shape"), |world| {
            world.actor(&world.forged(|_| {}), ACCESS_TOKEN)
        }),
        form(
            "an actor token for this tool of whom it may not name",
            invalid("actor-token-invalid: not an actor of this client's"),
            |world| world.actor(&world.calling, ACCESS_TOKEN),
        ),
        case(
            "an actor token of whom another tool may name",
            invalid("actor-token-invalid: audience"),
            |world| {
                let form = an_exchange(&world.for_bank, LEDGER);
                let form = form.and("actor_token", &world.alone).and("actor_token_type", ACCESS_TOKEN);
                world.bank.sends("/token", &form)
            },
        ),
        form("an actor token for this tool", granted_by("by files-tool-asks-the-bank none"), |world| {
            world.actor(&world.alone, ACCESS_TOKEN)
        }),
        form(
            "an actor token that is a person's",
            invalid("actor-token-invalid: not the party's own"),
            |world| world.actor(&world.for_bank, JWT),
        ),
        form(
            "the subject token as the actor's too",
            invalid("actor-token-invalid: not the party's own"),
            |world| world.actor(&world.good, ACCESS_TOKEN),
        ),
    ]
}

/// RFC 8693, sections 2.1 and 2.2.1: what can be asked for beside access tokens.
fn kinds() -> Vec<Case> {
    let kind = |token_type: &'static str| {
        move |world: &World<'_>| world.form().and("requested_token_type", token_type)
    };
    let identity = move |world: &World<'_>| kind(ID_TOKEN)(world).without("resource");
    vec![
        form("an ID token", granted_by("by files-tool-says-who-it-is"), identity),
        form("an ID token for a resource", no_target("resource-not-allowed"), kind(ID_TOKEN)),
        form("an ID token for a tool by its name", no_target("resource-not-allowed"), move |world| {
            identity(world).and("audience", "bank")
        }),
        form("an ID token for a tool's client", granted_by("by files-tool-says-who-it-is"), move |world| {
            identity(world).and("audience", "bank-tool")
        }),
        form("an ID token for two", no_target("target-not-chosen"), move |world| {
            identity(world).and("audience", "bank-tool").and("audience", "files-tool")
        }),
        form("an ID token with a scope of a tool", out_of_scope("scope-widened"), move |world| {
            identity(world).and("scope", "bank.statements")
        }),
        form("an ID token with details", widened("detail-outside-resource"), move |world| {
            identity(world).and("authorization_details", r#"[{"type":"statement"}]"#)
        }),
        form("an ID token of a client that works alone", out_of_scope("scope-widened"), move |world| {
            identity(world).with("subject_token", &world.alone)
        }),
        form("an ID token of a revoked token", invalid("subject-token-invalid: ended"), move |world| {
            identity(world).with("subject_token", &world.revoked)
        }),
        form(
            "a refresh token",
            granted_by("by files-tool-asks-the-bank files-tool-goes-on none"),
            kind(REFRESH_TOKEN),
        ),
        form(
            "a refresh token for a scope that does not pass",
            out_of_scope("scope-not-permitted by none"),
            move |world| kind(REFRESH_TOKEN)(world).and("scope", "bank.pay"),
        ),
        form(
            "a refresh token of an ended authorization",
            invalid("subject-token-invalid: ended"),
            move |world| kind(REFRESH_TOKEN)(world).with("subject_token", &world.ended),
        ),
        form(
            "a refresh token that no policy lets go on",
            no_target("exchange-not-allowed by files-tool-narrows-its-own none"),
            move |world| kind(REFRESH_TOKEN)(world).with("resource", FILES).joined(&without_details()),
        ),
        form("an ID-JAG of a client that may have none", no_target("resource-not-allowed"), move |world| {
            kind(ID_JAG)(world).and("audience", "https://auth.chat.test")
        }),
        form("an ID-JAG as subject", invalid("token-type-not-supported"), |world| {
            world.with("subject_token_type", ID_JAG)
        }),
        form("an actor who shows an ID-JAG", invalid("token-type-not-supported"), |world| {
            world.actor(&world.alone, ID_JAG)
        }),
        case("an ID-JAG as a grant of a client that may not", unauthorized("grant-not-allowed"), |world| {
            let form = Parameters::of([("grant_type", JWT_BEARER), ("assertion", &world.id_token)]);
            world.files.sends("/token", &form)
        }),
    ]
}
