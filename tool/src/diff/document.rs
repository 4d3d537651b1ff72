//! Documents of a configuration as values, so that their elements are compared and not their text.

use envoy_callout::language::xml::{Document, Element};
use serde_json::{Map, Value, json};

/// The key of the text of an element.
const TEXT: &str = "text";

/// A text of a configuration as a value, if it is an XML document or a filter configuration in JSON.
pub(super) fn read(text: &str) -> Option<Value> {
    let start = text.trim_start();
    if start.starts_with('{') {
        return serde_json::from_str(text).ok().filter(Value::is_object);
    }
    let document = Document::parse(start.starts_with('<').then_some(text)?).ok()?;
    Some(element(document.root()))
}

/// The name of a document or of an element: its attribute `name`, otherwise its element `Name`.
pub(super) fn name(value: &Value) -> Option<&str> {
    value.get("@name").or_else(|| value.get("Name")).and_then(Value::as_str)
}

/// An element without attributes and children is its text. Else it is an object: attributes with the prefix `@`, and
/// the children by name, as a list when several have the same name.
fn element(element: Element<'_, '_>) -> Value {
    let text = element.raw_text();
    let text = text.trim();
    let mut object = Map::new();
    for (name, value) in element.attributes() {
        object.insert(format!("@{name}"), json!(value));
    }
    for child in element.children() {
        let value = self::element(child);
        match object.get_mut(child.name()) {
            None => drop(object.insert(child.name().to_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    if object.is_empty() {
        return json!(text);
    }
    if !text.is_empty() {
        object.insert(TEXT.to_owned(), json!(text));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_become_objects() {
        let text = "<A name='a' b='1'><C>x</C><D><E/></D><F n='1'>t</F><F>u</F><F/></A>";
        let expected = json!({
            "@name": "a", "@b": "1", "C": "x", "D": {"E": ""}, "F": [{"@n": "1", "text": "t"}, "u", ""],
        });
        assert_eq!(read(text), Some(expected.clone()));
        assert_eq!(name(&expected), Some("a"));
        assert_eq!(name(&json!({"Name": "SC", "Condition": "x"})), Some("SC"));
        assert_eq!(read(r#"{"policies": []}"#), Some(json!({"policies": []})));
        for other in ["text", "<a>", "", "{x}", "[1]"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
