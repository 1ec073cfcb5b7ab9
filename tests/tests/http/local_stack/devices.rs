//! What a person is reached on: each is confirmed by whoever has it, in the person's own session; and when not. In the place of every
//! phone and mailbox stands the inbox.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::asking::{an_asking_agent, for_signing_in_of, somebody_reachable};
use crate::at_once::at_once;
use crate::browser::{Browser, Page};
use crate::inviting::{DEVICES, a_number};
use crate::local_stack::backchannel::{messages_of, soon};
use crate::observer::body_of;
use crate::person::{Person, somebody, somebody_with};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

const CONFIRM: &str = "/account/devices/confirm";
const NUMBER: &str = "+4915112345678";
const NOT_GOOD: &str = "This link is not good";

/// The links in the messages that devices are confirmed by, the newest first.
fn links_of(stack: &Stack, person: &Person) -> Vec<String> {
    let messages = messages_of(stack, &person.user_name);
    let links = messages.iter().filter_map(|message| message["link"].as_str());
    links.filter(|link| link.contains(CONFIRM)).map(str::to_owned).collect()
}

/// What the messages say that are none of these, the newest first.
fn told(stack: &Stack, person: &Person) -> Vec<String> {
    let messages = messages_of(stack, &person.user_name);
    let is_news = |message: &&Value| !message["link"].as_str().is_some_and(|link| link.contains(CONFIRM));
    messages.iter().filter(is_news).map(|message| message["binding_message"].to_string()).collect()
}

impl Browser<'_> {
    /// Presses a button on the page of devices.
    fn presses(&mut self, page: &Page, button: &str, more: &Parameters) -> Answer {
        let form = Parameters::of([("csrf", page.field("csrf").as_str()), ("do", button)]);
        self.submits_and_stays(DEVICES, &form.joined(more))
    }

    /// Names a number, and takes the link that is sent there.
    #[track_caller]
    fn names(&mut self, person: &Person, number: &str, name: &str) -> String {
        let page = self.comes_to_account(person, DEVICES);
        let answer = self.presses(&page, "sms", &device(number, name));
        assert_eq!(answer.status, 303, "{}", answer.text());
        links_of(self.stack, person).remove(0)
    }

    /// Opens a link that was sent to a device, and says that it is the person's.
    #[track_caller]
    fn confirms(&mut self, person: &Person, link: &str) -> Answer {
        let page = self.comes_to_account(person, link);
        self.submits_and_stays(CONFIRM, &of_the_link(&page))
    }

    /// Names a number, and confirms it.
    #[track_caller]
    pub(crate) fn has(&mut self, person: &Person, number: &str, name: &str) {
        let link = self.names(person, number, name);
        assert_eq!(self.confirms(person, &link).status, 303);
    }
}

fn device(address: &str, name: &str) -> Parameters {
    Parameters::of([("address", address), ("name", name)])
}

fn of_the_link(page: &Page) -> Parameters {
    page.form(["csrf", "device", "code"])
}

fn of_device(id: &str) -> Parameters {
    Parameters::of([("device", id)])
}

/// The names of the devices, or of the passkeys, on their page, in their order.
pub(crate) fn listed(page: &Page) -> Vec<String> {
    let names = page.html.split("<h3><bdi>").skip(1);
    names.map(|rest| rest.split('<').next().expect("a name").to_owned()).collect()
}

fn ids(page: &Page) -> Vec<String> {
    let mut seen = BTreeSet::new();
    page.fields("device").into_iter().filter(|id| seen.insert(id.clone())).collect()
}

#[track_caller]
fn is_not_good(answer: Answer) {
    assert_eq!(answer.status, 422);
    let page = Page::of(answer);
    assert!(page.words().contains(NOT_GOOD), "{}", page.words());
}

