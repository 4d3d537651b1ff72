//! The evaluation of conditions (docs/apigee-semantics.md 7).

mod compare;
mod nulls;
mod number;

use crate::flow::value::Value;
use crate::policy::condition::{Condition, Expression, Literal, Matching, Operand, Pattern, PatternSource};
use crate::policy::variable::Variable;

/// Whether a condition is true. `value` looks variables up, from left to right until the result is known.
pub(super) fn evaluate(condition: &Condition, value: &mut dyn FnMut(&Variable) -> Option<Value>) -> bool {
    is_true(condition.expression(), value)
}

type Lookup<'a> = &'a mut dyn FnMut(&Variable) -> Option<Value>;

fn is_true(expression: &Expression, value: Lookup<'_>) -> bool {
    match expression {
        Expression::Any(expressions) => expressions.iter().any(|expression| is_true(expression, value)),
        Expression::All(expressions) => expressions.iter().all(|expression| is_true(expression, value)),
        Expression::Not(expression) => !is_true(expression, value),
        Expression::Compare(left, comparison, right) => {
            let left = value_of(left, value);
            let right = value_of(right, value);
            match (left, right) {
                (Some(left), Some(right)) => compare::compare(&left, *comparison, &right),
                (left, right) => nulls::compare(left.is_none(), *comparison, right.is_none()),
            }
        }
        Expression::Match(left, matching, source) => {
            let left = value_of(left, value);
            match source {
                PatternSource::Literal(_, pattern) => matches(left, *matching, |text| pattern.matches(text)),
                PatternSource::Variable(variable) => match value(variable) {
                    Some(pattern) => matches(left, *matching, |text| is_match(text, *matching, &pattern)),
                    None => nulls::matches(left.is_none(), *matching, true),
                },
                PatternSource::Null => nulls::matches(left.is_none(), *matching, true),
            }
        }
        Expression::Truth(operand) => value_of(operand, value).is_some_and(|value| is_true_value(&value)),
    }
}

fn value_of(operand: &Operand, value: Lookup<'_>) -> Option<Value> {
    match operand {
        Operand::Variable(variable) => value(variable),
        Operand::Literal(Literal::Null) => None,
        Operand::Literal(Literal::Boolean(literal)) => Some(Value::Boolean(*literal)),
        Operand::Literal(Literal::Integer(number)) => Some(Value::Integer(*number)),
        Operand::Literal(Literal::Float(number)) => Some(Value::Float(*number)),
        Operand::Literal(Literal::Double(number)) => Some(Value::Double(*number)),
        Operand::Literal(Literal::Text(text)) => Some(Value::String(text.clone())),
    }
}

/// Matches the text of a value. A message has no text and matches no pattern. `[inferred]`
fn matches(left: Option<Value>, matching: Matching, is_match: impl FnOnce(&str) -> bool) -> bool {
    let is_negated = matching == Matching::NotMatches;
    match left {
        None => nulls::matches(true, matching, false),
        Some(left) => left.render().is_some_and(|text| is_match(&text)) != is_negated,
    }
}

/// Maximum length of a pattern in a variable, in bytes. A compiled pattern is larger than its text.
const MAX_PATTERN_BYTES: usize = 16 << 10;

/// Maximum product of the lengths of a path and its pattern, whose segments are compared with each other.
const MAX_COMPARISONS: usize = 1 << 28;

/// Whether a text matches the pattern in a variable. An invalid pattern matches nothing, and neither does one above the
/// limits. `[inferred]`
fn is_match(text: &str, matching: Matching, pattern: &Value) -> bool {
    let Some(pattern) = pattern.render().filter(|pattern| pattern.len() <= MAX_PATTERN_BYTES) else { return false };
    if matching == Matching::MatchesPath && pattern.len().saturating_mul(text.len()) > MAX_COMPARISONS {
        return false;
    }
    Pattern::compile(matching, &pattern).is_ok_and(|pattern| pattern.matches(text))
}

/// Whether a value is true as a condition without an operator. `[inferred]`
fn is_true_value(value: &Value) -> bool {
    match value {
        Value::Boolean(value) => *value,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        Value::Integer(_) | Value::Float(_) | Value::Double(_) | Value::Collection(_) | Value::Message(_) => false,
    }
}

#[cfg(test)]
mod tests;
