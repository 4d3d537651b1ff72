//! The values of flow variables.

use crate::flow::message::MessageId;
use crate::plan::Constant;
use bytestring::ByteString;

/// The value of a flow variable. A lookup of a variable that does not resolve returns `None` instead.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    String(ByteString),
    /// `true` or `false`.
    Boolean(bool),
    /// Apigee's Integer and Long.
    Integer(i64),
    /// A single-precision number.
    Float(f32),
    /// A double-precision number.
    Double(f64),
    /// A list of texts, such as the values of a header.
    Collection(Vec<ByteString>),
    /// A message, by its index in the transaction. Copying the value does not copy the message.
    Message(MessageId),
}

impl From<&Constant> for Value {
    fn from(constant: &Constant) -> Value {
        match constant {
            Constant::String(text) => Value::String(text.clone()),
            Constant::Boolean(boolean) => Value::Boolean(*boolean),
            Constant::Integer(number) => Value::Integer(*number),
            Constant::Double(number) => Value::Double(*number),
        }
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<ByteString>) -> Value {
        Value::String(text.into())
    }

    /// A count or a code.
    pub fn count(count: usize) -> Value {
        Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The size in bytes of a copy of a list and of its text. 0 for other values, whose text is short or shared.
    pub fn size(&self) -> usize {
        let Value::Collection(items) = self else { return 0 };
        let each = size_of::<ByteString>();
        items.iter().fold(2, |sum, item| sum.saturating_add(item.len()).saturating_add(each))
    }

    /// The text of a value that is not a message (docs/apigee-semantics.md 6.3).
    pub fn render(&self) -> Option<ByteString> {
        let text = match self {
            Value::String(text) => return Some(text.clone()),
            Value::Boolean(value) => return Some(ByteString::from_static(if *value { "true" } else { "false" })),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Double(number) => number.to_string(),
            Value::Collection(items) => {
                let mut text = String::with_capacity(self.size());
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { ", " });
                    text.push_str(item);
                }
                text.push(']');
                text
            }
            Value::Message(_) => return None,
        };
        Some(text.into())
    }
}
