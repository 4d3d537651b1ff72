//! Selects the lines of Envoy's log for the output: messages of the filter and problems.

use std::collections::BTreeSet;

/// The message of Envoy when its listeners are ready.
const READY: &str = "starting main dispatch loop";

/// The prefix of a warning of the filter.
const FILTER_WARNING: &str = "warning|wasm|wasm log ";

/// Warnings of Envoy that are independent of the configuration.
const NOISE: [&str; 2] =
    ["There is no configured limit to the number of allowed active downstream connections", "caught "];

/// The state of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Whether the warnings of the filter at load are already reported.
    is_reported: bool,
    is_ready: bool,
    /// The warnings of the filter at load. Each worker of Envoy loads the filter again.
    warnings: BTreeSet<String>,
}

/// The action for a line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Report that Envoy is ready.
    Ready,
    /// Show the text.
    Show(String),
    /// Skip the line.
    Skip,
}

impl Log {
    /// A log. For rendered bundles, `render` has already reported the warnings at load.
    pub(super) fn new(is_rendered: bool) -> Log {
        Log { is_reported: is_rendered, ..Log::default() }
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, line: &str) -> Action {
        if line.contains(READY) {
            let is_first = !std::mem::replace(&mut self.is_ready, true);
            return if is_first { Action::Ready } else { Action::Skip };
        }
        let Some(text) = readable(line) else { return Action::Skip };
        let is_warning = line.starts_with(FILTER_WARNING);
        let is_known = match self.is_ready {
            true => self.warnings.contains(&text),
            false => is_warning && (!self.warnings.insert(text.clone()) || self.is_reported),
        };
        if is_known { Action::Skip } else { Action::Show(text) }
    }
}

/// The shown form of a line. `None` when the line is not shown.
fn readable(line: &str) -> Option<String> {
    let mut parts = line.splitn(3, '|');
    let (Some(level), Some(logger), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        // A further line of a message.
        return Some(format!("  {line}")).filter(|line| !line.trim().is_empty());
    };
    if let Some(message) = text.strip_prefix("wasm log ") {
        let message = message.split_once(": ").map_or(message, |(_, message)| message);
        return Some(format!("{level}: {}", message.strip_prefix("callout: ").unwrap_or(message)));
    }
    let is_shown = level != "info" && !NOISE.iter().any(|noise| text.contains(noise));
    is_shown.then(|| format!("{level}: Envoy ({logger}): {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_or_skipped() {
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
    fn warnings_at_load_are_shown_at_most_once() {
        let (warning, ready) =
            ("warning|wasm|wasm log a a: callout: SC-1: odd", "info|main|starting main dispatch loop");
        let later = "warning|wasm|wasm log a a: callout: SC-1: no cluster";
        for (is_rendered, first) in [(true, Action::Skip), (false, Action::Show("warning: SC-1: odd".to_owned()))] {
            let mut log = Log::new(is_rendered);
            let lines = [warning, warning, ready, warning, later, later, "error|config|bad"];
            let actions: Vec<Action> = lines.iter().map(|line| log.take(line)).collect();
            let text = |text: &str| Action::Show(text.to_owned());
            let rest = [Action::Skip, Action::Ready, Action::Skip, text("warning: SC-1: no cluster")];
            let last = [text("warning: SC-1: no cluster"), text("error: Envoy (config): bad")];
            assert_eq!(actions, [first].into_iter().chain(rest).chain(last).collect::<Vec<_>>());
        }
    }
}
