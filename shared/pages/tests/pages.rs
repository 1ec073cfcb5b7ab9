//! What the pages promise, whatever is put into them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use evidence::{
    Access, Displayed, Kind, Nonce, Party, Piece, Request, Sentence, Shown, ShownDetail, ShownScope, Tool,
};
use languages::{Arguments, Languages, Template, Texts, Zone};
use oauth::configuration::SignInSettings;
use oauth::{
    ApprovalId, AuthorizationDetails, ClientId, GrantId, PersonId, QuietHours, ResourceUri, TimeOfDay,
    Timestamp,
};
use pages::{
    ANY_AGENT, AccountNotice, AccountPage, AgentAccessPage, AgentsNotice, AgentsPage, AgentsSearch,
    ApprovalPage, ApprovalProblem, AskingAgent, AskingClient, BlockedClient, Brand, CatalogueEntry,
    CatalogueEntryPage, CatalogueGroup, CataloguePage, ChainStep, ChangePasswordPage, Choice, Choices,
    ConfirmDevicePage, ConsentPage, ConsentProblem, CountersignPage, CountersignProblem, Decided,
    DecidedPage, DetailChoice, DeviceNotice, DeviceProblem, DeviceStanding, DeviceWay, DevicesPage,
    EndAccessPage, EnrolPasskeyPage, Enrolment, ErrorPage, Frame, HeldAccess, HeldByAgent, InvitationPage,
    InvitePage, InviteProblem, LeadsTo, Lifetime, ListedDevice, ListedPasskey, PasskeyNotice, PasskeyOffer,
    PasskeyProblem, PasskeysPage, PasswordProblem, Person, RememberedChoice, ScopeChoice, SignInPage,
    SignInProblem, SignedApproval, SignedOutPage, SignedPage, TypedDevice, UserCodePage, UserCodeProblem,
    UserCodeProof, WaitingPage, WaitingRequest, WhatHappened, Withheld,
};

static UTC: Zone = Zone::UTC;
const HOSTILE: &str = "\"'><script>alert(1)</script>&lt;{{ x }}\u{202e}\u{2066}\n\0";

fn texts(tag: &str) -> &'static Texts {
    Languages::shipped().texts(&tag.parse().expect("a tag"))
}

fn sentence(identifier: &str) -> languages::Message {
    let arguments = Arguments::none().with("identifier", identifier);
    let template = Template::parse("Read { $identifier } in Finance").expect("a template");
    template.render(&arguments, texts("en")).expect("a sentence")
}

/// A consent page where every text that comes from outside is `foreign`.
fn consent<'a>(frame: Frame<'a>, foreign: &'a str) -> ConsentPage<'a> {
    ConsentPage {
        frame,
        interaction: foreign,
        client: AskingClient {
            name: foreign,
            id: foreign,
            is_vouched_for: true,
            waits_on_this_machine: false,
        },
        returns_to: foreign,
        person: Person { display_name: foreign, user_name: foreign },
        purpose: Some(foreign),
        choices: choices(foreign),
        lifetime: lifetime(),
        may_be_remembered: true,
        problem: None,
    }
}

/// Three details for two tools and three scopes.
fn choices(foreign: &str) -> Choices<'_> {
    let detail = |sentence, tool, json: &str| DetailChoice { sentence, tool, json: json.to_owned() };
    Choices {
        details: vec![
            detail(sentence(foreign), "Files", foreign),
            detail(sentence("two"), "Payments", "{\"b\": \"\u{202e}\"}"),
            detail(sentence("three"), "Files", "{}"),
        ],
        scopes: vec![
            ScopeChoice { name: "openid", description: None, is_required: true },
            ScopeChoice { name: foreign, description: None, is_required: false },
            ScopeChoice { name: "files", description: Some(foreign), is_required: false },
        ],
        withheld: Withheld::default(),
    }
}

fn lifetime() -> Lifetime {
    let berlin = "Europe/Berlin".parse().expect("a zone");
    Lifetime {
        token: Duration::from_mins(5),
        renewable_until: Some((Timestamp::from_seconds(1_795_539_900), berlin)),
    }
}

/// An approval page where every text that comes from outside is `foreign`.
fn approval<'a>(frame: Frame<'a>, foreign: &'a str) -> ApprovalPage<'a> {
    ApprovalPage {
        frame,
        request: foreign,
        client_name: foreign,
        client_id: foreign,
        actor: Some((foreign, foreign)),
        through: None,
        person: Person { display_name: foreign, user_name: foreign },
        message: Some(foreign),
        choices: choices(foreign),
        numbers: Some([42, 17, 93]),
        lifetime: lifetime(),
        asked_at: Timestamp::from_seconds(1_795_539_780),
        expires_at: Timestamp::from_seconds(1_795_539_960),
        zone: &UTC,
        problem: None,
    }
}

/// What is signed, where every text that comes from outside is `foreign`.
fn displayed(foreign: &str, is_vouched_for: bool) -> Displayed {
    let said = Sentence::of(sentence(foreign).segments().iter().map(|segment| {
        let text = segment.text.clone();
        if segment.is_value { Piece::Value(text) } else { Piece::Words(text) }
    }));
    let detail = |choice| ShownDetail {
        detail: AuthorizationDetails::parse(r#"[{"type":"file_access","identifier":"a"}]"#)
            .expect("details")
            .iter()
            .next()
            .expect("one")
            .clone(),
        tool: foreign.to_owned(),
        sentence: said.clone(),
        choice,
    };
    let scope = |choice| ShownScope { scope: "openid".to_owned(), sentence: said.clone(), choice };
    let party = Party {
        id: ClientId::parse("report-agent").expect("an id"),
        name: foreign.to_owned(),
        is_vouched_for,
    };
    let shown = Shown {
        issuer: "https://auth.example".to_owned(),
        approval: ApprovalId::from_random([1; 16]),
        request: Request {
            kind: Kind::Backchannel,
            id: GrantId::from_random([2; 16]),
            version: 1,
            asked_at: Timestamp::from_seconds(1_795_539_780),
            expires_at: Timestamp::from_seconds(1_795_539_960),
        },
        client: party.clone(),
        actor: Some(party),
        person: evidence::Person {
            sub: PersonId::from_random([3; 16]),
            name: foreign.to_owned(),
            user_name: foreign.to_owned(),
        },
        tools: vec![Tool {
            resource: ResourceUri::parse("https://files.example").expect("a resource"),
            name: foreign.to_owned(),
        }],
        scopes: vec![scope(evidence::Choice::Always), scope(evidence::Choice::Unticked)],
        details: vec![detail(evidence::Choice::Ticked), detail(evidence::Choice::Withheld)],
        binding_message: Some(foreign.to_owned()),
        purpose: Some(foreign.to_owned()),
        number: Some(42),
        returns_to: Some("agent.example".to_owned()),
        access: Access { token: Duration::from_mins(5), renewable_until: None },
        is_remembered: true,
        language: "en".to_owned(),
        time_zone: "UTC".to_owned(),
        shown_at: Timestamp::from_seconds(1_795_539_800),
        nonce: Nonce::from_random([4; 16]),
    };
    shown.displayed().expect("displayed")
}

fn countersign_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let problems = CountersignProblem::ALL.into_iter().map(Some).chain([None]);
    let mut pages: Vec<String> = problems
        .map(|problem| {
            let displayed = displayed(foreign, problem.is_some());
            let request = ("request", foreign);
            let page = CountersignPage {
                frame,
                action: "/approval",
                request,
                displayed: &displayed,
                offer: offer(foreign),
                problem,
            };
            page.render()
        })
        .collect();
    let problem = CountersignProblem::NoPasskey;
    let (at_approval, at_consent) =
        (ApprovalProblem::NotCountersigned(problem), ConsentProblem::NotCountersigned(problem));
    pages.push(ApprovalPage { problem: Some(at_approval), ..approval(frame, foreign) }.render());
    pages.push(ConsentPage { problem: Some(at_consent), ..consent(frame, foreign) }.render());
    pages
}