#[test]
fn a_device_is_told_nothing_until_whoever_has_it_confirms_it_in_the_persons_session() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let link = browser.names(&person, NUMBER, "My phone");
    let code = link.split("code=").nth(1).expect("a code");
    stack.hands_out(code);
    let page = browser.comes_to_account(&person, DEVICES);
    assert_eq!(listed(&page), ["My phone"]);
    assert!(page.words().contains("Not used yet"), "{}", page.words());

    let confirmed = browser.confirms(&person, &link);
    assert_eq!((confirmed.status, confirmed.location()), (303, "/account/devices?notice=device-confirmed"));
    let page = Page::of(browser.opens(confirmed.location()).ok());
    assert!(page.words().contains("You are told there from now on"), "{}", page.words());
    assert!(!page.words().contains("Not used yet"), "{}", page.words());
    // Whoever presses twice has confirmed it once.
    assert_eq!(browser.confirms(&person, &link).status, 303);

    let (items, log) = (stack.observer().items(), stack.observer().log_text());
    assert!(items.iter().any(|item| item.contains(NUMBER)), "it is kept");
    assert!(items.iter().all(|item| !item.contains(code)) && !log.contains(code), "its code is not");
    assert!(!log.contains(NUMBER), "nor is a number logged");
    let item =
        stack.observer().item(&format!("DEVICES#{}", stack.operator().id_of(&person.user_name)), "DEVICES");
    let kept = body_of(&item);
    assert!(kept["devices"][0]["confirmed_at"].is_i64() && kept["devices"][0].get("confirmation").is_none());
}

#[test]
fn nobody_elses_session_confirms_a_device_and_nobody_learns_why_not() {
    let stack = Stack::whose_time_passes();
    let (person, other) = (somebody(&stack), somebody(&stack));
    let link = Browser::new(&stack).names(&person, &a_number(), "Mine");
    is_not_good(Browser::new(&stack).confirms(&other, &link));

    let (address, code) = link.split_once("code=").expect("a code");
    let wrong = format!("{address}code={}", code.chars().rev().collect::<String>());
    is_not_good(Browser::new(&stack).confirms(&person, &wrong));
    let unknown = format!("{}{CONFIRM}?device={}&code={code}", stack.issuer, "A".repeat(22));
    is_not_good(Browser::new(&stack).confirms(&person, &unknown));
    // It can still be confirmed by the person.
    assert_eq!(Browser::new(&stack).confirms(&person, &link).status, 303);

    let late = Browser::new(&stack).names(&person, &a_number(), "Late");
    stack.time_passes(15 * 60);
    is_not_good(Browser::new(&stack).confirms(&person, &late));
    let page = Browser::new(&stack).comes_to_account(&person, DEVICES);
    assert_eq!(listed(&page), ["Mine"], "what nobody confirmed is forgotten");
}

/// A program that looks at every link in a message confirms nothing.
#[test]
fn to_open_a_link_changes_nothing_and_a_form_from_elsewhere_is_refused() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let link = browser.names(&person, &a_number(), "Mine");
    let page = browser.comes_to_account(&person, &link);
    let form = of_the_link(&page);
    let address = stack.url(CONFIRM);
    let forged = browser.dresses(post(&address, &form.clone().with("csrf", "forged")));
    let forged = forged.header("origin", browser.origin()).header("sec-fetch-site", "same-origin");
    let elsewhere = browser.dresses(post(&address, &form)).header("origin", "https://evil.test");
    let mut stranger = Browser::new(stack);
    stranger.opens(DEVICES);
    for (request, what) in [
        (forged, "forged"),
        (elsewhere, "from another site"),
        (stranger.dresses(post(&address, &form)).header("origin", stranger.origin()), "in another browser"),
    ] {
        assert_eq!(Answer::to(request).status, 403, "{what}");
    }
    let page = browser.comes_to_account(&person, DEVICES);
    assert!(page.words().contains("Not used yet"), "{}", page.words());
    // The seal of one form is not that of the other.
    let other = form.with("csrf", &page.field("csrf"));
    assert_eq!(browser.submits_and_stays(CONFIRM, &other).status, 403);
}

#[test]
fn whoever_is_not_signed_in_signs_in_and_comes_back_to_the_link() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let link = Browser::new(stack).names(&person, &a_number(), "Mine");
    let mut phone = Browser::new(stack);
    let page = Page::of(phone.opens(&link));
    assert!(page.has_form("/sign-in"), "{}", page.words());
    let page = Page::of(phone.signs_in(&page, &person).ok());
    assert!(page.words().contains("Confirm a device"), "{}", page.words());
    assert_eq!(phone.submits_and_stays(CONFIRM, &of_the_link(&page)).status, 303);
    assert_eq!(stack.get(DEVICES).status, 200, "the sign-in page");
}

