//! The position of a name in a document.

use crate::source::{offset, position};
use envoy_callout::diagnostic::Position;

/// The position of a name after a position, outside comments. An occurrence that is read has precedence over the name of
/// an element, the value of an attribute `name`, and the key of a JSON object.
pub(super) fn find(text: &str, start: Option<Position>, name: &str) -> Option<Position> {
    let start = start.map_or(0, |start| offset(text, start));
    let comments = comments(text);
    let is_word = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at.saturating_add(name.len())..).unwrap_or_default();
        let after = after.strip_prefix('.').filter(|rest| !rest.starts_with(is_part)).unwrap_or(after);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    };
    let found = text.match_indices(name).map(|(at, _)| at).filter(|at| {
        let is_comment = comments.iter().any(|comment| comment.contains(at));
        *at >= start && is_word(*at) && !is_comment
    });
    let rank = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        match before.chars().next_back() {
            Some('{' | '(' | ',') => 0,
            Some('<' | '/') => 3,
            Some('"' | '\'') if before.trim_end_matches(['"', '\'', ' ']).ends_with("name=") => 2,
            _ => 1,
        }
    };
    found.min_by_key(|at| (rank(at), *at)).map(|at| position(text, at))
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

/// The byte ranges of the comments.
fn comments(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("<!--")).map(|start| at.saturating_add(start)) {
        let length = text.get(start..).and_then(|rest| rest.find("-->")).unwrap_or(text.len());
        at = start.saturating_add(length);
        comments.push(start..at);
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_that_is_read() {
        let cases = [
            ("<A><!-- id --><B name='id'>{id}</B></A>", "id", Some(29)),
            ("<A><id/><Ref>id</Ref></A>", "id", Some(14)),
            ("<A>user.id, id2, my-id, id. </A>", "id", Some(25)),
            ("<A>user.id.x</A>", "user.id", None),
            ("<A>\"id\": \"{id}\"</A>", "id", Some(12)),
            ("<A>{a}</A>", "b", None),
            ("<!-- open {a}", "a", None),
        ];
        for (text, name, column) in cases {
            assert_eq!(find(text, None, name).map(|found| found.column), column, "{text}");
        }
        let second = find("<C>a</C>\n<C>a</C>", Some(Position { line: 2, column: 1 }), "a");
        assert_eq!(second, Some(Position { line: 2, column: 4 }));
    }
}
