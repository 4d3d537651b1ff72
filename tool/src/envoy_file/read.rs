//! Reads a configuration of Envoy from a file.

use super::EnvoyFile;
use crate::embedded::{self, Parsed};
use crate::finding::{Code, Finding, Findings};
use crate::source::Source;
use envoy_callout::diagnostic::Code as FilterCode;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// A file and its content.
pub(crate) struct ReadFile {
    /// The text.
    pub(crate) source: Rc<Source>,
    /// The value of the text.
    pub(crate) parsed: Parsed,
    /// The value as a configuration of Envoy.
    pub(crate) file: EnvoyFile,
}

/// Whether a path is a file that can be a configuration of Envoy.
pub(crate) fn is_configuration(path: &Path) -> bool {
    let has_extension = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json");
    has_extension && path.is_file()
}

/// Reads a file. `None` when it is not a configuration of Envoy, which becomes a finding.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn read(path: &Path, findings: &mut Findings) -> io::Result<Option<ReadFile>> {
    let unreadable =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let (source, problem) = Source::new(path.display().to_string(), &bytes);
    let source = Rc::new(source);
    if let Some(problem) = problem {
        findings.add(Finding::error_in(&source, Code::NotUtf8, problem.to_string()));
        return Ok(None);
    }
    let parsed = match embedded::parse(&source) {
        Ok(parsed) => parsed,
        Err(finding) => {
            findings.add(*finding);
            return Ok(None);
        }
    };
    let Some(file) = EnvoyFile::of(&parsed.value) else {
        let text = "the file is not a configuration of Envoy: it has neither static_resources nor dynamic_resources";
        findings.add(Finding::error_in(&source, FilterCode::InvalidConfiguration, text.to_owned()));
        return Ok(None);
    };
    Ok(Some(ReadFile { source, parsed, file }))
}
