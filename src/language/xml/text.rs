//! Decoded texts: references are replaced and line ends are normalized.

use super::error::{Located, Problem};

/// The context of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Text between tags.
    Content,
    /// The value of an attribute.
    Attribute,
    /// A CDATA section, a comment or a processing instruction: text without references.
    Literal,
}

/// Whether the decoded text differs from the source.
///
/// # Errors
/// Characters that are not allowed, with their offset in the text.
pub(super) fn needs_decoding(raw: &str, context: Context) -> Result<bool, Located> {
    let bytes = raw.as_bytes();
    let mut needs = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => needs = true,
            b'\n' | b'\t' => needs |= context == Context::Attribute,
            0..0x20 => return Err(Located::new(at, Problem::Character(char::from(*byte)))),
            b'&' => needs |= context != Context::Literal,
            b'<' if context == Context::Attribute => return Err(Located::new(at, Problem::LessThan)),
            b'>' if context == Context::Content && bytes.get(..at).is_some_and(|before| before.ends_with(b"]]")) => {
                return Err(Located::new(at.saturating_sub(2), Problem::CDataEnd));
            }
            // The first byte of U+FFFE and U+FFFF.
            0xef => {
                let character = raw.get(at..).and_then(|rest| rest.chars().next());
                if let Some(character @ ('\u{fffe}' | '\u{ffff}')) = character {
                    return Err(Located::new(at, Problem::Character(character)));
                }
            }
            _ => {}
        }
    }
    Ok(needs)
}

/// Appends the decoded text. It is never longer than the source.
///
/// # Errors
/// References that are malformed or unknown, with their offset in the text.
pub(super) fn decode(raw: &str, context: Context, decoded: &mut String) -> Result<(), Located> {
    let mut rest = raw;
    let is_special = |character: char| match character {
        '\r' => true,
        '\n' | '\t' => context == Context::Attribute,
        '&' => context != Context::Literal,
        _ => false,
    };
    while let Some(at) = rest.find(is_special) {
        let (before, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        decoded.push_str(before);
        if special.starts_with('&') {
            let offset = raw.len().saturating_sub(special.len());
            let (character, after) = reference(special).map_err(|problem| Located::new(offset, problem))?;
            decoded.push(character);
            rest = after;
        } else {
            decoded.push(if context == Context::Attribute { ' ' } else { '\n' });
            rest = special.strip_prefix("\r\n").or_else(|| special.get(1..)).unwrap_or_default();
        }
    }
    decoded.push_str(rest);
    Ok(())
}

/// The character of the reference at the start of a text, and the text after it.
fn reference(text: &str) -> Result<(char, &str), Problem> {
    let (name, after) = text.strip_prefix('&').and_then(|text| text.split_once(';')).ok_or(Problem::Reference)?;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix('#') {
            Some(number) => numbered(number).ok_or(Problem::Reference)?,
            None if super::names::is_plain(name) => return Err(Problem::Entity(name.to_owned())),
            None => return Err(Problem::Reference),
        },
    };
    Ok((character, after))
}

/// The character of a number, `65` or `x41`.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // The conversion of texts to numbers allows a sign.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    let is_allowed = match character {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    };
    is_allowed.then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str, context: Context) -> Result<String, Located> {
        let needs = needs_decoding(raw, context)?;
        let mut decoded = String::new();
        decode(raw, context, &mut decoded)?;
        assert_eq!(needs, decoded != raw, "{raw:?}");
        Ok(decoded)
    }

    #[test]
    fn references_and_line_ends_are_replaced() {
        for (raw, content, attribute, literal) in [
            ("é a]] >", "é a]] >", "é a]] >", "é a]] >"),
            ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'", "<>&\"'", "&lt;&gt;&amp;&quot;&apos;"),
            ("a&#233;&#xE9;&#x1F600;b", "aéé😀b", "aéé😀b", "a&#233;&#xE9;&#x1F600;b"),
            ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te", "a b c d e", "a\nb\nc\nd\te"),
            ("&#13;&#10;&#9;", "\r\n\t", "\r\n\t", "&#13;&#10;&#9;"),
            ("\r\n\r\n\r", "\n\n\n", "   ", "\n\n\n"),
        ] {
            assert_eq!(read(raw, Context::Content).as_deref(), Ok(content), "{raw:?}");
            assert_eq!(read(raw, Context::Attribute).as_deref(), Ok(attribute), "{raw:?}");
            assert_eq!(read(raw, Context::Literal).as_deref(), Ok(literal), "{raw:?}");
        }
    }

    #[test]
    fn invalid_text_has_a_position() {
        for (raw, offset, problem) in [
            ("ab&c", 2, Problem::Reference),
            ("&;", 0, Problem::Reference),
            ("& ;", 0, Problem::Reference),
            ("a&nbsp;", 1, Problem::Entity("nbsp".to_owned())),
            ("&#;", 0, Problem::Reference),
            ("&#x;", 0, Problem::Reference),
            ("&#+65;", 0, Problem::Reference),
            ("&#X41;", 0, Problem::Reference),
            ("&#0;", 0, Problem::Reference),
            ("&#xD800;", 0, Problem::Reference),
            ("&#xFFFF;", 0, Problem::Reference),
            ("&#99999999999;", 0, Problem::Reference),
            ("é\u{1}", 2, Problem::Character('\u{1}')),
            ("a\u{ffff}", 1, Problem::Character('\u{ffff}')),
            ("a]]>", 1, Problem::CDataEnd),
        ] {
            assert_eq!(read(raw, Context::Content), Err(Located::new(offset, problem)), "{raw:?}");
        }
        assert_eq!(read("a<", Context::Attribute), Err(Located::new(1, Problem::LessThan)));
        assert_eq!(read("a]]>", Context::Attribute).as_deref(), Ok("a]]>"));
    }
}
