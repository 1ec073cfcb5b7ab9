use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use crate::Demo;

/// What a person who started the server wants to know.
pub struct Banner {
    /// The issuer, which is also where to point a browser.
    pub issuer: String,
    /// Where what people's phones would show can be seen.
    pub inbox: String,
    /// Where state lies; nothing when it goes away at the end.
    pub data: Option<PathBuf>,
    /// The log's file.
    pub log: PathBuf,
    /// The embedded database's endpoint.
    pub table_endpoint: String,
    /// The test control's address, if there is one.
    pub test_control: Option<String>,
    /// The demo's person and a first request, when the demo's configuration is in force.
    pub demo: Option<Demo>,
}

impl Banner {
    /// Writes it to standard output. A closed output is no reason to end.
    pub fn print(&self) {
        let mut output = std::io::stdout().lock();
        let _ = write!(output, "{self}").and_then(|()| output.flush());
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |formatter: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            writeln!(formatter, "  {name:<14}{value}")
        };
        writeln!(formatter, "Countersign is running. Ctrl-C ends it.\n")?;
        line(formatter, "Issuer", &self.issuer)?;
        line(formatter, "Discovery", &format_args!("{}/.well-known/openid-configuration", self.issuer))?;
        line(formatter, "Account", &format_args!("{}/account", self.issuer))?;
        line(formatter, "Inbox", &format_args!("{} (in place of people's phones)", self.inbox))?;
        match &self.data {
            Some(data) => line(formatter, "Data", &data.display())?,
            None => line(formatter, "Data", &"in memory, gone at the end")?,
        }
        line(formatter, "Log", &self.log.display())?;
        line(formatter, "Table", &format_args!("{} (DynamoDB for this machine alone)", self.table_endpoint))?;
        if let Some(test_control) = &self.test_control {
            line(formatter, "Test control", test_control)?;
        }
        writeln!(formatter)?;
        let Some(demo) = &self.demo else { return Ok(()) };
        line(formatter, "Demo person", &demo.person)?;
        // Shown on purpose: made up for this machine, and of use nowhere else.
        match &demo.password {
            Some(password) => line(formatter, "Password", password.expose())?,
            None => line(formatter, "Password", &"changed since the first start")?,
        }
        writeln!(formatter, "\nA first request:\n\n  {}\n", demo.first_request)
    }
}
