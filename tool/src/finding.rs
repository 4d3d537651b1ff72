//! Findings: errors, warnings and notes with their positions.

mod causes;
mod code;

pub(crate) use code::Code;

use super::source::{NotText, Source};
use envoy_callout::diagnostic::{self, Diagnostic, Position};
use envoy_callout::plan::Plan;
use serde::Serialize;
use std::rc::Rc;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The filter rejects it.
    Error,
    /// The filter accepts it, but a part of it has no effect.
    Warning,
    /// Information for the deployment.
    Note,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The severity.
    pub(crate) severity: Severity,
    /// The kind.
    pub(crate) code: Code,
    /// The file.
    pub(crate) source: Option<Rc<Source>>,
    /// The policy.
    pub(crate) policy: Option<String>,
    /// The position in the file.
    pub(crate) position: Option<Position>,
    /// The message.
    pub(crate) text: String,
}

impl Finding {
    /// An error of a file, without a position.
    pub(crate) fn error_in(source: &Rc<Source>, code: impl Into<Code>, text: String) -> Finding {
        Finding::new(Severity::Error, code, text).in_source(source, None)
    }

    /// The error of a file that is not UTF-8.
    pub(crate) fn not_text(source: &Rc<Source>, problem: &NotText) -> Finding {
        Finding::new(Severity::Error, Code::NotUtf8, problem.to_string()).in_source(source, Some(problem.position))
    }

    /// The notes about the steps whose calls start together.
    pub(crate) fn of_groups(plan: &Plan) -> Vec<Finding> {
        let of_group = |names: Vec<&str>| {
            let text = format!("the calls of {} start together", names.join(", "));
            Finding::new(Severity::Note, Code::ParallelCallouts, text)
        };
        plan.groups().into_iter().map(of_group).collect()
    }

    /// A finding without file, position and policy.
    pub(crate) fn new(severity: Severity, code: impl Into<Code>, text: String) -> Finding {
        Finding { severity, code: code.into(), source: None, policy: None, position: None, text }
    }

    /// The finding with a file and a position.
    pub(crate) fn in_source(self, source: &Rc<Source>, position: Option<Position>) -> Finding {
        Finding { source: Some(source.clone()), position, ..self }
    }

    /// The source and the position for reports: those of the file, if a document has its lines.
    pub(crate) fn place(&self) -> (Option<&Source>, Option<Position>) {
        match &self.source {
            Some(source) => {
                let (source, position) = source.in_file(self.position);
                (Some(source), position)
            }
            None => (None, self.position),
        }
    }

    /// The finding with a policy.
    pub(crate) fn about_policy(self, name: &str) -> Finding {
        Finding { policy: Some(name.to_owned()), ..self }
    }
}

impl From<&Diagnostic> for Finding {
    /// The diagnostic without its position.
    fn from(diagnostic: &Diagnostic) -> Finding {
        let Diagnostic { severity, code, subject, document, message, .. } = diagnostic;
        // The key of a document is the subject until its name is read.
        let is_policy = document.as_deref().is_some_and(|key| key.contains("policies[") && key != subject);
        let text = match document.is_none() && !subject.is_empty() {
            true => format!("{subject}: {message}"),
            false => message.clone(),
        };
        let finding = Finding::new(Severity::from(*severity), *code, text);
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

/// The findings of a command.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// The number of files.
    pub(crate) files: usize,
}

impl Findings {
    /// Adds a finding once. Several configurations share documents and so their findings.
    pub(crate) fn add(&mut self, finding: Finding) {
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    /// Changes each finding. Removes those for which `change` returns false.
    pub(crate) fn change(&mut self, change: impl FnMut(&mut Finding) -> bool) {
        self.list.retain_mut(change);
    }

    /// The errors.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Whether there is such a finding.
    pub(crate) fn any(&self, is_such: impl Fn(&Finding) -> bool) -> bool {
        self.list.iter().any(is_such)
    }

    /// Removes the findings that follow from another one. `follows` gets the cause first.
    pub(crate) fn remove_following(&mut self, follows: impl Fn(&Finding, &Finding) -> bool) {
        let list = std::mem::take(&mut self.list);
        let is_kept = |finding: &Finding| !list.iter().any(|cause| follows(cause, finding));
        self.list = list.iter().filter(|finding| is_kept(finding)).cloned().collect();
    }

    /// The number of findings of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The findings in the order of the report: errors, then warnings, by file and position, then the notes in the order
    /// of their addition.
    pub(crate) fn sorted(&self) -> Vec<&Finding> {
        let (notes, mut sorted): (Vec<&Finding>, Vec<&Finding>) =
            self.list.iter().partition(|finding| finding.severity == Severity::Note);
        sorted.sort_by_key(|finding| {
            let (source, position) = finding.place();
            let document = source.map(|source| (source.file.as_str(), source.key.as_deref().map(natural)));
            (finding.severity, document, position)
        });
        sorted.extend(notes);
        sorted
    }
}

/// A sort key that orders `policies[10]` after `policies[9]`.
fn natural(key: &str) -> Vec<(&str, usize)> {
    let part = |part| {
        let (list, index) = str::split_once(part, '[').unwrap_or((part, ""));
        (list, index.trim_end_matches(']').parse().unwrap_or_default())
    };
    key.split('.').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_unique_and_sorted_by_position() {
        let source = |file: &str| Rc::new(Source::new(file.to_owned(), b"<A/>").0);
        let at = |line| Some(Position { line, column: 1 });
        let (a, b) = (source("a.xml"), source("b.xml"));
        let mut findings = Findings::default();
        findings.add(Finding::new(Severity::Note, Code::NeedsCluster, "note".to_owned()).in_source(&a, at(1)));
        findings.add(Finding::new(Severity::Warning, Code::UnusedPolicy, "three".to_owned()).in_source(&b, at(1)));
        findings.add(Finding::new(Severity::Warning, Code::UnusedPolicy, "before".to_owned()).in_source(&a, at(1)));
        findings.add(Finding::new(Severity::Error, Code::UnusedPolicy, "two".to_owned()).in_source(&a, at(2)));
        findings.add(Finding::new(Severity::Error, Code::UnusedPolicy, "two".to_owned()).in_source(&a, at(2)));
        findings.add(Finding::new(Severity::Error, Code::UnusedPolicy, "one".to_owned()).in_source(&a, at(1)));
        let texts: Vec<_> = findings.sorted().iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "before", "three", "note"]);
        assert_eq!((findings.count(Severity::Error), findings.count(Severity::Warning)), (2, 2));
        assert!(natural("policies[10]") > natural("policies[9]"));
        assert!(natural("shared_flows[10].policies[1]") > natural("shared_flows[9].policies[2]"));
    }
}