/// What a person reads on it is in the text that they sign, and what they do not allow is told apart.
#[test]
fn the_page_that_is_signed_says_what_is_allowed_and_what_is_not_and_cannot_be_sent_without_a_script() {
    let brand = Brand::default();
    let displayed = displayed("Report Agent", true);
    let html = CountersignPage {
        frame: english(&brand),
        action: "/approval",
        request: ("request", "r"),
        displayed: &displayed,
        offer: offer("c"),
        problem: None,
    }
    .render();
    let (allowed, not_allowed) = html.split_once("You do not allow").expect("both");
    assert!(allowed.contains("You allow") && not_allowed.contains("You cannot allow this"), "{html}");
    assert!(
        html.contains("<noscript>") && html.contains("data-when=\"ready\" hidden>Approve with a passkey"),
        "{html}"
    );
    assert!(html.contains("name=\"shown\" value=\"{&#34;access&#34;"), "{html}");
}

fn decided<'a>(frame: Frame<'a>, foreign: &'a str, decided: Decided<'a>, next: Option<&str>) -> String {
    DecidedPage { frame, client_name: foreign, decided, next: next.map(str::to_owned) }.render()
}

fn approval_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let waiting = WaitingRequest {
        client_name: foreign.to_owned(),
        message: Some(foreign.to_owned()),
        expires_at: Timestamp::from_seconds(1_795_539_960),
        path: "/approval?request=r".to_owned(),
    };
    let silent = WaitingRequest { message: None, ..waiting.clone() };
    let list = |requests| WaitingPage { frame, requests, zone: &UTC }.render();
    let allowed = Decided::Approved { sentences: vec![sentence(foreign)], scopes: choices(foreign).scopes };
    vec![
        approval(frame, foreign).render(),
        ApprovalPage { problem: Some(ApprovalProblem::NothingChosen), ..approval(frame, foreign) }.render(),
        ApprovalPage { problem: Some(ApprovalProblem::NumberNotPicked), ..approval(frame, foreign) }.render(),
        ApprovalPage {
            message: None,
            choices: Choices::default(),
            problem: Some(ApprovalProblem::Outdated),
            ..approval(frame, foreign)
        }
        .render(),
        list(vec![]),
        list(vec![waiting, silent]),
        decided(frame, foreign, allowed, Some("/approval?request=r")),
        decided(frame, foreign, Decided::Denied, None),
        decided(frame, foreign, Decided::Blocked, None),
        decided(frame, foreign, Decided::WrongNumber, None),
        decided(frame, foreign, Decided::Over, None),
    ]
}

fn sign_in<'a>(frame: Frame<'a>, foreign: &'a str, problem: Option<SignInProblem>) -> String {
    let page = SignInPage {
        frame,
        interaction: foreign,
        leads_to: LeadsTo::Client(foreign),
        user_name: foreign,
        again: false,
        passwords: true,
        takes_passkey: false,
        passkey: Some(offer(foreign)),
        problem,
    };
    page.render()
}

/// What a passkey's page brings: what is asked of the browser holds foreign names.
fn offer(foreign: &str) -> PasskeyOffer {
    PasskeyOffer { ceremony: foreign.to_owned(), options: format!("{{\"user\":{foreign:?}}}") }
}

fn signs_in_for(frame: Frame<'_>, leads_to: LeadsTo<'_>) -> String {
    let page = SignInPage {
        frame,
        interaction: "i",
        leads_to,
        user_name: "",
        again: false,
        passwords: true,
        takes_passkey: false,
        passkey: None,
        problem: None,
    };
    page.render()
}

fn remembered<'a>(foreign: &'a str, sentences: &'a [String]) -> RememberedChoice<'a> {
    RememberedChoice {
        client_name: foreign,
        client_id: foreign,
        key: "k".to_owned(),
        sentences,
        language: "en",
        scopes: vec![
            ScopeChoice { name: "openid", description: None, is_required: true },
            ScopeChoice { name: foreign, description: Some(foreign), is_required: false },
        ],
        since: Timestamp::from_seconds(1_795_539_900),
        until: Timestamp::from_seconds(1_798_131_900),
    }
}

fn account_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    // The way a consent keeps them: cleaned when the sentence was made.
    let sentences = [sentence(foreign).plain()];
    let states = [
        (None, Vec::new()),
        (Some(AccountNotice::PasswordChanged), vec![remembered(foreign, &sentences)]),
        (Some(AccountNotice::ConsentForgotten), vec![remembered(foreign, &sentences); 2]),
        (Some(AccountNotice::BlockLifted), Vec::new()),
        (Some(AccountNotice::UserCodeSet), Vec::new()),
        (Some(AccountNotice::UserCodeRemoved), Vec::new()),
    ];
    let blocked = || vec![BlockedClient { name: foreign.to_owned(), id: foreign.to_owned() }];
    let render = |(notice, remembered): (Option<AccountNotice>, _)| {
        let person = Person { display_name: foreign, user_name: foreign };
        let blocked = if notice.is_none() { Vec::new() } else { blocked() };
        let sign_in = SignInSettings { passwords: notice.is_none(), passkeys: true };
        AccountPage { frame, csrf: foreign, person, zone: &UTC, remembered, blocked, sign_in, notice }
            .render()
    };
    states.map(render).into()
}