#[test]
fn an_address_is_confirmed_as_a_number_is_where_no_sns_asks_its_addressee() {
    let stack = Stack::shared();
    let person = somebody_with(stack, &["--email", "alice@example.test"]);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_account(&person, DEVICES);
    for allowed in ["Alice.Two@Example.TEST", "alice@mills.test"] {
        let answer = browser.presses(&page, "email", &device(allowed, "Mail"));
        assert_eq!(answer.status, 303, "{allowed}");
    }
    let link = links_of(stack, &person).remove(0);
    assert_eq!(browser.confirms(&person, &link).status, 303);
    let page = browser.comes_to_account(&person, DEVICES);
    assert!(page.words().contains("alice.two@example.test"), "{}", page.words());
}

#[test]
fn an_address_is_one_persons_until_they_let_go_of_it() {
    let stack = Stack::whose_time_passes();
    let [(one, mut ones), (other, mut others)] = [(); 2].map(|()| (somebody(&stack), Browser::new(&stack)));
    let page = ones.comes_to_account(&one, DEVICES);
    assert_eq!(ones.presses(&page, "email", &device("team@mills.test", "Mail")).status, 303);
    let link = links_of(&stack, &one).remove(0);
    let is_taken = |others: &mut Browser<'_>| {
        let theirs = others.comes_to_account(&other, DEVICES);
        let refused = others.presses(&theirs, "email", &device("Team@Mills.test", "Mine"));
        assert_eq!(refused.status, 422);
        assert!(Page::of(refused).words().contains("it belongs to another account"));
    };
    is_taken(&mut others);
    assert_eq!(ones.confirms(&one, &link).status, 303);
    stack.time_passes(2 * 3_600);
    is_taken(&mut others);
    assert!(links_of(&stack, &other).is_empty(), "nothing is sent there for somebody else");
    let page = ones.comes_to_account(&one, DEVICES);
    assert_eq!(ones.presses(&page, "remove", &of_device(&ids(&page)[0])).status, 303);
    let page = others.comes_to_account(&other, DEVICES);
    assert_eq!(others.presses(&page, "email", &device("team@mills.test", "Mine")).status, 303);
    let places = stack.observer().items_of("PLACE#");
    assert!(places.iter().all(|place| !place.to_string().contains("mills")), "{places:?}");
}

/// Who says that an address is theirs keeps it from nobody whose record has it.
#[test]
fn an_address_in_a_persons_record_is_claimed_by_nobody_else() {
    let stack = Stack::start("addresses-in-records", &[]);
    let colleague = somebody(&stack);
    let person = somebody_with(&stack, &["--email", "owner@mills.test"]);
    let (mut theirs, mut own) = (Browser::new(&stack), Browser::new(&stack));
    let claims = |browser: &mut Browser<'_>, by: &Person, address: &str| {
        let page = browser.comes_to_account(by, DEVICES);
        browser.presses(&page, "email", &device(address, "Mail"))
    };
    let refused = claims(&mut theirs, &colleague, "Owner@Mills.test");
    assert_eq!(refused.status, 422);
    assert!(Page::of(refused).words().contains("it belongs to another account"));
    assert_eq!(links_of(&stack, &colleague).len(), 0, "nobody is asked");
    assert_eq!(claims(&mut own, &person, "owner@mills.test").status, 303);

    // It was claimed before the record had it.
    assert_eq!(claims(&mut theirs, &colleague, "newcomer@mills.test").status, 303);
    let early = links_of(&stack, &colleague).remove(0);
    let newcomer = somebody_with(&stack, &["--email", "newcomer@mills.test"]);
    let mut own = Browser::new(&stack);
    assert_eq!(claims(&mut own, &newcomer, "newcomer@mills.test").status, 303);
    let late = theirs.confirms(&colleague, &early);
    assert_ne!(late.status, 303, "it is another's by now");
    let link = links_of(&stack, &newcomer).remove(0);
    assert_eq!(own.confirms(&newcomer, &link).status, 303);
}

