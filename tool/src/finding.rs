//! What a command has to say: problems and notes, each with its place.

use super::source::Source;
use envoy_callout::diagnostic::{self, Diagnostic, Position};
use serde::Serialize;
use std::rc::Rc;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The filter refuses it.
    Error,
    /// The filter takes it, but it will not do what it says.
    Warning,
    /// Something to know before deploying.
    Note,
}

/// One thing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// How much it matters.
    pub(crate) severity: Severity,
    /// Apigee's name of the deployment error.
    pub(crate) name: Option<&'static str>,
    /// The file that it is about.
    pub(crate) source: Option<Rc<Source>>,
    /// The policy that it is about.
    pub(crate) policy: Option<String>,
    /// Where in the file.
    pub(crate) position: Option<Position>,
    /// What there is to say.
    pub(crate) text: String,
}

impl Finding {
    /// An error of a whole file.
    pub(crate) fn error_in(source: &Rc<Source>, text: String) -> Finding {
        Finding::new(Severity::Error, text).in_source(source, None)
    }

    /// A finding about nothing in particular.
    pub(crate) fn new(severity: Severity, text: String) -> Finding {
        Finding { severity, name: None, source: None, policy: None, position: None, text }
    }

    /// The same about a place in a file.
    pub(crate) fn in_source(self, source: &Rc<Source>, position: Option<Position>) -> Finding {
        Finding { source: Some(source.clone()), position, ..self }
    }

    /// The same about a policy.
    pub(crate) fn about_policy(self, name: &str) -> Finding {
        Finding { policy: Some(name.to_owned()), ..self }
    }
}

impl From<&Diagnostic> for Finding {
    /// The diagnostic without its position.
    fn from(diagnostic: &Diagnostic) -> Finding {
        let Diagnostic { severity, name, subject, document, message, .. } = diagnostic;
        // The key of a document is the subject until its name is read.
        let is_policy = document.as_deref().is_some_and(|key| key.starts_with("policies[") && key != subject);
        let text = match document.is_none() && !subject.is_empty() {
            true => format!("{subject}: {message}"),
            false => message.clone(),
        };
        let finding = Finding { name: *name, ..Finding::new(Severity::from(*severity), text) };
        if is_policy { finding.about_policy(subject) } else { finding }
    }
}

impl From<diagnostic::Severity> for Severity {
    fn from(severity: diagnostic::Severity) -> Severity {
        match severity {
            diagnostic::Severity::Error => Severity::Error,
            diagnostic::Severity::Warning => Severity::Warning,
        }
    }
}

/// Everything a command has to say.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// How many files were looked at.
    pub(crate) files: usize,
}

impl Findings {
    /// Adds a finding, unless it has been said: several configurations share documents.
    pub(crate) fn add(&mut self, finding: Finding) {
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    /// How many there are of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The findings as a reader wants them: problems by file and place, then the notes as they were added.
    pub(crate) fn sorted(&self) -> Vec<&Finding> {
        let (notes, mut sorted): (Vec<&Finding>, Vec<&Finding>) =
            self.list.iter().partition(|finding| finding.severity == Severity::Note);
        sorted.sort_by_key(|finding| {
            let source = finding.source.as_ref();
            let document = source.map(|source| (source.file.as_str(), source.key.as_deref().map(natural)));
            (document, finding.position)
        });
        sorted.extend(notes);
        sorted
    }
}

/// `policies[10]` comes after `policies[9]`.
fn natural(key: &str) -> (&str, usize) {
    let (list, index) = key.split_once('[').unwrap_or((key, ""));
    (list, index.trim_end_matches(']').parse().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_said_once_and_by_place() {
        let source = |file: &str| Rc::new(Source::new(file.to_owned(), b"<A/>").0);
        let at = |line| Some(Position { line, column: 1 });
        let (a, b) = (source("a.xml"), source("b.xml"));
        let mut findings = Findings::default();
        findings.add(Finding::new(Severity::Note, "note".to_owned()).in_source(&a, at(1)));
        findings.add(Finding::new(Severity::Warning, "three".to_owned()).in_source(&b, at(1)));
        findings.add(Finding::new(Severity::Error, "two".to_owned()).in_source(&a, at(2)));
        findings.add(Finding::new(Severity::Error, "two".to_owned()).in_source(&a, at(2)));
        findings.add(Finding::new(Severity::Error, "one".to_owned()).in_source(&a, at(1)));
        let texts: Vec<_> = findings.sorted().iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "three", "note"]);
        assert_eq!((findings.count(Severity::Error), findings.count(Severity::Warning)), (2, 1));
        assert!(natural("policies[10]") > natural("policies[9]"));
    }
}
