use std::time::Duration;

use serde_json::json;

/// What a person is told on what they carry: who asks, what the agent shows beside it, and where to decide. There is nothing
/// else in it, and no code: what is typed from a message can be talked out of somebody. What the server itself has to say takes the
/// same form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The agent's name; the server's, where the server itself has something to say.
    pub agent: String,
    /// What the agent shows to whoever stands before it (OpenID CIBA Core 1.0, section 7.1), or what the server says.
    pub binding_message: Option<String>,
    /// The page to decide on. Whoever opens it has to sign in as the person first.
    pub link: String,
    /// How long there is something to decide.
    pub good_for: Duration,
}

impl Message {
    /// As a text: the first line, and the link in a line of its own.
    pub fn text(&self) -> String {
        let Self { agent, link, .. } = self;
        match &self.binding_message {
            Some(message) => format!("{agent}: {message}\n{link}"),
            None => format!("{agent}\n{link}"),
        }
    }

    /// As SNS takes it for an app on a phone, one form a platform (`MessageStructure=json`).
    pub(crate) fn by_platform(&self) -> String {
        let (title, body, link) = (&self.agent, &self.binding_message, &self.link);
        let mut notification = json!({ "title": title });
        if let Some(body) = body {
            notification["body"] = json!(body);
        }
        let apple = json!({
            "aps": { "alert": notification, "sound": "default", "interruption-level": "time-sensitive" },
            "link": link,
        })
        .to_string();
        let google = json!({ "fcmV1Message": { "message": {
            "notification": notification,
            "data": { "link": link },
            "android": { "priority": "high" },
        } } })
        .to_string();
        json!({ "default": self.text(), "GCM": google, "APNS": apple, "APNS_SANDBOX": apple }).to_string()
    }

    /// What stands in an e-mail's subject: the agent's name, if SNS takes it for one (visible ASCII, less than 100 characters); else
    /// the host of the link.
    pub(crate) fn subject(&self) -> &str {
        let fits = |text: &str| {
            (1..100).contains(&text.len())
                && !text.starts_with(' ')
                && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        };
        if fits(&self.agent) {
            return &self.agent;
        }
        let after_scheme = self.link.split_once("://").map_or(self.link.as_str(), |(_, rest)| rest);
        after_scheme.split(['/', '?']).next().filter(|host| fits(host)).unwrap_or("-")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn message(agent: &str, binding_message: Option<&str>) -> Message {
        Message {
            agent: agent.to_owned(),
            binding_message: binding_message.map(str::to_owned),
            link: "https://sign.example/approval?request=abc".to_owned(),
            good_for: Duration::from_mins(3),
        }
    }

    fn parsed(text: &Value) -> Value {
        serde_json::from_str(text.as_str().expect("text")).expect("JSON")
    }

    #[test]
    fn a_text_holds_the_agents_name_the_binding_message_and_the_link_and_nothing_else() {
        let link = "https://sign.example/approval?request=abc";
        assert_eq!(message("Files agent", Some("4-1-7")).text(), format!("Files agent: 4-1-7\n{link}"));
        assert_eq!(message("Files agent", None).text(), format!("Files agent\n{link}"));
    }

    #[test]
    fn each_platform_gets_the_same_three_things_in_its_own_form() {
        let link = "https://sign.example/approval?request=abc";
        let forms: Value =
            serde_json::from_str(&message("Büro \"x\"", Some("4-1-7")).by_platform()).expect("JSON");
        let alert = json!({ "title": "Büro \"x\"", "body": "4-1-7" });
        let apple = json!({
            "aps": { "alert": alert, "sound": "default", "interruption-level": "time-sensitive" },
            "link": link,
        });
        assert_eq!((parsed(&forms["APNS"]), parsed(&forms["APNS_SANDBOX"])), (apple.clone(), apple));
        let google =
            json!({ "notification": alert, "data": { "link": link }, "android": { "priority": "high" } });
        assert_eq!(parsed(&forms["GCM"]), json!({ "fcmV1Message": { "message": google } }));
        assert_eq!(forms.as_object().expect("forms").len(), 4);
        let forms: Value = serde_json::from_str(&message("Agent", None).by_platform()).expect("JSON");
        assert_eq!(parsed(&forms["APNS"])["aps"]["alert"], json!({ "title": "Agent" }));
    }

    #[test]
    fn a_subject_is_one_that_sns_takes() {
        assert_eq!(message("Files agent", None).subject(), "Files agent");
        for name in ["", "Büro", " x", "a\nBcc: everybody", &"x".repeat(100)] {
            assert_eq!(message(name, None).subject(), "sign.example", "{name:?}");
        }
    }
}
