//! Names in XML documents.

/// The byte offset of the local part of a qualified name; `None` for an invalid name.
pub(super) fn local_offset(name: &str) -> Option<usize> {
    match name.split_once(':') {
        None => is_plain(name).then_some(0),
        Some((prefix, local)) => (is_plain(prefix) && is_plain(local)).then(|| prefix.len().saturating_add(1)),
    }
}

/// Whether a text is a name without a colon.
pub(super) fn is_plain(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(is_start) && characters.all(is_part)
}

fn is_start(character: char) -> bool {
    match character {
        'A'..='Z' | 'a'..='z' | '_' => true,
        '\0'..='\u{7f}' => false,
        _ => matches!(character,
            '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}'),
    }
}

fn is_part(character: char) -> bool {
    is_start(character)
        || matches!(character, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_at_most_one_prefix() {
        for (name, offset) in [
            ("a", Some(0)),
            ("_a-1.b", Some(0)),
            ("été", Some(0)),
            ("p:a", Some(2)),
            ("é:a", Some(3)),
            ("", None),
            (":a", None),
            ("a:", None),
            ("a:b:c", None),
            ("1a", None),
            ("-a", None),
            ("p:1", None),
            ("a/", None),
            ("a=b", None),
            ("a\u{2192}", None),
        ] {
            assert_eq!(local_offset(name), offset, "{name}");
        }
    }
}
