//! The tokens of patterns: literal characters, captures and wildcards (docs/apigee-semantics.md 4.2).

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternToken {
    /// A character, which may be escaped in the text.
    Character(char),
    /// `{name}`.
    Capture(String),
    /// `*`.
    Star,
    /// `**` and more.
    Stars,
}

/// The reason why a pattern is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatternError {
    /// It captures nothing: `PatternWithoutVariable`.
    NoVariable,
    /// An unclosed brace, or braces around an invalid name: `InvalidPattern`.
    Invalid,
}

/// Splits a pattern into tokens. `%` makes the next character literal; a final `%` is literal. A `}` without `{` is
/// literal. `[inferred]`
pub(super) fn tokens(pattern: &str) -> Result<Vec<PatternToken>, PatternError> {
    let mut tokens = Vec::new();
    let mut captures = false;
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '*' if rest.starts_with('*') => {
                rest = rest.trim_start_matches('*');
                tokens.push(PatternToken::Stars);
            }
            '*' => tokens.push(PatternToken::Star),
            '{' => {
                let (name, after) = rest.split_once('}').ok_or(PatternError::Invalid)?;
                tokens.push(PatternToken::Capture(variable_name(name).ok_or(PatternError::Invalid)?.to_owned()));
                captures = true;
                rest = after;
            }
            '%' => {
                let escaped = rest.chars().next().unwrap_or('%');
                rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
                tokens.push(PatternToken::Character(escaped));
            }
            literal => tokens.push(PatternToken::Character(literal)),
        }
    }
    if captures { Ok(tokens) } else { Err(PatternError::NoVariable) }
}

/// The name in the braces of a capture: not empty, without wildcards, braces and slashes. `[inferred]`
fn variable_name(text: &str) -> Option<&str> {
    let name = text.trim();
    (!name.is_empty() && !name.contains(['*', '{', '/'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pattern: &str) -> Result<String, PatternError> {
        let written = |token: &PatternToken| match token {
            PatternToken::Character(character) => character.to_string(),
            PatternToken::Capture(name) => format!("<{name}>"),
            PatternToken::Star => "<*>".to_owned(),
            PatternToken::Stars => "<**>".to_owned(),
        };
        tokens(pattern).map(|tokens| tokens.iter().map(written).collect())
    }

    #[test]
    fn patterns_are_taken_apart() {
        let cases = [
            ("DBN{code}", Ok("DBN<code>")),
            ("*;charset={encoding}", Ok("<*>;charset=<encoding>")),
            ("/a/**/{ id }/*", Ok("/a/<**>/<id>/<*>")),
            ("****{a}", Ok("<**><a>")),
            ("%{user%} {name}", Ok("{user} <name>")),
            ("%%%*{a}%é%", Ok("%*<a>é%")),
            ("{a.b-c_d}}", Ok("<a.b-c_d>}")),
            ("", Err(PatternError::NoVariable)),
            ("/a/*", Err(PatternError::NoVariable)),
            ("%{a}", Err(PatternError::NoVariable)),
            ("{*}", Err(PatternError::Invalid)),
            ("{}", Err(PatternError::Invalid)),
            ("{ }", Err(PatternError::Invalid)),
            ("{a", Err(PatternError::Invalid)),
            ("{a}{b", Err(PatternError::Invalid)),
            ("{{a}}", Err(PatternError::Invalid)),
            ("/{a/b}", Err(PatternError::Invalid)),
        ];
        for (pattern, expected) in cases {
            assert_eq!(written(pattern), expected.map(str::to_owned), "{pattern}");
        }
    }
}
