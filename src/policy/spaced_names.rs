//! The names of policies that contain a character at which a variable's name ends, such as a space. They are known
//! while a configuration or a bundle is read, so that `servicecallout.SC 1.failed` is one name in conditions and
//! templates (docs/apigee-semantics.md 1.1).

use std::cell::Cell;
use std::cmp::Reverse;

thread_local! {
    /// The names in the documents that this thread reads, the longest first.
    static NAMES: Cell<Vec<String>> = const { Cell::new(Vec::new()) };
}

/// Reads documents whose policies have these names.
pub fn with<T>(names: impl IntoIterator<Item = String>, read: impl FnOnce() -> T) -> T {
    let mut names: Vec<String> = names.into_iter().filter(|name| name.contains([' ', '%'])).collect();
    names.sort_by_key(|name| Reverse(name.len()));
    let before = NAMES.replace(names);
    let result = read();
    NAMES.set(before);
    result
}

/// The length in bytes of the variable's name at the start of a text. The name ends at a character for which `ends` is
/// true, unless the character is part of a policy's name between two dots.
pub(super) fn length(text: &str, ends: impl Fn(char) -> bool) -> usize {
    let end_from = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(&ends).map_or(text.len(), |end| from.saturating_add(end))
    };
    let end = end_from(0);
    let names = NAMES.take();
    let after_policy = match names.is_empty() {
        true => None,
        false => text.get(..end).unwrap_or_default().match_indices('.').find_map(|(dot, _)| {
            let start = dot.saturating_add(1);
            let inside = text.get(start..)?;
            let is_here = |name: &&String| inside.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
            names.iter().find(is_here).map(|name| start.saturating_add(name.len()))
        }),
    };
    NAMES.set(names);
    after_policy.filter(|after| *after > end).map_or(end, end_from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_policy_is_one_name() {
        let length = |text: &str| {
            let ends = |character: char| !(character.is_alphanumeric() || "-_.".contains(character));
            text.get(..super::length(text, ends)).unwrap().to_owned()
        };
        let names = ["SC 1", "SC 1 and 2", "SC-3", "A and B", "50%"].map(str::to_owned);
        let cases = [
            ("servicecallout.SC 1.failed = true", "servicecallout.SC 1.failed"),
            ("servicecallout.SC 1 and 2.failed = true", "servicecallout.SC 1 and 2.failed"),
            ("servicecallout.A and B.failed", "servicecallout.A and B.failed"),
            ("apigee.metrics.policy.SC 1.timeTaken > 5", "apigee.metrics.policy.SC 1.timeTaken"),
            ("servicecallout.50%.failed", "servicecallout.50%.failed"),
            ("servicecallout.SC-3.failed and x", "servicecallout.SC-3.failed"),
            ("servicecallout.SC 2.failed", "servicecallout.SC"),
            ("servicecallout.SC 1 = true", "servicecallout.SC"),
            ("SC 1.failed", "SC"),
            ("a and servicecallout.SC 1.failed", "a"),
        ];
        with(names, || cases.iter().for_each(|(text, name)| assert_eq!(length(text), *name)));
        assert_eq!(length("servicecallout.SC 1.failed"), "servicecallout.SC");
    }
}
