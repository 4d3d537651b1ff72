//! The policies at run time: one file per policy type. This file runs a step.

mod actions;
mod assign_message;
mod assign_variable;
mod authentication;
mod basic_authentication;
mod cache;
mod call_failure;
mod extract_variables;
mod flow_callout;
mod integration_callout;
mod invalidate_cache;
mod jwt;
mod key_value_map_operations;
mod lookup_cache;
mod populate_cache;
mod raise_fault;
pub(in crate::flow) mod response_cache;
mod sending;
mod service_callout;
mod set_integration_request;

use crate::flow::boxed::boxed;
use crate::flow::call::Call;
use crate::flow::conditions::evaluate;
use crate::flow::fault::Fault;
use crate::flow::fault::codes::ActionFault;
use crate::flow::host::Host;
use crate::flow::message::{Message, RequestLine};
use crate::flow::recorder::{Choice, Snapshot};
use crate::flow::trace::{StepStatus, TracedFault};
use crate::flow::transaction::{Stage, Transaction};
use crate::flow::value::Value;
use crate::plan::{PolicyId, Step};
use crate::policy::cache::CacheUse;
use crate::policy::condition::Condition;
use crate::policy::{Callee, Policy};
use bytestring::ByteString;
use sending::VerbIsConnect;
use std::time::Duration;

