//! Envoy's log for people: what the filter says, and what is wrong.

use std::collections::BTreeSet;

/// What Envoy says when its listeners answer.
const READY: &str = "starting main dispatch loop";

/// How a warning of the filter begins.
const FILTER_WARNING: &str = "warning|wasm|wasm log ";

/// What Envoy warns of whatever it runs.
const NOISE: [&str; 2] =
    ["There is no configured limit to the number of allowed active downstream connections", "caught "];

/// What to show of the log as it comes.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Whether everybody was told what the filter warns of at load.
    is_told: bool,
    is_ready: bool,
    /// What the filter warned of at load. Every worker of Envoy loads it again.
    warnings: BTreeSet<String>,
}

/// What a line of the log is to a person.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Envoy answers from now on.
    Ready,
    /// Something to show.
    Text(String),
    /// Nothing.
    Nothing,
}

impl Log {
    /// The log of an Envoy whose bundles were rendered here, which told what is left to say of them, or of another.
    pub(super) fn new(is_rendered: bool) -> Log {
        Log { is_told: is_rendered, ..Log::default() }
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, line: &str) -> Told {
        if line.contains(READY) {
            let is_first = !std::mem::replace(&mut self.is_ready, true);
            return if is_first { Told::Ready } else { Told::Nothing };
        }
        let Some(text) = readable(line) else { return Told::Nothing };
        let is_warning = line.starts_with(FILTER_WARNING);
        let is_known = match self.is_ready {
            true => self.warnings.contains(&text),
            false => is_warning && (!self.warnings.insert(text.clone()) || self.is_told),
        };
        if is_known { Told::Nothing } else { Told::Text(text) }
    }
}

/// A line as it is shown; `None` when it tells a person nothing.
fn readable(line: &str) -> Option<String> {
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
    }

    #[test]
    fn warnings_at_load_are_told_once_at_most() {
        let (warning, ready) =
            ("warning|wasm|wasm log a a: callout: SC-1: odd", "info|main|starting main dispatch loop");
        let later = "warning|wasm|wasm log a a: callout: SC-1: no cluster";
        for (is_rendered, first) in [(true, Told::Nothing), (false, Told::Text("warning: SC-1: odd".to_owned()))] {
            let mut log = Log::new(is_rendered);
            let lines = [warning, warning, ready, warning, later, later, "error|config|bad"];
            let told: Vec<Told> = lines.iter().map(|line| log.take(line)).collect();
            let text = |text: &str| Told::Text(text.to_owned());
            let rest = [Told::Nothing, Told::Ready, Told::Nothing, text("warning: SC-1: no cluster")];
            let last = [text("warning: SC-1: no cluster"), text("error: Envoy (config): bad")];
            assert_eq!(told, [first].into_iter().chain(rest).chain(last).collect::<Vec<_>>());
        }
    }
}
