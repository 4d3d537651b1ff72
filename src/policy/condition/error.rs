//! Errors of conditions.

use std::fmt;

/// A problem of a condition and its position: a deployment error (docs/apigee-semantics.md 7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// The column in characters, from 1. A line break counts as one character.
    pub column: usize,
    /// The problem.
    pub problem: Problem,
}

/// The problems of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// An expected token is missing.
    Expected {
        /// The expected token.
        what: Expectation,
        /// The token before it; `None` at the start.
        after: Option<String>,
    },
    /// A word in the position of an operator.
    NotAnOperator {
        /// The word.
        word: String,
        /// The operator that it may mean.
        similar: &'static str,
    },
    /// A variable in braces.
    Braces,
    /// Empty single quotes.
    NoName,
    /// A word that starts like a number.
    NotANumber(String),
    /// A closing parenthesis without an opening one.
    NotOpened,
    /// An unclosed quote.
    OpenQuote,
    /// Too many nested parentheses and negations.
    TooDeep,
    /// An invalid regular expression, with the reason.
    Regex(String),
}

/// The tokens that are expected at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A comparison, a variable or a parenthesis.
    Comparison,
    /// An operator between two operands.
    Operator,
    /// The right-hand side of an operator.
    Value,
    /// The end, or a connective after a complete comparison.
    Connective,
}

impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Expectation::Comparison => "a comparison",
            Expectation::Operator => "an operator",
            Expectation::Value => "a value",
            Expectation::Connective => "\"and\", \"or\" or the end",
        })
    }
}

/// Writes the problem without its column.
impl fmt::Display for ConditionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Expected { what, after: Some(after) } => {
                write!(formatter, "expected {what} after {}", shortened(after))
            }
            Problem::Expected { what, after: None } => write!(formatter, "expected {what} at the start"),
            Problem::NotAnOperator { word, similar } => {
                write!(formatter, "{word} is not an operator; did you mean {similar}?")
            }
            Problem::Braces => formatter.write_str("a variable in a condition must not be in braces"),
            Problem::NoName => formatter.write_str("the variable name between the quotes is empty"),
            Problem::NotANumber(text) => write!(formatter, "{} is not a number", shortened(text)),
            Problem::NotOpened => formatter.write_str("this parenthesis is not opened"),
            Problem::OpenQuote => formatter.write_str("this quote is not closed"),
            Problem::TooDeep => formatter.write_str("parentheses or negations are nested too deeply"),
            Problem::Regex(reason) => formatter.write_str(reason),
        }
    }
}

impl std::error::Error for ConditionError {}

/// Keeps a message readable when a literal is long.
fn shortened(text: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 60;
    match text.char_indices().nth(MAX_SHOWN_CHARS).and_then(|(end, _)| text.get(..end)) {
        Some(prefix) => format!("{prefix}…"),
        None => text.to_owned(),
    }
}
