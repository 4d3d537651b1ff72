//! Durations such as `10s`, `60m` and `1d`.

/// The units and their milliseconds.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// The milliseconds of a duration: a whole number with a unit. `unit` is the unit of a number without one.
pub fn milliseconds(text: &str, unit: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, given) = text.split_at_checked(end)?;
    let given = given.trim();
    let unit = if given.is_empty() { unit } else { given };
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        let cases = [
            ("1500", "ms", Some(1500)),
            ("120", "s", Some(120_000)),
            (" 10s ", "ms", Some(10_000)),
            ("500ms", "s", Some(500)),
            ("60m", "ms", Some(3_600_000)),
            ("1 h", "ms", Some(3_600_000)),
            ("10d", "ms", Some(864_000_000)),
            ("2w", "ms", Some(1_209_600_000)),
            ("0s", "ms", Some(0)),
            ("", "ms", None),
            ("s", "ms", None),
            ("-1s", "ms", None),
            ("1.5h", "ms", None),
            ("1H", "ms", None),
            ("1y", "ms", None),
            ("99999999999999999999s", "ms", None),
            ("9999999999999999999w", "ms", None),
        ];
        for (text, unit, expected) in cases {
            assert_eq!(milliseconds(text, unit), expected, "{text}");
        }
    }
}
