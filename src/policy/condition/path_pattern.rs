//! Patterns of `MatchesPath`: globs over path segments (docs/apigee-semantics.md 7.4).

use super::matches::Matches;

/// A path with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    segments: Vec<Segment>,
    /// The pattern of the rest of the path, if `**` is next to other text.
    tail: Option<Matches>,
    /// Whether a slash at the end of the path is ignored, because the pattern ends with one too.
    ignores_slash: bool,
}

/// A segment of the pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// A literal.
    Literal(String),
    /// One segment that is not empty. `[inferred]`
    One(Matches),
    /// Zero or more segments. `[inferred]`
    Many,
}

/// A token of a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PathToken {
    Character(char),
    /// `*` or `{name}`.
    Star,
    /// `**`.
    Stars,
}

impl PathPattern {
    /// Compiles a pattern. A segment that is `*` or `{name}` is any one segment, `**` is any number of them; inside a
    /// segment `*` and `{name}` are any text without a slash; `%` makes the next character literal.
    pub fn compile(pattern: &str) -> PathPattern {
        if pattern.is_empty() {
            return PathPattern { segments: vec![Segment::Literal(String::new())], tail: None, ignores_slash: false };
        }
        // The pattern `/` matches the empty path only.
        let ignores_slash = pattern.len() > 1 && pattern.ends_with('/');
        let mut segments = Vec::new();
        // Every piece has the slash after it, so that a slash at the end starts no segment.
        let mut pieces = pattern.split_inclusive('/');
        while let Some(piece) = pieces.next() {
            let tokens = tokens(piece);
            match segment(&tokens) {
                Some(segment) => segments.push(segment),
                None => {
                    let pieces = std::iter::once(tokens).chain(pieces.map(self::tokens));
                    return PathPattern { segments, tail: Some(tail(pieces)), ignores_slash };
                }
            }
        }
        PathPattern { segments, tail: None, ignores_slash }
    }

    /// Whether the whole path matches. A slash at its end counts, unless the pattern ends with one too. The time is at
    /// most the product of the parts of the pattern and the segments of the path.
    pub fn matches(&self, path: &str) -> bool {
        let without_slash = path.strip_suffix('/').filter(|_| self.ignores_slash);
        self.matches_exactly(path) || without_slash.is_some_and(|path| self.matches_exactly(path))
    }

    fn matches_exactly(&self, path: &str) -> bool {
        let mut at = 0usize;
        let mut rest = Some(path);
        // The state after the last `**`, with the path that it leaves. Earlier ones do not have to take more: the last
        // one can also take all that they leave.
        let mut last_many: Option<(usize, Option<&str>)> = None;
        loop {
            let next = at.saturating_add(1);
            let after = match self.segments.get(at) {
                Some(Segment::Many) => {
                    last_many = Some((next, rest));
                    at = next;
                    continue;
                }
                Some(segment) => rest.map(first).filter(|(text, _)| segment.matches(text)).map(|(_, after)| after),
                None if self.tail_matches(rest) => return true,
                None => None,
            };
            if let Some(after) = after {
                (at, rest) = (next, after);
                continue;
            }
            let Some((after_many, Some(left))) = last_many else { return false };
            (at, rest) = (after_many, first(left).1);
            last_many = Some((at, rest));
        }
    }