fn held(foreign: &str) -> HeldAccess<'_> {
    let since = Timestamp::from_seconds(1_795_539_900);
    HeldAccess {
        id: "AAAA".to_owned(),
        tools: vec![foreign.to_owned(), "Payments".to_owned()],
        sentences: vec![sentence(foreign), sentence("two")],
        is_cut_short: true,
        scopes: choices(foreign).scopes,
        actor: Some(foreign.to_owned()),
        through: Some(foreign.to_owned()),
        since,
        last_used: Some(since),
        until: since,
    }
}

fn agents<'a>(frame: Frame<'a>, foreign: &'a str) -> AgentsPage<'a> {
    let not_fetched = HeldAccess { last_used: None, actor: None, through: None, ..held(foreign) };
    let agent = |access| HeldByAgent { name: foreign.to_owned(), id: foreign.to_owned(), access };
    let chosen = Choice { name: foreign.to_owned(), value: foreign.to_owned() };
    AgentsPage {
        frame,
        person: Person { display_name: foreign, user_name: foreign },
        zone: &UTC,
        agents: vec![agent(vec![held(foreign), not_fetched]), agent(vec![held(foreign)])],
        search: AgentsSearch {
            find: foreign,
            agent: foreign,
            tool: "",
            agents: vec![chosen.clone(), Choice { name: "Other".to_owned(), value: "other".to_owned() }],
            tools: vec![chosen],
        },
        notice: None,
    }
}

fn step<'a>(foreign: &'a str, times: usize, below: Vec<ChainStep<'a>>) -> ChainStep<'a> {
    ChainStep {
        by: foreign.to_owned(),
        tool: foreign.to_owned(),
        sentences: vec![sentence(foreign)],
        scopes: choices(foreign).scopes,
        times,
        last: Timestamp::from_seconds(1_795_539_900),
        below,
    }
}

fn access<'a>(frame: Frame<'a>, foreign: &'a str) -> AgentAccessPage<'a> {
    let below = vec![step(foreign, 3, vec![]), step(foreign, 1, vec![])];
    AgentAccessPage {
        frame,
        agent: foreign,
        agent_id: foreign,
        access: held(foreign),
        zone: &UTC,
        chain: vec![step(foreign, 1, below), step(foreign, 2, vec![])],
        chain_is_whole: false,
        token_lives: Duration::from_mins(5),
    }
}

fn agent_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let end = |access| EndAccessPage {
        frame,
        csrf: foreign,
        agent: foreign,
        agent_id: foreign,
        access,
        token_lives: Duration::from_mins(5),
    };
    let displayed = displayed(foreign, true);
    let signed = |count, changed| SignedPage {
        frame,
        person: Person { display_name: foreign, user_name: foreign },
        zone: &UTC,
        approvals: vec![
            SignedApproval {
                shown: displayed.shown(),
                at: Timestamp::from_seconds(1_795_539_900)
            };
            count
        ],
        changed,
    };
    let mut pages = vec![
        agents(frame, foreign).render(),
        AgentsPage { agents: vec![], ..agents(frame, foreign) }.render(),
        AgentsPage { agents: vec![], search: AgentsSearch::default(), ..agents(frame, foreign) }.render(),
        access(frame, foreign).render(),
        AgentAccessPage { chain: vec![], chain_is_whole: true, ..access(frame, foreign) }.render(),
        end(Some(held(foreign))).render(),
        end(None).render(),
        signed(0, 0).render(),
        signed(2, 1).render(),
        signed(1, 2).render(),
    ];
    let notices = [AgentsNotice::AccessEnded, AgentsNotice::AgentEnded, AgentsNotice::Gone];
    pages
        .extend(notices.map(|notice| AgentsPage { notice: Some(notice), ..agents(frame, foreign) }.render()));
    pages
}

/// What a person hears who does not see the picture: lists in lists, each of which ends.
#[test]
fn the_chain_of_tools_is_lists_in_lists() {
    let brand = Brand::default();
    let html = access(english(&brand), "a").render();
    let chain = html.split("<ol class=\"chain\">").nth(1).expect("the chain").split("</section>").next();
    let chain = chain.expect("its end");
    assert_eq!(chain.matches("<ol>").count() + 1, chain.matches("</ol>").count(), "{chain}");
    assert_eq!(chain.matches("<li>").count(), chain.matches("</li>").count(), "{chain}");
    for said in ["a acts for you", "a went on to a", "once, ", "3 times, last "] {
        let words = chain.replace("<strong><bdi>", "").replace("</bdi></strong>", "");
        assert!(words.contains(said), "{said} in {words}");
    }
}

#[test]
fn before_something_ends_the_page_says_how_long_a_token_can_live() {
    let brand = Brand::default();
    let html = agent_pages(english(&brand), "a");
    for page in &html[3..7] {
        assert!(page.contains("5 minutes"), "{page}");
    }
}

fn passkeys<'a>(frame: Frame<'a>, foreign: &'a str) -> PasskeysPage<'a> {
    let made_at = Timestamp::from_seconds(1_795_539_900);
    let passkey = ListedPasskey { id: foreign, name: foreign, made_at, used_at: None };
    PasskeysPage {
        frame,
        csrf: foreign,
        person: Person { display_name: foreign, user_name: foreign },
        zone: &UTC,
        passkeys: vec![passkey, ListedPasskey { used_at: Some(made_at), ..passkey }],
        may_change: true,
        registration: Some(offer(foreign)),
        problem: None,
        typed_name: foreign,
        notice: None,
    }
}

fn passkey_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let page = || passkeys(frame, foreign);
    let problems = [
        PasskeyProblem::NameUnusable,
        PasskeyProblem::TooLate,
        PasskeyProblem::Refused,
        PasskeyProblem::TooMany,
        PasskeyProblem::AlreadyThere,
        PasskeyProblem::Gone,
    ];
    let notices = [PasskeyNotice::Registered, PasskeyNotice::Removed];
    let full = vec![page().passkeys[0]; 10];
    let enrolment = Enrolment {
        person: Person { display_name: foreign, user_name: foreign },
        id: foreign,
        code: foreign,
        replaces: true,
        offer: offer(foreign),
    };
    let problem = Some(PasskeyProblem::NameUnusable);
    let enrol = EnrolPasskeyPage { frame, enrolment: Some(enrolment), problem, typed_name: foreign };
    let mut pages = vec![
        PasskeysPage { passkeys: vec![], ..page() }.render(),
        PasskeysPage { may_change: false, registration: None, ..page() }.render(),
        PasskeysPage { passkeys: full, registration: None, ..page() }.render(),
        PasskeysPage { registration: None, ..page() }.render(),
        enrol.render(),
        EnrolPasskeyPage { problem: None, ..enrol }.render(),
        EnrolPasskeyPage { frame, enrolment: None, problem: None, typed_name: "" }.render(),
    ];
    pages.extend(problems.map(|problem| PasskeysPage { problem: Some(problem), ..page() }.render()));
    pages.extend(notices.map(|notice| PasskeysPage { notice: Some(notice), ..page() }.render()));
    pages
}

