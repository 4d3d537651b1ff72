//! Readable YAML. A text of several lines is a block.

use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

/// The text of a file with the values as documents.
pub(super) fn documents(values: &[Value]) -> Result<String, serde_saphyr::ser::Error> {
    // Some parsers read a folded line as another text.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    let mut text = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        serde_saphyr::to_fmt_writer_with_options(&mut text, &Readable(value), options.clone())?;
    }
    Ok(text)
}

/// A JSON value for a serializer that does not support the arbitrary precision of `serde_json`.
struct Readable<'a>(&'a Value);

impl Serialize for Readable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(boolean) => serializer.serialize_bool(*boolean),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => serializer.serialize_i64(integer),
                (None, Some(float)) => serializer.serialize_f64(float),
                (None, None) => Err(S::Error::custom(format!("{number} is out of range"))),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(list) => {
                let mut sequence = serializer.serialize_seq(Some(list.len()))?;
                for item in list {
                    sequence.serialize_element(&Readable(item))?;
                }
                sequence.end()
            }
            Value::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (key, value) in object {
                    map.serialize_entry(key, &Readable(value))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn documents_are_readable() {
        let value = json!({"policies": ["<A>\n  <B/>\n</A>\n", "<C>\n</C>"], "number": 1, "text": "1", "none": {}});
        let expected =
            "policies:\n- |\n  <A>\n    <B/>\n  </A>\n- |-\n  <C>\n  </C>\nnumber: 1\ntext: \"1\"\nnone: {}\n";
        assert_eq!(documents(std::slice::from_ref(&value)).unwrap(), expected);
        assert_eq!(documents(&[json!({"a": 1}), json!({"b": 2})]).unwrap(), "a: 1\n---\nb: 2\n");
    }

    proptest! {
        #[test]
        fn every_text_survives_a_round_trip(text in "[ -~\t\r\né<>&'\"]{0,80}") {
            let value = json!({"list": [text], "key": {"inner": text}});
            let written = documents(std::slice::from_ref(&value)).unwrap();
            let read: Value = serde_saphyr::from_str(&written).unwrap();
            prop_assert_eq!(read, value, "{}", written);
        }
    }
}
