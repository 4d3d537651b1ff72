//! Why a text is not a condition.

use std::fmt;

/// What is wrong with a text, and where: a deployment error (docs/apigee-semantics.md 7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// Where in the text, in characters, from 1. Line breaks count as one character each.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Something has to stand here and does not.
    Expected {
        /// What has to stand here.
        what: Expectation,
        /// What stands before it; `None` at the beginning.
        after: Option<String>,
    },
    /// A variable in braces.
    Braces,
    /// Single quotes with nothing between them.
    NoName,
    /// A word that begins like a number.
    NotANumber(String),
    /// A parenthesis that nothing closes.
    NotClosed,
    /// A closing parenthesis too many.
    NotOpened,
    /// A quote that nothing closes.
    OpenQuote,
    /// More parentheses and negations inside each other than are followed.
    TooDeep,
    /// A regular expression that does not compile, and why.
    Regex(String),
}

/// What may stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A comparison, a variable or a parenthesis.
    Comparison,
    /// An operator between two operands.
    Operator,
    /// The right-hand side of an operator.
    Value,
    /// Whatever may follow a complete comparison.
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
            Problem::Braces => formatter.write_str("a variable in a condition must not be in braces"),
            Problem::NoName => formatter.write_str("the variable name between the quotes is empty"),
            Problem::NotANumber(text) => write!(formatter, "{} is not a number", shortened(text)),
            Problem::NotClosed => formatter.write_str("this parenthesis is not closed"),
            Problem::NotOpened => formatter.write_str("this parenthesis is not opened"),
            Problem::OpenQuote => formatter.write_str("this quote is not closed"),
            Problem::TooDeep => formatter.write_str("parentheses or negations are nested too deeply"),
            Problem::Regex(reason) => formatter.write_str(reason),
        }
    }
}

/// Keeps a message readable when a literal is long.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)) {
        Some(beginning) => format!("{beginning}…"),
        None => text.to_owned(),
    }
}
