//! Compiled patterns of the engine.

use super::JavaRegexError;
use super::syntax::Node;
use super::writer;
use regex_lite::{Captures, Regex, RegexBuilder};

/// Maximum size of a compiled pattern in bytes.
const MAX_PROGRAM_BYTES: usize = 2 * 1024 * 1024;

/// A compiled pattern.
#[derive(Clone)]
pub(super) struct Program {
    regex: Regex,
    /// Maximum number of steps of the engine per character of the text.
    pub(super) steps: u64,
}

impl Program {
    /// Matches texts as a whole.
    pub(super) fn whole(pattern: &Node) -> Result<Program, JavaRegexError> {
        Program::build(pattern, false, |written| format!("\\A(?:{written})\\z"))
    }

    /// Matches texts that start with a match.
    pub(super) fn prefix(pattern: &Node) -> Result<Program, JavaRegexError> {
        Program::build(pattern, false, |written| format!("\\A(?:{written})"))
    }

    /// Finds matches anywhere, with their groups.
    pub(super) fn part(pattern: &Node) -> Result<Program, JavaRegexError> {
        Program::build(pattern, true, |written| written)
    }

    fn build(node: &Node, has_groups: bool, around: fn(String) -> String) -> Result<Program, JavaRegexError> {
        let (written, steps) = writer::write(node, has_groups)?;
        let regex = RegexBuilder::new(&around(written)).size_limit(MAX_PROGRAM_BYTES).build();
        regex.map(|regex| Program { regex, steps }).map_err(|error| JavaRegexError::new(error.to_string()))
    }

    /// Whether the text matches.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The first match at or after an index.
    pub(super) fn find<'t>(&self, text: &'t str, from: usize) -> Option<Captures<'t>> {
        self.regex.captures_at(text, from)
    }
}
