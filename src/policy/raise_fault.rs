//! The RaiseFault policy (docs/apigee-semantics.md 5).

use super::PolicyData;
use super::action::{Action, Grammar, VARIABLE_ACTIONS, parse_actions};
use super::attributes::{
    Attributes, boolean_child, single_child, warn_ignored, warn_unknown_attributes, warn_unknown_children,
};
use super::usage::Read;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;

/// A checked RaiseFault.
#[derive(Clone, Debug, PartialEq)]
pub struct RaiseFault {
    /// Name and switches. `continueOnError` has no effect. `[inferred]`
    pub attributes: Attributes,
    /// Whether an unresolved variable counts as empty text; true by default.
    pub ignore_unresolved: bool,
    /// The actions on the error response, in document order.
    pub actions: Vec<Action>,
}

impl RaiseFault {
    /// Reads and checks a policy. The diagnostics contain all errors.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> RaiseFault {
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
            warn_unknown_attributes(response, &[], diagnostics);
            for child in response.children() {
                match parse_actions(child, Grammar::MessageAndVariables, "RaiseFault", diagnostics) {
                    Some(parsed) => actions.extend(parsed),
                    None => warn_ignored(child, response, VARIABLE_ACTIONS, diagnostics),
                }
            }
        }
        RaiseFault { attributes, ignore_unresolved, actions }
    }
}

impl PolicyData for RaiseFault {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    // It writes a separate message.
    fn uses_body(&self, names: &[&str]) -> bool {
        self.actions.iter().any(|action| action.uses_body(names, false))
    }

    fn actions(&self) -> &[Action] {
        &self.actions
    }

    fn reads(&self) -> Vec<Read<'_>> {
        Vec::new()
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
    fn actions_are_children_of_the_fault_response() {
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
