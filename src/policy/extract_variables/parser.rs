//! Reads extractions from XML. Payloads are in [`super::payload`].

use super::Extraction;
use super::path_pattern::PathPattern;
use super::text_pattern::TextPattern;
use super::token::PatternError;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{boolean_attribute, warn_ignored, warn_unknown_attributes, warn_unknown_children};
use crate::policy::variable::{Item, MessagePart, Variable};

/// Children of the root that extract nothing.
const OTHERS: [&str; 7] =
    ["DisplayName", "Description", "Properties", "FaultRules", "Source", "VariablePrefix", "IgnoreUnresolvedVariables"];

/// Children of the root that extract.
const EXTRACTIONS: [&str; 7] =
    ["URIPath", "QueryParam", "Header", "FormParam", "Variable", "JSONPayload", "XMLPayload"];

/// The state of the parser.
#[derive(Debug)]
pub(super) struct Parser<'d> {
    /// The policy's name, for messages.
    pub(super) policy: &'d str,
    /// The prefix of the variables' names.
    pub(super) prefix: Option<String>,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Parser<'_> {
    pub(super) fn extractions(&mut self, root: Element<'_, '_>) -> Vec<Extraction> {
        let mut extractions = Vec::new();
        let mut extracts = false;
        for child in root.children() {
            let extraction = match child.name() {
                "URIPath" => Some(Extraction::Path(self.patterns(child, PathPattern::compile))),
                "QueryParam" | "Header" | "FormParam" => self.part(child),
                "Variable" => self.variable(child),
                "JSONPayload" => Some(Extraction::Json(self.json_payload(child))),
                "XMLPayload" => Some(Extraction::Xml(self.xml_payload(child))),
                other => {
                    if !OTHERS.contains(&other) {
                        warn_ignored(child, root, &[&EXTRACTIONS[..], &OTHERS].concat(), self.diagnostics);
                    }
                    continue;
                }
            };
            extracts = true;
            extractions.extend(extraction);
        }
        if !extracts {
            let message = format!(
                "ExtractVariables {}: at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, JSONPayload \
                 is mandatory.",
                self.policy
            );
            self.diagnostics.error(Code::NothingToExtract, root.position(), message);
        }
        extractions
    }

    fn part(&mut self, element: Element<'_, '_>) -> Option<Extraction> {
        let patterns = self.patterns(element, TextPattern::compile);
        let name = self.name(element)?;
        let kind = match element.name() {
            "QueryParam" => "queryparam",
            "FormParam" => "formparam",
            _ => "header",
        };
        let part = match MessagePart::parse(&format!("{kind}.{name}"))? {
            // A pattern matches a text, not a list. `[inferred]`
            MessagePart::Header(name, Item::Values) => MessagePart::Header(name, Item::Joined),
            MessagePart::QueryParam(name, Item::Values) => MessagePart::QueryParam(name, Item::Joined),
            MessagePart::FormParam(name, Item::Values) => MessagePart::FormParam(name, Item::Joined),
            part => part,
        };
        Some(Extraction::Part(part, patterns))
    }

    fn variable(&mut self, element: Element<'_, '_>) -> Option<Extraction> {
        let patterns = self.patterns(element, TextPattern::compile);
        let name = self.name(element)?;
        Some(Extraction::Variable(Variable::new(name), patterns))
    }

    /// The patterns of an element.
    fn patterns<P>(
        &mut self,
        element: Element<'_, '_>,
        compile: impl Fn(&str, bool, &dyn Fn(&str) -> Variable) -> Result<P, PatternError>,
    ) -> Vec<P> {
        // Apigee's samples have URIPath with a name and Variable with a type.
        let known: &[&str] = if element.name() == "Variable" { &["name", "type"] } else { &["name"] };
        warn_unknown_attributes(element, known, self.diagnostics);
        warn_unknown_children(element, &["Pattern"], self.diagnostics);
        let mut patterns = Vec::new();
        let mut has_patterns = false;
        for child in element.children_named("Pattern") {
            has_patterns = true;
            let text = child.text();
            warn_unknown_attributes(child, &["ignoreCase"], self.diagnostics);
            let ignore_case = boolean_attribute(child, "ignoreCase", false, self.diagnostics);
            match compile(&text, ignore_case, &|name| self.target(name)) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.pattern_error(child, &text, error),
            }
        }
        if !has_patterns {
            self.extracts_nothing(element, "Pattern");
        }
        patterns
    }

    fn pattern_error(&mut self, element: Element<'_, '_>, pattern: &str, error: PatternError) {
        let (code, what) = match error {
            PatternError::NoVariable => (Code::PatternWithoutVariable, "should have atleast one variable"),
            PatternError::Invalid => (Code::InvalidPattern, "is invalid"),
        };
        let message = format!("Pattern {pattern} {what} in ExtractVariables stepDefinition {}.", self.policy);
        self.diagnostics.error(code, element.position(), message);
    }

    /// The variable of an extracted name.
    pub(super) fn target(&self, name: &str) -> Variable {
        match &self.prefix {
            Some(prefix) => Variable::new(&format!("{prefix}.{name}")),
            None => Variable::new(name),
        }
    }

    /// The required `name` of an element.
    pub(super) fn name<'a>(&mut self, element: Element<'a, '_>) -> Option<&'a str> {
        let name = element.attribute("name").map(str::trim).filter(|name| !name.is_empty());
        if name.is_none() {
            let message = format!(
                "Error occurred while validation of bean {}.xml. Reason: - Required attribute name is missing in {}",
                self.policy,
                element.name()
            );
            self.diagnostics.error(Code::MissingName, element.position(), message);
        }
        name
    }

    /// Warns about an element that has no effect because its children are missing.
    pub(super) fn extracts_nothing(&mut self, element: Element<'_, '_>, missing: &str) {
        let message = format!("{} has no {missing} and extracts nothing", element.name());
        self.diagnostics.warning(Code::EmptyElement, element.position(), message);
    }
}