#[test]
fn a_page_for_passkeys_works_without_a_script_as_far_as_it_can_and_says_so() {
    let brand = Brand::default();
    let frame = english(&brand);
    let said = "<noscript><p class=\"caution\">Passkeys need JavaScript";
    for html in [sign_in(frame, "a", None), passkeys(frame, "a").render()] {
        assert!(html.contains(said), "{html}");
        // What needs the script is there once it runs; all else is there at once.
        let by_script = html.split("data-when=\"ready\"").nth(1).expect("what needs the script");
        assert!(by_script.starts_with(" hidden>"), "{html}");
    }
    assert!(passkeys(frame, "a").render().contains("name=\"do\" value=\"remove\""));
    let html = sign_in(frame, "a", None);
    assert!(html.contains("autocomplete=\"username webauthn\""), "{html}");
    // What has just been refused is not offered again before the person has read it.
    let html = sign_in(frame, "a", Some(SignInProblem::PasskeyCopied));
    assert!(html.contains("autocomplete=\"username\""), "{html}");
}

#[test]
fn nobody_changes_passkeys_who_did_not_sign_in_just_now() {
    let brand = Brand::default();
    let page = PasskeysPage { may_change: false, registration: None, ..passkeys(english(&brand), "a") };
    let html = page.render();
    assert!(!html.contains("<form"), "{html}");
    assert!(html.contains("href=\"/account/passkeys?again=yes\""), "{html}");
}

#[test]
fn a_server_without_passwords_asks_for_none() {
    let brand = Brand::default();
    let page = SignInPage {
        frame: english(&brand),
        interaction: "i",
        leads_to: LeadsTo::Account,
        user_name: "",
        again: false,
        passwords: false,
        takes_passkey: false,
        passkey: Some(offer("a")),
        problem: None,
    };
    let html = page.render();
    assert!(!html.contains("name=\"password\""), "{html}");
    assert!(html.contains("name=\"answer\""), "{html}");
}

fn invitation_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let agent = AskingAgent { name: foreign, id: foreign };
    let to_choose = |agents, problem| {
        InvitePage { frame, csrf: foreign, agents, life: Duration::from_mins(5), problem }.render()
    };
    let wait = Duration::from_secs(30);
    let problems = [
        InviteProblem::NoAgentChosen,
        InviteProblem::AgentIsBlocked,
        InviteProblem::AgentIsOff,
        InviteProblem::TooMany { wait },
    ];
    let mut pages = vec![to_choose(vec![], None), to_choose(vec![agent], None)];
    pages.extend(problems.map(|problem| to_choose(vec![agent; 2], Some(problem))));
    pages.extend([Some(foreign), None].map(|client_name| invitation(frame, client_name)));
    pages
}

fn invitation(frame: Frame<'_>, client_name: Option<&str>) -> String {
    let until = Timestamp::from_seconds(1_795_539_900);
    InvitationPage { frame, code: "ABCDE-FGHJK", client_name, until, zone: &UTC }.render()
}

fn user_code<'a>(frame: Frame<'a>, foreign: &'a str, problem: Option<UserCodeProblem>) -> UserCodePage<'a> {
    let person = Person { display_name: foreign, user_name: foreign };
    let proof = UserCodeProof::Password;
    let (least_length, most_length) = (6, 64);
    UserCodePage { frame, csrf: foreign, person, is_set: true, proof, least_length, most_length, problem }
}

fn user_code_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let problems = [
        UserCodeProblem::PasswordIsWrong,
        UserCodeProblem::Unusable,
        UserCodeProblem::IsThePassword,
        UserCodeProblem::TooManyAttempts { wait: Duration::from_secs(30) },
    ];
    let mut pages: Vec<String> =
        problems.map(|problem| user_code(frame, foreign, Some(problem)).render()).into();
    pages.extend(
        [true, false].map(|is_set| UserCodePage { is_set, ..user_code(frame, foreign, None) }.render()),
    );
    let others = [UserCodeProof::SignedInJustNow, UserCodeProof::SignInAgain];
    pages.extend(others.map(|proof| UserCodePage { proof, ..user_code(frame, foreign, None) }.render()));
    pages
}

fn devices<'a>(frame: Frame<'a>, foreign: &'a str, problem: Option<DeviceProblem>) -> DevicesPage<'a> {
    let listed = |id, way, standing| ListedDevice { id, name: foreign, way, standing };
    DevicesPage {
        frame,
        csrf: foreign,
        person: Person { display_name: foreign, user_name: foreign },
        devices: vec![
            listed("first", DeviceWay::Push, DeviceStanding::Confirmed),
            listed("second", DeviceWay::Sms(foreign), DeviceStanding::WaitsForLink),
            listed("third", DeviceWay::Email(foreign), DeviceStanding::WaitsForAddressee),
        ],
        offers_sms: true,
        offers_email: true,
        quiet_hours: None,
        zone: foreign,
        problem,
        typed: TypedDevice { name: foreign, address: foreign },
        notice: None,
    }
}

fn device_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let problems = [
        DeviceProblem::NumberUnusable,
        DeviceProblem::NumberNotAllowed,
        DeviceProblem::AddressUnusable,
        DeviceProblem::AddressNotAllowed,
        DeviceProblem::NameUnusable,
        DeviceProblem::TooMany,
        DeviceProblem::AlreadyThere,
        DeviceProblem::TooOften { wait: Duration::from_mins(40) },
        DeviceProblem::InUse,
        DeviceProblem::NotSent,
        DeviceProblem::NotYetAgreed,
        DeviceProblem::Gone,
        DeviceProblem::HoursUnusable,
        DeviceProblem::ZoneUnknown,
    ];
    let notices = [
        DeviceNotice::LinkSent,
        DeviceNotice::AddresseeAsked,
        DeviceNotice::Confirmed,
        DeviceNotice::Changed,
        DeviceNotice::Removed,
        DeviceNotice::QuietHoursSet,
        DeviceNotice::QuietHoursOver,
    ];
    let time = |text| TimeOfDay::parse(text).expect("a time");
    let hours = QuietHours::new(time("22:00"), time("07:00"), "Europe/Berlin");
    let mut pages: Vec<String> =
        problems.map(|problem| devices(frame, foreign, Some(problem)).render()).into();
    pages.extend(notices.map(|notice| {
        let page = DevicesPage {
            notice: Some(notice),
            quiet_hours: hours.as_ref(),
            ..devices(frame, foreign, None)
        };
        page.render()
    }));
    let nothing = DevicesPage {
        devices: vec![],
        offers_sms: false,
        offers_email: false,
        ..devices(frame, foreign, None)
    };
    pages.push(nothing.render());
    pages.extend([true, false].map(|is_refused| {
        let person = Person { display_name: foreign, user_name: foreign };
        ConfirmDevicePage { frame, csrf: foreign, person, device: "first", code: "c0de", is_refused }.render()
    }));
    pages
}