    fn tail_matches(&self, rest: Option<&str>) -> bool {
        match (&self.tail, rest) {
            (None, None) => true,
            (Some(tail), Some(rest)) => tail.matches(rest),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl Segment {
    fn matches(&self, text: &str) -> bool {
        match self {
            Segment::Literal(literal) => literal == text,
            Segment::One(pattern) => !text.is_empty() && pattern.matches(text),
            Segment::Many => false,
        }
    }
}

/// The first segment, and the text after its slash.
fn first(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

/// The tokens of a segment, without its slash.
fn tokens(segment: &str) -> Vec<PathToken> {
    let mut tokens = Vec::new();
    let mut rest = segment.strip_suffix('/').unwrap_or(segment);
    let has_slash = rest.len() < segment.len();
    // One search, so that many opening braces take linear time.
    let mut has_closing = rest.contains('}');
    while let Some(character) = rest.chars().next() {
        let mut after = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '*' if after.starts_with('*') => {
                after = after.trim_start_matches('*');
                tokens.push(PathToken::Stars);
            }
            '*' => tokens.push(PathToken::Star),
            '{' if has_closing => match after.split_once('}') {
                Some((_, end)) => {
                    after = end;
                    tokens.push(PathToken::Star);
                }
                None => {
                    has_closing = false;
                    tokens.push(PathToken::Character('{'));
                }
            },
            '%' => match after.chars().next() {
                Some(escaped) => {
                    after = after.get(escaped.len_utf8()..).unwrap_or_default();
                    tokens.push(PathToken::Character(escaped));
                }
                // An escaped slash separates like any other.
                None if has_slash => {}
                None => tokens.push(PathToken::Character('%')),
            },
            literal => tokens.push(PathToken::Character(literal)),
        }
        rest = after;
    }
    tokens
}

/// Compiles a segment; `None` when `**` is next to other text.
fn segment(tokens: &[PathToken]) -> Option<Segment> {
    if tokens == [PathToken::Stars] {
        return Some(Segment::Many);
    }
    let mut literal = String::new();
    let mut pattern = Matches::empty();
    let mut is_literal = true;
    for token in tokens {
        match token {
            PathToken::Character(character) => {
                literal.push(*character);
                pattern.push(*character);
            }
            PathToken::Star => {
                is_literal = false;
                pattern.push_gap();
            }
            PathToken::Stars => return None,
        }
    }
    Some(if is_literal { Segment::Literal(literal) } else { Segment::One(pattern) })
}

/// After a segment such as `abc**`, the rest is a pattern of `Matches`: its wildcards also match slashes.
/// `[inferred]`
fn tail(segments: impl Iterator<Item = Vec<PathToken>>) -> Matches {
    let mut pattern = Matches::empty();
    for (index, tokens) in segments.enumerate() {
        if index > 0 {
            pattern.push('/');
        }
        for token in tokens {
            match token {
                PathToken::Character(character) => pattern.push(character),
                PathToken::Star | PathToken::Stars => pattern.push_gap(),
            }
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of docs/apigee-semantics.md 7.4, then its inferred rules.
    #[test]
    fn patterns_match_whole_paths() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("/*/a/", &["/x/a/", "/y/a/", "/x/a"], &["//a/", "/a/", "/x/y/a/", "/x/a/b"]),
            ("/*/a/*", &["/x/a/b", "/y/a/foo"], &["/x/a", "/x/a/", "/x/a/b/c"]),
            ("/*/a/**", &["/x/a/b/c/d", "/x/a/b", "/x/a", "/x/a/"], &["/a/b", "/x/b/c"]),
            ("/*/a/{reader}/feed/", &["/x/a/b/feed/", "/x/a/b/feed"], &["/x/a/b/c/feed/", "/x/a/feed/"]),
            ("/a/**/feed/**", &["/a/b/feed/rss/1234", "/a/feed", "/a/b/c/feed/x"], &["/a/b", "/b/feed/x"]),
            ("/token", &["/token"], &["/PathToken", "/tokens", "token", "/token/", "/token//", "/x/token", ""]),
            ("/token/", &["/token", "/token/"], &["/token/x", "/token//"]),
            ("/search", &["/search"], &["/search/"]),
            ("/", &[""], &["/", "/a", "//"]),
            ("", &[""], &["/", "/a"]),
            ("/*", &["/a"], &["/", "", "/a/", "/a/b", "a"]),
            ("*", &["a"], &["/a", ""]),
            ("**", &["", "/", "/a/b", "a"], &[]),
            ("/**", &["", "/", "/a", "/a/b/"], &["a", "a/b"]),
            ("/**/**", &["/", "/a/b"], &["a"]),
            ("/animals/**", &["/animals", "/animals/", "/animals/cats/wild"], &["/animal", "/animalsx"]),
            ("/**/x/y", &["/x/y", "/a/x/y", "/x/x/y", "/x/y/x/y"], &["/x", "/x/y/z"]),
            ("/**/b/**/d", &["/b/d", "/a/b/c/d", "/b/b/d/d"], &["/d/b", "/b"]),
            ("/v*/x", &["/v/x", "/v1/x", "/v1.2/x"], &["/v1/2/x", "/1/x"]),
            ("/*.json", &["/a.json", "/.json"], &["/a/b.json", "/a.xml"]),
            ("/{id}.json", &["/a.json"], &["/a/b.json"]),
            ("/{a}-{b}", &["/1-2", "/-"], &["/12"]),
            ("/abc**", &["/abc", "/abc/", "/abcd", "/abc/d/e"], &["/ab", "/x/abc"]),
            ("/{id}/abc**", &["/1/abc/d", "/1/abcd"], &["/abc", "/1/2/abc"]),
            ("/a**/b/*", &["/a/b/c", "/a/x/y/b/c/d", "/ax/b/c"], &["/a/b", "/b/b/c"]),
            ("/**/abc**", &["/abc", "/x/y/abcd/e"], &["/x/ab"]),
            ("/**.json", &["/a.json", "/a/b.json"], &["/a.xml"]),
            ("/a%*b", &["/a*b"], &["/axb"]),
            ("/%{id%}", &["/{id}"], &["/7", "/%{id%}"]),
            ("/a%/b", &["/a/b"], &["/a%/b"]),
            ("/a%", &["/a%"], &["/a", "/a%/"]),
            ("/{a", &["/{a"], &["/x"]),
            ("/{a/b}", &["/{a/b}"], &["/x", "/x/y"]),
            ("/a}", &["/a}"], &["/a"]),
            ("/Patient/$process", &["/Patient/$process"], &["/Patient/process"]),
            ("@ProxyPath@", &["@ProxyPath@"], &["/"]),
            ("/é/*", &["/é/ü"], &["/e/ü"]),
        ];
        for (pattern, inside, outside) in cases {
            let compiled = PathPattern::compile(pattern);
            inside.iter().for_each(|path| assert!(compiled.matches(path), "{pattern} {path}"));
            outside.iter().for_each(|path| assert!(!compiled.matches(path), "{pattern} {path}"));
        }
    }

    #[test]
    fn malicious_patterns_and_paths_take_linear_time() {
        let path = "/a".repeat(2_000);
        for pattern in ["/**/a", "/*", "/**", "/a**", "/*a*a*a*a"] {
            let compiled = PathPattern::compile(&format!("{}/b", pattern.repeat(1_000)));
            assert!(!compiled.matches(&path), "{pattern}");
        }
        let stars = PathPattern::compile(&format!("/{}b", "*a".repeat(20_000)));
        assert!(!stars.matches(&format!("/{}", "a".repeat(20_000))));
        assert!(!PathPattern::compile(&"{".repeat(200_000)).matches("x"));
        assert!(PathPattern::compile(&"/**".repeat(100_000)).matches(&path));
    }
}
