//! Reports in the XML format of JUnit: a test case for each file, with a failure for each error and warning.

use crate::finding::{Finding, Findings, Severity};
use crate::source::Source;
use std::fmt::Write as _;

/// The name of the test case of findings without a file.
const WITHOUT_FILE: &str = "all files";

/// The document. `is_problem` selects the findings that fail a test case; the others are its output.
pub(super) fn document(findings: &Findings, is_problem: impl Fn(&Finding) -> bool) -> String {
    let sorted = findings.sorted();
    let mut files: Vec<&str> = Vec::new();
    for file in sorted.iter().map(|finding| file_of(finding)) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let failures = sorted.iter().filter(|finding| is_problem(finding)).count();
    // A suite without cases would look as if nothing was checked.
    let tests = files.len().max(1);
    let counts = format!("name=\"envoy-callout check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\"");
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite {counts}>\n");
    if files.is_empty() {
        text.push_str("    <testcase classname=\"envoy-callout\" name=\"all files\"/>\n");
    }
    for file in files {
        let _ = writeln!(text, "    <testcase classname=\"envoy-callout\" name=\"{}\">", escaped(file));
        let of_file = || sorted.iter().filter(|finding| file_of(finding) == file);
        for finding in of_file().filter(|finding| is_problem(finding)) {
            let _ = writeln!(
                text,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                finding.code.as_str(),
                escaped(&finding.text),
                escaped(&line(finding))
            );
        }
        let others: Vec<String> =
            of_file().filter(|finding| !is_problem(finding)).map(|finding| line(finding)).collect();
        if !others.is_empty() {
            let _ = writeln!(text, "      <system-out>{}</system-out>", escaped(&others.join("\n")));
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn file_of(finding: &Finding) -> &str {
    finding.source.as_ref().map_or(WITHOUT_FILE, |source| &source.file)
}

/// `a.xml:3:5: error[missing-url]: URL is missing in Step SC-1.`
fn line(finding: &Finding) -> String {
    let (source, position) = finding.place();
    let mut place = source.map(Source::label).unwrap_or_default();
    if let Some(position) = position {
        let _ = write!(place, ":{}:{}", position.line, position.column);
    }
    if !place.is_empty() {
        place.push_str(": ");
    }
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    format!("{place}{severity}[{}]: {}", finding.code.as_str(), finding.text)
}

/// Text in XML. Characters that XML 1.0 does not allow become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' | '\r' => escaped.push(' '),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
