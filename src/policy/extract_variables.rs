//! The ExtractVariables policy (docs/apigee-semantics.md 4).

mod parser;
mod path_pattern;
mod payload;
mod text_pattern;
mod token;
mod value_type;

pub use path_pattern::{PathPattern, path_segments};
pub use payload::{Expression, JsonVariable, PathSource, XmlPayload, XmlVariable};
pub use text_pattern::{Capture, TextPattern};
pub use value_type::ValueType;

use super::PolicyData;
use super::attributes::{
    Attributes, boolean_attribute, boolean_child, single_child, text_child, warn_unknown_attributes,
};
use super::usage::Read;
use super::variable::{MessagePart, Variable};
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;
use parser::Parser;

/// A checked ExtractVariables.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtractVariables {
    /// Name and switches.
    pub attributes: Attributes,
    /// The source.
    pub source: Source,
    /// Whether an unresolved variable in a JSONPath counts as empty text.
    pub ignore_unresolved: bool,
    /// The extractions, in document order.
    pub extractions: Vec<Extraction>,
    /// `proxy.pathsuffix`, which URIPath extracts from.
    pub path_suffix: Variable,
}

/// The source: a message or, for payloads, any variable with text.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The variable of the source.
    pub variable: Variable,
    /// Whether the payload of the message is removed afterwards.
    pub clear_payload: bool,
}

/// One element that extracts.
#[derive(Clone, Debug, PartialEq)]
pub enum Extraction {
    /// URIPath: the matching pattern with the most segments.
    Path(Vec<PathPattern>),
    /// QueryParam, Header or FormParam: the first pattern that matches.
    Part(MessagePart, Vec<TextPattern>),
    /// Variable: the first pattern that matches.
    Variable(Variable, Vec<TextPattern>),
    /// JSONPayload.
    Json(Vec<JsonVariable>),
    /// XMLPayload.
    Xml(XmlPayload),
}

impl ExtractVariables {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<ExtractVariables> {
        let attributes = Attributes::parse(root, diagnostics);
        let source = Source::parse(single_child(root, "Source", diagnostics), diagnostics);
        let ignore_unresolved = boolean_child(root, "IgnoreUnresolvedVariables", false, diagnostics);
        let prefix = text_child(root, "VariablePrefix", diagnostics);
        let prefix = prefix.filter(|prefix| !prefix.is_empty());
        let extractions = Parser { policy: &attributes.name, prefix, diagnostics }.extractions(root);
        let policy = ExtractVariables {
            attributes,
            source,
            ignore_unresolved,
            extractions,
            path_suffix: Variable::new("proxy.pathsuffix"),
        };
        (!diagnostics.has_errors()).then_some(policy)
    }

    /// Whether an element extracts from the source. Variable elements do not.
    pub fn uses_source(&self) -> bool {
        self.extractions.iter().any(|extraction| !matches!(extraction, Extraction::Variable(..)))
    }

    /// The variables that it may set.
    fn targets(&self) -> impl Iterator<Item = &Variable> {
        self.extractions.iter().flat_map(|extraction| -> Vec<&Variable> {
            match extraction {
                Extraction::Path(patterns) => patterns.iter().flat_map(PathPattern::targets).collect(),
                Extraction::Part(_, patterns) | Extraction::Variable(_, patterns) => {
                    patterns.iter().flat_map(TextPattern::targets).collect()
                }
                Extraction::Json(variables) => variables.iter().map(|variable| &variable.target).collect(),
                Extraction::Xml(payload) => payload.variables.iter().map(|variable| &variable.target).collect(),
            }
        })
    }
}

impl PolicyData for ExtractVariables {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        let source = &self.source.variable;
        let is_source = names.contains(&&**source.name());
        (is_source && self.source.clear_payload)
            || (self.uses_source() && is_body_part(source, names))
            || self.extractions.iter().any(|extraction| match extraction {
                Extraction::Path(_) => false,
                Extraction::Part(part, _) => is_source && part.is_body(),
                Extraction::Variable(variable, _) => variable.is_body_of(names),
                Extraction::Json(variables) => is_source || variables.iter().any(|variable| variable.uses_body(names)),
                Extraction::Xml(_) => is_source,
            })
            || self.targets().any(|target| is_body_part(target, names))
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let source = self.uses_source().then(|| Read::message(&self.source.variable));
        let others = self.extractions.iter().flat_map(|extraction| match extraction {
            Extraction::Variable(variable, _) => vec![Read::value(variable)],
            Extraction::Json(variables) => variables.iter().flat_map(JsonVariable::reads).collect(),
            Extraction::Path(_) | Extraction::Part(..) | Extraction::Xml(_) => Vec::new(),
        });
        source.into_iter().chain(others).collect()
    }

    fn extracted(&self) -> Vec<&Variable> {
        self.targets().collect()
    }
}

/// Whether a variable is a part of such a message and needs its body. The whole message does not count: it is a source
/// of headers, and it cannot be assigned.
fn is_body_part(variable: &Variable, names: &[&str]) -> bool {
    variable.splits().iter().any(|(name, part)| names.contains(&&**name) && part.is_body())
}

impl Source {
    fn parse(source: Option<Element<'_, '_>>, diagnostics: &mut Diagnostics) -> Source {
        if let Some(source) = source {
            warn_unknown_attributes(source, &["clearPayload"], diagnostics);
        }
        let name = source.map(Element::text).unwrap_or_default();
        let clears = source.map(|source| boolean_attribute(source, "clearPayload", false, diagnostics));
        Source {
            variable: Variable::new(if name.is_empty() { "message" } else { &name }),
            clear_payload: clears.unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests;
