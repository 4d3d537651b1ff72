//! JSONPayload and XMLPayload (docs/apigee-semantics.md 4.3 and 4.4).

use super::ValueType;
use super::parser::Parser;
use crate::diagnostic::Code;
use crate::language::json_path::JsonPath;
use crate::language::xml::Element;
use crate::language::xpath::XPath;
use crate::policy::attributes::{boolean_attribute, single_child, warn_unknown_attributes, warn_unknown_children};
use crate::policy::template::{Syntax, Template};
use crate::policy::template_of;
use crate::policy::usage::Read;
use crate::policy::variable::Variable;

/// A variable that is extracted from JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonVariable {
    /// The variable that is set.
    pub target: Variable,
    /// The type of the value.
    pub kind: ValueType,
    /// The paths of the value; the first one that finds a value counts.
    pub paths: Vec<PathSource>,
}

/// A JSONPath, which is a template.
#[derive(Clone, Debug, PartialEq)]
pub enum PathSource {
    /// A constant path.
    Fixed(JsonPath),
    /// A path with variables, which is compiled for each request.
    Template(Template),
}

/// An XMLPayload.
#[derive(Clone, Debug, PartialEq)]
pub struct XmlPayload {
    /// Whether extraction ends after the first variable with a value.
    pub stops: bool,
    /// The variables, in document order.
    pub variables: Vec<XmlVariable>,
}

/// A variable that is extracted from XML.
#[derive(Clone, Debug, PartialEq)]
pub struct XmlVariable {
    /// The variable that is set.
    pub target: Variable,
    /// The type of the value.
    pub kind: ValueType,
    /// The paths of the value; the first one that finds a value counts.
    pub paths: Vec<Expression>,
}

/// A compiled XPath that keeps its text. Two with the same text are equal.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    /// The compiled form.
    pub path: XPath,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.text == other.text
    }
}

impl JsonVariable {
    /// The variables that its paths read.
    pub(super) fn reads(&self) -> Vec<Read<'_>> {
        let templates = self.paths.iter().filter_map(|path| match path {
            PathSource::Fixed(_) => None,
            PathSource::Template(template) => Some(template),
        });
        templates.flat_map(Template::reads).collect()
    }

    /// Whether one of its paths reads the body of the message with one of these names in its flow.
    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        self.paths.iter().any(|path| match path {
            PathSource::Fixed(_) => false,
            PathSource::Template(template) => template.uses_body(names),
        })
    }
}

