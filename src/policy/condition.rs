//! Conditions of flows, steps and fault rules, compiled once at load (docs/apigee-semantics.md 7).
//!
//! This module contains the language. The flow evaluates a condition in a transaction.

mod display;
mod error;
mod expression;
mod matches;
mod number;
mod operator;
mod parser;
mod path_pattern;
mod pattern;
mod scanner;
mod tolerance;

pub use error::{ConditionError, Expectation, Problem};
pub use expression::{Expression, Literal, Operand};
pub use matches::Matches;
pub use operator::{Comparison, Matching};
pub use path_pattern::PathPattern;
pub use pattern::{Pattern, PatternSource};
pub use tolerance::{Mistake, Tolerated};

use crate::diagnostic::Position;
use crate::policy::variable::Variable;
use bytestring::ByteString;
use std::fmt;

/// A compiled condition.
///
/// ```
/// use envoy_callout::policy::condition::{Condition, ConditionError};
///
/// let condition = Condition::parse(r#"request.verb = "GET" and flow.user != null"#)?;
/// let variables: Vec<&str> = condition.iter().flat_map(Condition::variables).map(|found| &**found.name()).collect();
/// assert_eq!(variables, ["request.verb", "flow.user"]);
///
/// let error = Condition::parse("request.verb = ").unwrap_err();
/// assert_eq!(error.to_string(), r#"expected a value after ="#);
/// # Ok::<(), ConditionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    expression: Expression,
    position: Option<Position>,
}

impl Condition {
    /// Compiles a text. An empty text is no condition: the step or rule always applies (docs/apigee-semantics.md 7.2).
    ///
    /// # Errors
    /// An invalid condition, or an invalid regular expression in it.
    pub fn parse(text: &str) -> Result<Option<Condition>, ConditionError> {
        Condition::parse_published(text).map(|(condition, _)| condition)
    }

    /// Like [`Condition::parse`], with the mistakes that it tolerates.
    ///
    /// # Errors
    /// As for [`Condition::parse`].
    pub fn parse_published(text: &str) -> Result<(Option<Condition>, Vec<Tolerated>), ConditionError> {
        if text.trim().is_empty() {
            return Ok((None, Vec::new()));
        }
        let (expression, tolerated) = parser::parse(text)?;
        Ok((Some(Condition { expression, position: None }), tolerated))
    }

    /// The condition of an element at a position.
    pub fn at(self, position: Position) -> Condition {
        Condition { position: Some(position), ..self }
    }

    /// The position of its element.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The compiled expression.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The texts that the condition compares with a variable for equality.
    pub fn equal_texts(&self, variable: &str) -> Vec<&ByteString> {
        let mut texts = Vec::new();
        self.expression.visit_equal_texts(variable, &mut |text| texts.push(text));
        texts
    }

    /// The variables on the right-hand side of operators, with repetitions.
    pub fn right_sides(&self) -> Vec<&Variable> {
        let mut variables = Vec::new();
        self.expression.visit_right_sides(&mut |variable| variables.push(variable));
        variables
    }

    /// The variables that the condition reads, with repetitions.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        let mut variables = Vec::new();
        self.expression.visit_variables(&mut |variable| variables.push(variable));
        variables.into_iter()
    }
}

/// Writes the condition in a form that parses to the same condition.
impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(formatter)
    }
}

#[cfg(test)]
mod tests;
