//! Patterns of `Matches`: `*` matches any text (docs/apigee-semantics.md 7.4).

/// A text with gaps that match any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    first: String,
    /// The rest after the first gap, if there is a gap.
    rest: Option<Rest>,
}

/// The literals after the first gap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rest {
    middle: Vec<String>,
    last: String,
}

impl Matches {
    /// Compiles a pattern. `*` is a gap, `%` makes the next character literal, all other characters are literal.
    pub fn compile(pattern: &str) -> Matches {
        let mut matches = Matches::empty();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                '*' => matches.push_gap(),
                '%' => matches.push(characters.next().unwrap_or('%')),
                literal => matches.push(literal),
            }
        }
        matches
    }

    /// Matches only the empty text.
    pub(super) fn empty() -> Matches {
        Matches { first: String::new(), rest: None }
    }

    /// Adds a literal character at the end.
    pub(super) fn push(&mut self, character: char) {
        self.rest.as_mut().map_or(&mut self.first, |rest| &mut rest.last).push(character);
    }

    /// Adds a gap at the end.
    pub(super) fn push_gap(&mut self) {
        let rest = self.rest.get_or_insert_default();
        if !rest.last.is_empty() {
            rest.middle.push(std::mem::take(&mut rest.last));
        }
    }

    /// Whether the whole text matches. Every literal is searched once, from the left, so the time is linear.
    pub fn matches(&self, text: &str) -> bool {
        let Some(rest) = &self.rest else { return text == self.first };
        let Some(text) = text.strip_prefix(self.first.as_str()) else { return false };
        let Some(mut text) = text.strip_suffix(rest.last.as_str()) else { return false };
        for stretch in &rest.middle {
            let Some((_, after)) = text.split_once(stretch.as_str()) else { return false };
            text = after;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of docs/apigee-semantics.md 7.4, and the patterns of real conditions.
    #[test]
    fn a_star_is_any_text_and_a_percent_sign_escapes() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("", &[""], &["a"]),
            ("*", &["", "a", "/a/b", "\n"], &[]),
            ("***", &["", "a"], &[]),
            ("InvalidApiKey", &["InvalidApiKey"], &["invalidapikey", "InvalidApiKeys", ""]),
            ("prod*", &["prod", "prod-eu", "prod/x"], &["preprod", "Prod"]),
            ("*stage*", &["stage", "a-stage-b"], &["stag"]),
            ("a*a", &["aa", "aba"], &["a", "ab"]),
            ("ab*ba", &["abba", "ab-ba"], &["aba", "abb"]),
            ("a*b*c", &["abc", "axbxc", "abbcc"], &["acb", "ac"]),
            ("*ab*ab*", &["abab", "xabxabx"], &["ab", "aba"]),
            ("*b", &["b", "bb", "aab"], &["ba", ""]),
            ("a?c", &["a?c"], &["abc"]),
            ("%{user%}", &["{user}"], &["%{user%}"]),
            ("/data/{msisdn}/x", &["/data/{msisdn}/x"], &["/data/1/x"]),
            ("*content%.type_view*", &["content.type_view", "a content.type_view b"], &["content%.type_view"]),
            ("100%%", &["100%"], &["100%%"]),
            ("a%*b", &["a*b"], &["axb"]),
            ("%", &["%"], &[""]),
            ("é*ü", &["éü", "éxü"], &["eü"]),
        ];
        for (pattern, inside, outside) in cases {
            let matches = Matches::compile(pattern);
            inside.iter().for_each(|text| assert!(matches.matches(text), "{pattern} {text}"));
            outside.iter().for_each(|text| assert!(!matches.matches(text), "{pattern} {text}"));
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!Matches::compile(&"*a".repeat(50_000)).matches(&"a".repeat(49_999)));
        assert!(Matches::compile(&"*a".repeat(50_000)).matches(&"a".repeat(50_000)));
        assert!(Matches::compile(&"*".repeat(1_000_000)).matches("a"));
    }
}
