//! Envoy's log for people: what the filter says, and what is wrong.

/// What Envoy says when its listeners answer.
const READY: &str = "starting main dispatch loop";

/// What Envoy warns of whatever it runs.
const NOISE: [&str; 2] =
    ["There is no configured limit to the number of allowed active downstream connections", "caught "];

/// Whether a line says that Envoy answers.
pub(super) fn is_ready(line: &str) -> bool {
    line.contains(READY)
}

/// A line as it is shown; `None` when it tells a person nothing.
pub(super) fn readable(line: &str) -> Option<String> {
    let mut parts = line.splitn(3, '|');
    let (Some(level), Some(logger), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        // The rest of a longer message.
        return Some(format!("  {line}")).filter(|line| !line.trim().is_empty());
    };
    if let Some(said) = text.strip_prefix("wasm log ") {
        let said = said.split_once(": ").map_or(said, |(_, said)| said);
        return Some(format!("{level}: {}", said.strip_prefix("callout: ").unwrap_or(said)));
    }
    let is_told = level != "info" && !NOISE.iter().any(|noise| text.contains(noise));
    is_told.then(|| format!("{level}: Envoy ({logger}): {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_or_left_out() {
        let cases = [
            (
                "warning|wasm|wasm log callout.shop.default callout.shop.default callout: callout: SC-1: no cluster",
                Some("warning: SC-1: no cluster"),
            ),
            ("info|main|all clusters initialized. initializing init manager", None),
            ("warning|main|caught SIGINT", None),
            ("warning|main|There is no configured limit to the number of allowed active downstream connections.", None),
            ("error|config|no such file", Some("error: Envoy (config): no such file")),
            ("a second line", Some("  a second line")),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(readable(line).as_deref(), expected, "{line}");
        }
        assert!(is_ready("info|main|starting main dispatch loop"));
    }
}
