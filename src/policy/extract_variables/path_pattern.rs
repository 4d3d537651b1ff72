//! Patterns of URIPath, which match path segments (docs/apigee-semantics.md 4.2).

use super::text_pattern::{Capture, TextPattern};
use super::token::{PatternError, PatternToken, tokens};
use crate::policy::variable::Variable;
use bytestring::ByteString;
use percent_encoding::percent_decode_str;

/// A path with gaps, some of them captured.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPattern {
    segments: Vec<Segment>,
}

/// A segment of the pattern.
#[derive(Clone, Debug, PartialEq)]
enum Segment {
    /// One segment.
    One(TextPattern),
    /// `**`: zero or more segments. `[inferred]`
    Many,
}

/// A point of return: a `**` that may take one more segment.
#[derive(Clone, Copy)]
struct Retry {
    /// The pattern's segment after it.
    at: usize,
    /// The first segment of the path after those that it has taken.
    next: usize,
    /// The number of captures before it.
    captured: usize,
}

impl PathPattern {
    /// Compiles a pattern; `target` maps a captured name to a variable. A slash at either end has no meaning; `**`
    /// next to other text in a segment is `*`. `[inferred]`
    pub(super) fn compile(
        pattern: &str,
        ignore_case: bool,
        target: &dyn Fn(&str) -> Variable,
    ) -> Result<PathPattern, PatternError> {
        let tokens = tokens(pattern)?;
        let slash = PatternToken::Character('/');
        let tokens = tokens.strip_prefix(std::slice::from_ref(&slash)).unwrap_or(&tokens);
        let tokens = tokens.strip_suffix(std::slice::from_ref(&slash)).unwrap_or(tokens);
        let segment = |tokens: &[PatternToken]| match tokens {
            [PatternToken::Stars] => Segment::Many,
            tokens => Segment::One(TextPattern::of(tokens, ignore_case, target)),
        };
        Ok(PathPattern { segments: tokens.split(|token| *token == slash).map(segment).collect() })
    }

    /// The number of segments. The longest of several matching patterns is used.
    pub fn length(&self) -> usize {
        self.segments.len()
    }

    /// The variables that a match sets.
    pub fn targets(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().flat_map(|segment| match segment {
            Segment::One(pattern) => pattern.targets().collect(),
            Segment::Many => Vec::new(),
        })
    }

    /// The values of the variables if the whole path matches. Every `**` takes as few segments as possible. The time is
    /// at most the product of the segments of the pattern and of the path.
    pub fn captures(&self, path: &[ByteString]) -> Option<Vec<Capture<'_>>> {
        let mut captures = Vec::new();
        let (mut at, mut next) = (0usize, 0usize);
        // Only the last `**` has to take more: it can also take all that an earlier one leaves.
        let mut retry: Option<Retry> = None;
        loop {
            match self.segments.get(at) {
                Some(Segment::Many) => {
                    at = at.saturating_add(1);
                    retry = Some(Retry { at, next, captured: captures.len() });
                    continue;
                }
                Some(Segment::One(pattern)) => {
                    if let Some(found) = path.get(next).and_then(|text| segment_captures(pattern, text)) {
                        captures.extend(found);
                        (at, next) = (at.saturating_add(1), next.saturating_add(1));
                        continue;
                    }
                }
                None if next == path.len() => return Some(captures),
                None => {}
            }
            let again = retry.as_mut().filter(|retry| retry.next < path.len())?;
            again.next = again.next.saturating_add(1);
            captures.truncate(again.captured);
            (at, next) = (again.at, again.next);
        }
    }
}

/// A segment with gaps does not match an empty one. `[inferred]`
fn segment_captures<'p>(pattern: &'p TextPattern, text: &ByteString) -> Option<Vec<Capture<'p>>> {
    let may_match = pattern.is_literal() || !text.is_empty();
    may_match.then(|| pattern.captures(text)).flatten()
}

/// The segments of a path, percent-decoded once; a slash at either end has no meaning. `[inferred]`
pub fn path_segments(path: &ByteString) -> Vec<ByteString> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return Vec::new();
    }
    let decoded = |segment: &str| {
        if !segment.contains('%') {
            return path.slice_ref(segment);
        }
        percent_decode_str(segment).decode_utf8_lossy().into_owned().into()
    };
    inner.split('/').map(decoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(pattern: &str, ignore_case: bool, path: &str) -> Option<String> {
        let pattern = PathPattern::compile(pattern, ignore_case, &Variable::new).unwrap();
        let segments = path_segments(&path.into());
        let captures = pattern.captures(&segments)?;
        Some(captures.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn whole_paths_match_segment_by_segment() {
        let cases = [
            ("/accounts/{id}", "/accounts/12797282", Some("id=12797282")),
            ("/accounts/{id}", "/Accounts/1", None),
            ("/accounts/{id}", "/accounts/1/2", None),
            ("/accounts/{id}", "/accounts/", None),
            ("/accounts/{id}", "/accounts", None),
            ("/accounts/{id}", "/accounts/1/", Some("id=1")),
            ("/accounts/{id}/", "/accounts/1", Some("id=1")),
            ("accounts/{id}", "/accounts/1", Some("id=1")),
            ("/{id}", "", None),
            ("/{id}", "/", None),
            ("/a/*/{id}", "/a/b/c", Some("id=c")),
            ("/a/*/{id}", "/a/c", None),
            ("/a/*/{id}", "/a//c", None),
            ("/a/**/{id}", "/a/b/c", Some("id=c")),
            ("/a/**/{id}", "/a/foo/bar/baz/c", Some("id=c")),
            ("/a/**/{id}", "/a/c", Some("id=c")),
            ("/a/**/{id}", "/a", None),
            ("/a/{id}/**", "/a/1", Some("id=1")),
            ("/a/{id}/**", "/a/1/2/3", Some("id=1")),
            ("**/{id}", "/a/b", Some("id=b")),
            ("/**/{x}/b/{y}", "/b/b/b/c", Some("x=b|y=c")),
            ("/**/{x}/b/**/{y}/d", "/1/b/2/b/3/4/d", Some("x=1|y=4")),
            ("/v{ver}/x", "/v1.2/x", Some("ver=1.2")),
            ("/v{ver}/x", "/v/x", Some("ver=")),
            ("/{a}-{b}/c", "/1-2-3/c", Some("a=1|b=2-3")),
            ("/models/{model}:generateContent", "/models/gemini:generateContent", Some("model=gemini")),
            ("/a**/{id}", "/abc/1", Some("id=1")),
            ("/a%*/{id}", "/a*/1", Some("id=1")),
            ("/a b/{id}", "/a%20b/caf%C3%A9", Some("id=café")),
            ("/a/{id}", "/a/b%2Fc", Some("id=b/c")),
            ("/a/{id}", "/a/%2541", Some("id=%41")),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(captures(pattern, false, path).as_deref(), expected, "{pattern} on {path}");
        }
        assert_eq!(captures("/Accounts/{id}", true, "/aCCOUNTS/AbC").as_deref(), Some("id=AbC"));
    }

    #[test]
    fn malicious_patterns_and_paths_take_linear_time() {
        let path = "/a".repeat(2_000);
        for pattern in ["/**/a", "/{x}", "/**", "/*", "/**/{x}"] {
            assert_eq!(captures(&format!("{}/{{x}}/b", pattern.repeat(500)), false, &path), None, "{pattern}");
        }
    }
}
