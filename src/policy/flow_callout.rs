//! The FlowCallout policy: runs a shared flow (docs/apigee-semantics.md 12).

use super::attributes::{Attributes, single_child, warn_unknown_attributes};
use super::template::{Syntax, Template};
use super::template_of;
use super::usage::Read;
use super::variable::{FLOW_MESSAGES, Variable};
use super::{Callee, PolicyData};
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked FlowCallout.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowCallout {
    /// Name and switches.
    pub attributes: Attributes,
    /// The shared flow's name.
    pub shared_flow: ByteString,
    /// The position of the name in the document.
    pub position: Position,
    /// The variables set before the shared flow runs.
    pub parameters: Vec<Parameter>,
}

/// `Parameter`: a variable and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The variable.
    pub name: Variable,
    /// `ref`: the variable with the value, if it resolves.
    pub reference: Option<Variable>,
    /// `value` or the element's text.
    pub value: Template,
}

impl FlowCallout {
    /// Reads and checks a policy. `None` without the name of a shared flow.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<FlowCallout> {
        let attributes = Attributes::parse(root, diagnostics);
        let bundle = single_child(root, "SharedFlowBundle", diagnostics).filter(|bundle| !bundle.text().is_empty());
        let Some(bundle) = bundle else {
            diagnostics.error(Code::MissingElement, root.position(), "SharedFlowBundle is missing");
            return None;
        };
        let mut parameters = Vec::new();
        for parameter in root.child("Parameters").into_iter().flat_map(|list| list.children_named("Parameter")) {
            warn_unknown_attributes(parameter, &["name", "ref", "value"], diagnostics);
            let Some(name) = parameter.attribute("name").map(str::trim).filter(|name| !name.is_empty()) else {
                diagnostics.error(
                    Code::MissingName,
                    parameter.position(),
                    "Required attribute name is missing in Parameter",
                );
                continue;
            };
            if FLOW_MESSAGES.contains(&name) {
                let message =
                    format!("the parameter {name} is ignored: the name is reserved for a message of the flow");
                diagnostics.warning(Code::IgnoredElement, parameter.attribute_position("name"), message);
                continue;
            }
            let text = parameter.attribute("value").map_or_else(|| parameter.text(), str::to_owned);
            let reference = parameter.attribute("ref").map(str::trim).filter(|name| !name.is_empty());
            parameters.push(Parameter {
                name: Variable::new(name),
                reference: reference.map(Variable::new),
                value: template_of(parameter, &text, Syntax::VALUE, diagnostics)?,
            });
        }
        Some(FlowCallout { attributes, shared_flow: bundle.text().into(), position: bundle.position(), parameters })
    }
}

impl PolicyData for FlowCallout {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    // The steps of the shared flow are checked separately.
    fn uses_body(&self, names: &[&str]) -> bool {
        self.parameters.iter().any(|parameter| {
            parameter.reference.as_ref().is_some_and(|reference| reference.is_body_of(names))
                || parameter.value.uses_body(names)
        })
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let reads = self.parameters.iter().flat_map(|parameter| {
            let read = if parameter.value.parts().is_empty() { Read::value } else { Read::optional };
            parameter.reference.iter().map(read).chain(parameter.value.reads())
        });
        reads.collect()
    }

    fn made(&self) -> Vec<&str> {
        self.parameters.iter().map(|parameter| &**parameter.name.name()).collect()
    }

    fn callee(&self) -> Option<Callee<'_>> {
        Some(Callee::SharedFlow(self))
    }
}
