use languages::{Arguments, Message, Texts};

use crate::Brand;
use crate::asset::{icons, passkey_script, style_sheet};

/// What all pages have in common.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The language of the person.
    pub texts: &'a Texts,
    /// Whose pages these are.
    pub brand: &'a Brand,
    /// The path in the URL of the pages, empty or such as `/prod`: every link and form starts with it.
    pub base_path: &'a str,
}

/// The person who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The name people know them by.
    pub display_name: &'a str,
    /// The name they sign in with.
    pub user_name: &'a str,
}

impl Frame<'_> {
    /// A text without values. A key that the language lacks shows as itself; a test looks for such.
    pub(crate) fn say(&self, key: &str) -> String {
        self.texts.message(key, &Arguments::none()).map_or_else(|_| key.to_owned(), |message| message.plain())
    }

    /// A text with values.
    pub(crate) fn tell(&self, key: &str, arguments: &Arguments) -> Message {
        self.texts.message(key, arguments).unwrap_or_default()
    }

    /// The title of the browser's window.
    pub(crate) fn window_title(&self, page: &str, has_problem: bool) -> String {
        let key = if has_problem { "window-title-with-problem" } else { "window-title" };
        self.texts
            .message(key, &Arguments::none().with("page", page).with("brand", self.brand.name()))
            .map_or_else(|_| page.to_owned(), |message| message.plain())
    }

    pub(crate) fn signed_in_as(&self, person: &Person<'_>) -> Message {
        let arguments = Arguments::none().with("name", person.display_name).with("user", person.user_name);
        self.tell("signed-in-as", &arguments)
    }

    /// In whose name an agent would act.
    pub(crate) fn in_whose_name(&self, person: &Person<'_>) -> Message {
        let arguments = Arguments::none().with("name", person.display_name).with("user", person.user_name);
        self.tell("approval-person", &arguments)
    }

    /// Who would act, by name and `client_id`, and the client that passes the request on.
    pub(crate) fn would_act(&self, (name, id): (&str, &str), client_name: &str) -> Message {
        let arguments = Arguments::none().with("actor", name).with("id", id).with("client", client_name);
        self.tell("approval-actor", &arguments)
    }

    /// By what a client is known besides its name.
    pub(crate) fn client_id(&self, id: &str) -> Message {
        self.tell("consent-client-id", &Arguments::none().with("id", id))
    }

    /// A path below the base path.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base_path)
    }

    pub(crate) fn style_path(&self) -> String {
        self.path(&style_sheet().path)
    }

    pub(crate) fn passkey_script_path(&self) -> String {
        self.path(&passkey_script().path)
    }

    pub(crate) fn icon_path(&self) -> String {
        self.path(&icons()[0].0.path)
    }

    pub(crate) fn brand_style_path(&self) -> String {
        self.path(&self.brand.style().path)
    }

    pub(crate) fn logo_path(&self) -> String {
        self.path(&self.brand.logo().path)
    }
}

/// Renders a page.
///
/// A template of ours writes only to a `String`, and its expressions cannot fail.
pub(crate) fn rendered(template: &impl askama::Template) -> String {
    template.render().expect("a template that writes to a string does not fail")
}
