//! The right-hand side of the matching operators.

use super::matches::Matches;
use super::operator::Matching;
use super::path_pattern::PathPattern;
use crate::language::java_regex::{JavaRegex, JavaRegexError};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// Of `Matches`.
    Matches(Matches),
    /// Of `MatchesPath`.
    Path(PathPattern),
    /// Of `JavaRegex`.
    Regex(Box<JavaRegex>),
}

/// The source of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum PatternSource {
    /// A literal of the condition, with its text.
    Literal(ByteString, Pattern),
    /// A variable; the pattern is compiled at every evaluation. `[inferred]`
    Variable(Variable),
    /// No pattern: the right-hand side is `null`.
    Null,
}

impl Pattern {
    /// Compiles the pattern of an operator.
    ///
    /// # Errors
    /// An invalid regular expression.
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
    /// The variable of the pattern.
    pub fn variable(&self) -> Option<&Variable> {
        match self {
            PatternSource::Variable(variable) => Some(variable),
            PatternSource::Literal(..) | PatternSource::Null => None,
        }
    }
}
