//! Texts of elements: a variable, a fixed text, or both.

use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;
use crate::policy::attributes::{reference_of, warn_unknown_attributes};
use crate::policy::usage::Read;
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// The value of a variable if `ref` resolves, otherwise the text. The text is not a template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextValue {
    /// The variable that `ref` names.
    pub reference: Option<Variable>,
    /// The element's text, if any.
    pub text: Option<ByteString>,
}

impl TextValue {
    /// Reads an element, which may have neither. Its attributes are not checked.
    pub(super) fn parse(element: Element<'_, '_>) -> TextValue {
        let text = Some(element.text()).filter(|text| !text.is_empty()).map(ByteString::from);
        TextValue { reference: reference_of(element), text }
    }

    /// Reads an element. `None` without a variable and a text.
    pub(super) fn of(element: Option<Element<'_, '_>>, diagnostics: &mut Diagnostics) -> Option<TextValue> {
        TextValue::with(element, &["ref"], diagnostics)
    }

    /// Like [`TextValue::of`]. `attributes` are those of the element.
    pub(super) fn with(
        element: Option<Element<'_, '_>>,
        attributes: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Option<TextValue> {
        let element = element?;
        warn_unknown_attributes(element, attributes, diagnostics);
        let value = TextValue::parse(element);
        (value.reference.is_some() || value.text.is_some()).then_some(value)
    }

    /// The variable that the value reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        let has_text = self.text.is_some();
        self.reference
            .iter()
            .map(move |variable| if has_text { Read::optional(variable) } else { Read::value(variable) })
    }

    /// Whether it reads the body of the message with one of these names.
    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        self.reference.as_ref().is_some_and(|variable| variable.is_body_of(names))
    }
}

/// The parts of a comma-separated list, without empty ones.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}
