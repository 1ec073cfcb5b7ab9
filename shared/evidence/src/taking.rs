//! Who takes up what: what was approved once is there once.

/// Whether each of the `takers` has one of the `places` for itself that it fits: none is taken by two. Those that came before may move (a
/// bipartite matching by augmenting paths).
pub(crate) fn each_takes_one<One, Other>(
    takers: impl IntoIterator<Item = One>,
    places: &[Other],
    fits: impl Fn(&One, &Other) -> bool,
) -> bool {
    let fitting = |one: One| places.iter().map(|other| fits(&one, other)).collect();
    let choices: Vec<Vec<bool>> = takers.into_iter().map(fitting).collect();
    let mut taken = vec![None; places.len()];
    (0..choices.len()).all(|who| takes(who, &choices, &mut taken, &mut vec![false; places.len()]))
}

fn takes(who: usize, choices: &[Vec<bool>], taken: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for place in 0..taken.len() {
        if !choices[who][place] || std::mem::replace(&mut tried[place], true) {
            continue;
        }
        if taken[place].is_none_or(|other| takes(other, choices, taken, tried)) {
            taken[place] = Some(who);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::each_takes_one;

    #[test]
    fn none_is_taken_by_two_and_whoever_came_first_makes_room() {
        let divides = |one: &u8, other: &u8| other.is_multiple_of(*one);
        assert!(each_takes_one([2, 3], &[6, 2], divides), "2 takes 6 first, and moves");
        assert!(!each_takes_one([2, 3], &[6, 5], divides));
        assert!(!each_takes_one([1, 1], &[1], divides));
        assert!(each_takes_one(Vec::<u8>::new(), &[], divides));
    }
}
