use std::time::Duration;

use languages::{Arguments, Message, Zone};
use oauth::Timestamp;

use crate::frame::Frame;

/// How long the access lasts.
#[derive(Clone, Debug)]
pub struct Lifetime {
    /// The life of one token.
    pub token: Duration,
    /// Until when it can be renewed, with the zone of the person; none when it cannot.
    pub renewable_until: Option<(Timestamp, Zone)>,
}

impl Frame<'_> {
    pub(crate) fn lifetime_text(&self, lifetime: &Lifetime) -> Message {
        let span = self.texts.span(lifetime.token).unwrap_or_default();
        let arguments = Arguments::none().with("span", span);
        match &lifetime.renewable_until {
            Some((until, zone)) => {
                let until = self.texts.moment(*until, zone).unwrap_or_default();
                self.tell("consent-renewable", &arguments.with("until", until))
            }
            None => self.tell("consent-once", &arguments),
        }
    }
}
