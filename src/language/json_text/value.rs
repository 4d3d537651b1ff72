//! Values of documents and literals, for comparisons.

use super::members::offset;
use super::walk::Walk;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A value. A container is its offset in the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(Cow<'a, str>),
    /// The text of a string.
    Text(Cow<'a, str>),
    /// An array or object.
    Container(usize),
}

impl Value<'_> {
    /// The same value, borrowed.
    pub(crate) fn by_ref(&self) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(*value),
            Value::Number(number) => Value::Number(Cow::Borrowed(number)),
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::Container(start) => Value::Container(*start),
        }
    }
}

impl Walk<'_> {
    /// The order of two numbers or texts; `Equal` for other equal values.
    pub(crate) fn order(&self, left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                left.parse::<f64>().ok()?.partial_cmp(&right.parse::<f64>().ok()?)
            }
            (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            _ => self.is_equal(left, right).then_some(Ordering::Equal),
        }
    }

    /// Whether two values are equal: numbers by value, objects without regard to order.
    pub(crate) fn is_equal(&self, left: &Value<'_>, right: &Value<'_>) -> bool {
        match (left, right) {
            (Value::Number(_), Value::Number(_)) => self.order(left, right) == Some(Ordering::Equal),
            (Value::Container(left), Value::Container(right)) => self.is_same(*left, *right),
            _ => left == right,
        }
    }

    fn is_same(&self, left: usize, right: usize) -> bool {
        let are_equal = |left: usize, right: usize| self.is_equal(&self.value(left), &self.value(right));
        if self.is_array(left) && self.is_array(right) {
            let (mut left, mut right) = (self.entries(left), self.entries(right));
            return loop {
                match (left.next(), right.next()) {
                    (Some(left), Some(right)) if are_equal(left.value, right.value) => {}
                    (left, right) => break left.is_none() && right.is_none(),
                }
            };
        }
        if !self.is_object(left) || !self.is_object(right) {
            return false;
        }
        let (left, right) = (self.by_name(left), self.by_name(right));
        let are_equal = |((_, left), (_, right)): (&(u32, u32), &(u32, u32))| {
            let (left, right) = (offset(*left), offset(*right));
            super::string::compare(self.content(left), self.content(right)).is_eq()
                && are_equal(self.value_after_name(left), self.value_after_name(right))
        };
        left.len() == right.len() && left.iter().zip(&right).all(are_equal)
    }
}
