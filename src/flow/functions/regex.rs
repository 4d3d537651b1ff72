//! `replaceAll` and `replaceFirst`.

use super::recent::Recent;
use crate::flow::memory::TooLarge;
use crate::language::java_regex::{JavaRegex, ReplaceError};
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static RECENT: RefCell<Recent<Option<JavaRegex>>> = const { RefCell::new(Recent::new()) };
}

/// The compiled pattern. `None` when it is invalid.
fn compiled(pattern: &str) -> Rc<Option<JavaRegex>> {
    RECENT.with_borrow_mut(|recent| recent.get(pattern, || JavaRegex::for_replacing(pattern).ok()))
}

/// The text with every match replaced, of at most `most` bytes. `None` when the pattern or the replacement is rejected.
pub(super) fn replace_all(
    text: &str,
    pattern: &str,
    replacement: &str,
    max_bytes: usize,
) -> Option<Result<String, TooLarge>> {
    result((*compiled(pattern)).as_ref()?.replace_all(text, replacement, max_bytes))
}

/// The text with the first match replaced; see [`replace_all`].
pub(super) fn replace_first(
    text: &str,
    pattern: &str,
    replacement: &str,
    max_bytes: usize,
) -> Option<Result<String, TooLarge>> {
    result((*compiled(pattern)).as_ref()?.replace_first(text, replacement, max_bytes))
}

fn result(replaced: Result<String, ReplaceError>) -> Option<Result<String, TooLarge>> {
    match replaced {
        Ok(text) => Some(Ok(text)),
        Err(ReplaceError::TooLarge) => Some(Err(TooLarge)),
        Err(ReplaceError::Rejected) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements() {
        for (text, pattern, replacement, all, first) in [
            ("a,b;c", "[,;]", " ", Some("a b c"), Some("a b;c")),
            ("Bearer abc", "(?i)^bearer\\s+(.*)$", "$1", Some("abc"), Some("abc")),
            ("é1é2", "\\d", "<$0>", Some("é<1>é<2>"), Some("é<1>é2")),
            ("abc", "x", "$9", Some("abc"), Some("abc")),
            ("abc", "(", "", None, None),
            ("abc", "b", "$1", None, None),
        ] {
            let max_bytes = 100;
            let replaced = |result: Option<Result<String, TooLarge>>| result.map(|result| result.unwrap());
            assert_eq!(
                replaced(replace_all(text, pattern, replacement, max_bytes)).as_deref(),
                all,
                "{text} {pattern}"
            );
            assert_eq!(
                replaced(replace_first(text, pattern, replacement, max_bytes)).as_deref(),
                first,
                "{text} {pattern}"
            );
        }
    }
}
