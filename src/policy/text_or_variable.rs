//! Values from an attribute `ref` or from the literal text of an element, such as the parts of a cache key.

use super::attributes::warn_unknown_attributes;
use super::usage::Read;
use super::variable::Variable;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;
use bytestring::ByteString;

/// The value of a variable if `ref` resolves, otherwise the literal text. Braces in the text have no meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct TextOrVariable {
    /// The variable that `ref` names.
    pub reference: Option<Variable>,
    /// The element's text, if any.
    pub text: Option<ByteString>,
}

impl TextOrVariable {
    /// Reads an element. `None` without text and `ref`. `type` is accepted without effect: older documents have it.
    pub(super) fn parse(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TextOrVariable> {
        warn_unknown_attributes(element, &["ref", "type"], diagnostics);
        let text = Some(element.text()).filter(|text| !text.is_empty()).map(ByteString::from);
        let reference = element.attribute("ref").map(str::trim).filter(|name| !name.is_empty()).map(Variable::new);
        (reference.is_some() || text.is_some()).then_some(TextOrVariable { reference, text })
    }

    /// A value that no variable changes.
    pub(super) fn literal(text: impl Into<ByteString>) -> TextOrVariable {
        TextOrVariable { reference: None, text: Some(text.into()) }
    }

    /// The text of a value that no variable changes.
    pub fn as_literal(&self) -> Option<&ByteString> {
        self.text.as_ref().filter(|_| self.reference.is_none())
    }

    /// Whether it reads the body of the message with one of these names in the flow where it is read.
    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        self.reference.as_ref().is_some_and(|variable| variable.is_body_of(names))
    }

    /// The variable that it reads.
    pub(super) fn read(&self) -> Option<Read<'_>> {
        let read = if self.text.is_some() { Read::optional } else { Read::value };
        self.reference.as_ref().map(read)
    }
}
