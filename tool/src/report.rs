//! Reports of findings, as text and in the formats of other programs.

mod github;
mod junit;
mod sarif;
mod span;

use super::finding::{Finding, Findings, Severity};
use super::source::Source;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;
use std::io::{self, Write};

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text with source lines
    #[default]
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit's XML, for test reports
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// Writes a report. `is_problem` selects the findings that fail the command.
///
/// # Errors
/// The output cannot be written.
pub(super) fn write(
    findings: &Findings,
    format: Format,
    is_problem: impl Fn(&Finding) -> bool,
    output: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text(findings, output),
        Format::Json => json(findings, output),
        Format::Sarif => {
            serde_json::to_writer_pretty(&mut *output, &sarif::log(findings))?;
            writeln!(output)
        }
        Format::Junit => output.write_all(junit::document(findings, is_problem).as_bytes()),
        Format::Github => output.write_all(github::commands(findings).as_bytes()),
    }
}

/// Writes every finding with its source line, then a line with the numbers of findings.
///
/// # Errors
/// The output cannot be written.
pub(super) fn text(findings: &Findings, output: &mut dyn Write) -> io::Result<()> {
    // The output stream removes the styles when it is not a terminal.
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    let mut previous = None;
    for finding in findings.sorted() {
        // Notes are a list without empty lines.
        if previous.is_some_and(|previous| (previous, finding.severity) != (Severity::Note, Severity::Note)) {
            writeln!(output)?;
        }
        writeln!(output, "{}", renderer.render(&[group(finding)]))?;
        previous = Some(finding.severity);
    }
    if previous.is_some() {
        writeln!(output)?;
    }
    writeln!(output, "{}", summary(findings))
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(finding.text.as_str());
    let title = title.id(finding.code.label());
    let (source, position) = finding.place();
    let Some(source) = source.filter(|_| finding.severity != Severity::Note) else {
        return Group::with_title(title);
    };
    match position {
        Some(position) => {
            let span = AnnotationKind::Primary.span(span::of(&source.text, position));
            title.element(Snippet::source(source.text.as_str()).path(source.label()).annotation(span))
        }
        None => title.element(Origin::path(source.label())),
    }
}

/// `1 error, 2 warnings in 14 files`
fn summary(findings: &Findings) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let files = count(findings.files, "file");
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning")];
    let problems: Vec<String> = kinds
        .into_iter()
        .map(|(severity, noun)| (findings.count(severity), noun))
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    match problems.is_empty() {
        true => format!("no problems in {files}"),
        false => format!("{} in {files}", problems.join(", ")),
    }
}

/// The object that `--json` prints. `check --help` documents its shape.
#[derive(Serialize)]
struct Report<'a> {
    files: usize,
    errors: usize,
    warnings: usize,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    severity: Severity,
    code: &'a str,
    name: Option<&'a str>,
    file: Option<&'a str>,
    document: Option<&'a str>,
    policy: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    text: &'a str,
}

/// Writes the findings as one JSON object.
///
/// # Errors
/// The output cannot be written.
pub(super) fn json(findings: &Findings, output: &mut dyn Write) -> io::Result<()> {
    let entries = findings.sorted().into_iter().map(|finding| {
        let (source, position): (Option<&Source>, _) = finding.place();
        Entry {
            severity: finding.severity,
            code: finding.code.as_str(),
            name: finding.code.apigee_name(),
            file: source.map(|source| source.file.as_str()),
            document: source.and_then(|source| source.key.as_deref()),
            policy: finding.policy.as_deref(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            text: &finding.text,
        }
    });
    let report = Report {
        files: findings.files,
        errors: findings.count(Severity::Error),
        warnings: findings.count(Severity::Warning),
        findings: entries.collect(),
    };
    serde_json::to_writer_pretty(&mut *output, &report)?;
    writeln!(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;
    use crate::source::position;
    use std::rc::Rc;

    #[test]
    fn every_position_of_a_text_can_be_rendered() {
        let text = "<A\tb='é\u{1f600}'>\r\n\t<B>\u{202e}x</B>\r\n\r\n{{ y }}\u{0}@z@ </A>";
        for text in [text, "", "\n", "é"] {
            let source = Rc::new(Source::new("a.xml".to_owned(), text.as_bytes()).0);
            let mut findings = Findings::default();
            for (at, _) in text.char_indices().chain([(text.len(), ' '), (text.len() + 9, ' ')]) {
                let finding = Finding::new(Severity::Error, Code::UnusedPolicy, "x\ny".to_owned());
                findings.add(finding.in_source(&source, Some(position(text, at))));
            }
            let mut output = Vec::new();
            super::text(&findings, &mut output).unwrap();
            assert!(!output.is_empty());
        }
    }

    #[test]
    fn the_summary_counts() {
        let mut findings = Findings::default();
        findings.files = 1;
        assert_eq!(summary(&findings), "no problems in 1 file");
        findings.add(Finding::new(Severity::Warning, Code::UnusedPolicy, "one".to_owned()));
        assert_eq!(summary(&findings), "1 warning in 1 file");
        findings.add(Finding::new(Severity::Error, Code::UnusedPolicy, "two".to_owned()));
        findings.add(Finding::new(Severity::Error, Code::UnusedPolicy, "three".to_owned()));
        findings.files = 3;
        assert_eq!(summary(&findings), "2 errors, 1 warning in 3 files");
    }
}
