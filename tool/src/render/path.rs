//! Matches and rewrites of base paths in routes of Envoy.

use std::cmp::Reverse;

/// The segments of a base path. `*` matches any segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BasePath(Vec<String>);

/// The rewrite of the path of a request to the path of the target and the suffix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rewrite {
    /// No rewrite.
    Keep,
    /// Replaces the matched prefix by a text.
    Prefix(String),
    /// Replaces the match of a regular expression by a text.
    Regex(String, String),
}

impl BasePath {
    pub(super) fn new(text: &str) -> BasePath {
        BasePath(text.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect())
    }

    /// The base path with another segment.
    pub(super) fn below(&self, segment: &str) -> BasePath {
        BasePath(self.0.iter().cloned().chain([segment.to_owned()]).collect())
    }

    /// The path as a prefix. `None` when the path contains `*`, empty for the root.
    pub(super) fn literal(&self) -> Option<String> {
        let has_wildcard = self.0.iter().any(|segment| segment == "*");
        (!has_wildcard).then(|| self.text())
    }

    /// A regular expression of the base path without subpaths.
    pub(super) fn regex(&self) -> String {
        let segment = |segment: &String| match segment.as_str() {
            "*" => "/[^/]+".to_owned(),
            text => format!("/{}", escape(text)),
        };
        self.0.iter().map(segment).collect()
    }

    /// A regular expression of the base path and its subpaths.
    pub(super) fn regex_of_all_below(&self) -> String {
        format!("{}(/.*)?", self.regex())
    }

    /// The rewrite for a path of a target. `target` is empty, or starts with a slash and does not end with one.
    pub(super) fn rewrite(&self, target: &str) -> Rewrite {
        match (self.literal().as_deref(), target) {
            (Some(""), "") => Rewrite::Keep,
            (Some(""), target) => Rewrite::Prefix(format!("{target}/")),
            (Some(_), target) if !target.is_empty() => Rewrite::Prefix(target.to_owned()),
            // A prefix that is replaced by `/` would leave two slashes.
            (_, "") => Rewrite::Regex(format!("^{}/?", self.regex()), "/".to_owned()),
            (_, target) => Rewrite::Regex(format!("^{}", self.regex()), target.to_owned()),
        }
    }

    /// A path whose start, as long as this base path, is replaced by a text. Slashes do not double.
    pub(super) fn replaced_by(&self, text: &str, path: &str) -> String {
        let (path, query) = path.find('?').and_then(|at| path.split_at_checked(at)).unwrap_or((path, ""));
        let segments = self.0.len();
        let end = match segments {
            0 => Some(0),
            _ => path.match_indices('/').map(|(at, _)| at).nth(segments),
        };
        let suffix = end.and_then(|end| path.get(end..)).unwrap_or_default();
        let suffix = if text.ends_with('/') { suffix.strip_prefix('/').unwrap_or(suffix) } else { suffix };
        format!("{text}{suffix}{query}")
    }

    /// Whether the subpaths of the other base path can match this base path.
    pub(super) fn covers(&self, other: &BasePath) -> bool {
        self.0.len() <= other.0.len() && self.overlaps(other)
    }

    /// Whether subpaths of both base paths can be the same path.
    pub(super) fn overlaps(&self, other: &BasePath) -> bool {
        self.0.iter().zip(&other.0).all(|(own, others)| own == "*" || others == "*" || own == others)
    }

    /// The path as in a bundle.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// The order of routes: longer paths first, fixed segments before `*`.
    pub(super) fn order(&self) -> impl Ord + use<> {
        let wildcards = self.0.iter().filter(|segment| *segment == "*").count();
        (Reverse(self.0.len()), wildcards)
    }
}

fn escape(text: &str) -> String {
    let special = |c: char| r"\.+*?()|[]{}^$".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_gets_its_path_and_the_suffix() {
        let regex = |pattern: &str, text: &str| Rewrite::Regex(pattern.to_owned(), text.to_owned());
        let cases = [
            ("/", "", Rewrite::Keep),
            ("/", "/api", Rewrite::Prefix("/api/".to_owned())),
            ("/v1", "", regex("^/v1/?", "/")),
            ("/v1/", "/api", Rewrite::Prefix("/api".to_owned())),
            ("/v1.0", "", regex(r"^/v1\.0/?", "/")),
            ("/a/*/c", "", regex("^/a/[^/]+/c/?", "/")),
            ("/a/*", "/api", regex("^/a/[^/]+", "/api")),
        ];
        for (base, target, expected) in cases {
            assert_eq!(BasePath::new(base).rewrite(target), expected, "{base} {target}");
        }
    }

    #[test]
    fn the_start_of_a_path_is_replaced() {
        let cases = [
            ("/", "/api/", "/x?q=/", "/api/x?q=/"),
            ("/v1", "/", "/v1", "/"),
            ("/v1", "/", "/v1/x/y", "/x/y"),
            ("/v1", "/", "/v1?q=1", "/?q=1"),
            ("/v1", "/api", "/v1/x", "/api/x"),
            ("/v1", "/api", "/v1", "/api"),
            ("/a/*", "/api", "/a/b/c/", "/api/c/"),
        ];
        for (base, text, path, expected) in cases {
            assert_eq!(BasePath::new(base).replaced_by(text, path), expected, "{base} {path}");
        }
    }

    #[test]
    fn longer_base_paths_come_first() {
        let mut paths = ["/", "/a/*", "/b", "/a/b"].map(BasePath::new);
        paths.sort_by_key(BasePath::order);
        assert_eq!(paths, ["/a/b", "/a/*", "/b", "/"].map(BasePath::new));
        assert!(BasePath::new("/a").covers(&BasePath::new("/a/*")));
        assert!(!BasePath::new("/a/*").covers(&BasePath::new("/a")));
        assert!(!BasePath::new("/b").covers(&BasePath::new("/a/b")));
        for (path, other, expected) in
            [("/n/*/admin", "/n/x", true), ("/n/x", "/n/x/y", true), ("/n/y/z", "/n/x", false), ("/*/a", "/x", true)]
        {
            assert_eq!(BasePath::new(path).overlaps(&BasePath::new(other)), expected, "{path} {other}");
        }
    }
}
