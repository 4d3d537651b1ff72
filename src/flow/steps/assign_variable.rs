//! `AssignVariable` at run time (docs/apigee-semantics.md 3.6).

use super::actions::ActionError;
use crate::flow::host::Host;
use crate::flow::message::NotWritable;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::action::AssignVariable;
use crate::policy::template::{Syntax, Template};
use crate::policy::variable::Variable;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    pub(super) fn assign_variable(&mut self, assignment: &AssignVariable, ignore: bool) -> Result<(), ActionError> {
        let name = &assignment.name;
        let value = self.assigned_value(assignment, ignore)?;
        let written = match value {
            _ if self.is_read_only(name) => Err(NotWritable),
            Some(value) => self.assign(name, value),
            None => self.clear(name),
        };
        written.map_err(|NotWritable| ActionError::NotWritable(name.name().clone()))
    }

    /// The value of the first source that exists; `None` makes the variable unresolved.
    fn assigned_value(&mut self, assignment: &AssignVariable, ignore: bool) -> Result<Option<Value>, ActionError> {
        if let Some(resource) = &assignment.resource {
            let url = self.expand(&resource.template, ignore)?;
            return match self.resource(url.trim()) {
                None if !ignore => Err(ActionError::NoSource(url)),
                text => Ok(text.map(Value::String)),
            };
        }
        if let Some(source) = &assignment.template {
            let named = source.reference.as_ref().and_then(|reference| self.text(reference));
            let text = match named {
                // This template comes with the request, so it is compiled at run time.
                Some(text) => {
                    if !Template::fits(&text, self.max_result_bytes()) {
                        return Err(self.too_large().into());
                    }
                    match Template::parse(&text, Syntax::VALUE) {
                        Ok(template) => self.expand_or_null(&template, ignore)?,
                        Err(_) => return Err(ActionError::NotWritable(assignment.name.name().clone())),
                    }
                }
                None => self.expand_or_null(&source.template, ignore)?,
            };
            return Ok(text.map(Value::String));
        }
        let literal = assignment.value.clone().map(Value::String);
        if let Some(reference) = &assignment.reference {
            return match self.value(reference).or(literal) {
                None if !ignore => Err(ActionError::NoSource(reference.name().clone())),
                value => Ok(value),
            };
        }
        if let (None, Some(property)) = (&literal, &assignment.property) {
            let property = self.expand(property, ignore)?;
            self.check_memory(property.len().saturating_add(Variable::size(&property)))?;
            let key = ByteString::from(format!("propertyset.{property}"));
            return match self.value(&Variable::new(&key)) {
                None if !ignore => Err(ActionError::NoSource(key)),
                value => Ok(value),
            };
        }
        Ok(literal)
    }

    /// The text of a resource of the running shared flow or of the configuration.
    fn resource(&self, url: &str) -> Option<ByteString> {
        let of_shared_flow = self.shared_flow.and_then(|flow| flow.resources.get(url));
        of_shared_flow.or_else(|| self.plan.resources.get(url)).cloned()
    }
}
