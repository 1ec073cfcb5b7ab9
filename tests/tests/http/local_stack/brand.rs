//! Whose pages these are: name, colour and logo of the configuration.

use std::fs;
use std::path::Path;

use crate::agent::{an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::somebody;
use crate::stack::Stack;
use crate::web::{Answer, http};

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><!-- Größe -->\n\
                    <circle cx=\"4\" cy=\"4\" r=\"3\" fill=\"#b3261e\"/></svg>\n";

/// Gives the configuration a logo and another accent.
fn brands(configuration: &Path) {
    let file = configuration.join("server.toml");
    let text = fs::read_to_string(&file).expect("readable");
    let accent = "accent = \"#5b3fa0\"";
    assert!(text.contains(accent), "{text}");
    let own = "accent = \"#B3261E\"\nlogo_file = \"mill.svg\"";
    fs::write(file, text.replace(accent, own)).expect("written");
    fs::write(configuration.join("mill.svg"), LOGO).expect("written");
}

/// What follows a marker on a page, up to the next quote.
#[track_caller]
fn quoted<'p>(page: &'p Page, marker: &str) -> Vec<&'p str> {
    let rest = page.html.split(marker).skip(1);
    rest.map(|rest| rest.split_once('"').expect("it ends").0).collect()
}

/// What a browser gets that follows a reference of a page: paths are those of the host.
fn referred_to(stack: &Stack, path: &str) -> Answer {
    Answer::to(http().get(format!("{}{path}", Browser::new(stack).origin())))
}

/// Loads what a page refers to. A browser may keep it for a year.
#[track_caller]
fn loads(stack: &Stack, path: &str, kind: &str) -> Answer {
    let asset = referred_to(stack, path).ok();
    assert_eq!(asset.header("content-type"), Some(kind), "{path}");
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
    // An image can be opened as a page of this server: it must run nothing there.
    let policy = asset.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{path}: {policy}");
    assert_eq!(asset.header("x-content-type-options"), Some("nosniff"), "{path}");
    asset
}

#[test]
fn every_page_shows_the_configured_logo_and_colour() {
    let stack = Stack::start_with("own-brand", &[], brands);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    let address = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let consent = browser.comes_to_consent(&person, &address);
    let others = ["/sign-in/password", "/account", "/errors", "/authorize?client_id=unknown"];
    let others = others.map(|path| Page::of(browser.opens(path)));
    for page in [consent].iter().chain(&others) {
        let [logo] = quoted(page, "<img src=\"")[..] else { panic!("{}", page.html) };
        assert_eq!(quoted(page, "<link rel=\"icon\" href=\""), [logo]);
        let shown = loads(&stack, logo, "image/svg+xml");
        assert_eq!(shown.text(), LOGO, "{logo}");

        let sheets = quoted(page, "<link rel=\"stylesheet\" href=\"");
        let css: String =
            sheets.iter().map(|sheet| loads(&stack, sheet, "text/css; charset=utf-8").text()).collect();
        assert!(css.contains(":root{--accent:#b3261e;"), "{css}");
        assert!(!css.contains("#5b3fa0"), "the colour of before: {css}");
    }
}

/// What a page loaded stays in a browser for a year: with another logo or colour it must load something else.
#[test]
fn another_logo_and_another_colour_have_other_addresses() {
    let stack = Stack::start("another-brand", &[]);
    let loaded = || {
        let page = Page::of(stack.get("/sign-in").ok());
        let sheets = quoted(&page, "<link rel=\"stylesheet\" href=\"");
        let logo = quoted(&page, "<img src=\"");
        [logo[0], sheets[1]].map(str::to_owned)
    };
    let before = loaded();
    brands(&stack.configuration);
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    let after = loaded();
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
        referred_to(&stack, after).ok();
        assert_eq!(referred_to(&stack, before).status, 404, "{before}");
    }
}
