//! Values of expressions and their conversions.

use super::node::NodeRef;
use std::borrow::Cow;

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// Nodes in document order, each once.
    Nodes(Vec<NodeRef>),
    Number(f64),
    Text(Cow<'a, str>),
    Boolean(bool),
}

impl Value<'_> {
    pub(super) fn boolean(&self) -> bool {
        match self {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Text(text) => !text.is_empty(),
            Value::Boolean(value) => *value,
        }
    }
}

/// Whether a character separates words in XML.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// A text as a number: digits with an optional minus and an optional point. Any other text is NaN.
pub fn number(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // The conversion rejects a second point and a point without digits.
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// Writes a number as in XPath: without an exponent, and without a point when it is an integer.
pub fn number_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Zero has no sign.
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

/// The nearest integer; the larger one of two that are equally near.
pub(super) fn round(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { number.ceil() } else { floor }
}

/// A length as a number.
pub(super) fn count(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits() {
        for (text, value) in [
            ("1", 1.0),
            (" \t-1.50\r\n", -1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-0", 0.0),
            ("00012", 12.0),
            ("", f64::NAN),
            (" ", f64::NAN),
            (".", f64::NAN),
            ("-", f64::NAN),
            ("--1", f64::NAN),
            ("+1", f64::NAN),
            ("1e3", f64::NAN),
            ("1.2.3", f64::NAN),
            ("0x10", f64::NAN),
            ("inf", f64::NAN),
            ("NaN", f64::NAN),
            ("1 2", f64::NAN),
            ("\u{a0}1", f64::NAN),
        ] {
            let found = number(text);
            assert!(found == value || (found.is_nan() && value.is_nan()), "{text:?}: {found}");
        }
    }

    #[test]
    fn numbers_are_written_without_exponents() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn halves_are_rounded_up() {
        for (number, rounded) in
            [(2.5, 3.0), (2.4, 2.0), (-2.5, -2.0), (-2.6, -3.0), (0.49999999999999994, 0.0), (1e300, 1e300)]
        {
            assert_eq!(round(number), rounded);
        }
        assert!(round(f64::NAN).is_nan());
        assert_eq!(round(f64::NEG_INFINITY), f64::NEG_INFINITY);
    }
}
