//! The error flow, which follows a fault (docs/apigee-semantics.md 9).

use crate::flow::call::Direction;
use crate::flow::client;
use crate::flow::fault::{Fault, FaultFormat, codes, error_status};
use crate::flow::headers::Headers;
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId, StartLine, StatusLine};
use crate::flow::trace::{Event, TracedFault};
use crate::flow::transaction::{Stage, Transaction};
use crate::flow::value::Value;
use crate::plan::{Step, Target};
use crate::policy::endpoint::FaultRule;
use bytes::Bytes;
use bytestring::ByteString;

/// The end of a fault rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// All its steps ran, except skipped ones.
    Normally,
    /// One of its steps faulted, or raised a fault.
    Early {
        /// Whether the step was a RaiseFault.
        raised: bool,
    },
}

impl<H: Host> Transaction<'_, H> {
    /// Runs the fault rules after a fault that ended the flow, and replies to the client.
    pub(super) async fn error_flow(&mut self, fault: Fault) {
        let details = format!("callout_fault_{}", fault.name());
        // The log omits the reason, which can contain the value of a variable.
        log::debug!("callout: the error flow begins with {}", fault.code);
        if H::IS_TRACED {
            self.host.record(Event::ErrorFlow(TracedFault::from(&fault)));
        }
        let raised = fault.response.as_ref().map(|response| response.headers.clone());
        let pending = self.enter_error_flow(fault);
        let kept = self.run_fault_rules(raised).await;
        self.publish();
        // A rule can assign another value to `error`. The client still gets a reply.
        let error = self.message_named("error").unwrap_or(pending);
        let is_upstream_response = self.response.as_ref().is_some_and(|response| response.id == error);
        if is_upstream_response {
            return self.release(Direction::Response);
        }
        let message = self.message_mut(error).map(|message| {
            // A header of both the RaiseFault and a rule keeps both values. Headers that a rule removed stay removed.
            message.headers.add_missing(&kept);
            message.clone()
        });
        self.host.reply(&client::reply(&message.unwrap_or_else(Message::response), &details));
    }

    /// Sets the variables of a fault and creates the pending error response, `error`.
    fn enter_error_flow(&mut self, fault: Fault) -> MessageId {
        let state = match (self.stage, self.target_endpoint.is_some()) {
            (Stage::Response, true) => 3,
            (Stage::Response, false) => 4,
            (_, true) => 2,
            (_, false) => 1,
        };
        self.set(ByteString::from_static("error.state"), Value::Integer(state));
        self.stage = Stage::Error;
        self.put_fault(fault)
    }

    /// Replaces the pending error response by that of a fault. Returns its id.
    fn put_fault(&mut self, fault: Fault) -> MessageId {
        self.set_fault_variables(&fault);
        self.set(ByteString::from_static("error.message"), Value::text(fault.reason.as_str()));
        let upstream = self.response.as_ref().filter(|_| fault.code == codes::TARGET_ERROR_STATUS);
        if let Some(response) = upstream.map(|response| response.id) {
            // The target's response is the error message. The client gets it unless a rule changes it.
            self.set(ByteString::from_static("error"), Value::Message(response));
            return response;
        }
        let response = match fault.response {
            Some(response) => *response,
            None => self.default_response(&fault),
        };
        self.put_message(ByteString::from_static("error"), response)
    }

    /// The response of a fault that no rule changes.
    pub(super) fn default_response(&mut self, fault: &Fault) -> Message {
        let (body, content_type) = fault.body(self.wanted_format());
        let mut message = Message::response();
        message.start = StartLine::Response(StatusLine::new(fault.status));
        message.headers.set("content-type", Bytes::from_static(content_type.as_bytes()));
        message.body = Bytes::from(body);
        message
    }

    /// Chooses and runs the rules of the endpoint where the fault happened (docs/apigee-semantics.md 9.3). `raised` are
    /// the headers of a RaiseFault. Returns those that stay in addition to the headers of the rules.
    async fn run_fault_rules(&mut self, raised: Option<Headers>) -> Headers {
        let plan = self.plan;
        let mut kept = raised.unwrap_or_default();
        kept.remove("content-type");
        let rules = self.target_endpoint.map_or(&plan.proxy.fault_rules, |target| &target.endpoint.fault_rules);
        let chosen = self.first_true(&rules.rules);
        let mut ended = Ended::Normally;
        if let Some(rule) = chosen {
            ended = self.run_fault_rule(rule).await;
        }
        if ended != Ended::Normally {
            kept.clear();
        }
        if let Some(default) = &rules.default {
            let is_due = (chosen.is_none() || default.always_enforce) && ended != (Ended::Early { raised: true });
            if is_due && self.is_taken(&default.rule) {
                let ended = self.run_fault_rule(&default.rule).await;
                if ended != Ended::Normally {
                    kept.clear();
                }
            }
        }
        kept
    }

    async fn run_fault_rule(&mut self, rule: &FaultRule<Step>) -> Ended {
        for step in &rule.steps {
            if let Err(fault) = self.run_step(step).await {
                let raised = fault.is_raised();
                // The response of the new fault replaces the pending one.
                self.put_fault(fault);
                return Ended::Early { raised };
            }
        }
        Ended::Normally
    }

    /// `fault.*`, also after a fault that a policy continues on (docs/apigee-semantics.md 9.6 and 11.2).
    #[cold]
    pub(super) fn set_fault_variables(&mut self, fault: &Fault) {
        let name = Value::text(fault.name());
        self.set(ByteString::from_static("fault.type"), name.clone());
        self.set(ByteString::from_static("fault.name"), name);
        self.set(ByteString::from_static("fault.reason"), Value::text(fault.reason.as_str()));
        self.set(ByteString::from_static("fault.category"), Value::text(fault.category));
    }

    fn wanted_format(&mut self) -> FaultFormat {
        let Some(request) = self.client_request() else { return FaultFormat::Json };
        let line = |name: &str| request.headers.joined(name);
        FaultFormat::wanted(line("accept").as_deref(), line("content-type").as_deref())
    }

    /// The fault of a target's response with an error status. `None` for other statuses, and when the target endpoint
    /// has no fault rules (docs/apigee-semantics.md 9.2). `[inferred]`
    pub(super) fn target_fault(&self, target: &Target, response: MessageId) -> Option<Fault> {
        let status = self.message(response)?.as_response()?.status;
        let is_fault = !target.endpoint.fault_rules.is_empty() && !target.success_codes.contains(status);
        let reason = error_status(status);
        is_fault.then(|| Fault::of_flow(codes::TARGET_ERROR_STATUS, reason, status))
    }
}
