//! `AssignVariable` (docs/apigee-semantics.md 3.6).

use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::attributes::{single_child, warn_unknown_attributes};
use crate::policy::template::{Syntax, Template};
use crate::policy::template_of;
use crate::policy::variable::{FLOW_MESSAGES, MessagePart, Variable};
use bytestring::ByteString;
use http::HeaderName;

/// Sets a variable from the first existing source: a resource, a template, another variable, a literal or a property.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignVariable {
    /// The variable that is set.
    pub name: Variable,
    /// `ResourceURL`.
    pub resource: Option<ResourceUrl>,
    /// `Template`.
    pub template: Option<TemplateSource>,
    /// `Ref`: the value of this variable, with its type.
    pub reference: Option<Variable>,
    /// `Value`: a text, also used when `Ref` does not resolve.
    pub value: Option<ByteString>,
    /// `PropertySetRef`: the property of this name, `SET.KEY`.
    pub property: Option<Template>,
}

/// `ResourceURL`: the name of a resource, such as `jsc://file.js`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceUrl {
    /// The name.
    pub template: Template,
    /// The position in the document.
    pub position: Position,
}

/// `Template` with its `ref`.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateSource {
    /// The variable whose value is the template, if it resolves.
    pub reference: Option<Variable>,
    /// The element's own text.
    pub template: Template,
}

impl AssignVariable {
    pub(super) fn parse(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<AssignVariable> {
        warn_unknown_attributes(element, &[], diagnostics);
        for child in element.children() {
            let known: &[&str] = if child.name() == "Template" { &["ref"] } else { &[] };
            warn_unknown_attributes(child, known, diagnostics);
        }
        let named = single_child(element, "Name", diagnostics).filter(|named| !named.text().is_empty());
        let Some(named) = named else {
            diagnostics.error(
                Code::InvalidVariableName,
                element.position(),
                "AssignMessage schema validation failed: invalid variable name - null - in assign variable.",
            );
            return None;
        };
        let name = Variable::new(&named.text());
        if let Some(header) = unusable_header(&name) {
            diagnostics.error(Code::InvalidHeader, named.position(), format!("{header:?} is not a valid header name"));
        }
        let resource = single_child(element, "ResourceURL", diagnostics).filter(|url| !url.text().is_empty());
        let resource = match resource {
            Some(url) => Some(ResourceUrl {
                template: template_of(url, &url.text(), Syntax::BRACES, diagnostics)?,
                position: url.position(),
            }),
            None => None,
        };
        let variable = |name: String| (!name.is_empty()).then(|| Variable::new(&name));
        let template = match single_child(element, "Template", diagnostics) {
            Some(child) => Some(TemplateSource {
                reference: child.attribute("ref").map(|name| name.trim().to_owned()).and_then(variable),
                template: template_of(child, &child.raw_text(), Syntax::VALUE, diagnostics)?,
            }),
            None => None,
        };
        let property = match single_child(element, "PropertySetRef", diagnostics) {
            Some(child) => Some(template_of(child, &child.text(), Syntax::BRACES, diagnostics)?),
            None => None,
        };
        Some(AssignVariable {
            name,
            resource,
            template,
            reference: single_child(element, "Ref", diagnostics).map(Element::text).and_then(variable),
            value: single_child(element, "Value", diagnostics).map(|value| value.raw_text().into()),
            property,
        })
    }

    /// Whether it reads or writes the body of the message with one of these names. A template from a
    /// variable may read anything.
    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        let template = self.template.as_ref();
        self.name.is_body_of(names)
            || self.resource.as_ref().is_some_and(|resource| resource.template.uses_body(names))
            || self.reference.as_ref().is_some_and(|reference| reference.is_body_of(names))
            || template.is_some_and(|source| source.reference.is_some() || source.template.uses_body(names))
            || self.property.as_ref().is_some_and(|property| property.uses_body(names))
    }
}

/// The header that the variable names in a message of the flow, if the name is not valid for a header. Whether another
/// name is one of a message is known only in a transaction.
fn unusable_header(variable: &Variable) -> Option<&ByteString> {
    variable.splits().iter().find_map(|(message, part)| match part {
        MessagePart::Header(name, _) if FLOW_MESSAGES.contains(&&**message) => {
            HeaderName::from_bytes(name.as_bytes()).is_err().then_some(name)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (Option<AssignVariable>, Vec<String>) {
        let text = format!("<AssignVariable>{content}</AssignVariable>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("AM");
        let parsed = AssignVariable::parse(document.root(), &mut diagnostics);
        (parsed, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_source_is_read() {
        let (parsed, problems) = parse(
            "<Name> a.b </Name><Ref>c</Ref><Value> d </Value><Template ref='t'>{e} </Template>
             <PropertySetRef>set.{f}</PropertySetRef><ResourceURL> jsc://{g}.js </ResourceURL>",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let parsed = parsed.unwrap();
        assert_eq!(parsed.name, Variable::new("a.b"));
        assert_eq!(parsed.reference, Some(Variable::new("c")));
        assert_eq!(parsed.value.as_deref(), Some(" d "));
        let template = parsed.template.unwrap();
        assert_eq!((template.reference, template.template.to_string()), (Some(Variable::new("t")), "{e} ".to_owned()));
        let resource = parsed.resource.unwrap();
        assert_eq!((resource.template.to_string(), resource.position.line), ("jsc://{g}.js".to_owned(), 2));
        assert_eq!(parsed.property.unwrap().to_string(), "set.{f}");
    }

    #[test]
    fn problems_are_reported() {
        let name = "AM, line 1, column 1: InvalidVariableName: AssignMessage schema validation failed: invalid variable name - null - in assign variable.";
        for content in ["", "<Name/>", "<Name> </Name><Value>a</Value>"] {
            assert_eq!(parse(content), (None, vec![name.to_owned()]));
        }
        for (name, header) in [
            ("request.header.a b", "a b"),
            ("message.header.:path", ":path"),
            ("response.header.a:b.2", "a:b"),
            ("error.header.é", "é"),
        ] {
            let problem = format!("AM, line 1, column 17: {header:?} is not a valid header name");
            assert_eq!(parse(&format!("<Name>{name}</Name><Value>a</Value>")).1, [problem]);
        }
        for name in ["request.header.a.b", "made.header.a b", "request.headers.a b"] {
            assert_eq!(parse(&format!("<Name>{name}</Name><Value>a</Value>")).1, [""; 0], "{name}");
        }
    }
}
