//! The types that extracted values can have (docs/apigee-semantics.md 4.3 and 4.5).

use std::fmt;

/// The `type` of a variable that is extracted from a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueType {
    /// Text, the default.
    #[default]
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A whole number.
    Long,
    /// A single-precision number.
    Float,
    /// A double-precision number.
    Double,
    /// A part of the payload, unchanged.
    Nodeset,
}

impl ValueType {
    /// Finds a type by its name, case-sensitive.
    pub fn parse(name: &str) -> Option<ValueType> {
        Some(match name {
            "string" => ValueType::String,
            "boolean" => ValueType::Boolean,
            "integer" => ValueType::Integer,
            "long" => ValueType::Long,
            "float" => ValueType::Float,
            "double" => ValueType::Double,
            "nodeset" => ValueType::Nodeset,
            _ => return None,
        })
    }
}

impl fmt::Display for ValueType {
    /// The name in fault strings.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ValueType::String => "STRING",
            ValueType::Boolean => "BOOLEAN",
            ValueType::Integer => "INTEGER",
            ValueType::Long => "LONG",
            ValueType::Float => "FLOAT",
            ValueType::Double => "DOUBLE",
            ValueType::Nodeset => "NODESET",
        })
    }
}
