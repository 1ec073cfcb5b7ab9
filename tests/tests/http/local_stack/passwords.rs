//! What checking a password costs.

use crate::browser::Browser;
use crate::person::somebody;
use crate::running_stack::sessions::sign_in_page;
use crate::stack::Stack;

/// The same work, counted and not timed: an attacker cannot learn by the clock who exists.
#[test]
fn a_wrong_password_and_an_unknown_name_cost_the_same() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let hashes = |user_name: &str| {
        let mut browser = Browser::new(stack);
        let page = sign_in_page(&mut browser);
        let answer = browser.types(&page, user_name, "not the password at all");
        stack.observer().calls_of(&answer).get("Argon2id").copied()
    };
    assert_eq!(hashes(&person.user_name), Some(1));
    assert_eq!(hashes("nobody-of-that-name"), Some(1));
}
