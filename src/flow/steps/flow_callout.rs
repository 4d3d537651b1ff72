//! FlowCallout at run time: the steps of a shared flow.

use super::actions::{ActionError, PolicyContext};
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::flow_callout::FlowCallout;

impl<H: Host> Transaction<'_, H> {
    /// Runs the steps of the shared flow. Loading has checked that no shared flow reaches itself.
    pub(super) async fn flow_callout(&mut self, policy: &FlowCallout) -> Result<(), Fault> {
        for parameter in &policy.parameters {
            let named = parameter.reference.as_ref().and_then(|reference| self.value(reference));
            let value = match named {
                Some(value) => value,
                None => Value::String(self.expand(&parameter.value, true).map_err(|error| {
                    ActionError::from(error).into_fault(PolicyContext::of(&policy.attributes, true))
                })?),
            };
            self.set(parameter.name.name().clone(), value);
        }
        let plan = self.plan;
        let Some(flow) = plan.shared_flows.get(&*policy.shared_flow) else { return Ok(()) };
        let caller = self.shared_flow.replace(flow);
        let result = self.run_steps(&flow.steps).await;
        self.shared_flow = caller;
        result
    }
}
