use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::Clock;
use notify::Services;
use oauth::Timestamp;
use serde_json::{Value, json};

/// How often it is looked at.
const LOOKS_EVERY: Duration = Duration::from_millis(100);
/// The most dead letters that are kept.
const MOST_DEAD: usize = 100;

/// What takes the place of SQS here: it lasts as long as the server, and goes by the server's clock, which tests move.
pub(crate) struct Shelf {
    clock: Clock,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    waiting: Vec<(Timestamp, String)>,
    dead: Vec<String>,
}

impl Shelf {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, content: Mutex::default() }
    }

    /// What was given up, the oldest first.
    pub(crate) fn dead_letters(&self) -> Vec<String> {
        self.content().dead.clone()
    }

    /// Takes what has waited long enough.
    fn due(&self) -> Vec<String> {
        let now = self.clock.now();
        let mut content = self.content();
        let (due, waiting) = content.waiting.drain(..).partition(|(at, _)| *at <= now);
        content.waiting = waiting;
        let due: Vec<(Timestamp, String)> = due;
        due.into_iter().map(|(_, text)| text).collect()
    }

    /// Calls the function with what is due, as Lambda does with what a queue has.
    pub(crate) async fn follow(self: Arc<Self>, services: Arc<Services>) {
        let mut ticks = tokio::time::interval(LOOKS_EVERY);
        loop {
            ticks.tick().await;
            let due = self.due();
            if due.is_empty() {
                continue;
            }
            let message = |(number, text): (usize, &String)| json!({ "eventSource": "aws:sqs", "messageId": number.to_string(), "body": text });
            let messages: Vec<Value> = due.iter().enumerate().map(message).collect();
            let event = json!({ "Records": messages }).to_string();
            if let Err(fault) = notify::handle(&services, &event).await {
                tracing::error!(target: "notify", %fault, "a batch was not dealt with");
            }
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl deliver::Shelf for Shelf {
    fn put(&self, text: String, delay: Duration) {
        let at = self.clock.now().after(delay);
        self.content().waiting.push((at, text));
    }

    fn give_up(&self, text: String) {
        tracing::error!(target: "notify", letter = text, "given up");
        let mut content = self.content();
        if content.dead.len() == MOST_DEAD {
            content.dead.remove(0);
        }
        content.dead.push(text);
    }
}

#[cfg(test)]
mod tests {
    use deliver::Shelf as _;

    use super::*;

    #[test]
    fn what_is_put_down_comes_back_when_the_servers_clock_says_so_and_once() {
        let clock = Clock::system();
        let shelf = Shelf::new(clock.clone());
        shelf.put("soon".to_owned(), Duration::from_mins(1));
        shelf.put("later".to_owned(), Duration::from_mins(10));
        assert!(shelf.due().is_empty());
        clock.advance(61);
        assert_eq!(shelf.due(), ["soon"]);
        assert!(shelf.due().is_empty());
        clock.advance(600);
        assert_eq!(shelf.due(), ["later"]);
    }

    #[test]
    fn what_is_given_up_lies_there_and_the_oldest_goes_first() {
        let shelf = Shelf::new(Clock::system());
        for number in 0..=MOST_DEAD {
            shelf.give_up(number.to_string());
        }
        let letters = shelf.dead_letters();
        assert_eq!((letters.len(), letters[0].as_str()), (MOST_DEAD, "1"));
    }
}
