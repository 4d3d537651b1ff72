//! Reports of findings, as text and as JSON.

mod span;

use super::finding::{Finding, Findings, Severity};
use super::source::Source;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;
use std::io::{self, Write};

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
    let title = match finding.name {
        Some(name) => title.id(name),
        None => title,
    };
    let Some(source) = finding.source.as_deref().filter(|_| finding.severity != Severity::Note) else {
        return Group::with_title(title);
    };
    match finding.position {
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
        let source: Option<&Source> = finding.source.as_deref();
        Entry {
            severity: finding.severity,
            name: finding.name,
            file: source.map(|source| source.file.as_str()),
            document: source.and_then(|source| source.key.as_deref()),
            policy: finding.policy.as_deref(),
            line: finding.position.map(|position| position.line),
            column: finding.position.map(|position| position.column),
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
    use crate::source::position;
    use std::rc::Rc;

    #[test]
    fn every_position_of_a_text_can_be_rendered() {
        let text = "<A\tb='é\u{1f600}'>\r\n\t<B>\u{202e}x</B>\r\n\r\n{{ y }}\u{0}@z@ </A>";
        for text in [text, "", "\n", "é"] {
            let source = Rc::new(Source::new("a.xml".to_owned(), text.as_bytes()).0);
            let mut findings = Findings::default();
            for (at, _) in text.char_indices().chain([(text.len(), ' '), (text.len() + 9, ' ')]) {
                let finding = Finding::new(Severity::Error, "x\ny".to_owned());
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
        findings.add(Finding::new(Severity::Warning, "one".to_owned()));
        assert_eq!(summary(&findings), "1 warning in 1 file");
        findings.add(Finding::new(Severity::Error, "two".to_owned()));
        findings.add(Finding::new(Severity::Error, "three".to_owned()));
        findings.files = 3;
        assert_eq!(summary(&findings), "2 errors, 1 warning in 3 files");
    }
}
