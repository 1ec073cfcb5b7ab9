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
        let signed = SignedCheckpoint::of(&input, &signature);
        let signed = signed.ok_or_else(|| Fault::broken("checkpoint", "what was signed is none"))?;
        let are_all = last.is_none() || weight + WEIGHT + moved >= heads.count();
        let kept = if are_all { heads.iter().cloned().collect() } else { onward };
        checked = if store.keep_checkpoint(&signed, &kept, are_all).await? {
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
        if let Some(last) = &known.last {
            let tree = known.heads.tree();
            if (last.says().root, last.says().size) != (tree.root(), tree.size()) {
                let number = last.says().number;
                return Err(Fault::broken(
                    "checkpoint",
                    format!("{number} holds other heads than are kept with it"),
                ));
            }
        }
        Ok(known)
    }
}
