use environment::{Clock, Fault};
use evidence::{AllHeads, Checkpoint, Moved, SignedCheckpoint};
use keys::CheckpointSigner;
use store::{KeptCheckpoint, Store};

/// What a checkpoint by itself counts for, in heads: so that what is read of many small ones stays in proportion.
const WEIGHT: usize = 8;

/// What became of a wish for a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Nobody has approved anything since the last one: nothing is written.
    Nothing,
    /// One was made.
    Made {
        /// The how many-th.
        number: u64,
        /// Over how many chains.
        chains: usize,
        /// How many of them went on since the last one.
        onward: usize,
    },
    /// Somebody else made one at the same moment.
    Overtaken,
}

/// Signs a checkpoint over the heads of all chains of approvals, if any has gone on since the last.
///
/// It reads all heads, and what the last checkpoint knows of them: the last one that was kept with all heads, and what changed since.
/// What is written is what changed, or all heads again when those changes have come to as many: so the bill follows the number of
/// approvals, and what one run reads the number of people. Nothing is kept until the last write; a run that ends before it, for want of
/// time or otherwise, leaves everything as it was, and the next begins anew.
///
/// # Errors
/// When the table or KMS does not answer; and, after the checkpoint is made, [`Fault::Broken`] when a chain has gone back behind the last
/// one: the checkpoint holds on to what it was.
pub async fn check<S, F>(store: &Store, clock: &Clock, signer: S) -> Result<Checked, Fault>
where
    S: FnOnce() -> F,
    F: Future<Output = Result<CheckpointSigner, Fault>>,
{
    let newest = store.newest_checkpoints().await?;
    let Known { mut heads, last, weight } = Known::of(newest)?;
    let Moved { onward, behind } = heads.moved(store.heads().await?);
    let mut checked = Checked::Nothing;
    if !onward.is_empty() {
        let signer = signer().await?;
        let configuration = store.configuration(clock.now()).await?;
        let moved = onward.len();
        heads.take_on(onward.iter().cloned(), false);
        // After the heads were read: none of them is younger.
        let next = Checkpoint::next(&configuration.server.issuer, last.as_ref(), &heads.tree(), clock.now());
        let input = next.signing_input(signer.key_id());
        let signature = signer.sign(&input).await?;
        let checkpoint = SignedCheckpoint::of(&input, &signature);
        let checkpoint = checkpoint.ok_or_else(|| Fault::broken("checkpoint", "what was signed is none"))?;
        let are_all = last.is_none() || weight + WEIGHT + moved >= heads.count();
        let kept = if are_all { heads.iter().cloned().collect() } else { onward };
        checked = if store.keep_checkpoint(&checkpoint, &kept, are_all).await? {
            Checked::Made { number: next.number, chains: heads.count(), onward: moved }
        } else {
            Checked::Overtaken
        };
    }
    if behind.is_empty() {
        return Ok(checked);
    }
    let which: Vec<_> = behind.iter().take(3).map(ToString::to_string).collect();
    let told = format!(
        "{} of them went back behind the last checkpoint ({}): countersign evidence audit says more",
        behind.len(),
        which.join(", ")
    );
    Err(Fault::broken("chains of approvals", told))
}

/// What the last checkpoint knows.
struct Known {
    heads: AllHeads,
    last: Option<SignedCheckpoint>,
    /// What those after the last with all heads come to.
    weight: usize,
}

