//! Conditions of flows, steps and fault rules, compiled once at load (docs/apigee-semantics.md 7).
//!
//! This is the language alone; what a condition is worth in a transaction is decided by the flow that asks it.

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

pub use error::{ConditionError, Expectation, Problem};
pub use expression::{Expression, Literal, Operand};
pub use matches::Matches;
pub use operator::{Comparison, Matching};
pub use path_pattern::PathPattern;
pub use pattern::{Pattern, PatternSource};

use crate::policy::variable::Variable;
use std::fmt;

/// A compiled condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    expression: Expression,
}

impl Condition {
    /// Compiles a text. An empty one is no condition: what carries it is unconditional (docs/apigee-semantics.md 7.2).
    ///
    /// # Errors
    /// The text is not a condition, or a regular expression in it is not one.
    pub fn parse(text: &str) -> Result<Option<Condition>, ConditionError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        parser::parse(text).map(|expression| Some(Condition { expression }))
    }

    /// What is asked.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Every variable that the condition reads, as often as it reads it.
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
