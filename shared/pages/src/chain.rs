use languages::Message;
use oauth::Timestamp;

use crate::ScopeChoice;

/// A step in the chains of tools that acted in a person's name: one tool went on to another.
#[derive(Clone, Debug)]
pub struct ChainStep<'a> {
    /// The name of who went on.
    pub by: String,
    /// The name of the tool that it went to.
    pub tool: String,
    /// What was allowed there in detail.
    pub sentences: Vec<Message>,
    /// What was allowed there by scope.
    pub scopes: Vec<ScopeChoice<'a>>,
    /// How often.
    pub times: usize,
    /// When last.
    pub last: Timestamp,
    /// Where it went from there.
    pub below: Vec<ChainStep<'a>>,
}

/// A step and its place among nested lists: a template cannot call itself.
pub(crate) struct Placed<'s> {
    pub(crate) step: &'s ChainStep<'s>,
    /// Whether a list of further steps begins inside it.
    pub(crate) opens: bool,
    /// How many lists end after it.
    pub(crate) closes: usize,
}

/// The steps in the order in which they are read.
pub(crate) fn placed<'s>(chain: &'s [ChainStep<'s>]) -> Vec<Placed<'s>> {
    let mut all = Vec::new();
    place(chain, 0, &mut all);
    all
}

fn place<'s>(steps: &'s [ChainStep<'s>], closes: usize, all: &mut Vec<Placed<'s>>) {
    for (index, step) in steps.iter().enumerate() {
        let is_last = index + 1 == steps.len();
        // Whatever comes last ends its own list, and those that it is the last in.
        let ends = if is_last { closes + 1 } else { 0 };
        let opens = !step.below.is_empty();
        all.push(Placed { step, opens, closes: if opens { 0 } else { ends } });
        place(&step.below, ends, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(tool: &str, below: Vec<ChainStep<'static>>) -> ChainStep<'static> {
        let last = Timestamp::from_seconds(0);
        let (by, tool) = (String::new(), tool.to_owned());
        ChainStep { by, tool, sentences: vec![], scopes: vec![], times: 1, last, below }
    }

    #[test]
    fn each_list_that_begins_ends_once_and_in_its_place() {
        let leaf = |tool| step(tool, vec![]);
        let chain = [step("a", vec![step("b", vec![leaf("c")]), leaf("d")]), leaf("e")];
        let read: Vec<_> = placed(&chain)
            .iter()
            .map(|placed| (placed.step.tool.as_str(), placed.opens, placed.closes))
            .map(|(tool, opens, closes)| format!("{tool}{}{closes}", if opens { '+' } else { ' ' }))
            .collect();
        // The one list that stays is the one around all: it ends with the last.
        assert_eq!(read, ["a+0", "b+0", "c 1", "d 1", "e 1"]);
        assert!(placed(&[]).is_empty());
    }
}
