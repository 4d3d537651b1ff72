//! `jsonPath`.

use super::recent::Recent;
use crate::language::json_path::JsonPath;
use crate::language::json_text::JsonText;
use std::cell::RefCell;

thread_local! {
    static RECENT: RefCell<Recent<Option<JsonPath>>> = const { RefCell::new(Recent::new()) };
}

/// The value that a path finds in a JSON text. If it is an array or there are several values, the result is the first
/// element, or the whole array when `whole` is `true`.
///
/// `None` when no value is found, and for an invalid path or JSON text.
pub(super) fn find(path: &str, json: &str, whole: Option<&str>) -> Option<String> {
    let path = RECENT.with_borrow_mut(|recent| recent.get(path, || JsonPath::compile(path).ok()));
    let path = (*path).as_ref()?;
    let document = JsonText::parse(json).ok()?;
    let is_whole = whole.is_some_and(|whole| whole.eq_ignore_ascii_case("true"));
    if is_whole && !path.is_definite() {
        return path.text_of_all(&document);
    }
    let first = path.first(&document)?;
    if first.is_array() && !is_whole && path.is_definite() { first.first_item()?.text() } else { first.text() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let json = r#"{"a": {"b": ["A", "B"], "n": 37.42291810, "e": 1E+2, "t": true, "z": null, "none": [], "s": "q\"\u00e9"},
            "list": [{"name": "A", "v": [1, 2]}, {"name": "B", "v": {"k": "w"}}]}"#;
        for (path, whole, result) in [
            ("$.a.b", None, Some("A")),
            ("$.a.b", Some("false"), Some("A")),
            ("$.a.b", Some("true"), Some(r#"["A","B"]"#)),
            ("$.a.b[1]", None, Some("B")),
            ("$.a.b[*]", None, Some("A")),
            ("$.a.b[*]", Some("true"), Some(r#"["A","B"]"#)),
            ("$.a.b[*]", Some("false"), Some("A")),
            ("$.list", None, Some(r#"{"name":"A","v":[1,2]}"#)),
            ("$.list[0].v", None, Some("1")),
            ("$.list[0].v", Some("true"), Some("[1,2]")),
            ("$.list[*].v", None, Some("[1,2]")),
            ("$.a.none", None, None),
            ("$.a.none", Some("true"), Some("[]")),
            ("$.list[*].name", Some("true"), Some(r#"["A","B"]"#)),
            ("$.list[?(@.name == 'B')].v", None, Some(r#"{"k":"w"}"#)),
            ("$.list[?(@.name == 'B')].v", Some("true"), Some(r#"[{"k":"w"}]"#)),
            ("$..k", None, Some("w")),
            ("$.a.n", None, Some("37.42291810")),
            ("$.a.t", None, Some("true")),
            ("$.a.s", None, Some("q\"é")),
            ("a.s", None, Some("q\"é")),
            ("$.a.z", None, None),
            ("$.a.x", None, None),
            ("$.list[?(@.name == 'C')]", Some("true"), None),
            ("$.a[", None, None),
        ] {
            assert_eq!(find(path, json, whole).as_deref(), result, "{path} {whole:?}");
        }
        assert_eq!(find("$", " \"x\" ", None).as_deref(), Some("x"));
        for json in ["", "{", "x", "{\"a\":1}}"] {
            assert_eq!(find("$.a", json, None), None, "{json}");
        }
    }

    #[test]
    fn deep_texts_are_rejected() {
        let deep = 100_000;
        assert_eq!(find("$", &"[".repeat(deep), None), None);
        assert_eq!(find("$..a", &format!("{}1{}", "[".repeat(deep), "]".repeat(deep)), None), None);
        assert_eq!(find("$..a", &format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep)), None), None);
        assert_eq!(find(&"[0]".repeat(deep), "[]", None), None);
    }
}
