//! Problems of a configuration: severity, position, message, and the name of the error in Apigee.

mod code;

pub use code::Code;

use std::fmt;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration works, but a part of it is ignored or has no effect.
    Warning,
    /// The configuration cannot be used.
    Error,
}

/// A position in an XML document. Both numbers start at 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The severity.
    pub severity: Severity,
    /// The kind of the problem.
    pub code: Code,
    /// Apigee's name of the deployment error (`URLMissing`), if it has one.
    pub name: Option<&'static str>,
    /// The subject: a policy's name, `policies[0]`, `request[1] (SC-1)`, or empty for the configuration itself.
    pub subject: String,
    /// The key of the document that has the problem: `policies[0]`, `proxy_endpoint`.
    pub document: Option<String>,
    /// The position, for a problem in an XML document.
    pub position: Option<Position>,
    /// The problem in words.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    /// `SC-1, line 3, column 5: URLMissing: URL is missing in Step SC-1.`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        if !self.subject.is_empty() {
            write!(formatter, "{}", self.subject)?;
            before = ", ";
        }
        if let Some(Position { line, column }) = self.position {
            write!(formatter, "{before}line {line}, column {column}")?;
            before = ", ";
        }
        if !before.is_empty() {
            formatter.write_str(": ")?;
        }
        if let Some(name) = self.name {
            write!(formatter, "{name}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// Collects the problems of one subject, so that they are reported together.
#[derive(Debug, Default)]
pub struct Diagnostics {
    subject: String,
    document: Option<String>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Makes a collector for problems of a subject.
    pub fn about(subject: impl Into<String>) -> Diagnostics {
        Diagnostics { subject: subject.into(), ..Diagnostics::default() }
    }

    /// Makes a collector for problems of the document under a key of the configuration. The key is also their subject
    /// until the document's name is known.
    pub fn of_document(key: impl Into<String>) -> Diagnostics {
        let key = key.into();
        Diagnostics { subject: key.clone(), document: Some(key), list: Vec::new() }
    }

    /// The current subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Sets the subject of the problems that follow.
    pub fn set_subject(&mut self, subject: impl Into<String>) {
        self.subject = subject.into();
    }

    /// Runs `act` with another subject.
    pub fn under<T>(&mut self, subject: impl Into<String>, act: impl FnOnce(&mut Diagnostics) -> T) -> T {
        let before = std::mem::replace(&mut self.subject, subject.into());
        let result = act(self);
        self.subject = before;
        result
    }

    /// Runs `act` with another document, given by its key in the configuration.
    pub fn within<T>(&mut self, key: impl Into<String>, act: impl FnOnce(&mut Diagnostics) -> T) -> T {
        let before = self.document.replace(key.into());
        let result = act(self);
        self.document = before;
        result
    }

    /// Runs `act` with another document and another subject.
    pub fn within_about<T>(
        &mut self,
        key: impl Into<String>,
        subject: impl Into<String>,
        act: impl FnOnce(&mut Diagnostics) -> T,
    ) -> T {
        self.within(key, |diagnostics| diagnostics.under(subject, act))
    }

    /// Adds an error.
    pub fn error(&mut self, code: Code, position: impl Into<Option<Position>>, message: impl Into<String>) {
        self.add(Severity::Error, code, position.into(), message.into());
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: Code, position: impl Into<Option<Position>>, message: impl Into<String>) {
        self.add(Severity::Warning, code, position.into(), message.into());
    }

    // This rarely runs and has very many callers: inlined, it would be a tenth of the module.
    #[cold]
    #[inline(never)]
    fn add(&mut self, severity: Severity, code: Code, position: Option<Position>, message: String) {
        let (subject, document, name) = (self.subject.clone(), self.document.clone(), code.apigee_name());
        self.list.push(Diagnostic { severity, code, name, subject, document, position, message });
    }

    /// Adds the problems of another collector.
    pub fn extend(&mut self, other: Vec<Diagnostic>) {
        self.list.extend(other);
    }

    /// Whether any problem is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The problems in the order they were found.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_has_a_subject_a_position_a_name_and_a_message() {
        let mut diagnostics = Diagnostics::about("SC-1");
        diagnostics.error(Code::MissingUrl, Position { line: 3, column: 5 }, "URL is missing in Step SC-1.");
        diagnostics.warning(Code::NoEffect, None, "odd");
        diagnostics.set_subject("");
        diagnostics.error(Code::MissingKey, None, "no policies");
        let lines: Vec<String> = diagnostics.into_vec().iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            ["SC-1, line 3, column 5: URLMissing: URL is missing in Step SC-1.", "SC-1: odd", "no policies"]
        );
    }

    #[test]
    fn a_diagnostic_has_a_document() {
        let mut diagnostics = Diagnostics::of_document("policies[0]");
        diagnostics.error(Code::MissingKey, None, "one");
        diagnostics.set_subject("SC-1");
        diagnostics.within("proxy_endpoint", |diagnostics| diagnostics.error(Code::MissingKey, None, "two"));
        diagnostics.error(Code::MissingKey, None, "three");
        let found: Vec<_> =
            diagnostics.into_vec().into_iter().map(|problem| (problem.subject, problem.document)).collect();
        let expected = [("policies[0]", "policies[0]"), ("SC-1", "proxy_endpoint"), ("SC-1", "policies[0]")];
        assert_eq!(found, expected.map(|(subject, document)| (subject.to_owned(), Some(document.to_owned()))));
    }
}
