//! XML documents that expressions are evaluated over, and copies of their nodes.

use super::XPathError;
use super::markup;
use super::node::NodeRef;
use crate::language::xml::tree::Tree;
use crate::language::xml::{Document, Limits};

/// Maximum size of a document in bytes.
const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;
/// Maximum size of a result in bytes: nested nodes repeat their content.
const MAX_RESULT_BYTES: usize = 16 * 1024 * 1024;

/// The memory of a document's nodes is limited, because the smallest node takes twelve times its text.
const LIMITS: Limits = Limits { nodes: usize::MAX, depth: 512, memory: 48 * 1024 * 1024, allows_doctype: true };

/// A parsed document.
#[derive(Debug)]
pub struct XmlDocument<'input>(Document<'input>);

/// A copy of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XPathNode {
    /// An element's markup, with the namespaces of enclosing elements. For an attribute, a text or a namespace,
    /// its text.
    pub markup: String,
    /// The string-value: all text in the node.
    pub text: String,
}

impl<'input> XmlDocument<'input> {
    /// Parses a document, with or without a byte order mark.
    ///
    /// # Errors
    /// Text that is not well-formed or declares entities, that has more than 8 MiB or 512 levels of elements, or
    /// whose nodes take more than 48 MiB.
    pub fn parse(text: &'input str) -> Result<XmlDocument<'input>, XPathError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(XPathError::Document(format!("it is larger than {MAX_DOCUMENT_BYTES} bytes")));
        }
        Document::parse_limited(text, &LIMITS).map(XmlDocument).map_err(|error| XPathError::Document(error.to_string()))
    }

    pub(super) fn tree(&self) -> &Tree<'input> {
        &self.0.tree
    }

    pub(super) fn copies(&self, nodes: &[NodeRef]) -> Result<Vec<XPathNode>, XPathError> {
        let mut copies = Vec::new();
        let mut left = MAX_RESULT_BYTES;
        let too_large = || XPathError::Evaluation(format!("the result is larger than {MAX_RESULT_BYTES} bytes"));
        for node in nodes {
            let text = node.text(self.tree()).into_owned();
            left = left.checked_sub(text.len()).ok_or_else(too_large)?;
            let markup = markup::of_node(self.tree(), *node, &text, left).ok_or_else(too_large)?;
            left = left.checked_sub(markup.len()).ok_or_else(too_large)?;
            copies.push(XPathNode { markup, text });
        }
        Ok(copies)
    }
}
