//! What stands above a token that was exchanged, and what a renewal rests on: a client of the chain that lost what it passed on, a tool
//! that is none any more, a client that works alone and may no longer, and what another issuer said by a clock of its own.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::agent::{Agent, BANK, FILES, an_agent, asks_for_a_file, the_file, the_file_tool};
use crate::exchange::{
    Chain, ID_TOKEN, JWT, JWT_BEARER, LEDGER, REFRESH_TOKEN, an_exchange, lasting, the_bank, the_ledger,
};
use crate::local_stack::configuration_changes::{also, applies, puts_in_force};
use crate::local_stack::exchanges::changes;
use crate::outsider::{the_mills_own, the_partner};
use crate::person::{granted, somebody};
use crate::stack::Stack;
use crate::web::Parameters;

const AGENT: &str = "clients/report-agent.toml";
const FILES_TOOL: &str = "clients/files-tool.toml";

/// The bank may go on asking the ledger while nobody asks it.
fn where_the_bank_goes_on(folder: &Path) {
    let (not, may) =
        ("grant_types = [\"token_exchange\"]", "grant_types = [\"token_exchange\", \"refresh_token\"]");
    changes(&folder.join("clients/bank-tool.toml"), not, may);
    let policy = "@id(\"bank-tool-goes-on\") permit (principal == Client::\"bank-tool\", \
         action == Action::\"refresh_token_by_exchange\", resource == Tool::\"https://ledger.test\");";
    fs::write(folder.join("policies/goes-on.cedar"), policy).expect("written");
}

/// A chain, and what renews its second and third token.
struct Renewed<'s> {
    stack: &'s Stack,
    chain: Chain,
    at_bank: String,
    at_ledger: String,
}

impl<'s> Renewed<'s> {
    fn begin(stack: &'s Stack) -> Self {
        let first = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file()).access_token;
        let chain = Chain::of(stack, first);
        let kept = |client: Agent<'_>, token: &str, at: &str| {
            client.exchanges_to_go_on(token, at).ok().string("access_token")
        };
        let at_bank = kept(the_file_tool(stack), &chain.files, BANK);
        let at_ledger = kept(the_bank(stack), &chain.bank, LEDGER);
        Self { stack, chain, at_bank, at_ledger }
    }

    /// Whether the tokens at the bank and at the ledger are good, and whether they are renewed.
    fn goes_on(&mut self) -> [bool; 4] {
        let [_, bank, ledger] = self.chain.stands(self.stack);
        let renews = |client: Agent<'_>, token: &mut String| {
            let shown = client.introspects(token)["active"] == true;
            let answer = client.refreshes(token);
            if answer.status == 200 {
                *token = answer.string("refresh_token");
            } else {
                answer.is_refused(400, "invalid_grant");
            }
            assert_eq!(shown, answer.status == 200, "introspection says what a renewal does");
            answer.status == 200
        };
        let at_bank = renews(the_file_tool(self.stack), &mut self.at_bank);
        let at_ledger = renews(the_bank(self.stack), &mut self.at_ledger);
        [bank, ledger, at_bank, at_ledger]
    }
}

/// What an operator takes from a client is worth nothing further down, be it a tool, a type, or being a tool; and is good again when it
/// is given back.
#[test]
fn what_a_client_of_the_chain_has_lost_nobody_below_it_has() {
    let stack = Stack::start_with("exchanges-of-what-is-lost-above", &[], where_the_bank_goes_on);
    let mut renewed = Renewed::begin(&stack);
    assert_eq!(renewed.goes_on(), [true; 4]);
    let of_files: &[(&str, &str, &str)] = &[
        (AGENT, "tools = [\"files\", \"bank\"]", "tools = [\"bank\"]"),
        (AGENT, "\"files.read\", \"files.access\", ", ""),
        (AGENT, "\"file_access\", ", ""),
        (AGENT, "\"archive\", \"memo\", \"vault\", ", ""),
    ];
    let of_bank: &[(&str, &str, &str)] = &[
        (FILES_TOOL, "tools = [\"bank\", \"ledger\", \"files\"]", "tools = [\"ledger\", \"files\"]"),
        (FILES_TOOL, "\"bank.statements\", \"bank.pay\", ", ""),
        (FILES_TOOL, "detail_types = [\"statement\", \"entry\"]", "detail_types = [\"entry\"]"),
    ];
    for taken in [of_files, &of_files[2..3], &[(FILES_TOOL, "is_tool = \"files\"\n", "")], of_bank] {
        for (file, from, to) in taken {
            changes(&stack.configuration.join(file), from, to);
        }
        applies(&stack);
        assert_eq!(renewed.goes_on(), [false; 4], "{taken:?}");
        // Nothing more is made of it either.
        the_bank(&stack).exchanges(&renewed.chain.bank, LEDGER).is_refused(400, "invalid_request");
        for (file, ..) in taken {
            restores(&stack, file);
        }
        applies(&stack);
        assert_eq!(renewed.goes_on(), [true; 4], "{taken:?}");
    }
}

