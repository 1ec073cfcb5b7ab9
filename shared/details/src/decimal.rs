//! Decimal numbers in strings, such as the value of an amount of money.

use std::cmp::Ordering;

/// A decimal number that is not negative, as written: `12`, `0.50`. No sign, exponent, leading zero, space or foreign
/// digit, for two readers could disagree about what those are worth. Of any length: it is never turned into a double.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    whole: &'a str,
    /// Without zeros at the end.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            Some(_) => return None,
            None => (text, ""),
        };
        let sound = is_digits(whole) && (whole == "0" || !whole.starts_with('0'));
        sound.then(|| Self { whole, fraction: fraction.trim_end_matches('0') })
    }

    fn order(self, other: Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }

    pub(crate) fn is_at_most(self, other: Self) -> bool {
        self.order(other).is_le()
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_two_readers_could_disagree_about_is_not_a_decimal() {
        for text in [
            "", "-1", "+1", "1e3", "1E3", "0x10", "NaN", "Infinity", "01", "00", ".5", "5.", "1,5", "1_000",
            " 1", "1 ", "1.2.3", "\u{661}", "１", "1\u{0}", "-0", "0.-1",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn decimals_are_compared_exactly() {
        for (smaller, larger) in [
            ("0", "0.0000000000000000000000000000001"),
            ("9", "10"),
            ("99.99", "100"),
            ("0.45", "0.5"),
            ("9007199254740992", "9007199254740993"),
            ("0.1", "0.10000000000000000001"),
        ] {
            let (smaller, larger) = (Decimal::parse(smaller).unwrap(), Decimal::parse(larger).unwrap());
            assert!(smaller.is_at_most(larger) && !larger.is_at_most(smaller), "{smaller:?} {larger:?}");
        }
        let (one, other) = (Decimal::parse("1.50").unwrap(), Decimal::parse("1.5").unwrap());
        assert!(one.is_at_most(other) && other.is_at_most(one));
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_numbers(one in 0_u64..100_000, other in 0_u64..100_000) {
            let text = |number: u64| format!("{}.{:03}", number / 1000, number % 1000);
            let (one_text, other_text) = (text(one), text(other));
            let at_most = Decimal::parse(&one_text).unwrap().is_at_most(Decimal::parse(&other_text).unwrap());
            prop_assert_eq!(at_most, one <= other);
        }
    }
}
