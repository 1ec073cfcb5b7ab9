use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use deliver::{Inbox, People, Queue, Shelf};
use documents::{Documents, Loopback};
use environment::{Clock, Dice};
use http::{Request, Response};
use keys::Keys;
use store::Store;

/// A function's answer, some time later.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A function's `handle` with its services: what Lambda runs, callable here.
pub type Handler = Arc<dyn Fn(Request) -> Answer + Send + Sync>;

/// What the functions find around them here, in place of Lambda's environment.
#[derive(Clone)]
pub struct Surroundings {
    /// The issuer, `http://localhost:PORT` and the base path.
    pub issuer: String,
    /// The table, in the embedded database.
    pub store: Store,
    /// The signing keys and the server's secret, in place of KMS.
    pub keys: Keys,
    /// The one clock of this process; tests move it.
    pub clock: Clock,
    /// The one source of randomness.
    pub dice: Dice,
}

/// Wires a function crate: its services once, its `handle` for every request.
macro_rules! wire {
    ($function:ident, $services:expr) => {{
        let services = Arc::new($services);
        let handler: Handler = Arc::new(move |request: Request| -> Answer {
            let services = Arc::clone(&services);
            Box::pin(async move { $function::handle(&services, request).await })
        });
        handler
    }};
}

/// Every function that answers requests, by its folder. The only place in the product that knows them all.
pub(crate) fn all(surroundings: &Surroundings, inbox: Arc<dyn Inbox>) -> BTreeMap<&'static str, Handler> {
    let Surroundings { store, keys, clock, dice, .. } = surroundings.clone();
    let published = keys.published();
    let page = || reception::Services::new(store.clone(), keys.clone(), clock.clone(), dice.clone());
    // Whoever tries out a client has its document on this machine, too.
    let documents = || Documents::new(Loopback::Allowed);
    BTreeMap::from([
        ("account", wire!(account, account::Services::new(page(), People::Inbox(inbox)))),
        ("approval", wire!(approval, page())),
        ("authorize", wire!(authorize, authorize::Services::new(page(), documents()))),
        (
            "backchannel",
            wire!(
                backchannel,
                backchannel::Services::new(store.clone(), keys.clone(), clock.clone(), dice.clone())
            ),
        ),
        ("consent", wire!(consent, page())),
        (
            "discovery",
            wire!(discovery, discovery::Services::new(store.clone(), published.clone(), clock.clone())),
        ),
        (
            "introspect",
            wire!(introspect, introspect::Services::new(store.clone(), keys.clone(), clock.clone())),
        ),
        (
            "par",
            wire!(
                par,
                par::Services::new(
                    store.clone(),
                    published.clone(),
                    clock.clone(),
                    dice.clone(),
                    documents()
                )
            ),
        ),
        ("register", wire!(register, register::Services::new(store.clone(), clock.clone(), dice.clone()))),
        ("revoke", wire!(revoke, revoke::Services::new(store.clone(), keys.clone(), clock.clone()))),
        ("sign-in", wire!(sign_in, page())),
        (
            "token",
            wire!(
                token,
                token::Services::new(
                    store.clone(),
                    keys.clone(),
                    clock.clone(),
                    dice.clone(),
                    Loopback::Allowed
                )
            ),
        ),
        ("userinfo", wire!(userinfo, userinfo::Services::new(store.clone(), published, clock.clone()))),
    ])
}

/// The function that the table's stream feeds, with an inbox in place of everybody's phone and a shelf in place of the queues.
pub(crate) fn notify(
    surroundings: &Surroundings,
    inbox: Arc<dyn Inbox>,
    shelf: Arc<dyn Shelf>,
) -> notify::Services {
    let Surroundings { store, keys, clock, dice, .. } = surroundings.clone();
    let (people, queue) = (People::Inbox(inbox), Queue::Shelf(shelf));
    notify::Services::new(store, keys, clock, dice, people, queue, Loopback::Allowed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::DataFolder;
    use crate::signing_keys::load_or_make;
    use crate::template::Template;

    #[test]
    fn the_local_server_knows_exactly_the_functions_that_the_template_gives_a_route() {
        let dice = Dice::system();
        let folder = DataFolder::temporary(&dice).expect("a folder");
        let clock = Clock::system();
        let file = load_or_make(&folder.file("keys.json"), clock.now(), &dice).expect("keys");
        let surroundings = Surroundings {
            issuer: "http://localhost:1".into(),
            store: Store::reached_by(&aws::local("http://127.0.0.1:1"), "countersign"),
            keys: Keys::from_file(&file).expect("usable"),
            clock,
            dice,
        };
        let inbox = Arc::new(crate::inbox::Inbox::new(
            surroundings.clock.clone(),
            Arc::new(crate::shelf::Shelf::new(surroundings.clock.clone())),
        ));
        let known: BTreeSet<String> = all(&surroundings, inbox).into_keys().map(str::to_owned).collect();
        let template = Template::built_in().expect("well formed");
        let declared: BTreeSet<String> =
            template.functions.into_iter().filter(|it| !it.routes.is_empty()).map(|it| it.name).collect();
        assert_eq!(known, declared);
    }
}