/// Takes all changes of a file back.
fn restores(stack: &Stack, file: &str) {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("configuration").join(file);
    fs::copy(original, stack.configuration.join(file)).expect("copied");
}

/// A scope goes, and what was made of it; what was made of the rest stays.
#[test]
fn of_a_scope_that_was_taken_above_nothing_is_left_below() {
    let stack = Stack::start_with("exchanges-of-a-scope-lost-above", &[], where_the_bank_goes_on);
    let renewed = Renewed::begin(&stack);
    let says = || {
        let said = [
            the_bank(&stack).finds_active(&renewed.chain.bank),
            the_ledger(&stack).finds_active(&renewed.chain.ledger),
            the_file_tool(&stack).finds_active(&renewed.at_bank),
            the_bank(&stack).finds_active(&renewed.at_ledger),
        ];
        said.map(|said| {
            (
                said["scope"].as_str().unwrap_or_default().to_owned(),
                said["authorization_details"][0]["type"].clone(),
            )
        })
    };
    let (bank, ledger) = (json!("statement"), json!("entry"));
    let with = [
        ("bank.statements".to_owned(), bank.clone()),
        ("ledger.read".to_owned(), ledger.clone()),
        ("bank.statements".to_owned(), bank.clone()),
        ("ledger.read".to_owned(), ledger.clone()),
    ];
    assert_eq!(says(), with);
    // The rule between the bank and the ledger is asked as well, for what was made by it before.
    let rule = (
        "tools/ledger.toml",
        "scope = \"bank.statements\"\nbecomes = \"ledger.read\"",
        "scope = \"bank.statements\"\nbecomes = \"ledger.write\"",
    );
    puts_in_force(&stack, rule);
    let without = (String::new(), ledger.clone());
    assert_eq!(says(), [with[0].clone(), without.clone(), with[2].clone(), without]);
    restores(&stack, rule.0);
    puts_in_force(&stack, (AGENT, "\"files.read\", ", ""));
    let without = [&bank, &ledger, &bank, &ledger].map(|kind| (String::new(), kind.clone()));
    assert_eq!(says(), without);
    let renewal = the_bank(&stack).refreshes(&renewed.at_ledger).ok();
    assert_eq!(renewal.json()["scope"], "", "{}", renewal.text());
}

/// A client that works alone has nobody's authorization to end: what it has for itself is asked again whenever what came of it is renewed.
#[test]
fn what_came_of_a_client_that_works_alone_is_renewed_for_what_it_may_have_for_itself() {
    let stack = Stack::start("exchanges-of-a-client-alone", &[]);
    let (files, nightly) = (the_file_tool(&stack), Agent::with_basic(&stack, "nightly-agent"));
    let details = json!([the_file("Q4-report.pdf", &["read"])]).to_string();
    let own = nightly.works_alone(&Parameters::of([
        ("scope", "files.read files.access"),
        ("authorization_details", &*details),
    ]));
    let own = own.ok().string("access_token");
    let mut child = files.exchanges_to_go_on(&own, BANK).ok().string("access_token");
    let by_child = |child: &str| an_exchange(child, BANK).with("subject_token_type", REFRESH_TOKEN);
    let mut renews = |expected: Option<(&str, bool)>| {
        let Some((scope, with_details)) = expected else {
            files.refreshes(&child).is_refused(400, "invalid_grant");
            files.sends("/token", &by_child(&child)).is_refused(400, "invalid_request");
            return;
        };
        files.sends("/token", &by_child(&child)).ok();
        let answer = files.refreshes(&child).ok();
        assert_eq!(answer.json()["scope"], scope);
        assert_eq!(answer.json()["authorization_details"].is_array(), with_details, "{}", answer.text());
        child = answer.string("refresh_token");
    };
    let whole = Some(("bank.statements", true));
    renews(whole);
    also(&stack, "@id(\"never-more\") forbid (principal == Client::\"nightly-agent\", action, resource);");
    assert_eq!(nightly.works_alone(&Parameters::default()).status, 400);
    renews(None);
    let no_scope = "context has scope && context.scope == \"files.read\"";
    also(
        &stack,
        &format!(
            "@id(\"no-names\") forbid (principal == Client::\"nightly-agent\", action, resource) when {{ {no_scope} }};"
        ),
    );
    renews(Some(("", true)));
    also(&stack, "");
    renews(whole);

    let file = "clients/nightly-agent.toml";
    let path = stack.configuration.join(file);
    let text = fs::read_to_string(&path).expect("the file");
    let (head, _) = text.split_once("[[standing_details]]").expect("standing details");
    fs::write(&path, head).expect("written");
    applies(&stack);
    renews(None);
    fs::write(&path, &text).expect("written");
    applies(&stack);
    renews(whole);
}

