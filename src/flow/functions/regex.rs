//! `replaceAll` and `replaceFirst`.

use super::recent::Recent;
use crate::policy::java_regex::JavaRegex;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static RECENT: RefCell<Recent<Option<JavaRegex>>> = const { RefCell::new(Recent::new()) };
}

/// The compiled pattern. `None` when it is not one.
fn compiled(pattern: &str) -> Rc<Option<JavaRegex>> {
    RECENT.with_borrow_mut(|recent| recent.get(pattern, || JavaRegex::for_replacing(pattern).ok()))
}

/// The text with every match replaced.
pub(super) fn replace_all(text: &str, pattern: &str, replacement: &str) -> Option<String> {
    (*compiled(pattern)).as_ref()?.replace_all(text, replacement)
}

/// The text with the first match replaced.
pub(super) fn replace_first(text: &str, pattern: &str, replacement: &str) -> Option<String> {
    (*compiled(pattern)).as_ref()?.replace_first(text, replacement)
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
            assert_eq!(replace_all(text, pattern, replacement).as_deref(), all, "{text} {pattern}");
            assert_eq!(replace_first(text, pattern, replacement).as_deref(), first, "{text} {pattern}");
        }
    }
}
