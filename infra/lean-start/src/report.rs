//! The figures, as a table for people and as JSON for programs.

use std::fmt::{self, Formatter};
use std::time::Duration;

use serde::Serialize;

use crate::samples::{Aim, BARE};

/// What was measured of one function. What could not be measured is missing.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) function: &'static str,
    /// What it was asked.
    pub(crate) sample: Option<&'static str>,
    /// From the start of the process to its first poll, in milliseconds, the median.
    pub(crate) start_ms: f64,
    /// What the processor worked for it, in milliseconds, the median.
    pub(crate) start_processor_ms: f64,
    /// Instructions of the same.
    pub(crate) start_instructions: Option<u64>,
    /// The first invocation of a fresh process, the median.
    pub(crate) first_invocation_ms: Option<f64>,
    pub(crate) warm_p50_ms: Option<f64>,
    pub(crate) warm_p99_ms: Option<f64>,
    pub(crate) warm_instructions: Option<u64>,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) binary_bytes: u64,
    pub(crate) zip_bytes: u64,
    #[serde(skip)]
    pub(crate) aim: Option<Aim>,
}

/// All figures of a run; the bare function's come first.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Report(pub(crate) Vec<Figures>);

/// A column: its heading, and how a function's figure is taken and shown.
struct Column(&'static str, fn(&Figures) -> Option<f64>, usize);

/// Bytes in a megabyte, as Lambda counts packages.
const MB: f64 = 1024.0 * 1024.0;

const COLUMNS: [Column; 10] = [
    Column("start, ms", |figures| Some(figures.start_ms), 1),
    Column("of it processor, ms", |figures| Some(figures.start_processor_ms), 1),
    Column("start, M instr.", |figures| millions(figures.start_instructions), 2),
    Column("first call, ms", |figures| figures.first_invocation_ms, 1),
    Column("warm p50, ms", |figures| figures.warm_p50_ms, 2),
    Column("warm p99, ms", |figures| figures.warm_p99_ms, 2),
    Column("warm, M instr.", |figures| millions(figures.warm_instructions), 3),
    Column("peak memory, MB", |figures| Some(megabytes(figures.peak_memory_bytes)), 1),
    Column("binary, MB", |figures| Some(megabytes(figures.binary_bytes)), 2),
    Column("zip, MB", |figures| Some(megabytes(figures.zip_bytes)), 2),
];

impl Figures {
    /// The aims that this function misses, beside the bare one.
    fn missed(&self, bare: &Self) -> Vec<String> {
        let Some(aim) = self.aim else { return Vec::new() };
        let mut missed = Vec::new();
        let start = self.start_ms / bare.start_ms;
        if start > aim.start {
            missed.push(format!(
                "{} starts in {start:.2} times the bare function's time (aim: {})",
                self.function, aim.start
            ));
        }
        let zip = megabytes(self.zip_bytes);
        if zip > aim.zip_mb {
            missed.push(format!("{}'s package has {zip:.2} MB (aim: {})", self.function, aim.zip_mb));
        }
        missed
    }
}

impl Report {
    fn bare(&self) -> Option<&Figures> {
        self.0.iter().find(|figures| figures.function == BARE)
    }

    /// Every aim that is missed.
    pub(crate) fn missed(&self) -> Vec<String> {
        let Some(bare) = self.bare() else { return Vec::new() };
        self.0.iter().flat_map(|figures| figures.missed(bare)).collect()
    }
}

impl fmt::Display for Report {
    /// Tables in Markdown: the figures with their ratios to the bare function's, then what was asked.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let headings: Vec<&str> = COLUMNS.iter().map(|Column(heading, ..)| *heading).collect();
        writeln!(formatter, "| function | {} |", headings.join(" | "))?;
        writeln!(formatter, "| --- |{}", " ---: |".repeat(COLUMNS.len()))?;
        for figures in &self.0 {
            write!(formatter, "| {} |", figures.function)?;
            for column in &COLUMNS {
                write!(formatter, " {} |", column.cell(figures, self.bare()))?;
            }
            writeln!(formatter)?;
        }
        writeln!(formatter, "\n| function | was asked |\n| --- | --- |")?;
        for figures in &self.0 {
            writeln!(
                formatter,
                "| {} | {} |",
                figures.function,
                figures.sample.unwrap_or("nothing: its answers take a session or KMS")
            )?;
        }
        let missed = self.missed();
        writeln!(formatter, "\nAims missed:{}", if missed.is_empty() { " none" } else { "\n" })?;
        missed.iter().try_for_each(|missed| writeln!(formatter, "- {missed}"))
    }
}

impl Column {
    fn cell(&self, figures: &Figures, bare: Option<&Figures>) -> String {
        let Self(_, figure, digits) = self;
        let Some(value) = figure(figures) else { return "–".to_owned() };
        match bare.filter(|bare| bare.function != figures.function).and_then(figure) {
            Some(of_bare) => format!("{value:.digits$} ({:.1}×)", value / of_bare),
            None => format!("{value:.digits$}"),
        }
    }
}

/// A time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of programs, rounded for the reader")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MB
}

#[expect(clippy::cast_precision_loss, reason = "rounded for the reader")]
fn millions(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64 / 1_000_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(function: &'static str, start_ms: f64, zip_bytes: u64) -> Figures {
        Figures {
            function,
            sample: Some("a GET"),
            start_ms,
            start_processor_ms: start_ms / 2.0,
            start_instructions: Some(2_000_000),
            first_invocation_ms: None,
            warm_p50_ms: Some(0.25),
            warm_p99_ms: Some(0.5),
            warm_instructions: None,
            peak_memory_bytes: 3 << 20,
            binary_bytes: 5 << 20,
            zip_bytes,
            aim: (function != BARE).then_some(Aim { start: 1.6, zip_mb: 3.0 }),
        }
    }

    #[test]
    fn figures_stand_beside_their_ratio_to_the_bare_functions() {
        let report = Report(vec![figures(BARE, 2.0, 1 << 20), figures("par", 3.0, 2 << 20)]).to_string();
        assert!(report.contains("| bare | 2.0 | 1.0 | 2.00 | – | 0.25 |"), "{report}");
        assert!(
            report.contains("| par | 3.0 (1.5×) | 1.5 (1.5×) | 2.00 (1.0×) | – | 0.25 (1.0×) |"),
            "{report}"
        );
        assert!(report.contains("| 2.00 (2.0×) |\n"), "{report}");
        assert!(report.ends_with("Aims missed: none\n"), "{report}");
    }

    #[test]
    fn whoever_misses_an_aim_is_named_with_the_figure() {
        let slow = figures("par", 3.3, 2 << 20);
        let large = figures("token", 3.2, 3_200_000);
        let report = Report(vec![figures(BARE, 2.0, 1 << 20), slow, large]);
        assert_eq!(
            report.missed(),
            [
                "par starts in 1.65 times the bare function's time (aim: 1.6)",
                "token's package has 3.05 MB (aim: 3)"
            ]
        );
    }

    #[test]
    fn programs_read_every_figure_as_json() {
        let json = serde_json::to_value(Report(vec![figures("par", 3.0, 7)])).expect("JSON");
        assert_eq!((&json[0]["function"], &json[0]["zip_bytes"]), (&"par".into(), &7.into()));
        assert_eq!(json[0]["warm_instructions"], serde_json::Value::Null);
    }
}
