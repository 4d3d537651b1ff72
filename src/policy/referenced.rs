//! Values from the text of an element or, with the attribute `ref`, from a variable.

use super::attributes::{reference_of, warn_unknown_attributes};
use super::template::{Syntax, Template};
use super::template_of;
use super::variable::Variable;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;

/// The value of a variable if `ref` resolves, otherwise the text (docs/apigee-semantics.md 2.12 and 10.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Referenced {
    /// The variable that `ref` names.
    pub reference: Option<Variable>,
    /// The element's text, if any.
    pub text: Option<Template>,
}

impl Referenced {
    /// Reads an element. `None` without text and `ref`.
    pub(super) fn parse(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Referenced> {
        Referenced::parse_with(element, &[], diagnostics)
    }

    /// Like [`Referenced::parse`]. `attributes` are those of the element that are read elsewhere.
    pub(super) fn parse_with(
        element: Element<'_, '_>,
        attributes: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Option<Referenced> {
        warn_unknown_attributes(element, &[&["ref"], attributes].concat(), diagnostics);
        let text = element.text();
        let text = match text.is_empty() {
            true => None,
            false => template_of(element, &text, Syntax::BRACES, diagnostics),
        };
        let reference = reference_of(element);
        let has_value = reference.is_some() || text.is_some();
        has_value.then_some(Referenced { reference, text })
    }

    /// A value that no variable changes.
    pub fn literal(text: &str) -> Referenced {
        Referenced { reference: None, text: Some(Template::literal(text)) }
    }

    /// Whether it reads the body of the message with one of these names in the flow where it is read.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        self.reference.as_ref().is_some_and(|variable| variable.is_body_of(names))
            || self.text.as_ref().is_some_and(|text| text.uses_body(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    #[test]
    fn a_value_is_a_reference_a_text_or_both() {
        let cases = [
            ("<A>text {v}</A>", None, Some("text {v}")),
            ("<A ref='v'/>", Some("v"), None),
            ("<A ref='{ v }'>{}</A>", Some("v"), Some("\\{\\}")),
            ("<A ref=''> t </A>", None, Some("t")),
        ];
        for (xml, reference, text) in cases {
            let document = Document::parse(xml).unwrap();
            let value = Referenced::parse(document.root(), &mut Diagnostics::default()).unwrap();
            assert_eq!(value.reference.as_ref().map(|variable| &**variable.name()), reference, "{xml}");
            assert_eq!(value.text.map(|text| text.to_string()).as_deref(), text, "{xml}");
        }
        let document = Document::parse("<A ref=' '/>").unwrap();
        assert_eq!(Referenced::parse(document.root(), &mut Diagnostics::default()), None);
    }
}
