//! The codes that a check allows and denies: from the command line and from a configuration file.

use crate::finding::{Code, Findings, Severity};
use crate::input::InputError;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The name of the configuration file.
const FILE: &str = ".envoy-callout.yaml";

/// Allowed and denied codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    allow: Vec<Code>,
    deny: Vec<Code>,
}

/// The content of a configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    allow: Vec<String>,
    deny: Vec<String>,
}

impl Selection {
    /// The selection of the arguments, and below it that of a file: the named one, else the first
    /// `.envoy-callout.yaml` in the first path, next to it or in the working directory.
    ///
    /// # Errors
    /// The file cannot be read, has another content, or a code does not exist.
    pub(super) fn read(
        allow: &[Code],
        deny: &[Code],
        named: Option<&Path>,
        paths: &[PathBuf],
    ) -> Result<Selection, InputError> {
        let of_arguments = Selection { allow: allow.to_vec(), deny: deny.to_vec() };
        let file = named.map(Path::to_owned).or_else(|| find(paths));
        Ok(match file {
            Some(file) => of_arguments.above(Selection::of_file(&file)?),
            None => of_arguments,
        })
    }

    fn of_file(path: &Path) -> Result<Selection, InputError> {
        let unreadable = |error| InputError::Unreadable { path: path.to_owned(), error };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let invalid = |why: String| InputError::Configuration { path: path.to_owned(), why };
        let is_empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        let File { allow, deny } = match is_empty {
            true => File::default(),
            false => serde_saphyr::from_str(&text).map_err(|error| invalid(error.without_snippet().to_string()))?,
        };
        let codes = |texts: Vec<String>| texts.iter().map(|text| Code::parse(text)).collect::<Result<Vec<_>, _>>();
        Ok(Selection { allow: codes(allow).map_err(invalid)?, deny: codes(deny).map_err(invalid)? })
    }

    /// This selection, and below it another one for the codes that this one does not contain.
    fn above(self, mut other: Selection) -> Selection {
        let is_new = |code: &Code| !self.allow.contains(code) && !self.deny.contains(code);
        other.allow.retain(is_new);
        other.deny.retain(is_new);
        Selection { allow: [self.allow, other.allow].concat(), deny: [self.deny, other.deny].concat() }
    }

    /// Removes the findings with allowed codes, and makes those with denied codes errors.
    pub(super) fn apply(&self, findings: &mut Findings) {
        findings.change(|finding| {
            if self.deny.contains(&finding.code) {
                finding.severity = Severity::Error;
                return true;
            }
            !self.allow.contains(&finding.code)
        });
    }
}

/// The configuration file of paths.
fn find(paths: &[PathBuf]) -> Option<PathBuf> {
    let first = paths.first()?;
    let next_to_it = first.canonicalize().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let folders = [Some(first.clone()), next_to_it, Some(PathBuf::new())];
    folders.into_iter().flatten().map(|folder| folder.join(FILE)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    #[test]
    fn the_arguments_precede_the_file() {
        let of_file = Selection { allow: vec![Code::UnusedPolicy, Code::NameOfFile], deny: vec![Code::Placeholder] };
        let of_arguments = Selection { allow: vec![Code::Placeholder], deny: vec![Code::UnusedPolicy] };
        let both = of_arguments.above(of_file);
        let expected = Selection { allow: vec![Code::Placeholder, Code::NameOfFile], deny: vec![Code::UnusedPolicy] };
        assert_eq!(both, expected);
        let mut findings = Findings::default();
        for code in [Code::Placeholder, Code::UnusedPolicy, Code::NameOfFile, Code::AddedBody] {
            findings.add(Finding::new(Severity::Warning, code, "x".to_owned()));
        }
        both.apply(&mut findings);
        let left: Vec<_> = findings.sorted().into_iter().map(|finding| (finding.code, finding.severity)).collect();
        assert_eq!(left, [(Code::UnusedPolicy, Severity::Error), (Code::AddedBody, Severity::Warning)]);
    }
}
