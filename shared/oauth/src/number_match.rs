use serde::{Deserialize, Serialize};

/// How many numbers a person chooses from.
const SHOWN: usize = 3;
/// The smallest number: each has two digits.
const SMALLEST: u8 = 10;
/// How many numbers of two digits there are.
const NUMBERS: u32 = 90;

/// A number that the agent shows, and the ones among which the person finds it: whoever approves out of habit, or what somebody else
/// started, does not know which one it is. An extension of ours to OpenID CIBA Core 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberMatch {
    /// What the person is shown, in this order.
    shown: [u8; SHOWN],
    /// Which of them is the agent's.
    right: u8,
}

impl NumberMatch {
    /// Three different numbers, each as likely as any other, and one of them. Random bytes decide.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let [first, second, third, which] = bytes.as_chunks().0.try_into().unwrap_or([[0; 4]; 4]);
        let below =
            |chunk: [u8; 4], bound| u8::try_from(u32::from_be_bytes(chunk) % bound).unwrap_or_default();
        let mut shown = [below(first, NUMBERS), below(second, NUMBERS - 1), below(third, NUMBERS - 2)];
        // Of what is left after those before it.
        shown[1] += u8::from(shown[1] >= shown[0]);
        let (low, high) = (shown[0].min(shown[1]), shown[0].max(shown[1]));
        shown[2] += u8::from(shown[2] >= low);
        shown[2] += u8::from(shown[2] >= high);
        let shown = shown.map(|number| SMALLEST + number);
        let right = shown[usize::from(below(which, 3))];
        Self { shown, right }
    }

    /// What the agent shows.
    pub const fn right(&self) -> u8 {
        self.right
    }

    /// What the person chooses from.
    pub const fn shown(&self) -> [u8; SHOWN] {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn three_different_numbers_of_two_digits_are_shown_and_one_of_them_is_right(bytes: [u8; 16]) {
            let numbers = NumberMatch::from_random(bytes);
            let different: BTreeSet<u8> = numbers.shown().into();
            prop_assert_eq!(different.len(), SHOWN);
            prop_assert!(different.iter().all(|number| (10..=99).contains(number)));
            prop_assert!(different.contains(&numbers.right()));
        }
    }

    #[test]
    fn the_right_one_stands_in_each_place() {
        let of = |which: u8| {
            let mut bytes = [7; 16];
            bytes[12..].copy_from_slice(&[0, 0, 0, which]);
            let numbers = NumberMatch::from_random(bytes);
            numbers.shown().iter().position(|number| *number == numbers.right())
        };
        assert_eq!([of(0), of(1), of(2)], [Some(0), Some(1), Some(2)]);
    }
}
