//! A difference of two configurations, and its text.

use serde_json::{Value, json};
use std::fmt;

/// Maximum length of a value in the text of a change, in characters.
const WIDTH: usize = 60;

/// A difference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// The path of the value, such as `clusters/api/connect_timeout`.
    pub(super) location: String,
    /// The earlier value, when there is one.
    pub(super) before: Option<Value>,
    /// The later value, when there is one.
    pub(super) after: Option<Value>,
}

impl Change {
    /// `added`, `removed` or `changed`.
    pub(super) fn kind(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    /// The form of `--format json`.
    pub(super) fn to_json(&self) -> Value {
        let mut object = json!({"change": self.kind(), "path": self.location});
        for (key, value) in [("before", &self.before), ("after", &self.after)] {
            if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
                object.insert(key.to_owned(), value.clone());
            }
        }
        object
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {}", self.kind(), self.location)?;
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, ": {} -> {}", shown(before), shown(after)),
            (Some(value), None) | (None, Some(value)) if !value.is_object() && !value.is_array() => {
                write!(f, ": {}", shown(value))
            }
            _ => Ok(()),
        }
    }
}

/// A value in one line, cut at [`WIDTH`].
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.split_whitespace().collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    };
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_line() {
        let change = |before: Option<Value>, after: Option<Value>| {
            Change { location: "a/b".to_owned(), before, after }.to_string()
        };
        assert_eq!(change(Some(json!("3s")), Some(json!("5s"))), "changed  a/b: 3s -> 5s");
        assert_eq!(change(None, Some(json!(true))), "added    a/b: true");
        assert_eq!(change(Some(json!({"c": 1})), None), "removed  a/b");
        assert_eq!(change(Some(json!("")), Some(json!("a\n  b"))), "changed  a/b: \"\" -> a b");
        let long = change(None, Some(json!("x".repeat(100))));
        assert_eq!(long, format!("added    a/b: {} …", "x".repeat(60)));
    }
}
