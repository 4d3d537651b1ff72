//! Base paths: which requests a proxy answers.

/// A base path, in which `*` stands for one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// The base path of that text.
    pub fn new(text: &str) -> BasePath {
        BasePath(text.trim().to_owned())
    }

    /// The pattern as written: the value of `proxy.basepath`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What of a path follows the base path: empty or beginning with `/`. `None` when the path is not below it.
    pub fn suffix<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut rest = path;
        for segment in self.0.split('/').filter(|segment| !segment.is_empty()) {
            let inside = rest.strip_prefix('/')?;
            let end = inside.find('/').unwrap_or(inside.len());
            let (found, after) = inside.split_at_checked(end)?;
            if segment != found && (segment != "*" || found.is_empty()) {
                return None;
            }
            rest = after;
        }
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_what_follows_whole_segments() {
        let cases = [
            ("/v1", "/v1/near", Some("/near")),
            ("/v1/", "/v1", Some("")),
            ("/v1", "/v1/", Some("/")),
            ("/v1", "/v1beta/x", None),
            ("/v1", "/v2", None),
            ("/", "/a/b", Some("/a/b")),
            ("", "/a", Some("/a")),
            ("/a/*/c", "/a/b/c/d", Some("/d")),
            ("/a/*/c", "/a//c/d", None),
            ("/a/*", "/a/b/c", Some("/c")),
            ("/a/*", "/a", None),
        ];
        for (base, path, suffix) in cases {
            assert_eq!(BasePath::new(base).suffix(path), suffix, "{base} {path}");
        }
    }
}
