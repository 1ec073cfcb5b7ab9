use std::fmt::Write;

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

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta http-equiv=\"refresh\" content=\"2\">
<title>Inbox</title>
<link rel=\"stylesheet\" href=\"/inbox.css\">
</head>
<body>
<main>
<h1>Inbox</h1>
<p><small>What people's phones would show. In place of them, here alone.</small></p>
";

/// The page with these messages, in their order.
pub(crate) fn page(messages: &[Received], now: Timestamp) -> String {
    let mut page = HEAD.to_owned();
    if messages.is_empty() {
        page.push_str("<p>Nothing has come yet.</p>\n");
    }
    for received in messages {
        let class = if now < received.over_at() { "waits" } else { "over" };
        let message = &received.message;
        // Writing to a string does not fail.
        let _ = write!(
            page,
            "<article class=\"{class}\">\n<p><small>To {}</small></p>\n<p><strong>{}</strong></p>\n",
            escaped(&received.name),
            escaped(&message.agent),
        );
        if let Some(binding) = &message.binding_message {
            let _ = writeln!(page, "<p class=\"binding\">{}</p>", escaped(binding));
        }
        let link = escaped(&message.link);
        let _ = writeln!(
            page,
            "<p><a href=\"{link}\" target=\"_blank\" rel=\"noopener\">{link}</a></p>\n</article>"
        );
    }
    page + "</main>\n</body>\n</html>\n"
}

/// Text as it stands in an element or between quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
