//! The right-hand side of the matching operators.

use super::matches::Matches;
use super::operator::Matching;
use super::path_pattern::PathPattern;
use crate::language::java_regex::{JavaRegex, JavaRegexError};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// A pattern ready to match.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// Of `Matches`.
    Matches(Matches),
    /// Of `MatchesPath`.
    Path(PathPattern),
    /// Of `JavaRegex`.
    Regex(Box<JavaRegex>),
}

/// Where a pattern comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum PatternSource {
    /// From the condition, with its text there.
    Literal(ByteString, Pattern),
    /// From a variable, to be compiled whenever the condition is asked. `[inferred]`
    Variable(Variable),
    /// From nothing: the right-hand side is `null`.
    Null,
}

impl Pattern {
    /// Compiles the pattern of an operator.
    ///
    /// # Errors
    /// It is a regular expression and does not compile.
    pub fn compile(matching: Matching, text: &str) -> Result<Pattern, JavaRegexError> {
        match matching {
            Matching::Matches | Matching::NotMatches => Ok(Pattern::Matches(Matches::compile(text))),
            Matching::MatchesPath => Ok(Pattern::Path(PathPattern::compile(text))),
            Matching::JavaRegex => JavaRegex::compile(text).map(|regex| Pattern::Regex(Box::new(regex))),
        }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Matches(pattern) => pattern.matches(text),
            Pattern::Path(pattern) => pattern.matches(text),
            Pattern::Regex(pattern) => pattern.matches_whole(text),
        }
    }
}

impl PatternSource {
    /// The variable that the pattern comes from.
    pub fn variable(&self) -> Option<&Variable> {
        match self {
            PatternSource::Variable(variable) => Some(variable),
            PatternSource::Literal(..) | PatternSource::Null => None,
        }
    }
}
