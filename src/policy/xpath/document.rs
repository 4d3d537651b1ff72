//! XML documents that expressions are evaluated over, and copies of their nodes.

use super::XPathError;
use super::tags;
use uppsala::dom::NodeKind;
use uppsala::{Document, NodeId, Parser, XPathEvaluator, XPathValue};

/// Deeper documents are refused.
const MOST_LEVELS: u32 = 512;
/// Larger documents are refused, in bytes.
const LARGEST_DOCUMENT: usize = 8 * 1024 * 1024;
/// Elements with more attributes are refused: the parser compares each with all others.
const MOST_ATTRIBUTES: usize = 1000;
/// Larger results are refused, in bytes: nodes inside each other repeat their content.
const LARGEST_RESULT: usize = 16 * 1024 * 1024;

/// A parsed document, for any number of expressions.
#[derive(Debug)]
pub struct XmlDocument(Document<'static>);

/// A copy of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XPathNode {
    /// An element's markup, with the namespaces that it takes from outside declared in it. For an attribute or a text,
    /// its text.
    pub markup: String,
    /// The string-value: all text in the node.
    pub text: String,
}

impl XmlDocument {
    /// Parses a document, with or without a byte order mark.
    ///
    /// # Errors
    /// Text that is not well-formed, declares entities, or is too large or too deep.
    pub fn parse(text: &str) -> Result<XmlDocument, XPathError> {
        if text.len() > LARGEST_DOCUMENT {
            return Err(XPathError::Document(format!("it is larger than {LARGEST_DOCUMENT} bytes")));
        }
        if tags::most_attributes(text) > MOST_ATTRIBUTES {
            return Err(XPathError::Document(format!("an element has more than {MOST_ATTRIBUTES} attributes")));
        }
        let parser = Parser::new().with_max_depth(MOST_LEVELS).with_forbid_entities(true);
        let document = parser.parse(text.trim_start_matches('\u{feff}'));
        let mut document = document.map_err(|error| XPathError::Document(error.to_string()))?.into_static();
        // Attributes are nodes only after this.
        document.prepare_xpath();
        Ok(XmlDocument(document))
    }

    pub(super) fn root(&self) -> NodeId {
        self.0.root()
    }

    pub(super) fn evaluate(
        &self,
        evaluator: &XPathEvaluator,
        node: NodeId,
        expression: &str,
    ) -> Result<XPathValue, String> {
        evaluator.evaluate(&self.0, node, expression).map_err(|error| error.to_string())
    }

    pub(super) fn copies(&self, nodes: &[NodeId]) -> Result<Vec<XPathNode>, XPathError> {
        let mut copies = Vec::new();
        let mut size = 0_usize;
        for node in nodes {
            let copy = self.copy(*node);
            size = size.saturating_add(copy.markup.len()).saturating_add(copy.text.len());
            if size > LARGEST_RESULT {
                return Err(XPathError::Evaluation(format!("the result is larger than {LARGEST_RESULT} bytes")));
            }
            copies.push(copy);
        }
        Ok(copies)
    }

    fn copy(&self, node: NodeId) -> XPathNode {
        let text = XPathValue::NodeSet(vec![node]).to_string_value(&self.0);
        let markup = match self.0.node_kind(node) {
            Some(NodeKind::Element(_)) => self.element(node),
            Some(NodeKind::Document) => self.0.document_element().map(|root| self.element(root)).unwrap_or_default(),
            Some(NodeKind::Comment(_) | NodeKind::ProcessingInstruction(_)) => self.0.node_to_xml(node),
            Some(NodeKind::Text(_) | NodeKind::CData(_) | NodeKind::Attribute(..)) | None => text.clone(),
        };
        XPathNode { markup, text }
    }

    /// An element's markup. The engine leaves out namespaces that are declared further out.
    fn element(&self, node: NodeId) -> String {
        let markup = self.0.node_to_xml(node);
        let declarations = self.outer_namespaces(node);
        let name = self.0.element(node).map(|element| element.name.prefixed_name()).unwrap_or_default();
        match markup.strip_prefix('<').and_then(|rest| rest.strip_prefix(&*name)) {
            Some(rest) if !declarations.is_empty() => format!("<{name}{declarations}{rest}"),
            _ => markup,
        }
    }

    /// Declarations of the namespaces that an element or anything in it uses but that are declared around it.
    fn outer_namespaces(&self, node: NodeId) -> String {
        let mut known: Vec<(&str, &str)> = Vec::new();
        let mut declarations = String::new();
        let own = self.0.element(node).map(|element| element.namespace_declarations.as_slice()).unwrap_or_default();
        for inner in std::iter::once(node).chain(self.0.descendants(node)) {
            let Some(element) = self.0.element(inner) else { continue };
            let names =
                std::iter::once(&element.name).chain(element.attributes.iter().map(|attribute| &attribute.name));
            for name in names {
                let prefix = name.prefix.as_deref().unwrap_or_default();
                let Some(uri) = name.namespace_uri.as_deref() else { continue };
                let is_known = prefix == "xml"
                    || known.contains(&(prefix, uri))
                    || own.iter().any(|(declared, _)| declared == prefix);
                if is_known || !self.is_outer(node, prefix, uri) {
                    continue;
                }
                known.push((prefix, uri));
                let uri = uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                let colon = if prefix.is_empty() { "" } else { ":" };
                declarations.push_str(&format!(" xmlns{colon}{prefix}=\"{uri}\""));
            }
        }
        declarations
    }

    /// Whether a prefix stands for that namespace where an element begins.
    fn is_outer(&self, node: NodeId, prefix: &str, uri: &str) -> bool {
        let mut ancestor = self.0.parent(node);
        while let Some(node) = ancestor {
            let declarations = self.0.element(node).map(|element| element.namespace_declarations.as_slice());
            let declared = declarations.unwrap_or_default().iter().find(|(declared, _)| declared == prefix);
            if let Some((_, declared)) = declared {
                return declared == uri;
            }
            ancestor = self.0.parent(node);
        }
        false
    }
}
