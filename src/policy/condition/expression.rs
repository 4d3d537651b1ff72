//! The expressions of conditions.

use super::operator::{Comparison, Matching};
use super::pattern::PatternSource;
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// An expression. The parser limits its depth, so recursion is safe.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// True if one of at least two is true; the ones after it are not evaluated.
    Any(Vec<Expression>),
    /// True if all of at least two are true; the ones after the first false one are not evaluated.
    All(Vec<Expression>),
    /// The negation.
    Not(Box<Expression>),
    /// A comparison of two values.
    Compare(Operand, Comparison, Operand),
    /// A match of a value with a pattern.
    Match(Operand, Matching, PatternSource),
    /// A value that is true or false (docs/apigee-semantics.md 7.2).
    Truth(Operand),
}

/// A side of an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A variable's value.
    Variable(Variable),
    /// A literal.
    Literal(Literal),
}

/// A literal in a condition (docs/apigee-semantics.md 7.2).
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// The value of an unresolved variable.
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
    /// The text of the value as a pattern; `None` for null.
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
    /// Visits the variables, each with whether it is compared with null.
    pub(in crate::policy) fn visit_reads<'a>(&'a self, visit: &mut dyn FnMut(&'a Variable, bool)) {
        let is_null = |operand: &Operand| matches!(operand, Operand::Literal(Literal::Null));
        match self {
            Expression::Any(expressions) | Expression::All(expressions) => {
                expressions.iter().for_each(|expression| expression.visit_reads(visit));
            }
            Expression::Not(expression) => expression.visit_reads(visit),
            Expression::Compare(left, _, right) => {
                left.variable().into_iter().for_each(|variable| visit(variable, is_null(right)));
                right.variable().into_iter().for_each(|variable| visit(variable, is_null(left)));
            }
            Expression::Match(left, _, right) => {
                let may_be_absent = matches!(right, PatternSource::Null);
                left.variable().into_iter().for_each(|variable| visit(variable, may_be_absent));
                right.variable().into_iter().for_each(|variable| visit(variable, false));
            }
            Expression::Truth(operand) => operand.variable().into_iter().for_each(|variable| visit(variable, false)),
        }
    }

    /// Visits the variables on the right-hand side of operators.
    pub(super) fn visit_right_sides<'a>(&'a self, visit: &mut dyn FnMut(&'a Variable)) {
        match self {
            Expression::Any(expressions) | Expression::All(expressions) => {
                expressions.iter().for_each(|expression| expression.visit_right_sides(visit));
            }
            Expression::Not(expression) => expression.visit_right_sides(visit),
            Expression::Compare(_, _, right) => right.variable().into_iter().for_each(visit),
            Expression::Match(_, _, right) => right.variable().into_iter().for_each(visit),
            Expression::Truth(_) => {}
        }
    }

    /// Visits the texts that are compared with a variable for equality.
    pub(super) fn visit_equal_texts<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a ByteString)) {
        let is_named = |operand: &Operand| operand.variable().is_some_and(|variable| variable.name() == name);
        match self {
            Expression::Any(expressions) | Expression::All(expressions) => {
                expressions.iter().for_each(|expression| expression.visit_equal_texts(name, visit));
            }
            Expression::Not(expression) => expression.visit_equal_texts(name, visit),
            Expression::Compare(left, Comparison::Equal | Comparison::NotEqual, right) => match (left, right) {
                (left, Operand::Literal(Literal::Text(text))) if is_named(left) => visit(text),
                (Operand::Literal(Literal::Text(text)), right) if is_named(right) => visit(text),
                _ => {}
            },
            Expression::Match(left, Matching::Matches | Matching::NotMatches, PatternSource::Literal(text, _)) => {
                if is_named(left) && !text.contains(['*', '%']) {
                    visit(text);
                }
            }
            Expression::Compare(..) | Expression::Match(..) | Expression::Truth(_) => {}
        }
    }

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
