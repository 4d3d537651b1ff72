//! Comparisons of two values that both resolve (docs/apigee-semantics.md 7.3).

use super::number::Number;
use crate::flow::value::Value;
use crate::policy::condition::Comparison;
use std::cmp::Ordering;

/// Whether a comparison is true. An undefined one, such as one with a message, is true only for `!=`. `[inferred]`
pub(super) fn compare(left: &Value, comparison: Comparison, right: &Value) -> bool {
    let is = |accepted: &[Ordering]| ordering(left, right).is_some_and(|ordering| accepted.contains(&ordering));
    match comparison {
        Comparison::Equal => are_equal(left, right),
        Comparison::NotEqual => !are_equal(left, right),
        Comparison::EqualIgnoringCase => are_equal_ignoring_case(left, right),
        Comparison::Greater => is(&[Ordering::Greater]),
        Comparison::GreaterOrEqual => is(&[Ordering::Greater, Ordering::Equal]),
        Comparison::Less => is(&[Ordering::Less]),
        Comparison::LessOrEqual => is(&[Ordering::Less, Ordering::Equal]),
        Comparison::StartsWith => with_texts(left, right, |left, right| left.starts_with(right)).unwrap_or(false),
    }
}

fn are_equal(left: &Value, right: &Value) -> bool {
    if let Some((left, right)) = numbers(left, right) {
        return left.compare(right) == Some(Ordering::Equal);
    }
    let has_boolean = [left, right].iter().any(|side| matches!(side, Value::Boolean(_)));
    let equal = |left: &str, right: &str| {
        // Policies also compare booleans with texts such as "True". `[inferred]`
        left == right || (has_boolean && left.eq_ignore_ascii_case(right))
    };
    with_texts(left, right, equal).unwrap_or(false)
}

/// Whether texts are equal without case. The same as `=` for other values. `[inferred]`
fn are_equal_ignoring_case(left: &Value, right: &Value) -> bool {
    if numbers(left, right).is_some() {
        return are_equal(left, right);
    }
    let folded = |left: &str, right: &str| {
        left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
    };
    with_texts(left, right, folded).unwrap_or(false)
}

fn ordering(left: &Value, right: &Value) -> Option<Ordering> {
    match numbers(left, right) {
        Some((left, right)) => left.compare(right),
        None => with_texts(left, right, ordering_of_texts).flatten(),
    }
}

/// Both values as numbers when neither of them is a text.
fn numbers(left: &Value, right: &Value) -> Option<(Number, Number)> {
    Number::from_value(left).zip(Number::from_value(right))
}

/// The order of two values of which at least one is a text. Numeric texts compare as numbers. By the published rule
/// they compare as texts, so that "10" is less than "9" (docs/apigee-semantics.md 7.3, register row 10). `[inferred]`
fn ordering_of_texts(left: &str, right: &str) -> Option<Ordering> {
    match (Number::parse(left), Number::parse(right)) {
        (Some(left), Some(right)) => left.compare(right),
        _ => Some(left.encode_utf16().cmp(right.encode_utf16())),
    }
}

/// Compares the texts of two values; `None` when one of them is a message, which has no text here.
fn with_texts<T>(left: &Value, right: &Value, compare: impl FnOnce(&str, &str) -> T) -> Option<T> {
    Some(compare(&left.render()?, &right.render()?))
}
