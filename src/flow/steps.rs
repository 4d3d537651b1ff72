//! Running policies: one file per kind, and here what every step has in common.

mod actions;
mod assign_message;
mod assign_variable;
mod authentication;
mod extract_variables;
mod flow_callout;
mod integration;
mod raise_fault;
mod sending;
mod service_callout;
mod set_integration_request;

use crate::flow::conditions::evaluate;
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::Step;
use crate::policy::Policy;
use crate::policy::condition::Condition;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    /// Whether a condition holds now; without one it does.
    pub(super) fn holds(&mut self, condition: Option<&Condition>) -> bool {
        condition.is_none_or(|condition| evaluate(condition, &mut |variable| self.value(variable)))
    }

    /// The first of several whose condition holds now.
    pub(super) fn first_that_holds<'r, R>(
        &mut self,
        choices: &'r [R],
        condition: impl Fn(&R) -> Option<&Condition>,
    ) -> Option<&'r R> {
        choices.iter().find(|choice| self.holds(condition(choice)))
    }

    /// Runs steps in order until one faults.
    ///
    /// # Errors
    /// The fault of the first policy that fails and does not continue on errors.
    pub(super) async fn run_steps(&mut self, steps: &[Step]) -> Result<(), Fault> {
        for step in steps {
            self.run_step(step).await?;
        }
        Ok(())
    }

    /// Runs a step whose condition holds and whose policy is enabled.
    pub(super) async fn run_step(&mut self, step: &Step) -> Result<(), Fault> {
        let plan = self.plan;
        let Some(policy) = plan.policy(step).filter(|policy| policy.attributes().enabled) else { return Ok(()) };
        if !self.holds(step.condition.as_ref()) {
            return Ok(());
        }
        let result = match policy {
            Policy::ServiceCallout(policy) => self.service_callout(step.policy, policy).await,
            Policy::AssignMessage(policy) => self.assign_message(policy).await,
            Policy::ExtractVariables(policy) => self.extract_variables(policy),
            Policy::RaiseFault(policy) => Err(self.raise_fault(policy).await),
            Policy::FlowCallout(policy) => self.flow_callout(policy).await,
            Policy::SetIntegrationRequest(policy) => self.set_integration_request(policy),
            Policy::IntegrationCallout(policy) => self.integration_callout(step.policy, policy).await,
            Policy::Unsupported(_) => return Ok(()),
        };
        let attributes = policy.attributes();
        self.set(attributes.failed.clone(), Value::Boolean(result.is_err()));
        let Err(fault) = result else { return Ok(()) };
        // A fault inside a shared flow has told of its own policy already.
        if !matches!(policy, Policy::FlowCallout(_)) {
            let subcategory = format!("{}Failure", policy.kind());
            self.set(ByteString::from_static("fault.subcategory"), Value::text(subcategory));
        }
        // RaiseFault raises whatever continueOnError says. `[inferred]`
        if attributes.continue_on_error && !fault.is_raised() {
            // The flow goes on, but a following step may ask what happened (semantics section 9.6).
            self.set_fault_variables(&fault);
            return Ok(());
        }
        Err(fault)
    }
}