/// What Enter in a field does is what stands in the same form (HTML, section 4.10.21.2): it renames, and removes nothing.
#[test]
fn enter_in_a_devices_name_renames_it() {
    let brand = Brand::default();
    let html = devices(english(&brand), "Mine", None).render();
    for form in html.split("<form ").filter(|form| form.contains("id=\"name-")) {
        let form = form.split("</form>").next().expect("a form");
        assert_eq!(attributes(form, "value").last(), Some(&"rename"), "{form}");
        assert_eq!(form.matches("<button").count(), 1, "{form}");
    }
}

#[test]
fn the_first_device_cannot_become_more_than_that_and_the_last_no_less() {
    let brand = Brand::default();
    let html = devices(english(&brand), "Mine", None).render();
    let buttons: Vec<Vec<&str>> = html
        .split("<form class=\"moves\"")
        .skip(1)
        .map(|form| attributes(form.split("</form>").next().expect("a form"), "value")[2..].to_vec())
        .collect();
    assert_eq!(
        buttons,
        [vec!["later", "remove"], vec!["earlier", "later", "remove"], vec!["check", "earlier", "remove"]]
    );
}

fn catalogue_pages(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    // The catalogue is a text of ours: it has markup to be escaped, and nothing that acts unseen.
    let ours = languages::foreign_text(foreign, 300);
    let entry = CatalogueEntry {
        name: "not-utf8",
        code: &ours,
        status: 400,
        description: &ours,
        why: &ours,
        what_to_do: "Send `this`.",
    };
    let page = CatalogueEntryPage { frame, entry: &entry }.render();
    let groups = [CatalogueGroup { title: &ours, introduction: Some(&ours), entries: vec![entry] }];
    vec![page, CataloguePage { frame, groups: &groups }.render()]
}

/// Every page in every state, with a foreign text wherever one can be.
fn every_page(frame: Frame<'_>, foreign: &str) -> Vec<String> {
    let person = Person { display_name: foreign, user_name: foreign };
    let wait = Duration::from_secs(30);
    let mut pages = vec![
        sign_in(frame, foreign, None),
        sign_in(frame, foreign, Some(SignInProblem::WrongUserNameOrPassword)),
        sign_in(frame, foreign, Some(SignInProblem::TooManyAttempts { wait })),
        SignInPage {
            frame,
            interaction: foreign,
            leads_to: LeadsTo::Client(foreign),
            user_name: "",
            again: true,
            passwords: false,
            takes_passkey: true,
            passkey: Some(offer(foreign)),
            problem: None,
        }
        .render(),
        sign_in(frame, foreign, Some(SignInProblem::PasskeyRefused)),
        sign_in(frame, foreign, Some(SignInProblem::PasskeyTooLate)),
        sign_in(frame, foreign, Some(SignInProblem::PasskeyCopied)),
        signs_in_for(frame, LeadsTo::Account),
        signs_in_for(frame, LeadsTo::Approval),
        consent(frame, foreign).render(),
        ConsentPage { problem: Some(ConsentProblem::NothingChosen), ..consent(frame, foreign) }.render(),
        ConsentPage {
            client: AskingClient {
                name: foreign,
                id: foreign,
                is_vouched_for: false,
                waits_on_this_machine: true,
            },
            choices: Choices::default(),
            lifetime: Lifetime { token: Duration::ZERO, renewable_until: None },
            may_be_remembered: false,
            ..consent(frame, foreign)
        }
        .render(),
        SignedOutPage { frame }.render(),
    ];
    pages.extend(account_pages(frame, foreign));
    pages.extend(invitation_pages(frame, foreign));
    pages.extend(user_code_pages(frame, foreign));
    pages.extend(device_pages(frame, foreign));
    pages.extend(passkey_pages(frame, foreign));
    pages.extend(agent_pages(frame, foreign));
    pages.extend(approval_pages(frame, foreign));
    pages.extend(countersign_pages(frame, foreign));
    pages.extend(catalogue_pages(frame, foreign));
    pages.extend(WhatHappened::ALL.iter().flat_map(|what_happened| {
        let page = ErrorPage {
            frame,
            what_happened: *what_happened,
            code: foreign,
            description: Some(foreign),
            catalogue: Some(foreign),
            request_id: foreign,
        };
        [page.render(), page.render_bare()]
    }));
    let problems = [
        PasswordProblem::CurrentIsWrong,
        PasswordProblem::TooShort,
        PasswordProblem::TooLong,
        PasswordProblem::TooCommon,
        PasswordProblem::Unchanged,
        PasswordProblem::RepetitionDiffers,
        PasswordProblem::TooManyAttempts { wait },
    ];
    pages.extend(problems.into_iter().map(Some).chain([None]).map(|problem| {
        ChangePasswordPage { frame, csrf: foreign, person, least_length: 12, problem }.render()
    }));
    pages
}

fn in_every_language(base_path: &str, foreign: &str) -> Vec<String> {
    let languages = Languages::shipped();
    let brand = Brand::new(foreign, Brand::DEFAULT_ACCENT, None);
    languages
        .available()
        .iter()
        .flat_map(|tag| every_page(Frame { texts: languages.texts(tag), brand: &brand, base_path }, foreign))
        .collect()
}

fn english(brand: &Brand) -> Frame<'_> {
    Frame { texts: texts("en"), brand, base_path: "" }
}

/// The value of each `name="…"` attribute, in order.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// A page without the one script that there is, which a page for passkeys names and no other.
fn without_our_script(html: &str) -> String {
    let script = pages::assets()
        .iter()
        .find(|asset| asset.content_type.starts_with("text/javascript"))
        .expect("a script");
    let element = format!("<script src=\"{}\" defer></script>\n", script.path);
    assert_eq!(html.contains(&element), html.contains("data-passkey="), "{html}");
    html.replacen(&element, "", 1)
}

