//! Running a ServiceCallout, in the order of semantics section 2.2.

mod destination;
mod sending;

use crate::flow::fault::Fault;
use crate::flow::host::{Call, CallFailure, CallReply, Host, Outcome};
use crate::flow::message::{Message, MessageId, StartLine, StatusLine};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::service_callout::{CalloutRequest, Retained, ServiceCallout};
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    /// Runs the policy that has the place `index` in the plan.
    pub(super) async fn service_callout(&mut self, index: usize, policy: &ServiceCallout) -> Result<(), Fault> {
        let call = match self.prepare(index, policy) {
            Ok(call) => call,
            Err(failure) => return Err(self.failed(index, policy, failure)),
        };
        let response = policy.response.as_ref().filter(|_| !self.is_client_served);
        let Some(response) = response else {
            // Nobody waits, so nobody learns what became of it.
            let _: Result<(), CallFailure> = self.host.send(&call);
            self.clear_payload(&policy.request);
            return Ok(());
        };
        let reply = self.host.call(&call).await;
        self.clear_payload(&policy.request);
        match reply {
            Ok(reply) => {
                let status = reply.status;
                self.put_reply(policy, response, reply);
                if policy.properties.success_codes.contains(status) {
                    self.host.count(index, Outcome::Ok);
                    return Ok(());
                }
                Err(self.failed(index, policy, Failure::Status(status)))
            }
            Err(failure) => {
                self.unset(response);
                Err(self.failed(index, policy, failure.into()))
            }
        }
    }

    /// Everything up to the moment of sending.
    fn prepare(&mut self, index: usize, policy: &ServiceCallout) -> Result<Call, Failure> {
        let message = self.callout_request(&policy.request, &policy.attributes.name)?;
        for action in &policy.request.actions {
            self.act(action, message, policy.request.ignore_unresolved)
                .map_err(|error| error.into_fault("ServiceCallout", &policy.attributes.name))?;
        }
        let destination = self.destination(policy, message)?;
        let uri = destination.path_and_query.clone();
        self.set(ByteString::from_static("servicecallout.requesturi"), Value::String(uri));
        Ok(self.call_of(index, policy, message, destination))
    }

    /// The message that is sent, made when it does not exist yet (semantics section 2.3).
    fn callout_request(&mut self, request: &CalloutRequest, policy: &str) -> Result<MessageId, Failure> {
        let name = &request.variable;
        if let Some(id) = self.message_named(name) {
            let message = self.message(id);
            if message.is_some_and(|message| message.as_request().is_none()) {
                return Err(Failure::Fault(Fault::new(
                    "steps.servicecallout.RequestVariableNotRequestMessageType",
                    format!("ServiceCallout[{policy}]: request variable {name} value is not of type Request Message"),
                )));
            }
            if message.is_some_and(|message| !message.spent) {
                return Ok(id);
            }
        } else if self.variables.get(name).is_some() || self.own_value(&request.as_variable).is_some() {
            return Err(Failure::Fault(Fault::new(
                "steps.servicecallout.RequestVariableNotMessageType",
                format!("ServiceCallout[{policy}]: request variable {name} value is not of type Message"),
            )));
        }
        Ok(self.put_message(name.clone(), Message::request()))
    }

    /// Drops the body and marks the message spent. The client's own message is never replaced (section 2.3.4).
    fn clear_payload(&mut self, request: &CalloutRequest) {
        if !request.clear_payload {
            return;
        }
        let is_client = matches!(&*request.variable, "request" | "message");
        if let Some(message) = self.message_named(&request.variable).and_then(|id| self.message_mut(id)) {
            message.body = bytes::Bytes::new();
            message.spent = !is_client;
        }
    }

    fn put_reply(&mut self, policy: &ServiceCallout, name: &ByteString, reply: CallReply) {
        let mut message = Message::response();
        message.start = StartLine::Response(StatusLine::new(reply.status));
        message.headers = reply.headers;
        let retained = &policy.properties.response_headers;
        if *retained != Retained::All {
            message.headers.retain(|name| std::str::from_utf8(name).is_ok_and(|name| retained.keeps(name, true)));
        }
        message.body = reply.body;
        self.put_message(name.clone(), message);
    }

    #[cold]
    fn failed(&mut self, index: usize, policy: &ServiceCallout, failure: Failure) -> Fault {
        self.host.count(index, failure.outcome());
        failure.into_fault(&policy.attributes.name)
    }
}

/// Why a callout failed, before it is told in Apigee's words.
enum Failure {
    /// The answer's status is not in the success set.
    Status(u16),
    /// There is no answer.
    Call(CallFailure),
    /// The URL leads nowhere.
    HostNotReachable,
    /// A fault with words of its own.
    Fault(Fault),
}

impl From<CallFailure> for Failure {
    fn from(failure: CallFailure) -> Failure {
        Failure::Call(failure)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Fault(fault)
    }
}

impl Failure {
    fn outcome(&self) -> Outcome {
        match self {
            Failure::Status(_) => Outcome::ErrorStatus,
            Failure::Call(CallFailure::Timeout) => Outcome::Timeout,
            Failure::Call(CallFailure::Unreachable) | Failure::HostNotReachable => Outcome::Unreachable,
            Failure::Call(CallFailure::Reset | CallFailure::Protocol | CallFailure::TooLarge(_))
            | Failure::Fault(_) => Outcome::Fault,
        }
    }

    /// Semantics section 2.14.
    fn into_fault(self, policy: &str) -> Fault {
        let reason = match self {
            Failure::Fault(fault) => return fault,
            Failure::Status(status) => format!("ResponseCode {status} is treated as error"),
            Failure::HostNotReachable | Failure::Call(CallFailure::Unreachable) => "Host not reachable".to_owned(),
            Failure::Call(CallFailure::Timeout) => format!("timeout occurred in {policy}"),
            Failure::Call(CallFailure::Reset) => "Connection reset".to_owned(),
            Failure::Call(CallFailure::Protocol) => "Protocol error".to_owned(),
            Failure::Call(CallFailure::TooLarge(bytes)) => format!("Response larger than {bytes} bytes"),
        };
        Fault::new(
            "steps.servicecallout.ExecutionFailed",
            format!("Execution of ServiceCallout {policy} failed. Reason: {reason}"),
        )
    }
}