impl Known {
    /// What is changed in the table is not signed again: the heads must be those that the last one holds.
    fn of(newest: Vec<KeptCheckpoint>) -> Result<Self, Fault> {
        let mut known = Self { heads: AllHeads::default(), last: None, weight: 0 };
        for KeptCheckpoint { number, kept } in newest {
            let broken = |why: &str| Fault::broken("checkpoint", format!("{number} {why}"));
            let kept = kept.ok_or_else(|| broken("cannot be read"))?;
            let signed = SignedCheckpoint::read(&kept.signed).ok_or_else(|| broken("is none"))?;
            known.weight = if kept.are_all { 0 } else { known.weight + WEIGHT + kept.heads.len() };
            known.heads.take_on(kept.heads, kept.are_all);
            known.last = Some(signed);
        }
        if let Some(last) = known.last.as_ref().map(SignedCheckpoint::says)
            && !last.is_over(&known.heads.tree())
        {
            let told = format!("{} holds other heads than are kept with it", last.number);
            return Err(Fault::broken("checkpoint", told));
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use evidence::Head;
    use fake_aws::{Fake, Service, Table};
    use keys::KeyFile;
    use oauth::configuration::Server;
    use oauth::{PersonId, Sha256Digest, Timestamp};
    use serde_json::{Value, json};
    use store::Snapshot;

    use super::*;

    /// DynamoDB, and how much is written and answered.
    #[derive(Debug, Default)]
    struct State {
        table: Table,
        written: usize,
        read: usize,
        calls: BTreeMap<String, usize>,
    }

    impl Service for State {
        fn json(&mut self, operation: &str, request: &Value) -> (u16, Value) {
            *self.calls.entry(operation.to_owned()).or_default() += 1;
            if operation == "PutItem" {
                self.written += request["Item"].to_string().len();
            }
            let answer = self.table.answer(operation, request);
            self.read += answer.1.to_string().len();
            answer
        }
    }

    struct World {
        aws: Fake<State>,
        store: Store,
        clock: Clock,
        key: KeyFile,
    }

    impl World {
        async fn new() -> Self {
            let aws = Fake::<State>::default();
            let store = Store::reached_by(&aws.sdk(), "table");
            let server: Server = serde_json::from_value(json!({
                "issuer": "https://issuer.example", "brand": { "name": "Acme", "accent": "#000000", "logo_svg": null },
                "require_pushed_authorization_requests": false,
                "lifetimes": { "request_uri": 90, "interaction": 900, "code": 60, "access_token": 300, "id_token": 300,
                    "session": 43_200, "authorization": 86_400 },
            }))
            .expect("a server");
            let (clients, tools, detail_types, policies) = (vec![], vec![], vec![], vec![]);
            let snapshot = Snapshot { server, clients, tools, detail_types, policies };
            store.apply(&snapshot, None).await.expect("applied");
            let key = KeyFile::of_es256(Timestamp::from_seconds(0), [7; 32]).expect("a key");
            Self { aws, store, clock: Clock::system(), key }
        }

        /// Somebody has approved so many things.
        fn has_approved(&self, person: u32, number: u64) {
            let person = &self.person(person);
            let digit = Sha256Digest::of(person.as_str().as_bytes()).as_bytes()[0] >> 4;
            let hash = Sha256Digest::of(format!("{person} {number}").as_bytes());
            let head = Head { person: person.clone(), number, hash };
            self.aws.state().table.put(&format!("HEADS#{digit:02x}"), person.as_str(), &json!(head));
        }

        #[expect(clippy::unused_self, reason = "of this world")]
        fn person(&self, number: u32) -> PersonId {
            let digest = Sha256Digest::of(&number.to_be_bytes());
            PersonId::from_random(digest.as_bytes()[..16].try_into().expect("16 bytes"))
        }

        async fn checks(&self) -> Result<Checked, Fault> {
            {
                let mut state = self.aws.state();
                (state.written, state.read) = (0, 0);
                state.calls.clear();
            }
            check(&self.store, &self.clock, || {
                CheckpointSigner::of_file(&self.key, &self.store, self.clock.now())
            })
            .await
        }

        fn checkpoints(&self) -> Vec<Value> {
            self.aws.state().table.bodies_of("CHECKPOINTS").into_iter().filter(Value::is_object).collect()
        }
    }

    #[tokio::test]
    async fn where_nobody_approved_anything_there_is_nothing_to_sign_and_no_key_is_made() {
        let world = World::new().await;
        assert_eq!(world.checks().await.expect("no fault"), Checked::Nothing);
        let state = world.aws.state();
        assert_eq!((state.written, &state.calls), (0, &BTreeMap::from([("Query".to_owned(), 17)])));
    }

    /// What is written follows the approvals, not the people; what is read follows the people, whatever was signed before.
    #[tokio::test]
    async fn of_six_thousand_people_only_what_went_on_is_written() {
        const PEOPLE: u32 = 6_000;
        let world = World::new().await;
        for person in 0..PEOPLE {
            world.has_approved(person, 1);
        }
        let chains = PEOPLE as usize;
        let made = world.checks().await.expect("made");
        assert_eq!(made, Checked::Made { number: 1, chains, onward: chains });
        assert!(world.aws.state().calls["PutItem"] < 6, "three parts, the checkpoint and its key");

        let mut most_read = 0;
        for number in 2..12_u64 {
            for person in 0..10 {
                world.has_approved(person, number);
            }
            let made = world.checks().await.expect("made");
            assert_eq!(made, Checked::Made { number, chains, onward: 10 });
            let state = world.aws.state();
            assert!(state.written < 4_000, "{} bytes", state.written);
            most_read = most_read.max(state.read);
        }
        assert_eq!(world.checks().await.expect("no fault"), Checked::Nothing);
        let state = world.aws.state();
        assert_eq!(state.written, 0);
        assert!(most_read < chains * 900, "{most_read} bytes are read of {chains} heads");
    }

    /// Ten that all approve each time: after a few checkpoints all heads are kept again, so that no run reads more and more.
    #[tokio::test]
    async fn all_heads_are_kept_again_when_what_changed_has_come_to_as_many() {
        let world = World::new().await;
        for person in 0..100 {
            world.has_approved(person, 1);
        }
        for number in 1..=30_u64 {
            world.has_approved(0, number + 1);
            world.checks().await.expect("made");
        }
        let are_all = |kept: &&Value| kept["are_all"] == true;
        let kept = world.checkpoints();
        assert_eq!((kept.len(), kept.iter().filter(are_all).count()), (30, 3), "9 units each, and 100 heads");
        let newest = world.store.newest_checkpoints().await.expect("no fault");
        assert!(newest.len() < 13 && newest[0].kept.as_ref().is_some_and(|kept| kept.are_all));
    }

    /// However many there are, a run reads no more of them than it takes, but for the rest of a page.
    #[tokio::test]
    async fn the_last_ones_are_read_in_small_pages() {
        let world = World::new().await;
        for person in 0..640 {
            world.has_approved(person, 1);
        }
        for number in 1..=68_u64 {
            world.has_approved(0, number + 1);
            let made = world.checks().await.expect("made");
            assert!(matches!(made, Checked::Made { chains: 640, .. }), "{made:?}");
        }
        let queries = |world: &World| world.aws.state().calls["Query"];
        assert_eq!(world.store.newest_checkpoints().await.expect("no fault").len(), 68);
        world.checks().await.expect("no fault");
        assert_eq!(queries(&world), 16 + 2, "64 and 4 of them");

        let world = World::new().await;
        for number in 1..=200_u64 {
            world.has_approved(0, number);
            world.checks().await.expect("made");
        }
        let all: usize = world.checkpoints().iter().map(|kept| kept.to_string().len()).sum();
        world.checks().await.expect("no fault");
        let read = world.aws.state().read;
        assert!(queries(&world) == 16 + 1 && read < all, "{read} of {all} bytes");
    }

    #[tokio::test]
    async fn a_chain_that_went_back_is_told_each_time_and_held_on() {
        let world = World::new().await;
        for person in 0..3 {
            world.has_approved(person, 5);
        }
        world.checks().await.expect("made");
        world.has_approved(1, 4);
        for _ in 0..2 {
            let fault = world.checks().await.expect_err("it went back").to_string();
            assert!(
                fault.contains("1 of them went back") && fault.contains(world.person(1).as_str()),
                "{fault}"
            );
        }
        assert_eq!(world.checkpoints().len(), 1, "nothing went on");
        world.has_approved(2, 6);
        world.checks().await.expect_err("it is told with the next one, too");
        assert_eq!(world.checkpoints().len(), 2);
        let mut heads = AllHeads::default();
        for one in world.store.newest_checkpoints().await.expect("no fault") {
            let kept = one.kept.expect("readable");
            heads.take_on(kept.heads, kept.are_all);
        }
        assert_eq!(heads.of(&world.person(1)).map(|head| head.number), Some(5), "what was there");
    }

    #[tokio::test]
    async fn what_is_kept_of_the_last_one_is_not_signed_again_when_it_was_changed() {
        let world = World::new().await;
        world.has_approved(0, 5);
        world.checks().await.expect("made");
        let mut kept = world.checkpoints().remove(0);
        kept["heads"]["here"][0]["number"] = json!(4);
        world.aws.state().table.put("CHECKPOINTS", "NUMBER#00000000000000000001", &kept);
        world.has_approved(0, 6);
        let fault = world.checks().await.expect_err("changed").to_string();
        assert!(fault.contains("1 holds other heads"), "{fault}");
    }
}