/// Whoever asks for it, and however often they are refused.
#[test]
fn a_colleague_does_not_use_up_what_a_person_is_asked_at_the_address_or_number_of_their_record() {
    let stack = Stack::start("owners-who-are-asked", &[]);
    let (colleague, another) = (somebody(&stack), somebody(&stack));
    let number = a_number();
    let owner = somebody_with(&stack, &["--email", "own@mills.test", "--phone-number", &number]);
    let presses = |by: &Person, what: &str, where_to: &str| {
        let mut browser = Browser::new(&stack);
        let page = browser.comes_to_account(by, DEVICES);
        browser.presses(&page, what, &device(where_to, "Mine")).status
    };
    for _ in 0..3 {
        assert_eq!(presses(&colleague, "email", "own@mills.test"), 422, "it is the owner's");
        assert_eq!(presses(&another, "sms", &number), 303, "families share a number");
    }
    assert_eq!(presses(&colleague, "email", "free@mills.test"), 429, "they are counted all the same");
    assert_eq!(presses(&owner, "email", "own@mills.test"), 303);
    assert_eq!(presses(&owner, "sms", &number), 303);
}

#[test]
fn whoever_puts_another_device_first_is_seen_on_the_others() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    for name in ["One", "Two"] {
        browser.has(&person, &a_number(), name);
    }
    let before = told(stack, &person).len();
    let page = browser.comes_to_account(&person, DEVICES);
    let two = of_device(&ids(&page)[1]);
    assert_eq!(browser.presses(&page, "later", &two).status, 303);
    assert_eq!(told(stack, &person).len(), before, "it was the last before");
    assert_eq!(browser.presses(&page, "earlier", &two).status, 303);
    let now = told(stack, &person);
    assert_eq!(now.len(), before + 1, "the former first one alone: {now:?}");
    assert!(now[0].contains("Another device of yours is now told first"), "{now:?}");
}

#[test]
fn a_code_for_agents_that_changes_is_told_on_every_device() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    browser.has(&person, &a_number(), "Phone");
    browser.sets_the_user_code(&person, "maple 4711");
    browser.removes_the_user_code(&person);
    let told = told(stack, &person);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.contains("Your code for agents was changed")), "{told:?}");
    assert!(!told[0].contains("4711"));
}

/// Somebody else, who sits at the person's session, is seen.
#[test]
fn what_changes_is_told_on_the_devices_that_were_there() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    browser.has(&person, &a_number(), "First");
    assert!(told(stack, &person).is_empty(), "there was no other");
    browser.has(&person, &a_number(), "Second");
    let added = told(stack, &person);
    assert!(added.len() == 1 && added[0].contains("A device was added"), "{added:?}");

    let page = browser.comes_to_account(&person, DEVICES);
    let first = ids(&page).remove(0);
    assert_eq!(
        browser.presses(&page, "remove", &of_device(&first)).location(),
        "/account/devices?notice=device-removed"
    );
    let removed = told(stack, &person);
    // On the one that is left, and on the one that was removed.
    assert!(
        removed.len() == 3 && removed[..2].iter().all(|told| told.contains("was removed")),
        "{removed:?}"
    );

    let hours = Parameters::of([("from", "22:00"), ("to", "07:00"), ("zone", "Europe/Berlin")]);
    assert_eq!(browser.presses(&page, "quiet", &hours).status, 303);
    assert_eq!(browser.presses(&page, "quiet", &hours).status, 303, "the same again is no news");
    let quiet = told(stack, &person);
    assert!(quiet.len() == 4 && quiet[0].contains("quiet hours were changed"), "{quiet:?}");
    let page = browser.comes_to_account(&person, DEVICES);
    assert!(page.words().contains("From 22:00 to 07:00 each day (Europe/Berlin)"), "{}", page.words());
    assert_eq!(
        browser.presses(&page, "loud", &Parameters::default()).location(),
        "/account/devices?notice=quiet-hours-over"
    );
}

