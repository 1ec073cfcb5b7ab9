//! Measures what each function costs beside a bare one, and says which misses its aim.

mod arguments;
mod failure;
mod instructions;
mod measurement;
mod memory;
mod package;
mod programs;
mod report;
mod samples;
mod share;
mod surroundings;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use arguments::Arguments;
use failure::Failure;
use measurement::{Scratch, Starts, Subject, median, quantile};
use memory::Memory;
use package::Package;
use programs::Programs;
use report::{Figures, Report, milliseconds};
use samples::{FUNCTIONS, Function, THE_BARE};
use surroundings::Surroundings;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            // A closed output is no failure.
            let _ = write!(std::io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("countersign-lean-start: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The report that was asked for, as Markdown.
fn run(arguments: &Arguments) -> Result<String, Failure> {
    if let Some(unknown) =
        arguments.only.iter().find(|name| !FUNCTIONS.iter().any(|known| known.name == **name))
    {
        return Err(Failure::NoSuchFunction(unknown.clone()));
    }
    let programs = match &arguments.binaries {
        Some(folder) => Programs::at(folder),
        None => Programs::build()?,
    };
    let around = Surroundings::prepare(arguments)?;
    let subjects = subjects(arguments, &programs, &around)?;
    if arguments.memory {
        let memory = Memory::measure(&subjects, &around, arguments.invocations)?;
        return finished(&memory, arguments);
    }
    let starts = measure_starts(arguments, &subjects, &around)?;
    let counts = !arguments.no_instructions && instructions::can_be_counted();
    if !counts {
        eprintln!("Instructions are not counted: valgrind is missing or not wanted.");
    }
    let measured = subjects.iter().zip(&starts).map(|(subject, starts)| {
        eprintln!("{}: invocations", subject.name);
        figures(arguments, subject, starts, counts, &around)
    });
    finished(&Report(measured.collect::<Result<_, _>>()?), arguments)
}

/// A report for people, after it was written down for programs where that is wanted.
fn finished<T: Serialize + Display>(report: &T, arguments: &Arguments) -> Result<String, Failure> {
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(report).unwrap_or_default();
        std::fs::write(path, text + "\n").map_err(Failure::of(path))?;
    }
    Ok(report.to_string())
}

/// What is measured: the bare function, then those that were asked for.
fn subjects(
    arguments: &Arguments,
    programs: &Programs,
    around: &Surroundings,
) -> Result<Vec<Subject>, Failure> {
    let wanted = |function: &Function| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == function.name)
    };
    std::iter::once(THE_BARE)
        .chain(FUNCTIONS.into_iter().filter(wanted))
        .map(|function| {
            Ok(Subject {
                name: function.name,
                binary: programs.path(function.name)?,
                environment: around.environment(function.name),
                sample: Some(function.sample).filter(|sample| around.has_kms() || !sample.needs_kms),
                aim: function.aim,
            })
        })
        .collect()
}

/// Starts them in turns, so that what else the machine does meets all of them alike.
fn measure_starts(
    arguments: &Arguments,
    subjects: &[Subject],
    around: &Surroundings,
) -> Result<Vec<Starts>, Failure> {
    eprintln!("{} starts of {} functions", arguments.starts, subjects.len());
    let questions: Vec<_> =
        subjects.iter().map(|subject| subject.question(around)).collect::<Result<_, _>>()?;
    let mut starts: Vec<Starts> = subjects.iter().map(|_| Starts::default()).collect();
    for _ in 0..arguments.starts {
        for ((subject, question), starts) in subjects.iter().zip(&questions).zip(&mut starts) {
            subject.start_once(question.as_ref(), starts)?;
        }
    }
    Ok(starts)
}

fn figures(
    arguments: &Arguments,
    subject: &Subject,
    starts: &Starts,
    counts: bool,
    around: &Surroundings,
) -> Result<Figures, Failure> {
    let question = subject.question(around)?;
    let warm = subject.invoke(question.as_ref(), arguments.invocations)?;
    let instructions = if counts {
        Some(instructions::count(subject, question.as_ref(), Scratch::make()?.path())?)
    } else {
        None
    };
    let package = Package::of(&subject.binary)?;
    let of_warm = |share| quantile(&warm.invocations, share).map(milliseconds);
    Ok(Figures {
        function: subject.name,
        sample: subject.sample.as_ref().map(|sample| sample.meaning),
        start_ms: median(&starts.first_polls).map(milliseconds).unwrap_or_default(),
        start_processor_ms: median(&starts.processor_times).map(milliseconds).unwrap_or_default(),
        start_instructions: instructions.as_ref().map(|instructions| instructions.start),
        first_invocation_ms: median(&starts.first_invocations).map(milliseconds),
        warm_p50_ms: of_warm(0.5),
        warm_p99_ms: of_warm(0.99),
        warm_instructions: instructions.and_then(|instructions| instructions.invocation),
        peak_memory_bytes: warm.peak_memory_bytes,
        binary_bytes: package.binary,
        zip_bytes: package.zip,
        aim: subject.aim,
    })
}
