//! IntegrationEndpoint documents: an integration instead of an upstream (docs/apigee-semantics.md 10.5).

use super::read;
use crate::diagnostic::{Code, Diagnostic, Position};
use crate::policy::attributes::{boolean_child, warn_unknown_attributes, warn_unknown_children};

/// An IntegrationEndpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationEndpoint {
    /// The name that route rules use.
    pub name: String,
    /// Whether the integration is scheduled and not waited for.
    pub is_async: bool,
    /// The position in the document.
    pub position: Position,
}

impl IntegrationEndpoint {
    /// Reads a document. `key` names it in diagnostics until its name is known.
    pub fn parse(text: &str, key: &str) -> (Option<IntegrationEndpoint>, Vec<Diagnostic>) {
        read(text, key, &["IntegrationEndpoint"], |root, name, diagnostics| {
            if name.is_empty() {
                let message = "Required attribute name is missing in IntegrationEndpoint";
                diagnostics.error(Code::MissingName, root.position(), message);
            }
            warn_unknown_attributes(root, &["name"], diagnostics);
            warn_unknown_children(root, &["AsyncExecution", "DisplayName", "Description"], diagnostics);
            let is_async = boolean_child(root, "AsyncExecution", false, diagnostics);
            IntegrationEndpoint { name, is_async, position: root.position() }
        })
    }
}
