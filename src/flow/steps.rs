//! Running policies: one file per kind, and here what every step has in common.

mod actions;
mod service_callout;

use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::Step;
use crate::policy::Policy;

impl<H: Host> Transaction<'_, H> {
    /// Runs steps in order until one faults.
    ///
    /// # Errors
    /// The fault of the first policy that fails and does not continue on errors.
    pub async fn run_steps(&mut self, steps: &[Step]) -> Result<(), Fault> {
        for step in steps {
            self.run_step(step).await?;
        }
        Ok(())
    }

    async fn run_step(&mut self, step: &Step) -> Result<(), Fault> {
        let plan = self.plan;
        let Some(policy) = plan.policy(step).filter(|policy| policy.attributes().enabled) else { return Ok(()) };
        let result = match policy {
            Policy::ServiceCallout(callout) => self.service_callout(step.policy, callout).await,
        };
        let attributes = policy.attributes();
        let failed = format!("{}.{}.failed", policy.failed_prefix(), attributes.name);
        self.set(failed.into(), Value::Boolean(result.is_err()));
        match result {
            Err(fault) if attributes.continue_on_error => {
                // The flow goes on, but a following step may ask what happened (semantics section 9.6).
                self.set_fault_variables(&fault);
                Ok(())
            }
            result => result,
        }
    }
}
