//! The IntegrationCallout policy: runs an integration in the middle of a flow (docs/apigee-semantics.md 10.2).

use super::PolicyData;
use super::attributes::{
    Attributes, boolean_attribute, boolean_child, single_child, text_child, warn_unknown_attributes,
    warn_unknown_children,
};
use super::usage::Read;
use super::variable::Variable;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use bytestring::ByteString;
use std::time::Duration;

/// A checked IntegrationCallout.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegrationCallout {
    /// Name and switches.
    pub attributes: Attributes,
    /// Whether the integration is scheduled and not waited for.
    pub is_async: bool,
    /// The variable of the request object.
    pub request: ByteString,
    /// The same name as a variable, to detect values that are not a message.
    pub as_variable: Variable,
    /// Whether the object is cleared after sending.
    pub clear_payload: bool,
    /// The variable of the response.
    pub response: ByteString,
    /// The position in the document.
    pub position: Position,
}

/// The time limit of a synchronous integration.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The default variable of the response.
const DEFAULT_RESPONSE: &str = "integration.response";

impl IntegrationCallout {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<IntegrationCallout> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = ["DisplayName", "Description", "AsyncExecution", "Request", "Response"];
        warn_unknown_children(root, &known, diagnostics);
        let is_async = boolean_child(root, "AsyncExecution", false, diagnostics);
        let response = text_child(root, "Response", diagnostics);
        let request = single_child(root, "Request", diagnostics).filter(|request| !request.text().is_empty());
        let Some(request) = request else {
            let message = format!("IntegrationCallout[{}]: Request is missing", attributes.name);
            diagnostics.error(Code::MissingElement, root.position(), message);
            return None;
        };
        warn_unknown_attributes(request, &["clearPayload"], diagnostics);
        Some(IntegrationCallout {
            is_async,
            request: request.text().into(),
            as_variable: Variable::new(&request.text()),
            clear_payload: boolean_attribute(request, "clearPayload", true, diagnostics),
            response: response.filter(|name| !name.is_empty()).map_or(DEFAULT_RESPONSE.into(), ByteString::from),
            position: root.position(),
            attributes,
        })
    }
}

impl PolicyData for IntegrationCallout {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        names.contains(&&*self.request) || names.contains(&&*self.response)
    }

    fn reads(&self) -> Vec<Read<'_>> {
        vec![Read::message(&self.as_variable)]
    }

    fn response(&self) -> Option<&str> {
        Some(&self.response)
    }

    fn identity_position(&self) -> Option<Position> {
        Some(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (Option<IntegrationCallout>, Vec<String>) {
        let text = format!("<IntegrationCallout name='IC'>{content}</IntegrationCallout>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("policies[0]");
        let policy = IntegrationCallout::parse(document.root(), &mut diagnostics);
        (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let (policy, problems) = parse("<Request>r</Request>");
        assert!(problems.is_empty(), "{problems:?}");
        let policy = policy.unwrap();
        assert_eq!((&*policy.request, &*policy.response), ("r", "integration.response"));
        assert!(policy.clear_payload && !policy.is_async);
        assert_eq!(policy.attributes.failed, "IntegrationCallout.IC.failed");
    }

    #[test]
    fn every_element_is_read() {
        let (policy, problems) = parse(
            "<DisplayName>d</DisplayName><AsyncExecution>true</AsyncExecution>
             <Request clearPayload='false'>r</Request><Response>a</Response>",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let policy = policy.unwrap();
        assert!(policy.is_async && !policy.clear_payload);
        assert_eq!(policy.response, "a");
    }

    #[test]
    fn the_request_variable_is_required() {
        for content in ["", "<Request/>"] {
            assert_eq!(parse(content).1, ["IC, line 1, column 1: IntegrationCallout[IC]: Request is missing"]);
        }
    }
}
