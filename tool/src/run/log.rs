//! Selects the lines of Envoy's log for the output: messages of the filter and problems.

use std::collections::BTreeSet;

/// The messages of Envoy until its listeners are ready. The second is first when no cluster waits for DNS.
const READY: [&str; 2] = ["starting main dispatch loop", "all dependencies initialized. starting workers"];

/// Whether a line is a message of the filter, on one of its hosts.
fn is_of_filter(line: &str) -> bool {
    line.contains("|wasm|wasm log ") || (line.contains("|dynamic_modules|") && line.contains(": callout: "))
}

/// Warnings of Envoy that are independent of the configuration.
const NOISE: [&str; 2] =
    ["There is no configured limit to the number of allowed active downstream connections", "caught "];

/// The state of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Whether Envoy's messages after an error of the filter are shown.
    is_verbose: bool,
    /// The messages of [`READY`] that Envoy has logged.
    started: [bool; 2],
    is_ready: bool,
    /// Whether the filter reported an error at load. Envoy's messages after it say only that the filter does not load.
    has_error: bool,
    has_hidden: bool,
    /// The warnings of the filter at load. Each worker of Envoy loads the filter again.
    warnings: BTreeSet<String>,
    /// Whether the last message was skipped. Its further lines are then skipped too.
    skips_further: bool,
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
    /// A log.
    pub(super) fn new(is_verbose: bool) -> Log {
        Log { is_verbose, ..Log::default() }
    }

    /// Whether messages of Envoy are hidden.
    pub(super) fn has_hidden(&self) -> bool {
        self.has_hidden
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, line: &str) -> Action {
        if is_further(line) && self.skips_further {
            return Action::Skip;
        }
        let action = self.of_message(line);
        if !is_further(line) {
            self.skips_further = action == Action::Skip;
        }
        action
    }

    fn of_message(&mut self, line: &str) -> Action {
        if let Some(started) = READY.iter().position(|text| line.contains(text)).and_then(|at| self.started.get_mut(at))
        {
            *started = true;
            let is_first = self.started == [true, true] && !std::mem::replace(&mut self.is_ready, true);
            return if is_first { Action::Ready } else { Action::Skip };
        }
        let Some(text) = readable(line) else { return Action::Skip };
        let is_of_filter = is_of_filter(line);
        let is_warning = is_of_filter && line.starts_with("warning|");
        if !self.is_ready && !self.is_verbose && self.has_error && !is_of_filter {
            self.has_hidden = true;
            return Action::Skip;
        }
        self.has_error |= is_of_filter && line.starts_with("error|");
        if is_warning && !self.is_ready {
            self.warnings.insert(text.clone());
        }
        let is_known = match self.is_ready {
            true => self.warnings.contains(&text),
            // The check before the start has already reported these warnings.
            false => is_warning,
        };
        if is_known { Action::Skip } else { Action::Show(text) }
    }
}

/// Whether a line is a further line of a message.
fn is_further(line: &str) -> bool {
    line.splitn(3, '|').count() < 3
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
    if logger == "dynamic_modules"
        && let Some((_, message)) = text.split_once(": callout: ")
    {
        return Some(format!("{level}: {message}"));
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
            ("warning|dynamic_modules|callout.shop.default: callout: SC-1: odd", Some("warning: SC-1: odd")),
            ("info|dynamic_modules|Dynamic module ABI version v0.2.0 matched.", None),
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
    fn further_lines_belong_to_their_message() {
        let lines = ["info|main|runtime: layers:", "  - name: callout", "error|main|bad", "a second line"];
        let mut log = Log::new(false);
        let actions = lines.map(|line| log.take(line));
        let shown = |text: &str| Action::Show(text.to_owned());
        let expected = [Action::Skip, Action::Skip, shown("error: Envoy (main): bad"), shown("  a second line")];
        assert_eq!(actions, expected);
    }

    #[test]
    fn warnings_at_load_are_left_to_the_check() {
        let (warning, ready) =
            ("warning|wasm|wasm log a a: callout: SC-1: odd", "info|main|starting main dispatch loop");
        let workers = "info|config|all dependencies initialized. starting workers";
        let later = "warning|wasm|wasm log a a: callout: SC-1: no cluster";
        let mut log = Log::new(false);
        let lines = [warning, workers, warning, ready, warning, later, later, "error|config|bad"];
        let actions: Vec<Action> = lines.iter().map(|line| log.take(line)).collect();
        let text = |text: &str| Action::Show(text.to_owned());
        let (loaded, known) = ([Action::Skip, Action::Skip, Action::Skip], [Action::Ready, Action::Skip]);
        let running =
            ["warning: SC-1: no cluster", "warning: SC-1: no cluster", "error: Envoy (config): bad"].map(text);
        assert_eq!(actions, loaded.into_iter().chain(known).chain(running).collect::<Vec<_>>());
    }

    #[test]
    fn messages_of_envoy_after_an_error_of_the_filter_are_hidden() {
        let lines = [
            "error|wasm|wasm log a a: callout: SC-1: bad",
            "error|wasm|Plugin configured to fail closed failed to load",
            "critical|main|error initializing config",
            "a second line",
        ];
        for is_verbose in [false, true] {
            let mut log = Log::new(is_verbose);
            let shown = lines.iter().filter(|line| matches!(log.take(line), Action::Show(_))).count();
            assert_eq!((shown, log.has_hidden()), if is_verbose { (4, false) } else { (1, true) });
        }
    }
}
