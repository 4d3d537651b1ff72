//! Decodes the bytes that Envoy passes to one JSON value.
//!
//! A `google.protobuf.StringValue` arrives as its text; a `google.protobuf.Struct` arrives as serialized protobuf
//! (measured in Envoy 1.36 and 1.40).

use prost::Message as _;
use prost_types::value::Kind;
use serde_json::{Map, Number, Value};

/// Reads JSON or, when the bytes are not JSON, a `Struct`.
///
/// # Errors
/// Bytes that are neither: the error of the JSON parser, with line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Err("the configuration is empty".to_owned());
    }
    serde_json::from_slice(bytes).or_else(|error| {
        let decoded = prost_types::Struct::decode(bytes);
        decoded.map(|fields| object(fields, 0)).map_err(|_| format!("the configuration is not valid JSON: {error}"))
    })
}

/// Deeper values are cut off; serde_json has the same limit for text.
const MAX_DEPTH: usize = 128;

fn object(fields: prost_types::Struct, depth: usize) -> Value {
    Value::Object(fields.fields.into_iter().map(|(key, field)| (key, value(field, depth))).collect::<Map<_, _>>())
}

fn value(value: prost_types::Value, depth: usize) -> Value {
    let deeper = depth.saturating_add(1);
    match value.kind {
        Some(Kind::BoolValue(boolean)) => Value::Bool(boolean),
        Some(Kind::NumberValue(number)) => number_value(number),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::StructValue(fields)) if depth < MAX_DEPTH => object(fields, deeper),
        Some(Kind::ListValue(list)) if depth < MAX_DEPTH => {
            Value::Array(list.values.into_iter().map(|item| self::value(item, deeper)).collect())
        }
        _ => Value::Null,
    }
}

/// Every number of a `Struct` is a double; whole ones are written without a fraction.
fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Value::Number(Number::from(number as i64));
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A `Struct` of the same shape as a JSON object.
    fn structure(value: &Value) -> prost_types::Struct {
        let fields = value.as_object().unwrap().iter();
        prost_types::Struct { fields: fields.map(|(key, value)| (key.clone(), kind(value))).collect() }
    }

    fn kind(value: &Value) -> prost_types::Value {
        let kind = match value {
            Value::Null => Kind::NullValue(0),
            Value::Bool(boolean) => Kind::BoolValue(*boolean),
            Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
            Value::String(text) => Kind::StringValue(text.clone()),
            Value::Array(items) => Kind::ListValue(prost_types::ListValue { values: items.iter().map(kind).collect() }),
            Value::Object(_) => Kind::StructValue(structure(value)),
        };
        prost_types::Value { kind: Some(kind) }
    }

    #[test]
    fn a_struct_is_read_like_its_json() {
        let document = json!({"policies": ["<a/>"], "trace_headers": false, "max_response_bytes": 1048576,
            "properties": {"a.b": 1.5, "c": null}});
        assert_eq!(parse(document.to_string().as_bytes()).unwrap(), document);
        assert_eq!(parse(&structure(&document).encode_to_vec()).unwrap(), document);
    }

    /// The first byte of a `Struct` is a line feed, which JSON may start with too.
    #[test]
    fn the_first_byte_does_not_decide() {
        let document = json!({"p": "x".repeat(119)});
        let bytes = structure(&document).encode_to_vec();
        assert_eq!(bytes.first(), Some(&b'\n'));
        assert_eq!(parse(&bytes).unwrap(), document);
        assert_eq!(parse(b"\n{}").unwrap(), json!({}));
    }

    #[test]
    fn other_bytes_are_reported_as_invalid_json() {
        assert_eq!(parse(b"").unwrap_err(), "the configuration is empty");
        let error = parse(b"{\"policies\": [\n,]}").unwrap_err();
        assert_eq!(error, "the configuration is not valid JSON: expected value at line 2 column 1");
    }
}
