use std::fmt::Display;
use std::io::{Stdout, Write, stdout};

/// What the demo tells the person at the terminal, step by step. A closed output is no reason to end.
#[derive(Debug)]
pub(crate) struct Story {
    output: Stdout,
    steps: u32,
}

impl Story {
    /// A story told on standard output.
    pub(crate) fn begin() -> Self {
        Self { output: stdout(), steps: 0 }
    }

    /// Begins the next step.
    pub(crate) fn step(&mut self, title: impl Display) {
        self.steps += 1;
        let gap = if self.steps == 1 { "" } else { "\n" };
        let _ = writeln!(self.output, "{gap}{}. {title}", self.steps);
    }

    /// Says something within the step; every line is indented.
    pub(crate) fn tell(&self, text: impl Display) {
        let mut output = self.output.lock();
        for line in text.to_string().lines() {
            let _ = writeln!(output, "{}", format!("   {line}").trim_end());
        }
    }

    /// A fact: its name, then its value, aligned with the others.
    pub(crate) fn fact(&self, name: &str, value: impl Display) {
        self.tell(format_args!("{name:<24}{value}"));
    }
}
