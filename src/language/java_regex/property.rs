//! The classes of `\p{…}`.

use super::JavaRegexError;
use super::class::set;
use super::parser::Parser;
use super::syntax::CharacterSet;

/// The members of a named class.
pub(super) fn property(parser: &mut Parser, name: &str) -> Result<CharacterSet, JavaRegexError> {
    if let Some(ranges) = posix(name) {
        return Ok(set(ranges.iter().copied()));
    }
    if let Some((_, known)) = parser.properties.iter().find(|(known, _)| known == name) {
        return Ok(known.clone());
    }
    let Some(is_member) = unicode(name) else {
        return Err(JavaRegexError::new(format!("the class `\\p{{{name}}}` is not supported")));
    };
    let members = set(('\0'..=char::MAX).filter(|character| is_member(*character)).map(|member| (member, member)));
    parser.properties.push((name.to_owned(), members.clone()));
    Ok(members)
}

/// The POSIX classes, which are ASCII-only in Java.
fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "Lower" => &[('a', 'z')],
        "Upper" => &[('A', 'Z')],
        "ASCII" => &[('\0', '\u{7f}')],
        "Alpha" => &[('A', 'Z'), ('a', 'z')],
        "Digit" => &[('0', '9')],
        "Alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "Punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "Graph" => &[('!', '~')],
        "Print" => &[(' ', '~')],
        "Blank" => &[('\t', '\t'), (' ', ' ')],
        "Cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "XDigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        "Space" => &[('\t', '\r'), (' ', ' ')],
        _ => return None,
    })
}

/// The Unicode classes in the standard library. The general categories are its nearest properties, which differ in some
/// hundred rare characters, such as circled letters. `[inferred]`
fn unicode(name: &str) -> Option<fn(char) -> bool> {
    Some(match name {
        "IsAlphabetic" => char::is_alphabetic,
        "IsLowercase" | "javaLowerCase" | "Ll" | "IsLl" => char::is_lowercase,
        "IsUppercase" | "javaUpperCase" | "Lu" | "IsLu" => char::is_uppercase,
        "IsWhite_Space" | "IsWhiteSpace" => char::is_whitespace,
        "IsControl" | "Cc" | "IsCc" => char::is_control,
        "N" | "IsN" => char::is_numeric,
        "L" | "IsL" => |character| character.is_alphabetic() && !character.is_numeric(),
        _ => return None,
    })
}
