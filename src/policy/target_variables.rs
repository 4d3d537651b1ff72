//! Variables that change the target in Apigee and have no effect on it here (docs/apigee-semantics.md 8.4).

use super::Policy;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;

/// These are ordinary variables here: a policy can set and read them.
const WITHOUT_EFFECT: [&str; 2] = ["target.url", "target.evaluated.url"];

/// Warns about a policy that sets one.
pub(super) fn warn(policy: &Policy, root: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    for name in WITHOUT_EFFECT {
        if policy.assigned_variables().any(|assigned| assigned == name) {
            let position = assignment(root, name).unwrap_or_else(|| root.position());
            let message = format!("setting {name} does not change the target: Envoy's route selects the upstream");
            diagnostics.warning(Code::NoEffect, position, message);
        }
    }
}

/// The position of an AssignVariable. RaiseFault nests it most deeply.
fn assignment(root: Element<'_, '_>, name: &str) -> Option<Position> {
    let inside = root.children().flat_map(|child| std::iter::once(child).chain(child.children()));
    let mut names = inside.filter(|child| child.name() == "AssignVariable").filter_map(|child| child.child("Name"));
    names.find(|child| child.text() == name).map(Element::position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_that_sets_one_is_reported() {
        let message =
            |name: &str| format!("setting {name} does not change the target: Envoy's route selects the upstream");
        let assign = |name: &str| format!("<AssignVariable><Name> {name} </Name><Value>x</Value></AssignVariable>");
        for (text, expected) in [
            (
                format!("<AssignMessage name='P'>\n{}\n{}</AssignMessage>", assign("a"), assign("target.url")),
                vec![format!("P, line 3, column 17: {}", message("target.url"))],
            ),
            (
                format!(
                    "<RaiseFault name='P'><FaultResponse>{}</FaultResponse></RaiseFault>",
                    assign("target.evaluated.url")
                ),
                vec![format!("P, line 1, column 53: {}", message("target.evaluated.url"))],
            ),
            (
                "\n<ExtractVariables name='P'><VariablePrefix>target</VariablePrefix><JSONPayload><Variable name='url'>
                 <JSONPath>$.u</JSONPath></Variable><Variable name='copy.pathsuffix'><JSONPath>$.p</JSONPath></Variable>
                 </JSONPayload></ExtractVariables>"
                    .to_owned(),
                vec![format!("P, line 2, column 1: {}", message("target.url"))],
            ),
            (format!("<AssignMessage name='P'>{}</AssignMessage>", assign("target.copy.pathsuffix")), vec![]),
            (format!("<AssignMessage name='P'>{}</AssignMessage>", assign("servicecallout.SC.target.url")), vec![]),
        ] {
            let (policy, problems) = Policy::parse(&text, "policies[0]");
            assert!(policy.is_some(), "{text}");
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(problems, expected, "{text}");
        }
    }
}
