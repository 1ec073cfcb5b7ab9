use askama::Template;
use oauth::Timestamp;

use crate::inbox::Received;

/// The page's style sheet.
pub(crate) const STYLE: &str = "\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 26rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.25rem }
article { border: 1px solid #8888; border-radius: .75rem; padding: .75rem 1rem; margin: 1rem 0 }
article.over { opacity: .6 }
article p { margin: .25rem 0; overflow-wrap: anywhere }
.binding { font-size: 1.5rem }
small { opacity: .8 }
";

/// The page with some messages, in their order.
#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage<'a> {
    messages: &'a [Received],
    now: Timestamp,
}

impl InboxPage<'_> {
    /// Whether there is still something to decide, for the style sheet.
    fn class(&self, received: &Received) -> &'static str {
        if self.now < received.over_at() { "waits" } else { "over" }
    }
}

/// The page with these messages, in their order.
///
/// # Panics
/// Never: a template that writes to a string does not fail.
pub(crate) fn page(messages: &[Received], now: Timestamp) -> String {
    let page = InboxPage { messages, now };
    page.render().expect("a template that writes to a string does not fail")
}
