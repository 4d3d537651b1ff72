//! What a condition asks, as data.

use super::operator::{Comparison, Matching};
use super::pattern::PatternSource;
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// What a condition asks. The parser limits how deep one can be, so walking it by recursion is safe.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Whether one of at least two holds; those after it are not asked.
    Any(Vec<Expression>),
    /// Whether all of at least two hold; those after the first that does not are not asked.
    All(Vec<Expression>),
    /// Whether it does not hold.
    Not(Box<Expression>),
    /// Whether two values compare.
    Compare(Operand, Comparison, Operand),
    /// Whether a value matches a pattern.
    Match(Operand, Matching, PatternSource),
    /// Whether a value by itself is true (docs/apigee-semantics.md 7.2).
    Truth(Operand),
}

/// A side of an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A variable's value.
    Variable(Variable),
    /// A value that the condition holds.
    Literal(Literal),
}

/// A value that a condition holds (docs/apigee-semantics.md 7.2).
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// What a variable that does not resolve is.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number, with or without `l`.
    Integer(i64),
    /// A number with `f`.
    Float(f32),
    /// A number with `d` or a fraction.
    Double(f64),
    /// A text in double quotes.
    Text(ByteString),
}

impl Literal {
    /// The text that a pattern of this value is; `None` for null.
    pub(super) fn text(&self) -> Option<ByteString> {
        match self {
            Literal::Null => None,
            Literal::Boolean(value) => Some(value.to_string().into()),
            Literal::Integer(number) => Some(number.to_string().into()),
            Literal::Float(number) => Some(number.to_string().into()),
            Literal::Double(number) => Some(number.to_string().into()),
            Literal::Text(text) => Some(text.clone()),
        }
    }
}

impl Operand {
    /// The variable, if it is one.
    pub fn variable(&self) -> Option<&Variable> {
        match self {
            Operand::Variable(variable) => Some(variable),
            Operand::Literal(_) => None,
        }
    }
}

impl Expression {
    pub(super) fn visit_variables<'a>(&'a self, visit: &mut dyn FnMut(&'a Variable)) {
        match self {
            Expression::Any(expressions) | Expression::All(expressions) => {
                expressions.iter().for_each(|expression| expression.visit_variables(visit));
            }
            Expression::Not(expression) => expression.visit_variables(visit),
            Expression::Compare(left, _, right) => {
                left.variable().into_iter().chain(right.variable()).for_each(visit);
            }
            Expression::Match(left, _, right) => {
                left.variable().into_iter().chain(right.variable()).for_each(visit);
            }
            Expression::Truth(operand) => operand.variable().into_iter().for_each(visit),
        }
    }
}