#[test]
fn no_page_echoes_markup_or_lets_a_text_act_on_its_surroundings() {
    for html in in_every_language("", HOSTILE) {
        assert!(!without_our_script(&html).contains("<script"), "{html}");
        assert!(!html.contains("alert(1)</"), "{html}");
        // What a field brings back is as it came; what a person reads of it is not.
        let read = |tag: &'_ str| -> String {
            let is_field = ["input", "option"].iter().any(|field| tag.starts_with(field));
            if is_field {
                tag.split_once('>').map_or("", |(_, text)| text).to_owned()
            } else {
                tag.to_owned()
            }
        };
        let outside_fields: String = html.split('<').map(read).collect();
        assert!(!outside_fields.contains(['\u{202e}', '\u{2066}', '\0']), "{html}");
    }
}

#[test]
fn no_page_needs_what_the_content_security_policy_forbids() {
    for html in in_every_language("", "a") {
        for forbidden in
            ["<script", " style=", "<style", " onclick", " onload", "javascript:", "<base", "<iframe"]
        {
            assert!(!without_our_script(&html).contains(forbidden), "{forbidden}: {html}");
        }
    }
    for template in sources("templates", "html") {
        assert!(!template.contains("safe"), "escaping is switched off: {template}");
    }
}

#[test]
fn every_link_form_and_asset_of_a_page_lies_below_the_base_path() {
    for html in in_every_language("/prod", "a") {
        let addresses = ["href", "src", "action"].into_iter().flat_map(|name| attributes(&html, name));
        for address in addresses.filter(|address| !address.starts_with('#')) {
            assert!(address.starts_with("/prod/"), "{address}");
        }
    }
}

#[test]
fn every_asset_that_a_page_names_is_one_that_is_served() {
    let brand = Brand::default();
    let served: Vec<&str> =
        pages::assets().iter().chain(brand.assets()).map(|asset| asset.path.as_str()).collect();
    let html = SignedOutPage { frame: english(&brand) }.render();
    let named: Vec<&str> = attributes(&html, "href")
        .into_iter()
        .chain(attributes(&html, "src"))
        .filter(|address| address.starts_with("/assets/"))
        .collect();
    assert_eq!(named.len(), 5);
    assert!(named.iter().all(|address| served.contains(address)), "{named:?}");
}

#[test]
fn a_page_says_its_language_and_every_field_has_a_label() {
    for html in in_every_language("", "a") {
        assert!(
            html.contains("<html lang=\"en\" dir=\"ltr\">")
                || html.contains("<html lang=\"de\" dir=\"ltr\">")
        );
        for input in html.split("<input ").skip(1).filter_map(|rest| rest.split('>').next()) {
            if input.contains("type=\"hidden\"") || input.ends_with(" hidden") {
                continue;
            }
            let id = attributes(&format!(" {input}"), "id")[0].to_owned();
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{id}");
        }
        for described in attributes(&html, "aria-describedby").iter().flat_map(|ids| ids.split(' ')) {
            assert!(html.contains(&format!("id=\"{described}\"")), "{described}");
        }
    }
}

#[test]
fn the_sign_in_page_does_not_tell_what_was_wrong() {
    let brand = Brand::default();
    let html = sign_in(english(&brand), "alice", Some(SignInProblem::WrongUserNameOrPassword));
    assert!(html.contains("The user name or password is not right."));
    assert_eq!(html.matches("aria-invalid").count(), 2);
    assert!(html.contains("value=\"alice\" autocomplete=\"username\""));
    assert!(html.contains("autocomplete=\"current-password\""));
    assert!(!html.contains("name=\"password\" value"));
}

#[test]
fn a_wait_is_rounded_up() {
    let brand = Brand::default();
    let wait = Duration::from_millis(29_001);
    let html = sign_in(english(&brand), "alice", Some(SignInProblem::TooManyAttempts { wait }));
    assert!(html.contains("Try again in <strong><bdi>30 seconds</bdi></strong>."), "{html}");
}

#[test]
fn the_consent_page_says_who_asks_where_it_leads_and_for_whom() {
    let brand = Brand::default();
    let page = ConsentPage {
        client: AskingClient {
            name: "Finance Agent",
            id: "finance-agent",
            is_vouched_for: true,
            waits_on_this_machine: false,
        },
        returns_to: "127.0.0.1:8912",
        person: Person { display_name: "Alice Example", user_name: "alice" },
        purpose: Some("I sum up the quarter."),
        ..consent(english(&brand), "x")
    };
    let html = page.render().replace("<strong><bdi>", "").replace("</bdi></strong>", "");
    for said in [
        "<h1>Finance Agent asks for access</h1>",
        "Client id finance-agent",
        "You will go back to 127.0.0.1:8912",
        "Signed in as Alice Example (alice)",
        "<figcaption>The agent says:</figcaption>",
        "<blockquote><p dir=\"auto\">I sum up the quarter.</p></blockquote>",
        "Each token lives 5 minutes. The agent can renew it until 24 November 2026, 18:05 (CET).",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("Nobody vouches"));
    let stranger = ConsentPage { client: AskingClient { is_vouched_for: false, ..page.client }, ..page };
    let html = stranger.render();
    assert!(html.contains("Nobody vouches for this client") && !html.contains("on this device"), "{html}");
    let client = AskingClient { waits_on_this_machine: true, ..stranger.client };
    let html = ConsentPage { client, ..stranger }.render();
    assert!(html.contains("It waits for the answer on this device"), "{html}");
}

#[test]
fn each_detail_has_a_check_box_with_its_place_in_the_request_and_its_sentence_before_its_json() {
    let brand = Brand::default();
    let html = consent(english(&brand), "one").render();
    // By tool: Files has the first and the third.
    let boxes: Vec<&str> =
        html.split("name=\"detail\" ").skip(1).filter_map(|rest| rest.split('>').next()).collect();
    assert_eq!(boxes, ["value=\"0\" checked", "value=\"2\" checked", "value=\"1\" checked"]);
    let label = html.find("<label for=\"detail-1\">Read <strong><bdi>two").expect("the sentence");
    assert!(label < html.find("{&#34;b&#34;: &#34;\\u202e&#34;}").expect("the JSON, with what it hides"));
}

#[test]
fn a_required_scope_cannot_be_unchosen_and_remembering_is_never_chosen_for_the_person() {
    let brand = Brand::default();
    let html = consent(english(&brand), "one").render();
    assert!(html.contains("Know who you are when you sign in"));
    assert!(!html.contains("value=\"openid\""));
    assert!(html.contains("name=\"scope\" value=\"files\" checked"));
    assert!(html.contains("name=\"remember\" value=\"yes\">"));
    let html = ConsentPage { may_be_remembered: false, ..consent(english(&brand), "one") }.render();
    assert!(!html.contains("name=\"remember\""));
}

#[test]
fn who_chose_nothing_does_not_find_everything_chosen_again() {
    let brand = Brand::default();
    let page =
        ConsentPage { problem: Some(ConsentProblem::NothingChosen), ..consent(english(&brand), "one") };
    let html = page.render();
    assert!(html.contains("Choose at least one item, or deny."));
    assert!(!html.contains(" checked>"));
}