impl Parser<'_> {
    pub(super) fn json_payload(&mut self, payload: Element<'_, '_>) -> Vec<JsonVariable> {
        warn_unknown_attributes(payload, &[], self.diagnostics);
        warn_unknown_children(payload, &["Variable"], self.diagnostics);
        let mut variables = Vec::new();
        for element in self.variables(payload) {
            let Some((name, kind)) = self.typed(element, "JSONPath") else { continue };
            let mut paths = Vec::new();
            for path in element.children_named("JSONPath") {
                let text = path.text();
                if text.is_empty() {
                    self.error(Code::EmptyJsonPath, path, &format!("JSONPath expression is empty in variable {name}."));
                } else {
                    paths.extend(self.json_path(path, &text));
                }
            }
            if element.child("JSONPath").is_none() {
                self.error(Code::NoJsonPaths, element, &format!("no jsonpaths to evaluate in variable {name}."));
            }
            variables.push(JsonVariable { target: self.target(name), kind, paths });
        }
        variables
    }

    fn json_path(&mut self, element: Element<'_, '_>, text: &str) -> Option<PathSource> {
        let template = template_of(element, text, Syntax::BRACES, self.diagnostics)?;
        let Some(path) = template.as_literal() else { return Some(PathSource::Template(template)) };
        match JsonPath::compile(&path) {
            Ok(path) => Some(PathSource::Fixed(path)),
            Err(error) => {
                let message = format!("Invalid JSON path {path} in policy {}. ({error})", self.policy);
                self.diagnostics.error(Code::InvalidJsonPath, element.position(), message);
                None
            }
        }
    }

    pub(super) fn xml_payload(&mut self, payload: Element<'_, '_>) -> XmlPayload {
        warn_unknown_attributes(payload, &["stopPayloadProcessing"], self.diagnostics);
        warn_unknown_children(payload, &["Namespaces", "Variable"], self.diagnostics);
        let stops = boolean_attribute(payload, "stopPayloadProcessing", false, self.diagnostics);
        let namespaces = self.namespaces(payload);
        let mut variables = Vec::new();
        for element in self.variables(payload) {
            let Some((name, kind)) = self.typed(element, "XPath") else { continue };
            let mut paths = Vec::new();
            for path in element.children_named("XPath") {
                let text = path.text();
                if text.is_empty() {
                    self.error(Code::EmptyXPath, path, &format!("XPath expression is empty in variable {name}."));
                } else {
                    paths.extend(self.xpath(path, &text, kind, &namespaces));
                }
            }
            if element.child("XPath").is_none() {
                self.error(Code::NoXPaths, element, &format!("no xpaths to evaluate in variable {name}."));
            }
            variables.push(XmlVariable { target: self.target(name), kind, paths });
        }
        XmlPayload { stops, variables }
    }

    fn xpath(
        &mut self,
        element: Element<'_, '_>,
        text: &str,
        kind: ValueType,
        namespaces: &[(String, String)],
    ) -> Option<Expression> {
        let path = match XPath::compile(text, namespaces) {
            Ok(path) => path,
            Err(error) => {
                let message = format!("Failed to compile xpath {text}. ({error})");
                self.error(Code::InvalidXPath, element, &message);
                return None;
            }
        };
        if kind == ValueType::Nodeset && !path.finds_nodes() {
            let message = format!("Result of xpath {text} cannot be converted to nodeset.");
            self.error(Code::XPathWithoutNodes, element, &message);
            return None;
        }
        Some(Expression { text: text.to_owned(), path })
    }

    /// The prefixes with their URIs.
    fn namespaces(&mut self, payload: Element<'_, '_>) -> Vec<(String, String)> {
        let mut namespaces: Vec<(String, String)> = Vec::new();
        let Some(container) = single_child(payload, "Namespaces", self.diagnostics) else { return namespaces };
        warn_unknown_children(container, &["Namespace"], self.diagnostics);
        for element in container.children_named("Namespace") {
            warn_unknown_attributes(element, &["prefix"], self.diagnostics);
            let prefix = element.attribute("prefix").unwrap_or_default().trim();
            let uri = element.text();
            if prefix.is_empty() {
                let message = "a Namespace without a prefix has no effect: names without a prefix are in no namespace";
                self.diagnostics.warning(Code::NoEffect, element.position(), message);
            } else if uri.is_empty() {
                let message = format!("Non-empty prefix {prefix} cannot be mapped to empty uri.");
                self.error(Code::PrefixWithoutUri, element, &message);
            } else if namespaces.iter().any(|(known, _)| known == prefix) {
                self.error(Code::DuplicatePrefix, element, &format!("Duplicate prefix {prefix}."));
            } else {
                namespaces.push((prefix.to_owned(), uri));
            }
        }
        namespaces
    }

    /// The Variable children of a payload.
    fn variables<'a, 'input>(&mut self, payload: Element<'a, 'input>) -> Vec<Element<'a, 'input>> {
        let variables: Vec<_> = payload.children_named("Variable").collect();
        if variables.is_empty() {
            self.extracts_nothing(payload, "Variable");
        }
        variables
    }

    /// The name and the type of a variable. An unknown type counts as absent. `[inferred]`
    fn typed<'a>(&mut self, variable: Element<'a, '_>, path: &str) -> Option<(&'a str, ValueType)> {
        warn_unknown_attributes(variable, &["name", "type"], self.diagnostics);
        warn_unknown_children(variable, &[path], self.diagnostics);
        let kind = match variable.attribute("type").map(str::trim).filter(|kind| !kind.is_empty()) {
            None => ValueType::default(),
            Some(name) => ValueType::parse(name).unwrap_or_else(|| {
                let message = format!("unknown variable type {name:?}; string is used");
                self.diagnostics.warning(Code::UnknownVariableType, variable.attribute_position("type"), message);
                ValueType::default()
            }),
        };
        Some((self.name(variable)?, kind))
    }

    fn error(&mut self, code: Code, element: Element<'_, '_>, message: &str) {
        let message = format!("ExtractVariables {}: {message}", self.policy);
        self.diagnostics.error(code, element.position(), message);
    }
}
