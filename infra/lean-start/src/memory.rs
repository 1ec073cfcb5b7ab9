//! What a function's memory does to its time and its price: the processor comes with the memory, the waiting does not.

use std::fmt::{self, Formatter};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sessions::Password;

use crate::failure::Failure;
use crate::measurement::{Subject, Work, processor_time, quantile};
use crate::report::milliseconds;
use crate::samples::Calls;
use crate::share::{self, Share};
use crate::surroundings::Surroundings;

/// The sizes that are compared, in megabytes. With the last one a function has a whole processor.
const SIZES: [u32; 5] = [128, 256, 512, 1024, share::OF_A_WHOLE_PROCESSOR];

/// What a sign-in calls beside its password's hash.
const OF_A_SIGN_IN: Calls = Calls { reads: 3, writes: 3, signatures: 0 };

/// How often the hash is timed.
const HASHES: u32 = 20;

/// What a function needs for one request, whatever its memory is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Need {
    pub(crate) function: &'static str,
    /// What a whole processor works for a process until its first poll, in milliseconds: Lambda gives it one for that.
    pub(crate) start_processor_ms: Option<f64>,
    /// What it works for the first request.
    pub(crate) first_processor_ms: Option<f64>,
    /// What a whole processor works for a request of a warm one.
    pub(crate) processor_ms: f64,
    /// What it waits for AWS, by the assumptions of `infra/requests.toml`.
    pub(crate) waits_ms: f64,
    pub(crate) sizes: Vec<Size>,
}

/// What comes of it with some memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Size {
    megabytes: u32,
    /// The first request of a process. What comes before it, Lambda does with a whole processor.
    first_ms: Option<f64>,
    /// A request: what is waited for, and the work in the processor's share.
    warm_ms: f64,
    /// Lambda's price of a million such requests, in US dollars.
    usd_a_million: f64,
    /// The same requests one right after the other under such a share, on this machine's table: how long one in a hundred
    /// takes at least.
    measured_p99_ms: Option<f64>,
    measured_mean_ms: Option<f64>,
}

/// The needs of all that were measured.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Memory(pub(crate) Vec<Need>);

/// The prices and the times that are reckoned with.
#[derive(Deserialize)]
struct Prices {
    invocation: Price,
    gigabyte_second: Price,
}

#[derive(Deserialize)]
struct Price {
    usd: f64,
    per: f64,
}

#[derive(Deserialize)]
struct Requests {
    milliseconds: Waits,
}

#[derive(Deserialize)]
struct Waits {
    read: f64,
    write: f64,
    signature_by_kms: f64,
}

impl Memory {
    /// Measures what each of these functions needs, and the password's hash, which is most of a sign-in.
    pub(crate) fn measure(
        subjects: &[Subject],
        around: &Surroundings,
        invocations: u32,
    ) -> Result<Self, Failure> {
        let mut needs = Vec::new();
        for subject in subjects {
            let (Some(question), Some(sample)) = (&subject.question(around)?, &subject.sample) else {
                continue;
            };
            eprintln!("{}: with {SIZES:?} MB", subject.name);
            let work = subject.work(question, invocations)?;
            let mut need = Need::of(subject.name, Some(work), work.warm, sample.calls);
            for size in &mut need.sizes {
                // Without the right to share out the processor, what is reckoned has to do.
                if let Ok(share) = Share::make(share::of_memory(size.megabytes)) {
                    size.measured(&subject.invoke_in(&share, question, invocations)?);
                }
            }
            needs.push(need);
        }
        needs.push(of_a_password());
        Ok(Self(needs))
    }
}

/// What a password's hash comes to, the rest of a sign-in left aside.
fn of_a_password() -> Need {
    let password = Password::typed("correct horse battery staple".to_owned());
    let hash = || password.as_ref().map(|password| password.hash([7; 16]));
    let this = std::process::id();
    let worked = || processor_time(this).unwrap_or_default();
    let before = worked();
    for _ in 0..HASHES {
        std::hint::black_box(hash());
    }
    Need::of("sign-in, its password", None, worked().saturating_sub(before) / HASHES, OF_A_SIGN_IN)
}

impl Need {
    fn of(function: &'static str, process: Option<Work>, warm: Duration, calls: Calls) -> Self {
        let waits: Requests = shipped(include_str!("../../requests.toml"));
        let waits_ms = waits.milliseconds.of(calls);
        let start_processor_ms = process.map(|process| milliseconds(process.start));
        let first_processor_ms = process.map(|process| milliseconds(process.first));
        let processor_ms = milliseconds(warm);
        let sizes = SIZES.map(|megabytes| Size::of(megabytes, first_processor_ms, processor_ms, waits_ms));
        let sizes = sizes.to_vec();
        Self { function, start_processor_ms, first_processor_ms, processor_ms, waits_ms, sizes }
    }
}

impl Waits {
    fn of(&self, calls: Calls) -> f64 {
        f64::from(calls.reads) * self.read
            + f64::from(calls.writes) * self.write
            + f64::from(calls.signatures) * self.signature_by_kms
    }
}