#[test]
fn the_enter_key_denies() {
    let brand = Brand::default();
    let html = consent(english(&brand), "one").render();
    let form = html.rsplit("<form ").next().expect("the last form");
    let deny = form.find("name=\"decision\" value=\"deny\"").expect("deny");
    let approve = form.find("name=\"decision\" value=\"approve\"").expect("approve");
    assert!(deny < approve);
    assert_eq!(form.matches("<button").count(), 2);

    let html = approval(english(&brand), "one").render();
    let buttons: Vec<&str> = html
        .split("<button ")
        .skip(1)
        .filter_map(|rest| attributes(rest, "value").first().copied())
        .collect();
    assert_eq!(buttons, ["deny", "approve", "not-me"]);
}

#[test]
fn the_approval_page_says_who_asks_in_whose_name_until_when_and_what_to_compare() {
    let brand = Brand::default();
    let zone: Zone = "Europe/Berlin".parse().expect("a zone");
    let page = ApprovalPage {
        client_name: "Finance Agent",
        client_id: "finance-agent",
        person: Person { display_name: "Alice Example", user_name: "alice" },
        message: Some("Maple 42"),
        zone: &zone,
        ..approval(english(&brand), "x")
    };
    let html = page.render();
    assert!(html.contains("<blockquote><p dir=\"auto\">Maple 42</p></blockquote>"), "{html}");
    let told = html.replace("<strong><bdi>", "").replace("</bdi></strong>", "");
    for said in [
        "<h1>Finance Agent asks for your approval</h1>",
        "Client id finance-agent",
        "Compare it with what the agent shows you",
        "<dd>Alice Example (alice)</dd>",
        "<dd>24 November 2026, 18:03 (CET)</dd>",
        "<dd>24 November 2026, 18:06 (CET)</dd>",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!told.contains("nothing to compare"));
    let html = ApprovalPage { message: None, ..page }.render();
    assert!(html.contains("The agent gives you nothing to compare.") && !html.contains("<blockquote>"));
}

#[test]
fn the_approval_page_of_a_request_that_waits_says_through_whom_it_came() {
    let brand = Brand::default();
    let through = Some(vec!["Finance Agent".to_owned(), "Files".to_owned()]);
    let page =
        ApprovalPage { client_name: "Customers", message: None, through, ..approval(english(&brand), "x") };
    let told = page.render().replace("<strong><bdi>", "").replace("</bdi></strong>", "");
    for said in ["Customers has stopped here and waits for you", "came here through Finance Agent and Files."]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!told.contains("nothing to compare"), "{told}");
}

#[test]
fn what_was_decided_is_said_as_it_stands_and_the_next_request_is_offered() {
    let brand = Brand::default();
    let scope = ScopeChoice { name: "openid", description: None, is_required: true };
    let allowed = Decided::Approved { sentences: vec![sentence("Q4-report.pdf")], scopes: vec![scope] };
    let html = decided(english(&brand), "Finance Agent", allowed, Some("/approval?request=r"));
    for said in ["You approved it", "Q4-report.pdf", "Know who you are", "href=\"/approval?request=r\""] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let html = decided(english(&brand), "Finance Agent", Decided::Blocked, None);
    assert!(html.contains("cannot ask you again") && !html.contains("Another request"), "{html}");
    assert!(!html.contains("class=\"allowed\""), "{html}");
}

#[test]
fn whom_a_person_invites_they_choose_and_nobody_is_chosen_for_them() {
    let brand = Brand::default();
    let agents = vec![AskingAgent { name: "Kiosk <1>", id: "kiosk" }];
    let life = Duration::from_mins(5);
    let html = InvitePage { frame: english(&brand), csrf: "c", agents, life, problem: None }.render();
    assert_eq!(attributes(&html, "value"), ["c", "", "kiosk", ANY_AGENT]);
    assert!(!html.contains(" selected"), "{html}");
    assert!(html.contains("<select id=\"agent\" name=\"agent\" required>"), "{html}");
    assert!(html.contains("within <strong><bdi>5 minutes</bdi></strong>"), "{html}");
    assert!(oauth::ClientId::parse(ANY_AGENT).is_none(), "a client could be called so");
    let html = InvitePage { frame: english(&brand), csrf: "c", agents: vec![], life, problem: None }.render();
    assert!(html.contains("No agent is registered") && !html.contains("<form"), "{html}");
}

