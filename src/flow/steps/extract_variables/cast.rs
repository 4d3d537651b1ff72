//! The conversion of extracted text to the variable's type (docs/apigee-semantics.md 4.5).

use super::failure::ExtractionFailure;
use crate::flow::value::Value;
use crate::policy::extract_variables::ValueType;
use bytestring::ByteString;

/// The text as a value of a type.
pub(super) fn cast(text: ByteString, kind: ValueType) -> Result<Value, ExtractionFailure> {
    // White space around a value is common in XML. `[inferred]`
    let trimmed = text.trim();
    let value = match kind {
        ValueType::String | ValueType::Nodeset => return Ok(Value::String(text)),
        ValueType::Boolean => boolean(trimmed).map(Value::Boolean),
        ValueType::Integer | ValueType::Long => whole(trimmed).map(Value::Integer),
        ValueType::Float => decimal(trimmed)
            .and_then(|text| text.parse().ok())
            .filter(|number: &f32| number.is_finite())
            .map(Value::Float),
        ValueType::Double => number(trimmed).map(Value::Double),
    };
    value.ok_or(ExtractionFailure::Cast(text, kind))
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A whole number; a fraction is cut off. Both types have the range of the larger one. `[inferred]`
fn whole(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // Without an exponent, the digits before the point are the exact number.
    let text = decimal(text)?;
    if !text.contains(['e', 'E']) {
        let digits = text.split_once('.').map(|(digits, _)| digits)?;
        return if matches!(digits, "" | "+" | "-") { Some(0) } else { digits.parse().ok() };
    }
    let number = number(text)?.trunc();
    // The bounds are exact as doubles, so every number between them fits.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&number).then_some(number as i64)
}

fn number(text: &str) -> Option<f64> {
    decimal(text)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The text if it is a decimal number, and not a word such as `NaN`.
fn decimal(text: &str) -> Option<&str> {
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    (has_digit && text.bytes().all(is_part) && text.parse::<f64>().is_ok()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_of_the_type() {
        use ValueType::{Boolean, Double, Float, Integer, Long, Nodeset, String};
        let cases = [
            (" a ", String, Some(Value::text(" a "))),
            ("<a/>", Nodeset, Some(Value::text("<a/>"))),
            ("true", Boolean, Some(Value::Boolean(true))),
            (" FALSE ", Boolean, Some(Value::Boolean(false))),
            ("36.231", Boolean, None),
            ("1", Boolean, None),
            ("", Boolean, None),
            ("41", Integer, Some(Value::Integer(41))),
            ("+41", Integer, Some(Value::Integer(41))),
            ("-9223372036854775808", Long, Some(Value::Integer(i64::MIN))),
            ("9223372036854775807.9", Long, Some(Value::Integer(i64::MAX))),
            ("9223372036854775808", Long, None),
            ("36.2312", Integer, Some(Value::Integer(36))),
            ("-36.9", Integer, Some(Value::Integer(-36))),
            ("-.5", Integer, Some(Value::Integer(0))),
            ("5.", Integer, Some(Value::Integer(5))),
            ("1.5e3", Long, Some(Value::Integer(1500))),
            ("1e19", Long, None),
            ("1e999", Integer, None),
            ("4x", Integer, None),
            ("", Integer, None),
            (".", Integer, None),
            ("-", Integer, None),
            ("1.2.3", Integer, None),
            ("NaN", Integer, None),
            ("1.5", Float, Some(Value::Float(1.5))),
            (" -2E-1\n", Float, Some(Value::Float(-0.2))),
            ("1e39", Float, None),
            ("37.42291810", Double, Some(Value::Double(37.422_918_1))),
            ("7", Double, Some(Value::Double(7.0))),
            ("inf", Double, None),
            ("nan", Double, None),
            ("1e999", Double, None),
            ("true", Double, None),
            ("e", Double, None),
        ];
        for (text, kind, expected) in cases {
            let expected = expected.ok_or(ExtractionFailure::Cast(text.into(), kind));
            assert_eq!(cast(text.into(), kind), expected, "{text:?} {kind}");
        }
    }
}
