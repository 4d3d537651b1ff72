//! The `success.codes` property: the statuses of a callout that are not a failure (docs/apigee-semantics.md 2.6).

use std::ops::RangeInclusive;

/// A set of status codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuccessCodes(Vec<RangeInclusive<u16>>);

impl Default for SuccessCodes {
    /// All statuses below 400.
    fn default() -> SuccessCodes {
        SuccessCodes(vec![100..=399])
    }
}

impl SuccessCodes {
    /// Reads a comma-separated list of `NNN` and `Nxx`, and returns the invalid items too. A list without valid items
    /// counts as absent, because every response would be a failure. `[inferred]`
    pub fn parse(text: &str) -> (SuccessCodes, Vec<String>) {
        let mut codes = Vec::new();
        let mut invalid = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match range(item) {
                Some(range) => codes.push(range),
                None => invalid.push(item.to_owned()),
            }
        }
        let codes = if codes.is_empty() { SuccessCodes::default() } else { SuccessCodes(codes) };
        (codes, invalid)
    }

    /// Whether the status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

fn range(item: &str) -> Option<RangeInclusive<u16>> {
    let lower = item.to_ascii_lowercase();
    if let Some(class) = lower.strip_suffix("xx") {
        let hundreds: u16 = class.parse().ok().filter(|class| (1..=9).contains(class))?;
        let first = hundreds.checked_mul(100)?;
        return Some(first..=first.checked_add(99)?);
    }
    let code: u16 = lower.parse().ok().filter(|code| (100..1000).contains(code))?;
    Some(code..=code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_classes() {
        let cases: [(&str, &[u16], &[u16]); 5] = [
            ("2xx, 4XX, 5xx", &[200, 299, 404, 599], &[100, 301, 600]),
            ("400", &[400], &[200, 401]),
            ("1xx,2xx,3xx,404,5xx", &[302, 404, 500], &[400]),
            ("", &[200], &[400]),
            (" 2xx ,, ", &[200], &[300]),
        ];
        for (text, inside, outside) in cases {
            let (codes, invalid) = SuccessCodes::parse(text);
            assert!(invalid.is_empty(), "{text}");
            assert!(inside.iter().all(|code| codes.contains(*code)), "{text}");
            assert!(!outside.iter().any(|code| codes.contains(*code)), "{text}");
        }
        assert!(SuccessCodes::default().contains(302) && !SuccessCodes::default().contains(400));
        assert_eq!(SuccessCodes::parse("2xx,abc,20,xx").1, ["abc", "20", "xx"]);
        assert_eq!(SuccessCodes::parse("2xx;4xx"), (SuccessCodes::default(), vec!["2xx;4xx".to_owned()]));
    }
}