#[test]
fn an_invitation_is_shown_as_text_and_as_a_picture_with_whom_it_is_for_and_how_long() {
    let brand = Brand::default();
    let html = invitation(english(&brand), Some("Kiosk"));
    for said in [
        ">ABCDE-FGHJK</p>",
        "For <strong><bdi>Kiosk</bdi></strong> alone",
        "until <strong><bdi>24 November 2026, 17:05 (UTC)",
        "<svg viewBox=\"0 0 29 29\" role=\"img\" aria-label=\"The same code as a picture, to be scanned\"",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(invitation(english(&brand), None).contains("For any agent that is registered here"));
}

#[test]
fn the_code_for_agents_takes_the_password_and_is_never_shown_again() {
    let brand = Brand::default();
    let html = user_code(english(&brand), "alice", None).render();
    assert!(
        html.contains("id=\"current-password\" name=\"current_password\"") && html.contains("6 to 64 char")
    );
    assert!(html.contains("name=\"remove\" value=\"yes\" formnovalidate"), "{html}");
    assert!(!html.contains("name=\"user_code\" value"), "{html}");
    let html = UserCodePage { is_set: false, ..user_code(english(&brand), "alice", None) }.render();
    assert!(!html.contains("name=\"remove\""), "{html}");
}

#[test]
fn the_code_for_agents_takes_a_sign_in_of_just_now_of_whoever_has_no_password() {
    let brand = Brand::default();
    let html = |proof| UserCodePage { proof, ..user_code(english(&brand), "alice", None) }.render();
    let just_now = html(UserCodeProof::SignedInJustNow);
    assert!(just_now.contains("name=\"user_code\"") && !just_now.contains("current_password"), "{just_now}");
    let again = html(UserCodeProof::SignInAgain);
    assert!(again.contains("/account/user-code?again=yes") && !again.contains("<form"), "{again}");
}

#[test]
fn each_blocked_client_can_be_allowed_again() {
    let brand = Brand::default();
    let page = AccountPage {
        frame: english(&brand),
        csrf: "c",
        person: Person { display_name: "Alice Example", user_name: "alice" },
        zone: &UTC,
        remembered: vec![],
        blocked: vec![BlockedClient { name: "Finance Agent".to_owned(), id: "finance-agent".to_owned() }],
        sign_in: SignInSettings::default(),
        notice: None,
    };
    let html = page.render();
    assert!(html.contains("name=\"unblock\" value=\"finance-agent\""), "{html}");
    let html = AccountPage { blocked: vec![], ..page }.render();
    assert!(!html.contains("Blocked agents"), "{html}");
}

#[test]
fn each_remembered_consent_says_what_it_is_and_can_be_forgotten() {
    let brand = Brand::default();
    let sentences = ["Read Q4-report.pdf in Finance".to_owned()];
    let zone: Zone = "Europe/Berlin".parse().expect("a zone");
    let page = AccountPage {
        frame: english(&brand),
        csrf: "c",
        person: Person { display_name: "Alice Example", user_name: "alice" },
        zone: &zone,
        remembered: vec![remembered("finance-agent", &sentences)],
        blocked: vec![],
        sign_in: SignInSettings::default(),
        notice: None,
    };
    let html = page.render().replace("<strong><bdi>", "").replace("</bdi></strong>", "");
    for said in [
        "<li lang=\"en\" dir=\"auto\">Read Q4-report.pdf in Finance</li>",
        "<li>Know who you are when you sign in</li>",
        "Since 24 November 2026, 18:05 (CET), until 24 December 2026, 18:05 (CET)",
        "name=\"client\" value=\"finance-agent\"",
        "name=\"consent\" value=\"k\"",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("Nothing is remembered"));
}

#[test]
fn only_an_address_of_the_web_or_of_ours_becomes_a_link() {
    let brand = Brand::default();
    let link = |catalogue| {
        let page = ErrorPage {
            frame: Frame { base_path: "/prod", ..english(&brand) },
            what_happened: WhatHappened::RequestIsWrong,
            code: "invalid_request",
            description: None,
            catalogue: Some(catalogue),
            request_id: "r",
        };
        let html = page.render();
        html.split("<a href=\"").nth(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
    };
    assert_eq!(link("https://docs.example/e#x").as_deref(), Some("https://docs.example/e#x"));
    assert_eq!(link("/errors").as_deref(), Some("/prod/errors"));
    for refused in ["javascript:alert(1)", "//evil.example", "http://x", "data:text/html,x", ""] {
        assert_eq!(link(refused), None, "{refused}");
    }
}

#[test]
fn the_page_for_when_nothing_can_be_read_needs_nothing_else() {
    let brand = Brand::new("Acme", Brand::DEFAULT_ACCENT, None);
    for frame in ["en", "de"].map(|tag| Frame { texts: texts(tag), ..english(&brand) }) {
        let page = ErrorPage {
            frame,
            what_happened: WhatHappened::Unavailable,
            code: "temporarily_unavailable",
            description: Some("of the inside"),
            catalogue: Some("/errors/fault-unavailable"),
            request_id: "req-1",
        };
        let html = page.render_bare();
        for outside in ["href", "src=", "action", "style", "Acme", "of the inside"] {
            assert!(!html.contains(outside), "{outside}: {html}");
        }
        for told in ["<h1>", "temporarily_unavailable", "req-1", &format!("lang=\"{}\"", frame.texts.tag())] {
            assert!(html.contains(told), "{told}: {html}");
        }
    }
}

#[test]
fn every_text_that_a_page_uses_is_in_the_language_files_and_every_text_there_is_used() {
    let texts = texts("en");
    let known: BTreeSet<&str> = texts.keys().collect();
    let code: String = sources("templates", "html").into_iter().chain(sources("src", "rs")).collect();
    let used: BTreeSet<&str> = code.split('"').filter(|piece| known.contains(piece)).collect();
    for call in ["say(\"", "tell(\"", "message(\""] {
        for key in code.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(known.contains(key), "no language has \"{key}\"");
        }
    }
    // Keys that are put together from a name; `in_every_language` renders each of them.
    let composed = |key: &str| key.starts_with("error-") || key.starts_with("scope-");
    let grammar = ["list-", "span-", "month", "date", "moment", "decimal-point", "time-of-day"];
    for key in known.iter().filter(|key| !composed(key) && !grammar.iter().any(|word| key.starts_with(word)))
    {
        assert!(used.contains(*key), "\"{key}\" is not used");
    }
}

#[test]
fn every_scope_that_the_language_files_have_words_for_is_shown_by_them() {
    let brand = Brand::default();
    let (frame, texts) = (english(&brand), texts("en"));
    let names = texts.keys().filter_map(|key| key.strip_prefix("scope-"));
    for name in names.filter(|name| !matches!(*name, "described" | "unknown")) {
        let said = frame.scope_text(&ScopeChoice { name, description: None, is_required: false }).plain();
        assert!(!said.contains("Use the permission"), "{name}: {said}");
    }
}

#[test]
fn no_page_shows_a_key_or_a_gap_instead_of_a_text() {
    let keys: Vec<&str> = texts("en").keys().filter(|key| key.contains('-')).collect();
    for html in in_every_language("", "a") {
        let shown: String =
            html.split('<').filter_map(|tag| tag.split_once('>').map(|(_, text)| text)).collect();
        for key in keys.iter().filter(|key| key.starts_with("error-") || key.matches('-').count() > 1) {
            assert!(!shown.contains(key), "{key}");
        }
        for empty in ["<p></p>", "<h1></h1>", "<p class=\"lead\"></p>", "<dd></dd>", "<title></title>"] {
            assert!(!html.contains(empty), "{empty}: {html}");
        }
    }
}

/// The text of each file with an extension in a folder of this crate.
fn sources(folder: &str, extension: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| std::fs::read_to_string(path).expect("a text"))
        .collect()
}

/// Nobody grants what they do not hold: it is shown, with nothing to choose.
#[test]
fn what_is_not_the_persons_to_grant_is_shown_and_cannot_be_chosen() {
    let brand = Brand::default();
    let page = |withheld| {
        let choices = Choices { withheld, ..choices("one") };
        ConsentPage { choices, ..consent(english(&brand), "one") }.render()
    };
    let html = page(Withheld { details: vec![1], scopes: vec!["files".to_owned()] });
    assert_eq!(html.matches("You cannot allow this: you do not have it yourself").count(), 2);
    assert!(html.contains("two") && !html.contains("id=\"detail-1\"") && html.contains("id=\"detail-2\""));
    assert!(
        !html.contains("name=\"scope\" value=\"files\"") && html.contains("name=\"scope\" value=\"one\"")
    );
    let html = page(Withheld { details: vec![0, 1, 2], scopes: vec!["one".to_owned(), "files".to_owned()] });
    assert!(html.contains("This is what it asks for"), "there is nothing to choose");
}