/// What is given out no more is not renewed either, nor is what its client could no longer get.
#[test]
fn a_renewal_asks_the_same_switches_as_the_exchange() {
    let stack = Stack::start("exchanges-that-are-switched-off", &[]);
    let agent = Agent::with_basic(&stack, "delegating-agent");
    let policy = "@id(\"goes-on-openly\") permit (principal == Client::\"delegating-agent\", \
         action == Action::\"refresh_token_by_exchange\", resource);";
    also(&stack, policy);
    let own = granted(
        &agent,
        &somebody(&stack),
        &asks_for_a_file().with("scope", "openid files.access offline_access"),
    );
    let form = an_exchange(&own.answer.string("id_token"), FILES).with("subject_token_type", ID_TOKEN);
    let mut child = agent.sends("/token", &form.joined(&lasting())).ok().string("access_token");
    let server = ("server.toml", "issue_refresh_tokens = true", "issue_refresh_tokens = false");
    let target = "clients = { delegating-agent = \"agent-at-chat\" }";
    let nobody_s = "clients = { files-tool = \"agent-at-chat\" }";
    let client = ("clients/delegating-agent.toml", ", \"token_exchange\"]", "]");
    for (file, from, to) in [server, client] {
        changes(&stack.configuration.join("server.toml"), target, nobody_s);
        puts_in_force(&stack, (file, from, to));
        agent.finds_inactive(&child);
        agent.refreshes(&child).is_refused(400, "invalid_grant");
        for name in [file, "server.toml"] {
            restores(&stack, name);
        }
        applies(&stack);
        child = agent.refreshes(&child).ok().string("refresh_token");
    }
}

/// OpenID Connect Core, section 2: a sign-in has been by the time that it is told of. One in milliseconds would never get old.
#[test]
fn a_sign_in_elsewhere_that_has_not_been_is_not_believed() {
    let stack = Stack::start("sign-ins-that-have-not-been", &[]);
    let (agent, partner) = (Agent::with_basic(&stack, "partner-agent"), the_partner());
    let now = stack.now();
    let shown = |auth_time: i64| {
        let subject = partner.token(&stack, "alice", |_, claims| claims["auth_time"] = json!(auth_time));
        let jag = partner.id_jag(&stack, "alice", |_, claims| claims["auth_time"] = json!(auth_time));
        let form = an_exchange(&subject, FILES).with("subject_token_type", JWT);
        let bearing = Parameters::of([("grant_type", JWT_BEARER), ("assertion", &*jag)]);
        [agent.sends("/token", &form), agent.sends("/token", &bearing)]
    };
    for good in [0, now - 600, now, now + 30] {
        for answer in shown(good) {
            answer.ok();
        }
    }
    for wrong in [(now - 600) * 1_000, now + 1_000_000, now + 90, -1, i64::MAX, i64::MIN] {
        let [subject, grant] = shown(wrong);
        subject.is_refused(400, "invalid_request");
        grant.is_refused(400, "invalid_grant");
    }
}

/// Another issuer's clock may go ahead: what it dates after an end can have been made before.
#[test]
fn what_another_clock_dates_ahead_ends_with_everything() {
    let stack = Stack::start("ended-by-another-clock", &[]);
    let agent = Agent::with_basic(&stack, "partner-agent");
    let person = somebody(&stack);
    let issuers = [(the_mills_own(), person.user_name.as_str()), (the_partner(), "alice")];
    let ahead = |stack: &Stack| {
        let now = stack.now();
        let made = issuers.iter().flat_map(|(issuer, name)| {
            let subject = issuer.token(stack, name, |_, claims| claims["iat"] = json!(now + 55));
            let jag = issuer.id_jag(stack, name, |_, claims| claims["iat"] = json!(now + 55));
            let form = an_exchange(&subject, FILES).with("subject_token_type", JWT);
            [
                (form, "invalid_request"),
                (Parameters::of([("grant_type", JWT_BEARER), ("assertion", &*jag)]), "invalid_grant"),
            ]
        });
        made.collect::<Vec<_>>()
    };
    for (form, _) in ahead(&stack) {
        agent.sends("/token", &form).ok();
    }
    let before = ahead(&stack);
    stack.operator().does(&["end-everything", "--yes"]);
    stack.takes_notice();
    for (form, error) in before {
        agent.sends("/token", &form).is_refused(400, error);
    }
    stack.time_passes(61);
    for (form, _) in ahead(&stack) {
        agent.sends("/token", &form).ok();
    }
}
