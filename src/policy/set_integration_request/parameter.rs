//! `Parameters`: the input of an integration.

use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{warn_ignored, warn_unknown_attributes};
use crate::policy::referenced::Referenced;

/// One input of an integration.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParameterType,
    /// Its value.
    pub value: ParameterValue,
}

/// One value or an array.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// `Parameter`.
    Single(Referenced),
    /// `ParameterArray`.
    Array(Vec<Referenced>),
}

/// The types of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Text.
    String,
    /// A signed number of 64 bits.
    Integer,
    /// A floating-point number of 64 bits.
    Double,
    /// True or false.
    Boolean,
    /// A JSON text; not in arrays.
    Json,
}

impl ParameterType {
    /// Finds a type by its name, in any case. The user interface's template has `int`.
    fn parse(text: &str) -> Option<ParameterType> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "" | "string" => ParameterType::String,
            "integer" | "int" => ParameterType::Integer,
            "double" => ParameterType::Double,
            "boolean" => ParameterType::Boolean,
            "json" => ParameterType::Json,
            _ => return None,
        })
    }
}

impl Parameter {
    pub(super) fn parse_all(parameters: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Vec<Parameter> {
        let mut parsed = Vec::new();
        for element in parameters.children() {
            match element.name() {
                "Parameter" | "ParameterArray" => parsed.extend(Parameter::parse(element, diagnostics)),
                _ => warn_ignored(element, parameters, &["Parameter", "ParameterArray"], diagnostics),
            }
        }
        parsed
    }

    fn parse(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Parameter> {
        let is_array = element.name() == "ParameterArray";
        let name = element.attribute("name").unwrap_or_default().trim();
        if name.is_empty() {
            let message = format!("Required attribute name is missing in {}", element.name());
            diagnostics.error(Code::MissingName, element.position(), message);
        }
        let text = element.attribute("type").unwrap_or_default();
        let kind = ParameterType::parse(text).filter(|kind| !is_array || *kind != ParameterType::Json);
        if kind.is_none() {
            let json = if is_array { "" } else { ", json" };
            let message = format!("type must be one of string, integer, double, boolean{json}, got {text:?}");
            diagnostics.error(Code::InvalidAttribute, element.attribute_position("type"), message);
        }
        let value = match is_array {
            false => ParameterValue::Single(value(element, &["name", "type"], diagnostics)),
            true => {
                let values = element.children_named("Value").map(|element| value(element, &[], diagnostics));
                ParameterValue::Array(values.collect())
            }
        };
        if is_array {
            warn_unknown_attributes(element, &["name", "type"], diagnostics);
            for child in element.children().filter(|child| child.name() != "Value") {
                warn_ignored(child, element, &["Value"], diagnostics);
            }
        }
        Some(Parameter { name: name.to_owned(), kind: kind?, value }).filter(|_| !name.is_empty())
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Referenced> {
        match &self.value {
            ParameterValue::Single(value) => std::slice::from_ref(value),
            ParameterValue::Array(values) => values.as_slice(),
        }
        .iter()
    }
}

/// An element's value; an empty element is empty text. `attributes` are those that are not a part of the value.
fn value(element: Element<'_, '_>, attributes: &[&str], diagnostics: &mut Diagnostics) -> Referenced {
    Referenced::parse_with(element, attributes, diagnostics).unwrap_or_else(|| Referenced::literal(""))
}
