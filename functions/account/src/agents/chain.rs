use std::collections::{BTreeMap, BTreeSet};

use oauth::{ClientId, LONGEST_CHAIN, ResourceUri, TokenId};
use pages::ChainStep;
use reception::Guest;
use store::Hop;

use super::listing::{Names, tool_name};

/// The chains of tools that acted by an authorization, as its exchanges record them. Who went the same way several times is one step.
pub(super) fn chain_of<'h>(guest: &'h Guest<'_>, hops: &'h [Hop], names: &Names) -> Vec<ChainStep<'h>> {
    let issued: BTreeSet<&TokenId> = hops.iter().map(|hop| &hop.token).collect();
    let mut from: BTreeMap<&TokenId, Vec<&'h Hop>> = BTreeMap::new();
    for hop in hops {
        from.entry(&hop.from).or_default().push(hop);
    }
    // The first tokens are recorded nowhere: whatever came of none of these came of one of them.
    let first = hops.iter().filter(|hop| !issued.contains(&hop.from)).collect();
    Chain { guest, from, names }.steps(first, LONGEST_CHAIN)
}

struct Chain<'c, 'h, 'g> {
    guest: &'h Guest<'g>,
    from: BTreeMap<&'h TokenId, Vec<&'h Hop>>,
    names: &'c Names,
}

impl<'h> Chain<'_, 'h, '_> {
    fn steps(&self, hops: Vec<&'h Hop>, deepest: usize) -> Vec<ChainStep<'h>> {
        if deepest == 0 {
            return vec![];
        }
        let mut ways: Vec<((&ClientId, &ResourceUri), Vec<&'h Hop>)> = Vec::new();
        for hop in hops {
            let way = (&hop.client_id, &hop.resource);
            match ways.iter_mut().find(|(known, _)| *known == way) {
                Some((_, same)) => same.push(hop),
                None => ways.push((way, vec![hop])),
            }
        }
        ways.into_iter().filter_map(|(_, same)| self.step(&same, deepest)).collect()
    }

    /// One step for all who went the same way. What was allowed is said of the last.
    fn step(&self, same: &[&'h Hop], deepest: usize) -> Option<ChainStep<'h>> {
        let last = same.iter().max_by_key(|hop| hop.at)?;
        let below = same.iter().filter_map(|hop| self.from.get(&hop.token)).flatten().copied().collect();
        Some(ChainStep {
            by: self.names.of(&last.client_id).to_owned(),
            tool: tool_name(self.guest, &last.resource),
            sentences: last.details.iter().map(|detail| self.guest.sentence(detail)).collect(),
            scopes: last.scope.iter().map(|scope| self.guest.scope_choice(scope)).collect(),
            times: same.len(),
            last: last.at,
            below: self.steps(below, deepest - 1),
        })
    }
}