#[test]
fn a_person_orders_renames_and_removes_their_devices_and_nobody_elses() {
    let stack = Stack::shared();
    let (person, other) = (somebody(stack), somebody(stack));
    let mut browser = Browser::new(stack);
    for name in ["One", "Two", "Three"] {
        browser.has(&person, &a_number(), name);
    }
    let mut page = browser.comes_to_account(&person, DEVICES);
    let [one, two, three] = &ids(&page)[..] else { panic!("three devices: {}", page.words()) };
    for (button, id, more, order) in [
        ("earlier", three, Parameters::default(), ["One", "Three", "Two"]),
        ("later", one, Parameters::default(), ["Three", "One", "Two"]),
        ("rename", two, Parameters::of([("name", " Zwei ")]), ["Three", "One", "Zwei"]),
        ("earlier", three, Parameters::default(), ["Three", "One", "Zwei"]),
    ] {
        let answer = browser.presses(&page, button, &of_device(id).joined(&more));
        assert_eq!(answer.location(), "/account/devices?notice=device-changed", "{button}");
        page = browser.comes_to_account(&person, DEVICES);
        assert_eq!(listed(&page), order, "{button}");
    }
    let mut elsewhere = Browser::new(stack);
    let others = elsewhere.comes_to_account(&other, DEVICES);
    for button in ["remove", "earlier", "later", "check"] {
        assert_eq!(elsewhere.presses(&others, button, &of_device(one)).status, 422, "{button}");
    }
    assert_eq!(browser.presses(&page, "remove", &of_device(one)).status, 303);
    assert_eq!(browser.presses(&page, "remove", &of_device(one)).status, 422, "it is gone");
    assert_eq!(listed(&browser.comes_to_account(&person, DEVICES)), ["Three", "Zwei"]);
}

#[test]
fn only_so_many_messages_go_out_for_a_person_and_to_a_number() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    let number = a_number();
    for _ in 0..3 {
        browser.names(&person, &number, "Again");
    }
    let page = browser.comes_to_account(&person, DEVICES);
    assert_eq!(listed(&page), ["Again"], "one number is one device");
    let refused = browser.presses(&page, "sms", &device(&a_number(), "Fourth"));
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(links_of(&stack, &person).len(), 3);

    // Nor do others send more to that number.
    let other = somebody(&stack);
    let mut elsewhere = Browser::new(&stack);
    let page = elsewhere.comes_to_account(&other, DEVICES);
    assert_eq!(elsewhere.presses(&page, "sms", &device(&number, "Mine")).status, 429);
    assert!(links_of(&stack, &other).is_empty());

    stack.time_passes(3_600);
    let page = elsewhere.comes_to_account(&other, DEVICES);
    assert_eq!(elsewhere.presses(&page, "sms", &device(&number, "Mine")).status, 303);
}

/// Each costs money.
#[test]
fn only_so_many_messages_go_out_for_all_people_together() {
    let stack = Stack::start_with("few-confirmations-an-hour", &[], |configuration| {
        let path = configuration.join("server.toml");
        let text = std::fs::read_to_string(&path).expect("the server's settings");
        let few = text.replacen("confirmations_per_hour = 100_000", "confirmations_per_hour = 2", 1);
        assert_ne!(text, few);
        std::fs::write(path, few).expect("written");
    });
    for expected in [303, 303, 429] {
        let (person, mut browser) = (somebody(&stack), Browser::new(&stack));
        let page = browser.comes_to_account(&person, DEVICES);
        assert_eq!(browser.presses(&page, "sms", &device(&a_number(), "Mine")).status, expected);
    }
}

#[test]
fn nobody_has_an_eleventh_device() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    for number in 0..10 {
        if number % 3 == 0 {
            stack.time_passes(3_601);
        }
        browser.has(&person, &a_number(), &format!("Phone {number}"));
    }
    stack.time_passes(3_601);
    let page = browser.comes_to_account(&person, DEVICES);
    let refused = browser.presses(&page, "sms", &device(&a_number(), "Eleventh"));
    assert_eq!(refused.status, 422);
    assert!(Page::of(refused).words().contains("as many devices as anybody may have"));
}

