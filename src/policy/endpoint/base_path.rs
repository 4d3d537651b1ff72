//! Base paths of proxies.

/// A base path, in which `*` matches one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// Makes a base path.
    pub fn new(text: &str) -> BasePath {
        BasePath(text.trim().to_owned())
    }

    /// The base path of a document. It starts with a slash unless it is empty.
    pub(super) fn of_document(text: &str) -> BasePath {
        match text.trim() {
            "" => BasePath::new(""),
            text if text.starts_with('/') => BasePath::new(text),
            text => BasePath::new(&format!("/{text}")),
        }
    }

    /// The pattern as written: the value of `proxy.basepath`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The rest of a path after the base path: empty or with a leading `/`. `None` when the path is not below it.
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
    fn a_suffix_follows_whole_segments() {
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
