//! The canonical text of conditions: symbols for operators, words between comparisons, only necessary parentheses.

use super::expression::{Expression, Literal, Operand};
use super::operator::Operator;
use super::pattern::PatternSource;
use super::scanner::is_plain_name;
use crate::policy::variable::Variable;
use std::fmt;

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Any(expressions) => {
                separated(formatter, expressions, " or ", |inner| matches!(inner, Expression::Any(_)))
            }
            Expression::All(expressions) => separated(formatter, expressions, " and ", is_joined),
            Expression::Not(negated) => {
                formatter.write_str("not ")?;
                enclosed(formatter, negated, is_joined(negated))
            }
            Expression::Compare(left, comparison, right) => {
                write!(formatter, "{left} {} {right}", Operator::Comparison(*comparison).symbol())
            }
            Expression::Match(left, matching, source) => {
                write!(formatter, "{left} {} {source}", Operator::Matching(*matching).symbol())
            }
            Expression::Truth(operand) => operand.fmt(formatter),
        }
    }
}

fn is_joined(expression: &Expression) -> bool {
    matches!(expression, Expression::Any(_) | Expression::All(_))
}

fn separated(
    formatter: &mut fmt::Formatter<'_>,
    expressions: &[Expression],
    separator: &str,
    needs_parentheses: fn(&Expression) -> bool,
) -> fmt::Result {
    for (index, expression) in expressions.iter().enumerate() {
        if index > 0 {
            formatter.write_str(separator)?;
        }
        enclosed(formatter, expression, needs_parentheses(expression))?;
    }
    Ok(())
}

fn enclosed(formatter: &mut fmt::Formatter<'_>, expression: &Expression, parentheses: bool) -> fmt::Result {
    if parentheses { write!(formatter, "({expression})") } else { write!(formatter, "{expression}") }
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Variable(variable) => write_variable(formatter, variable),
            Operand::Literal(literal) => literal.fmt(formatter),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => formatter.write_str("null"),
            Literal::Boolean(value) => value.fmt(formatter),
            Literal::Integer(number) => number.fmt(formatter),
            Literal::Float(number) => write!(formatter, "{number}f"),
            Literal::Double(number) => write!(formatter, "{number}d"),
            Literal::Text(text) => write!(formatter, "\"{text}\""),
        }
    }
}

impl fmt::Display for PatternSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternSource::Literal(text, _) => write!(formatter, "\"{text}\""),
            PatternSource::Variable(variable) => write_variable(formatter, variable),
            PatternSource::Null => formatter.write_str("null"),
        }
    }
}

/// Writes a variable, in quotes if the bare name is ambiguous.
fn write_variable(formatter: &mut fmt::Formatter<'_>, variable: &Variable) -> fmt::Result {
    match is_plain_name(variable.name()) {
        true => write!(formatter, "{variable}"),
        false => write!(formatter, "'{variable}'"),
    }
}
