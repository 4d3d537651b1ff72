//! Numbers in conditions (docs/apigee-semantics.md 7.2).

use super::expression::Literal;

/// Reads a number: digits with or without a sign, a fraction and a suffix. `None` when its type has no such value.
pub(super) fn parse(text: &str) -> Option<Literal> {
    let (digits, suffix) = match text.strip_suffix(|last: char| last.is_ascii_alphabetic()) {
        Some(digits) => (digits, text.chars().next_back().map(|suffix| suffix.to_ascii_lowercase())),
        None => (text, None),
    };
    let has_fraction = is_decimal(digits)?;
    match suffix {
        Some('f') => digits.parse().ok().filter(|number: &f32| number.is_finite()).map(Literal::Float),
        None | Some('l') if !has_fraction => digits.parse().ok().map(Literal::Integer),
        None | Some('d') => digits.parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Double),
        Some(_) => None,
    }
}

/// Whether a number has a fraction; `None` for other texts, exponents included.
fn is_decimal(text: &str) -> Option<bool> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match unsigned.split_once('.') {
        None => are_digits(unsigned).then_some(false),
        Some((whole, fraction)) => ((whole.is_empty() || are_digits(whole)) && are_digits(fraction)).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_and_fractions_decide_the_type() {
        let cases = [
            ("0", Some(Literal::Integer(0))),
            ("-400", Some(Literal::Integer(-400))),
            ("007", Some(Literal::Integer(7))),
            ("5l", Some(Literal::Integer(5))),
            ("5L", Some(Literal::Integer(5))),
            ("9223372036854775807", Some(Literal::Integer(i64::MAX))),
            ("-9223372036854775808", Some(Literal::Integer(i64::MIN))),
            ("9223372036854775808", None),
            ("1.5f", Some(Literal::Float(1.5))),
            ("-1F", Some(Literal::Float(-1.0))),
            ("2d", Some(Literal::Double(2.0))),
            ("2.5D", Some(Literal::Double(2.5))),
            ("2.5", Some(Literal::Double(2.5))),
            (".5", Some(Literal::Double(0.5))),
            ("1.5l", None),
            ("1.", None),
            (".", None),
            ("-", None),
            ("", None),
            ("f", None),
            ("--1", None),
            ("1.2.3", None),
            ("1e5", None),
            ("5x", None),
            ("5ff", None),
            ("5-3", None),
            ("٣", None),
        ];
        for (text, number) in cases {
            assert_eq!(parse(text), number, "{text}");
        }
        assert_eq!(parse(&format!("{}f", "9".repeat(40))), None);
        assert_eq!(parse(&format!("{}d", "9".repeat(400))), None);
    }
}
