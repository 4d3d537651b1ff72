//! Numbers of different types.

use crate::flow::value::Value;
use std::cmp::Ordering;

/// A number of a type that conditions distinguish.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Integer(i64),
    Float(f32),
    Double(f64),
}

impl Number {
    /// A value as a number. Booleans are the narrowest numbers (docs/apigee-semantics.md 7.3).
    pub(super) fn from_value(value: &Value) -> Option<Number> {
        match value {
            Value::Boolean(value) => Some(Number::Integer(i64::from(*value))),
            Value::Integer(number) => Some(Number::Integer(*number)),
            Value::Float(number) => Some(Number::Float(*number)),
            Value::Double(number) => Some(Number::Double(*number)),
            Value::String(_) | Value::Collection(_) | Value::Message(_) => None,
        }
    }

    /// A text in decimal notation as a number.
    pub(super) fn parse(text: &str) -> Option<Number> {
        if let Ok(number) = text.parse() {
            return Some(Number::Integer(number));
        }
        // Rust also parses "inf" and "NaN", which are texts here.
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        text.parse().ok().filter(|number: &f64| is_decimal && number.is_finite()).map(Number::Double)
    }

    /// Compares in the wider type, as in Java (docs/apigee-semantics.md 7.3).
    pub(super) fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(left), Number::Integer(right)) => Some(left.cmp(&right)),
            (Number::Double(_), _) | (_, Number::Double(_)) => self.to_double().partial_cmp(&other.to_double()),
            (Number::Float(_), _) | (_, Number::Float(_)) => self.to_float().partial_cmp(&other.to_float()),
        }
    }

    fn to_double(self) -> f64 {
        match self {
            Number::Integer(number) => number as f64,
            Number::Float(number) => f64::from(number),
            Number::Double(number) => number,
        }
    }

    fn to_float(self) -> f32 {
        match self {
            Number::Integer(number) => number as f32,
            Number::Float(number) => number,
            Number::Double(number) => number as f32,
        }
    }
}