impl Size {
    fn of(megabytes: u32, first_ms: Option<f64>, processor_ms: f64, waits_ms: f64) -> Self {
        let share = share::of_memory(megabytes);
        let warm_ms = waits_ms + processor_ms / share;
        Self {
            megabytes,
            first_ms: first_ms.map(|processor| waits_ms + processor / share),
            warm_ms,
            usd_a_million: usd_a_million(megabytes, warm_ms),
            measured_p99_ms: None,
            measured_mean_ms: None,
        }
    }

    fn measured(&mut self, took: &[Duration]) {
        let count = u32::try_from(took.len()).unwrap_or(u32::MAX).max(1);
        self.measured_p99_ms = quantile(took, 0.99).map(milliseconds);
        self.measured_mean_ms = Some(milliseconds(took.iter().sum::<Duration>() / count));
    }
}

/// What Lambda charges for a million requests that take so long, each rounded up to a millisecond.
fn usd_a_million(megabytes: u32, took_ms: f64) -> f64 {
    let prices: Prices = shipped(include_str!("../../prices.toml"));
    let gigabyte_seconds = f64::from(megabytes) / 1024.0 * took_ms.ceil() / 1000.0;
    1e6 * (prices.invocation.of(1.0) + prices.gigabyte_second.of(gigabyte_seconds))
}

impl Price {
    fn of(&self, quantity: f64) -> f64 {
        quantity * self.usd / self.per
    }
}

/// A file of this repository that is part of the program; a test reads it.
fn shipped<T: for<'a> Deserialize<'a>>(text: &str) -> T {
    toml::from_str(text).expect("the files that ship can be read")
}

impl fmt::Display for Memory {
    /// In Markdown: what is reckoned for AWS, and what was measured here.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let headings = SIZES.map(|size| format!(" {size} MB |")).concat();
        let ruler = " ---: |".repeat(SIZES.len());
        writeln!(
            formatter,
            "\nReckoned for AWS: a first request and a warm one in milliseconds, and Lambda's price of a million warm ones.\n\n\
             | function | processor: start, first, warm, ms | waits, ms |{headings}\n| --- | ---: | ---: |{ruler}"
        )?;
        for need in &self.0 {
            let [start, first] = [need.start_processor_ms, need.first_processor_ms]
                .map(|time| time.map_or("–".to_owned(), |time| format!("{time:.1}")));
            write!(
                formatter,
                "| {} | {start}, {first}, {:.2} | {:.0} |",
                need.function, need.processor_ms, need.waits_ms
            )?;
            for size in &need.sizes {
                let first = size.first_ms.map_or("–".to_owned(), |time| format!("{time:.0}"));
                write!(formatter, " {first}, {:.0}; {:.2} USD |", size.warm_ms, size.usd_a_million)?;
            }
            writeln!(formatter)?;
        }
        let measured: Vec<_> = self
            .0
            .iter()
            .filter(|need| need.sizes.iter().any(|size| size.measured_p99_ms.is_some()))
            .collect();
        if measured.is_empty() {
            return writeln!(
                formatter,
                "\nNothing was measured under such shares: that takes root on Linux."
            );
        }
        writeln!(
            formatter,
            "\nMeasured here under such a share, one request right after the other, on this machine's table: mean and p99, ms.\n\n\
             | function |{headings}\n| --- |{ruler}"
        )?;
        for need in measured {
            write!(formatter, "| {} |", need.function)?;
            for size in &need.sizes {
                match size.measured_mean_ms.zip(size.measured_p99_ms) {
                    Some((mean, p99)) => write!(formatter, " {mean:.1}, {p99:.1} |")?,
                    None => write!(formatter, " – |")?,
                }
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_memory_shortens_the_work_and_not_the_waiting() {
        let [start, first, warm] = [5, 10, 2].map(Duration::from_millis);
        let calls = Calls { signatures: 1, ..Calls::NONE };
        let need = Need::of("token", Some(Work { start, first, warm }), warm, calls);
        assert!((need.waits_ms - 15.0).abs() < 1e-9, "as infra/requests.toml says: {}", need.waits_ms);
        let (first, last) = (need.sizes[0], need.sizes[4]);
        assert!((first.warm_ms - (15.0 + 2.0 * 1769.0 / 128.0)).abs() < 1e-6, "{first:?}");
        assert!((last.warm_ms - 17.0).abs() < 1e-9, "{last:?}");
        assert_eq!(last.first_ms, Some(25.0));
    }

    #[test]
    fn a_million_requests_cost_their_number_and_their_gigabyte_seconds() {
        // 0.20 USD for the requests; half a gigabyte for ten milliseconds, a million times: 5,000 GB-seconds.
        assert!((usd_a_million(512, 9.4) - (0.20 + 5000.0 * 0.000_013_333_4)).abs() < 1e-9);
    }

    #[test]
    fn what_was_measured_stands_in_a_table_of_its_own() {
        let mut need = Need::of("par", None, Duration::from_millis(1), Calls::NONE);
        assert!(Memory(vec![need.clone()]).to_string().contains("Nothing was measured"));
        need.sizes[0].measured(&[1, 2, 3].map(Duration::from_millis));
        let told = Memory(vec![need]).to_string();
        assert!(told.contains("| par | 2.0, 3.0 | – | – | – | – |"), "{told}");
        assert!(told.contains("| par | –, –, 1.00 | 0 | –, 14; 0.22 USD |"), "{told}");
    }
}
