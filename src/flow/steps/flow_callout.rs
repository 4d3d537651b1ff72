//! Running a FlowCallout: the steps of a shared flow, in place.

use super::actions::ActionError;
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::flow_callout::FlowCallout;
use std::future::Future;
use std::pin::Pin;

impl<H: Host> Transaction<'_, H> {
    /// Boxed, because a shared flow may hold further FlowCallouts. It never reaches itself: the configuration has
    /// been checked.
    pub(super) fn flow_callout<'s>(
        &'s mut self,
        policy: &'s FlowCallout,
    ) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + 's>> {
        Box::pin(async move {
            for parameter in &policy.parameters {
                let named = parameter.reference.as_ref().and_then(|reference| self.value(reference));
                let value = match named {
                    Some(value) => value,
                    None => Value::String(self.expand(&parameter.value, true).map_err(|error| {
                        ActionError::from(error).into_fault("FlowCallout", &policy.attributes.name)
                    })?),
                };
                self.set(parameter.name.name().clone(), value);
            }
            let plan = self.plan;
            match plan.shared_flows.get(&*policy.shared_flow) {
                Some(steps) => self.run_steps(steps).await,
                None => Ok(()),
            }
        })
    }
}
