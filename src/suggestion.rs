//! Suggestions for misspelt names: "did you mean …?".

/// The smallest similarity of a suggestion, from 0 to 1.
const SIMILAR: f64 = 0.8;

/// The smallest similarity for short names: one other letter makes another name.
const SIMILAR_IF_SHORT: f64 = 0.85;

/// The longest short name in bytes.
const SHORT: usize = 4;

/// The name that is most similar to a word, if one is similar enough. The word itself is no suggestion.
///
/// ```
/// use envoy_callout::suggestion::nearest;
///
/// assert_eq!(nearest("PreFlwo", ["PreFlow", "PostFlow"]), Some("PreFlow"));
/// assert_eq!(nearest("Owner", ["PreFlow", "PostFlow"]), None);
/// ```
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(&str, f64)> = None;
    let least = if word.len() > SHORT { SIMILAR } else { SIMILAR_IF_SHORT };
    for name in names.into_iter().filter(|name| *name != word) {
        let found = similarity(word, name);
        if found >= least && best.is_none_or(|(_, most)| found > most) {
            best = Some((name, found));
        }
    }
    best.map(|(name, _)| name)
}

/// Whether a word is a name with one mistake: a letter too many, missing or wrong, two letters in the wrong order, or
/// another case. Names with other digits are other names.
pub fn is_typo(word: &str, name: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_near = word.len() > SHORT && strsim::osa_distance(word, name) == 1 && digits(word) == digits(name);
    word != name && (is_near || word.eq_ignore_ascii_case(name))
}

/// The end of a message about an unknown name: `; did you mean NAME?`, or nothing when no name is similar.
pub fn hint<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, names).map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// The similarity of two names without their common first segments, which say nothing about the rest: `flow.a` and
/// `flow.b` are different names.
fn similarity(word: &str, name: &str) -> f64 {
    if word.eq_ignore_ascii_case(name) {
        return 1.0;
    }
    let (mut word, mut name) = (word, name);
    while let (Some((first, word_rest)), Some((other, name_rest))) = (word.split_once('.'), name.split_once('.')) {
        if first != other {
            break;
        }
        (word, name) = (word_rest, name_rest);
    }
    strsim::jaro(word, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_one_mistake() {
        for word in ["user.mial", "user.mai", "user.maill", "user.nail", "USER.mail"] {
            assert!(is_typo(word, "user.mail"), "{word}");
        }
        for (word, name) in
            [("user.mail", "user.mail"), ("item1", "item2"), ("item", "item2"), ("code", "node"), ("a", "b")]
        {
            assert!(!is_typo(word, name), "{word}");
        }
    }

    #[test]
    fn the_most_similar_name_is_suggested() {
        let cases: [(&str, &[&str], &str); 10] = [
            ("Preflow", &["PostFlow", "PreFlow"], "; did you mean PreFlow?"),
            ("sc-user", &["SC-Users", "SC-User"], "; did you mean SC-User?"),
            ("user.mial", &["user.name", "user.mail"], "; did you mean user.mail?"),
            ("reqest.verb", &["request.verb", "response.verb"], "; did you mean request.verb?"),
            ("timeot", &["timeout", "reset"], "; did you mean timeout?"),
            ("policy", &["policies"], "; did you mean policies?"),
            ("flow.a", &["flow.b"], ""),
            ("SC-2", &["SC-1"], ""),
            ("a", &["a"], ""),
            ("a", &[], ""),
        ];
        for (word, names, expected) in cases {
            assert_eq!(hint(word, names.iter().copied()), expected, "{word}");
        }
    }
}