impl<H: Host> Transaction<'_, H> {
    /// Whether a condition is true now. A missing condition is true.
    pub(super) fn is_true(&mut self, condition: Option<&Condition>) -> bool {
        condition.is_none_or(|condition| evaluate(condition, &mut |variable| self.value(variable)))
    }

    /// The first choice whose condition is true now.
    pub(super) fn first_true<'r, C: Choice>(&mut self, choices: &'r [C]) -> Option<&'r C> {
        choices.iter().find(|choice| self.is_taken(*choice))
    }

    /// Whether the condition of a choice is true now.
    pub(super) fn is_taken(&mut self, choice: &impl Choice) -> bool {
        let is_taken = self.is_true(choice.condition());
        if H::IS_TRACED {
            self.record_choice(choice, is_taken);
        }
        is_taken
    }

    /// Runs steps in order until one faults.
    ///
    /// # Errors
    /// The fault of the first policy that fails and does not continue on errors.
    pub(super) async fn run_steps(&mut self, steps: &[Step]) -> Result<(), Fault> {
        let mut rest = steps;
        while let Some(step) = rest.first() {
            // Nothing waits for a call once the client has its response, and a response from a cache leaves steps out.
            let has_groups = !self.is_client_served && self.cached_response.is_none();
            let size = if has_groups { step.group_size.max(1) } else { 1 };
            match rest.split_at_checked(size) {
                Some((group, others)) if size > 1 => {
                    boxed(self.run_group(group)).await?;
                    rest = others;
                }
                _ => {
                    self.run_each(std::slice::from_ref(step)).await?;
                    rest = rest.get(1..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    /// Runs steps in order, without groups.
    ///
    /// # Errors
    /// As [`Transaction::run_steps`].
    pub(super) async fn run_each(&mut self, steps: &[Step]) -> Result<(), Fault> {
        for step in steps {
            if !self.is_left_out(step) {
                self.run_step(step).await?;
            }
        }
        Ok(())
    }

    /// Runs a step if its condition is true and its policy is enabled.
    pub(super) async fn run_step(&mut self, step: &Step) -> Result<(), Fault> {
        let plan = self.plan;
        let Some(policy) = plan.policy(step) else { return Ok(()) };
        let entry = match policy.attributes().enabled {
            false => StepStatus::Disabled,
            true if self.is_true(step.condition.as_ref()) => StepStatus::Runs,
            true => StepStatus::ConditionFalse,
        };
        if H::IS_TRACED {
            self.record_step(step, policy, entry);
        }
        // The value of a condition is unknown when its variables do not fit into the memory.
        let is_skipped = entry == StepStatus::ConditionFalse && !self.is_out_of_memory.get();
        if entry == StepStatus::Disabled || is_skipped {
            log::debug!("callout: {} is skipped: {entry:?}", policy.attributes().name);
            if let Some(CacheUse::Populate(populate)) = policy.cache_use() {
                self.release_fetched(populate);
            }
            return Ok(());
        }
        log::debug!("callout: {} runs", policy.attributes().name);
        let before = if H::IS_TRACED { self.snapshot() } else { Snapshot::new() };
        let started = plan.needs.policy_times.then(|| self.host.now());
        let result = match self.is_out_of_memory.get() {
            false => self.run_policy(step.policy, policy).await,
            true => Ok(()),
        };
        let result = self.within_memory(policy.kind(), &policy.attributes().name, result);
        let result = result.and_then(|()| self.check_request_verb(policy));
        if let Some(started) = started {
            self.record_time(policy, self.host.now().saturating_sub(started));
        }
        let failure = if H::IS_TRACED { result.as_ref().err().map(TracedFault::from) } else { None };
        let concluded = self.conclude(policy, result);
        if H::IS_TRACED {
            self.record_end(policy, &before, failure, concluded.is_ok());
        }
        concluded
    }

    #[deny(clippy::wildcard_enum_match_arm, reason = "the compiler names this function for a new policy type")]
    async fn run_policy(&mut self, id: PolicyId, policy: &Policy) -> Result<(), Fault> {
        match policy {
            Policy::ServiceCallout(policy) => self.service_callout(id, policy).await,
            Policy::AssignMessage(policy) => self.assign_message(policy).await,
            Policy::ExtractVariables(policy) => self.extract_variables(policy),
            Policy::RaiseFault(policy) => Err(boxed(self.raise_fault(policy)).await),
            Policy::FlowCallout(policy) => boxed(self.flow_callout(policy)).await,
            Policy::SetIntegrationRequest(policy) => self.set_integration_request(policy),
            Policy::IntegrationCallout(policy) => self.integration_callout(id, policy).await,
            Policy::BasicAuthentication(policy) => self.basic_authentication(policy),
            Policy::DecodeJwt(policy) => self.decode_jwt(policy),
            Policy::VerifyJwt(policy) => boxed(self.verify_jwt(id, policy)).await,
            Policy::GenerateJwt(policy) => self.generate_jwt(policy),
            Policy::KeyValueMapOperations(policy) => self.key_value_map_operations(policy),
            Policy::PopulateCache(policy) => self.populate_cache(id, policy),
            Policy::LookupCache(policy) => boxed(self.lookup_cache(id, policy)).await,
            Policy::InvalidateCache(policy) => self.invalidate_cache(policy),
            Policy::ResponseCache(policy) => self.response_cache(id, policy),
            Policy::Unsupported(_) => Ok(()),
        }
    }

    /// The call that a policy will make if it runs now. `None` when it cannot be predicted.
    pub(super) async fn predicted_call(&mut self, id: PolicyId, policy: &Policy) -> Option<Call> {
        match policy.callee() {
            Some(Callee::Service(policy)) => self.service_call(id, policy).await.ok(),
            Some(Callee::Integration(_) | Callee::SharedFlow(_) | Callee::Jwks(..)) | None => None,
        }
    }

    /// Checks that the verb of the request to the upstream did not become CONNECT, and restores it where it did: Envoy
    /// would open a tunnel.
    fn check_request_verb(&mut self, policy: &Policy) -> Result<(), Fault> {
        let Some(received) = self.request.as_ref().filter(|_| self.stage == Stage::Request) else { return Ok(()) };
        let now = match self.variables.get("request") {
            Some(Value::Message(id)) => *id,
            _ => received.id,
        };
        let before = received.before.as_request();
        let is_connect = |line: Option<&RequestLine>| line.is_some_and(RequestLine::is_connect);
        if !is_connect(self.message(now).and_then(Message::as_request)) || is_connect(before) {
            return Ok(());
        }
        let verb = before.and_then(|line| line.verb.clone());
        if let Some(line) = self.message_mut(now).and_then(Message::as_request_mut) {
            line.verb = verb;
        }
        let (kind, name) = (policy.kind(), &policy.attributes().name);
        let code = ActionFault::SetVariableFailed.code(policy.attributes().kind.faults);
        Err(Fault::new(code, format!("{kind}[{name}]: {}", VerbIsConnect::REASON)))
    }

    /// Sets how long a policy took, in nanoseconds (docs/apigee-semantics.md 2.13).
    #[cold]
    fn record_time(&mut self, policy: &Policy, taken: Duration) {
        let name = format!("apigee.metrics.policy.{}.timeTaken", policy.attributes().name);
        self.set(name.into(), Value::Integer(i64::try_from(taken.as_nanos()).unwrap_or(i64::MAX)));
    }

    /// Sets the variables for the end of a policy, and returns the fault that ends the flow.
    fn conclude(&mut self, policy: &Policy, result: Result<(), Fault>) -> Result<(), Fault> {
        let attributes = policy.attributes();
        self.set(attributes.failed.clone(), Value::Boolean(result.is_err()));
        let Err(fault) = result else { return Ok(()) };
        // Requests that wait for an entry of this one make their own calls.
        self.fetched_entries.clear();
        // A fault inside a shared flow has already set the subcategory of its own policy.
        if !matches!(policy.callee(), Some(Callee::SharedFlow(_))) {
            let subcategory = format!("{}Failure", policy.kind());
            self.set(ByteString::from_static("fault.subcategory"), Value::text(subcategory));
        }
        // continueOnError has no effect on RaiseFault. `[inferred]`
        if attributes.continue_on_error && !fault.is_raised() {
            // The flow continues, and later steps can read the fault (docs/apigee-semantics.md 9.6).
            self.set_fault_variables(&fault);
            return Ok(());
        }
        Err(fault)
    }
}
