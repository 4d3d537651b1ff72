//! The RaiseFault policy (docs/apigee-semantics.md 5).

use super::action::{Action, Grammar, parse_actions};
use super::attributes::{Attributes, boolean_child, single_child, warn_ignored, warn_unknown_children};
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;

/// A checked RaiseFault.
#[derive(Clone, Debug, PartialEq)]
pub struct RaiseFault {
    /// Name and switches. RaiseFault raises whatever `continueOnError` says. `[inferred]`
    pub attributes: Attributes,
    /// Whether a variable that does not resolve counts as empty text; true unless the policy says otherwise.
    pub ignore_unresolved: bool,
    /// What makes the error response, in document order.
    pub actions: Vec<Action>,
}

impl RaiseFault {
    /// Reads and checks a policy. Errors are in the diagnostics.
    pub fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> RaiseFault {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [
            "DisplayName",
            "Description",
            "Properties",
            "FaultRules",
            "FaultResponse",
            "IgnoreUnresolvedVariables",
            "ShortFaultReason",
        ];
        warn_unknown_children(root, &known, diagnostics);
        let ignore_unresolved = boolean_child(root, "IgnoreUnresolvedVariables", true, diagnostics);
        let mut actions = Vec::new();
        if let Some(response) = single_child(root, "FaultResponse", diagnostics) {
            for child in response.children() {
                match parse_actions(child, Grammar::MessageAndVariables, "RaiseFault", diagnostics) {
                    Some(parsed) => actions.extend(parsed),
                    None => warn_ignored(child, response, diagnostics),
                }
            }
        }
        RaiseFault { attributes, ignore_unresolved, actions }
    }

    /// Whether running it reads the body of the message that goes by those names where it runs. What it writes is a
    /// message of its own.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        self.actions.iter().any(|action| action.uses_body(names, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (RaiseFault, Vec<String>) {
        let text = format!("<RaiseFault name='RF'>{content}</RaiseFault>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("policies[0]");
        let policy = RaiseFault::parse(document.root(), &mut diagnostics);
        (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn unresolved_variables_are_ignored_by_default() {
        assert!(parse("").0.ignore_unresolved);
        assert!(!parse("<IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>").0.ignore_unresolved);
    }

    #[test]
    fn actions_stand_in_the_fault_response() {
        let (policy, problems) = parse(
            "<FaultResponse><Set><Headers/><Payload contentType='text/plain'/></Set>
             <Set><StatusCode>403</StatusCode><ReasonPhrase>Forbidden</ReasonPhrase></Set>
             <AssignVariable><Name>a</Name><Value>1</Value></AssignVariable><Odd/></FaultResponse>
             <ShortFaultReason>true</ShortFaultReason>",
        );
        assert_eq!(policy.actions.len(), 4);
        assert_eq!(problems, ["RF, line 3, column 77: unknown element Odd in FaultResponse is ignored"]);
    }
}
