//! JSON objects with optional keys.

use serde_json::Value;

/// Adds optional keys to an object.
pub(super) trait With {
    /// The object with another key, if there is a value.
    fn with(self, key: &str, value: impl Into<Option<Value>>) -> Value;
}

impl With for Value {
    fn with(mut self, key: &str, value: impl Into<Option<Value>>) -> Value {
        if let (Some(object), Some(value)) = (self.as_object_mut(), value.into()) {
            object.insert(key.to_owned(), value);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_without_value_is_omitted() {
        let value = json!({"a": 1}).with("b", json!(2)).with("c", None);
        assert_eq!(value, json!({"a": 1, "b": 2}));
    }
}
