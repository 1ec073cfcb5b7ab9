use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The reports that are there, until somebody deletes one.
#[derive(Clone, Default)]
pub(super) struct Files {
    deleted: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Files {
    /// The text of a report. A real tool would extract it from the PDF; these were typed.
    pub(super) fn text(&self, folder: &str, identifier: &str) -> Option<&'static str> {
        let text = match (folder, identifier) {
            ("finance", "Q3-report.pdf") => include_str!("../../files/finance/Q3-report.pdf.txt"),
            ("finance", "Q4-report.pdf") => include_str!("../../files/finance/Q4-report.pdf.txt"),
            _ => return None,
        };
        let deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        (!deleted.contains(text)).then_some(text)
    }

    /// Deletes the report with this text.
    pub(super) fn delete(&self, text: &'static str) {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).insert(text);
    }
}
