/// The text of a report. A real tool would extract it from the PDF; these were typed.
pub(super) fn text(folder: &str, identifier: &str) -> Option<&'static str> {
    match (folder, identifier) {
        ("finance", "Q3-report.pdf") => Some(include_str!("../../files/finance/Q3-report.pdf.txt")),
        ("finance", "Q4-report.pdf") => Some(include_str!("../../files/finance/Q4-report.pdf.txt")),
        _ => None,
    }
}
