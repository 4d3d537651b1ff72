//! The characters of a pattern, with those between `\Q` and `\E` marked.

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RegexToken {
    /// A character that may have a meaning.
    Syntax(char),
    /// A literal character between `\Q` and `\E`.
    Quoted(char),
}

/// Splits a pattern. As in Java, quoting comes before everything else, classes included.
pub(super) fn tokens(pattern: &str) -> Vec<RegexToken> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    let mut is_quoted = false;
    while let Some(character) = rest.next() {
        if character != '\\' {
            tokens.push(if is_quoted { RegexToken::Quoted(character) } else { RegexToken::Syntax(character) });
            continue;
        }
        let mut after = rest.clone();
        match (is_quoted, after.next()) {
            (false, Some('Q')) => {
                is_quoted = true;
                rest = after;
            }
            (true, Some('E')) => {
                is_quoted = false;
                rest = after;
            }
            (true, _) => tokens.push(RegexToken::Quoted(character)),
            // This is both characters of an escape: the second backslash of `\\Q` does not start a quotation.
            (false, Some(escaped)) => {
                tokens.extend([RegexToken::Syntax(character), RegexToken::Syntax(escaped)]);
                rest = after;
            }
            (false, None) => tokens.push(RegexToken::Syntax(character)),
        }
    }
    tokens
}
