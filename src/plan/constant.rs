//! Variables with values from the configuration.

use bytestring::ByteString;

/// A constant value.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// Text.
    String(ByteString),
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Double(f64),
}

impl Constant {
    /// Makes a text.
    pub fn text(text: impl Into<ByteString>) -> Constant {
        Constant::String(text.into())
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&ByteString> {
        match self {
            Constant::String(text) => Some(text),
            Constant::Boolean(_) | Constant::Integer(_) | Constant::Double(_) => None,
        }
    }
}