#[test]
fn of_many_devices_that_are_named_at_once_none_is_lost() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_account(&person, DEVICES);
    let (numbers, csrf) = ([(); 3].map(|()| a_number()), page.field("csrf"));
    let answers = at_once(|index| {
        let form = Parameters::of([("csrf", csrf.as_str()), ("do", "sms")]);
        let form = form.joined(&device(&numbers[index % 3], "Mine"));
        browser.clone().submits_and_stays(DEVICES, &form).status
    });
    assert!(answers.contains(&303), "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 303 | 429)), "{answers:?}");
    let kept = listed(&browser.comes_to_account(&person, DEVICES)).len();
    assert!((1..=3).contains(&kept), "{kept}");
    assert!(answers.iter().filter(|status| **status == 303).count() <= 3, "three an hour: {answers:?}");
}

/// Each message costs, and whoever has the session can change the hours as often as they like.
#[test]
fn of_many_changes_a_person_is_told_of_ten_an_hour() {
    let stack = Stack::whose_time_passes();
    let person = somebody(&stack);
    let mut browser = Browser::new(&stack);
    browser.has(&person, &a_number(), "Phone");
    let begins = |browser: &mut Browser<'_>, minute: u32| {
        let page = browser.comes_to_account(&person, DEVICES);
        let to = format!("07:{minute:02}");
        let hours = Parameters::of([("from", "22:00"), ("to", to.as_str()), ("zone", "UTC")]);
        assert_eq!(browser.presses(&page, "quiet", &hours).status, 303);
    };
    for minute in 0..13 {
        begins(&mut browser, minute);
    }
    assert_eq!(told(&stack, &person).len(), 10);
    stack.time_passes(60 * 60);
    begins(&mut browser, 30);
    assert_eq!(told(&stack, &person).len(), 11);
}

/// A request waits on its person's page, and their phone is silent.
#[test]
fn in_quiet_hours_nothing_rings_until_they_are_over() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_account(&person, DEVICES);
    let minute = stack.now().rem_euclid(86_400) / 60;
    let clock = |after: i64| {
        let minute = (minute + after).rem_euclid(1_440);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    let quiet = |from: i64, to: i64| {
        Parameters::of([("from", clock(from).as_str()), ("to", clock(to).as_str()), ("zone", "UTC")])
    };
    assert_eq!(browser.presses(&page, "quiet", &quiet(-60, 60)).status, 303);
    agent.waits_for_approval(&for_signing_in_of(&person.user_name));
    let waiting = browser.comes_to_account(&person, "/approval");
    assert!(waiting.words().contains("Asking Agent"), "{}", waiting.words());
    // Messages leave in the order in which requests came: with somebody else's this one's turn is over.
    let other = somebody_reachable(&stack);
    agent.waits_for_approval(&for_signing_in_of(&other.user_name));
    soon(|| messages_of(&stack, &other.user_name).pop());
    assert_eq!(browser.presses(&page, "quiet", &quiet(60, 120)).status, 303);
    agent.waits_for_approval(&for_signing_in_of(&person.user_name));
    soon(|| messages_of(&stack, &person.user_name).pop());
    assert_eq!(messages_of(&stack, &person.user_name).len(), 1, "the second alone");
}

/// Web Application Manifest: what a phone asks of a page that it is to keep among its apps.
#[test]
fn the_pages_can_be_kept_among_the_apps_of_a_phone() {
    let stack = Stack::shared();
    let page = Page::of(stack.get("/account"));
    assert!(page.html.contains("<link rel=\"manifest\" href=\"/app.webmanifest\">"), "{}", page.html);
    let policy = page.answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("manifest-src 'self'"), "{policy}");
    let answer = stack.get("/app.webmanifest").ok();
    assert_eq!(answer.header("content-type"), Some("application/manifest+json"));
    let manifest = answer.json();
    assert_eq!((&manifest["display"], &manifest["start_url"]), (&json!("standalone"), &json!("/approval")));
    for icon in manifest["icons"].as_array().expect("pictures") {
        let answer = Answer::to(http().get(stack.url(icon["src"].as_str().expect("a path")))).ok();
        assert_eq!(answer.header("content-type"), icon["type"].as_str(), "{icon}");
    }
}
