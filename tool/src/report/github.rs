//! Reports as workflow commands of GitHub Actions, which become annotations of lines.

use super::span;
use crate::finding::{Finding, Findings, Severity};
use std::fmt::Write as _;

/// One command in a line for each finding.
pub(super) fn commands(findings: &Findings) -> String {
    findings.sorted().into_iter().map(|finding| command(finding) + "\n").collect()
}

fn command(finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = String::new();
    let mut text = finding.text.clone();
    let (source, position) = finding.place();
    if let Some(source) = source {
        let _ = write!(properties, "file={},", property(&source.file));
        match (position, &source.key) {
            (Some(position), None) => {
                let end = span::end(&source.text, position);
                let _ = write!(properties, "line={},col={},endLine={},", position.line, position.column, end.line);
                if end.line == position.line {
                    let _ = write!(properties, "endColumn={},", end.column);
                }
            }
            // The lines of a document inside a file are not those of the file.
            (Some(position), Some(key)) => {
                text = format!("{key}, line {}, column {}: {text}", position.line, position.column);
            }
            (None, _) => {}
        }
    }
    format!("::{command} {properties}title={}::{}", property(finding.code.as_str()), data(&text))
}

/// The text of a command in one line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
