use std::collections::BTreeMap;

use reqwest::blocking::RequestBuilder;

use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

/// A person's browser. Its cookie jar is its own: those of HTTP libraries differ on what they do over plain http.
#[derive(Clone)]
pub(crate) struct Browser<'s> {
    pub(crate) stack: &'s Stack,
    cookies: BTreeMap<String, String>,
}

/// A page, and what stands in its forms.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) answer: Answer,
    pub(crate) html: String,
}

impl<'s> Browser<'s> {
    pub(crate) fn new(stack: &'s Stack) -> Self {
        Self { stack, cookies: BTreeMap::new() }
    }

    /// Opens an address and follows redirects as long as they stay here.
    pub(crate) fn opens(&mut self, path: &str) -> Answer {
        let request = http().get(self.address(path));
        let answer = self.sends(request);
        self.follows(answer)
    }

    /// Sends a form as a page of ours does.
    pub(crate) fn submits(&mut self, path: &str, form: &Parameters) -> Answer {
        let answer = self.submits_and_stays(path, form);
        self.follows(answer)
    }

    /// Sends a form and looks at the very answer.
    pub(crate) fn submits_and_stays(&mut self, path: &str, form: &Parameters) -> Answer {
        let request = post(&self.address(path), form)
            .header("origin", self.origin())
            .header("sec-fetch-site", "same-origin");
        self.sends(request)
    }

    /// Sends any request with the cookies that the browser has, and keeps those that come.
    pub(crate) fn sends(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::to(self.dresses(request).header("accept-language", "en"));
        self.keeps_cookies_of(&answer);
        answer
    }

    /// Sends a form that stands on a page of another site. Our cookies do not go along (`SameSite=Lax`), but those that the
    /// answer brings are kept.
    pub(crate) fn submits_from_another_site(&mut self, path: &str, form: &Parameters) -> Answer {
        let request = post(&self.address(path), form)
            .header("origin", "https://evil.test")
            .header("sec-fetch-site", "cross-site");
        let answer = Answer::to(request.header("accept-language", "en"));
        self.keeps_cookies_of(&answer);
        answer
    }

    /// A request with the cookies that the browser has.
    pub(crate) fn dresses(&self, request: RequestBuilder) -> RequestBuilder {
        if self.cookies.is_empty() { request } else { request.header("cookie", self.cookie_header()) }
    }

    fn keeps_cookies_of(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            self.keeps(line.to_str().expect("a cookie of visible characters"));
        }
    }

    fn follows(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let inside = answer.header("location").and_then(|location| self.inside(location));
            let Some(path) = inside.filter(|_| (300..400).contains(&answer.status)) else {
                return answer;
            };
            let request = http().get(self.address(&path));
            answer = self.sends(request);
        }
        panic!("redirects without end: {}", answer.location());
    }

    fn inside(&self, location: &str) -> Option<String> {
        if location.starts_with('/') {
            return Some(format!("{}{location}", self.origin()));
        }
        location.starts_with(&self.stack.pages).then(|| location.to_owned())
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http:") { path.to_owned() } else { format!("{}{path}", self.stack.pages) }
    }

    pub(crate) fn origin(&self) -> String {
        let pages = &self.stack.pages;
        let end = pages[7..].find('/').map_or(pages.len(), |slash| slash + 7);
        pages[..end].to_owned()
    }

    fn keeps(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').expect("a cookie of ours has attributes");
        let (name, value) = pair.split_once('=').expect("a name and a value");
        assert!(attributes.contains("HttpOnly"), "a script can read {name}");
        assert!(attributes.contains("SameSite=Lax"), "{name} goes along with other sites' requests");
        if attributes.contains("Max-Age=0") || value.is_empty() {
            self.cookies.remove(name);
        } else {
            if name == "session" {
                self.stack.hands_out(value);
            }
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie into the browser, as an attacker beside it or a person with developer tools can.
    pub(crate) fn is_given(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn forgets(&mut self, name: &str) {
        self.cookies.remove(name);
    }
}

impl Page {
    #[track_caller]
    pub(crate) fn of(answer: Answer) -> Self {
        let html = answer.text();
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{} {kind}: {html}", answer.status);
        Self { answer, html }
    }

    /// The path that the form sends to, seen by the value of its `action`.
    pub(crate) fn has_form(&self, path: &str) -> bool {
        self.html.contains(&format!("{path}\""))
    }

    /// The value of the first field with this name.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let start = self.html.find(&marker).unwrap_or_else(|| panic!("no field {name} in {}", self.html))
            + marker.len();
        let value = &self.html[start..];
        unescaped(&value[..value.find('"').expect("the value ends")])
    }

    /// The value of the first attribute with this name.
    #[track_caller]
    pub(crate) fn attribute(&self, name: &str) -> String {
        let marker = format!(" {name}=\"");
        let (_, rest) = self.html.split_once(&marker).unwrap_or_else(|| panic!("no {name} in {}", self.html));
        unescaped(rest.split('"').next().unwrap_or_default())
    }

    /// The values of all fields with this name.
    pub(crate) fn fields(&self, name: &str) -> Vec<String> {
        let marker = format!("name=\"{name}\" value=\"");
        let values = self.html.split(&marker).skip(1);
        values.map(|rest| unescaped(&rest[..rest.find('"').expect("the value ends")])).collect()
    }

    /// What a form of the page sends of these fields, as they stand there.
    #[track_caller]
    pub(crate) fn form<const N: usize>(&self, names: [&str; N]) -> Parameters {
        names.into_iter().fold(Parameters::default(), |form, name| form.and(name, &self.field(name)))
    }

    /// What the page says, without its tags.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        for part in self.html.split('<') {
            words.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        }
        unescaped(&words)
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
