//! Patterns for texts: of QueryParam, Header, FormParam and Variable, and for single segments of a path
//! (docs/apigee-semantics.md 4.2).

use super::token::{PatternError, PatternToken, tokens};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// A text with gaps, some of them captured.
#[derive(Clone, Debug, PartialEq)]
pub struct TextPattern {
    first: String,
    gaps: Vec<Gap>,
    ignore_case: bool,
}

/// Any text, and the literal text after it.
#[derive(Clone, Debug, PartialEq)]
struct Gap {
    /// The variable of the text; `None` for `*`.
    target: Option<Variable>,
    after: String,
}

/// A variable with its text in a match.
pub type Capture<'p> = (&'p Variable, ByteString);

impl TextPattern {
    /// Compiles a pattern; `target` maps a captured name to a variable. Without case, literal ASCII letters match
    /// in either case. `[inferred]`
    pub(super) fn compile(
        pattern: &str,
        ignore_case: bool,
        target: &dyn Fn(&str) -> Variable,
    ) -> Result<TextPattern, PatternError> {
        Ok(TextPattern::of(&tokens(pattern)?, ignore_case, target))
    }

    pub(super) fn of(tokens: &[PatternToken], ignore_case: bool, target: &dyn Fn(&str) -> Variable) -> TextPattern {
        let mut pattern = TextPattern { first: String::new(), gaps: Vec::new(), ignore_case };
        for token in tokens {
            let target = match token {
                PatternToken::Character(character) => {
                    let folded = if ignore_case { character.to_ascii_lowercase() } else { *character };
                    pattern.gaps.last_mut().map_or(&mut pattern.first, |gap| &mut gap.after).push(folded);
                    continue;
                }
                PatternToken::Capture(name) => Some(target(name)),
                PatternToken::Star | PatternToken::Stars => None,
            };
            pattern.gaps.push(Gap { target, after: String::new() });
        }
        pattern
    }

    /// The variables that a match sets.
    pub fn targets(&self) -> impl Iterator<Item = &Variable> {
        self.gaps.iter().filter_map(|gap| gap.target.as_ref())
    }

    /// Whether the pattern is a literal.
    pub(super) fn is_literal(&self) -> bool {
        self.gaps.is_empty()
    }

    /// The values of the variables if the whole text matches. A gap takes the shortest text before the next literal,
    /// and the last gap takes the rest; both may be empty. Every literal is searched once, from the left, so the time
    /// is linear. `[inferred]`
    pub fn captures(&self, text: &ByteString) -> Option<Vec<Capture<'_>>> {
        // Lower case of ASCII letters does not change lengths, so indices are valid in both texts.
        let folded = self.ignore_case.then(|| text.to_ascii_lowercase());
        let compared: &str = folded.as_deref().unwrap_or(text);
        let Some((last, gaps)) = self.gaps.split_last() else { return (compared == self.first).then(Vec::new) };
        let mut rest = compared.strip_prefix(self.first.as_str())?.strip_suffix(last.after.as_str())?;
        let mut start = self.first.len();
        let mut captures = Vec::new();
        for gap in gaps {
            let (found, after) = rest.split_once(gap.after.as_str())?;
            captures.extend(capture(gap, text, start, found.len()));
            start = start.checked_add(found.len())?.checked_add(gap.after.len())?;
            rest = after;
        }
        captures.extend(capture(last, text, start, rest.len()));
        Some(captures)
    }
}

/// The capture of a gap; `None` for `*`.
fn capture<'p>(gap: &'p Gap, text: &ByteString, start: usize, length: usize) -> Option<Capture<'p>> {
    let found = text.get(start..start.checked_add(length)?)?;
    Some((gap.target.as_ref()?, text.slice_ref(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(pattern: &str, ignore_case: bool, text: &str) -> Option<String> {
        let pattern = TextPattern::compile(pattern, ignore_case, &Variable::new).unwrap();
        let captures = pattern.captures(&text.into())?;
        Some(captures.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn whole_texts_match() {
        let cases = [
            ("DBN{code}", "DBN88271", Some("code=88271")),
            ("DBN{code}", "dbn88271", None),
            ("DBN{code}", "xDBN88271", None),
            ("Bearer {token}", "Bearer abc.def", Some("token=abc.def")),
            ("*;charset={encoding}", "text/xml;charset=UTF-16", Some("encoding=UTF-16")),
            ("*;charset={encoding}", "text/xml", None),
            ("hello {firstName} {lastName}", "hello Ann Lee Roe", Some("firstName=Ann|lastName=Lee Roe")),
            ("%{user%} {name}", "{user} Steve", Some("name=Steve")),
            ("{x}", "", Some("x=")),
            ("{x}", "a\nb", Some("x=a\nb")),
            ("{a}-{b}-x", "1-2-3-x", Some("a=1|b=2-3")),
            ("{name}.json", "x.json.json", Some("name=x.json")),
            ("a{x}a", "a", None),
            ("a{x}a", "aa", Some("x=")),
            ("{x}ab{y}ab", "ab", None),
            ("{a}{b}", "12", Some("a=|b=12")),
            ("*{a}", "12", Some("a=12")),
            ("{a}*", "12", Some("a=")),
            ("{a}=**", "k=v", Some("a=k")),
            ("{a}:generateContent", "gemini:generateContent", Some("a=gemini")),
            ("é{a}ü", "éßü", Some("a=ß")),
            ("{a} {a}", "1 2", Some("a=1|a=2")),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(captures(pattern, false, text).as_deref(), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn case_matters_in_literals_alone_and_not_if_it_is_ignored() {
        let cases = [
            ("Basic {a}", "bASIC AbC", Some("a=AbC")),
            ("{A}-Id-{B}", "İé-iD-X", Some("A=İé|B=X")),
            ("É{a}", "éx", None),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(captures(pattern, true, text).as_deref(), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn malicious_patterns_and_texts_take_linear_time() {
        assert_eq!(captures(&format!("{}b", "{x}a".repeat(20_000)), true, &"A".repeat(200_000)), None);
        assert_eq!(captures(&format!("{{x}}{}b", "a".repeat(50_000)), true, &"a".repeat(400_000)), None);
    }
}
