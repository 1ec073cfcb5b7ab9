//! Moments on the pages are told as the person's own clock shows them.

use crate::agent::{an_agent, asks_for_a_file};
use crate::browser::Browser;
use crate::person::{Person, somebody, somebody_with};
use crate::stack::Stack;

/// How long an authorization can be renewed when the configuration says nothing, in seconds.
const RENEWABLE: i64 = 30 * 86_400;

#[test]
fn the_end_of_an_authorization_is_told_in_the_time_of_the_persons_zone() {
    let stack = Stack::shared();
    for (person, zone, ahead) in [
        (somebody(stack), "UTC", 0),
        // Neither has summer time.
        (somebody_with(stack, &["--zone", "Asia/Tokyo"]), "JST", 9 * 60),
        (somebody_with(stack, &["--zone", "Asia/Kathmandu"]), "+0545", 5 * 60 + 45),
    ] {
        let before = stack.now() + RENEWABLE;
        let told = the_end_told_to(stack, &person);
        let after = stack.now() + RENEWABLE;
        assert_eq!(told.zone, zone, "{told:?}");
        let told_in_universal_time = told.minutes() - ahead;
        assert!((before / 60..=after / 60).contains(&told_in_universal_time), "{zone}: {told:?}");
    }
}

/// What the consent page says of the end: "The agent can renew it until 24 December 2026, 18:05 (CET)."
fn the_end_told_to(stack: &Stack, person: &Person) -> Told {
    let agent = an_agent(stack);
    let address = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    let words = Browser::new(stack).comes_to_consent(person, &address).words();
    let (_, after) = words.split_once("can renew it until ").unwrap_or_else(|| panic!("no end in {words}"));
    let (moment, _) = after.split_once(").").unwrap_or_else(|| panic!("no zone in {after}"));
    Told::parse(moment).unwrap_or_else(|| panic!("no moment: {moment}"))
}

/// A moment as a page tells it, to the minute.
#[derive(Debug)]
struct Told {
    date: [i64; 3],
    time: [i64; 2],
    zone: String,
}

impl Told {
    /// Reads "24 December 2026, 18:05 (CET".
    fn parse(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let mut words = text.split_whitespace();
        let day = words.next()?.parse().ok()?;
        let name = words.next()?;
        let month = (1..).zip(MONTHS).find_map(|(number, month)| (month == name).then_some(number))?;
        let year = words.next()?.strip_suffix(',')?.parse().ok()?;
        let (hour, minute) = words.next()?.split_once(':')?;
        let zone = words.next()?.strip_prefix('(')?.to_owned();
        Some(Self { date: [year, month, day], time: [hour.parse().ok()?, minute.parse().ok()?], zone })
    }

    /// Minutes from the beginning of 1970 to what stands there, as if it were universal time.
    fn minutes(&self) -> i64 {
        let ([year, month, day], [hour, minute]) = (self.date, self.time);
        // Years are counted from March, so that a leap day is the last of its year.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let leap_days = year / 4 - year / 100 + year / 400;
        let days_since_1970 = 365 * year + leap_days + (153 * month + 2) / 5 + day - 719_469;
        (days_since_1970 * 24 + hour) * 60 + minute
    }
}

#[test]
fn the_calendar_of_these_tests_is_right() {
    let minutes = |text: &str| Told::parse(text).expect("a moment").minutes();
    assert_eq!(minutes("1 January 1970, 00:00 (UTC"), 0);
    assert_eq!(minutes("24 November 2026, 17:05 (UTC"), 1_795_539_900 / 60);
    assert_eq!(minutes("1 March 2028, 00:00 (UTC") - minutes("28 February 2028, 00:00 (UTC"), 2 * 24 * 60);
}
