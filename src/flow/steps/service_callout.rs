//! ServiceCallout at run time, in the order of docs/apigee-semantics.md 2.2.

mod balanced;
mod destination;

use super::actions::PolicyContext;
use super::authentication::NeededToken;
use super::call_failure::NOT_REACHABLE;
use super::sending::{CallRequest, VerbIsConnect};
use crate::flow::boxed::boxed;
use crate::flow::call::{Call, CallFailure, CallReply, Outcome};
use crate::flow::expand::ExpandError;
use crate::flow::fault::{Fault, codes, error_status};
use crate::flow::host::{Background, Host};
use crate::flow::memory::TooLarge;
use crate::flow::message::{Message, MessageId};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::PolicyId;
use crate::policy::authentication::Authentication;
use crate::policy::connection::{Retained, Target};
use crate::policy::service_callout::{CalloutRequest, ServiceCallout};
use crate::policy::variable::is_private;
use bytestring::ByteString;
use destination::Destination;

impl<H: Host> Transaction<'_, H> {
    /// Runs the policy with this index in the plan.
    pub(super) async fn service_callout(&mut self, id: PolicyId, policy: &ServiceCallout) -> Result<(), Fault> {
        let outcome = match self.callout_request(&policy.request, &policy.attributes.name) {
            Ok((message, is_fresh)) => {
                let response = policy.response.as_ref().filter(|_| !self.is_client_served);
                let reply = self.reply(id, policy, message, response.is_some()).await;
                // Otherwise the next callout would send the content that was made for this one.
                if is_fresh || matches!(reply, Ok(_) | Err(CalloutFailure::Call(_))) {
                    self.clear_payload(&policy.request);
                }
                self.concluded(id, policy, response, reply)
            }
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(failure) => Err(self.failed(id, policy, failure)),
        }
    }

    #[cold]
    fn failed(&mut self, id: PolicyId, policy: &ServiceCallout, failure: CalloutFailure) -> Fault {
        self.host.count(id, failure.outcome());
        failure.into_fault(&policy.attributes.name)
    }

    /// Stores the response. Returns the failure of the policy, if there is one.
    fn concluded(
        &mut self,
        id: PolicyId,
        policy: &ServiceCallout,
        response: Option<&ByteString>,
        reply: Result<Option<CallReply>, CalloutFailure>,
    ) -> Result<(), CalloutFailure> {
        match (response, reply) {
            (_, Ok(None)) | (None, Ok(_)) => Ok(()),
            // A policy without a Response does not report failures of the call.
            (None, Err(failure)) if failure.is_of_sending() => {
                if matches!(failure, CalloutFailure::HostNotAllowed) {
                    self.host.count(id, failure.outcome());
                }
                Ok(())
            }
            (None, Err(failure)) => Err(failure),
            (Some(response), Ok(Some(reply))) => {
                let status = reply.status;
                self.put_reply(policy, response, reply);
                if policy.connection.properties.success_codes.contains(status) {
                    self.host.count(id, Outcome::Ok);
                    return Ok(());
                }
                Err(CalloutFailure::Status(status))
            }
            // The response variable keeps an earlier value: it is set only from a complete response.
            (Some(_), Err(failure)) => Err(failure),
        }
    }

    /// Fills the message and sends it to its destination. Returns the response if the policy waits for it.
    async fn reply(
        &mut self,
        id: PolicyId,
        policy: &ServiceCallout,
        message: MessageId,
        waits: bool,
    ) -> Result<Option<CallReply>, CalloutFailure> {
        self.run_actions(context(policy), &policy.request.actions, message).await?;
        match &policy.connection.target {
            Target::LoadBalancer(balancer) if !self.is_url_replaced(policy) => {
                boxed(self.balanced(id, policy, balancer, message, waits)).await
            }
            _ => {
                let destination = self.destination(id, policy, message)?;
                self.exchange(id, policy, message, destination, waits).await
            }
        }
    }

    /// Sends the message to a destination. Returns the response if the policy waits for it.
    async fn exchange(
        &mut self,
        id: PolicyId,
        policy: &ServiceCallout,
        message: MessageId,
        destination: Destination,
        waits: bool,
    ) -> Result<Option<CallReply>, CalloutFailure> {
        let (mut call, token) = self.call_and_token(policy, message, destination)?;
        match token {
            Some(token) if self.is_client_served => {
                self.send_when_authorized(id, call, token);
                return Ok(None);
            }
            Some(token) => boxed(self.authorize(&mut call, token)).await?,
            None => {}
        }
        Ok(match waits {
            true => Some(self.call(id, &call).await?),
            false => {
                self.host.background().send(id, &call)?;
                None
            }
        })
    }

    /// The call that sends the message to a destination, and the token that it needs.
    fn call_and_token(
        &mut self,
        policy: &ServiceCallout,
        message: MessageId,
        destination: Destination,
    ) -> Result<(Call, Option<NeededToken>), CalloutFailure> {
        let uri = destination.path_and_query.clone();
        if is_private(&policy.request.variable) {
            self.private_values.note(&uri);
        }
        self.set(ByteString::from_static("servicecallout.requesturi"), Value::String(uri));
        let token = match &policy.connection.authentication {
            Some(authentication) => Some(self.token_for(policy, authentication, &destination)?),
            None => None,
        };
        let call = self.call_of(CallRequest {
            message,
            server: destination.server,
            path_and_query: destination.path_and_query,
            retained: &policy.connection.properties.request_headers,
            token_header: token.as_ref().map(|token| token.header.clone()),
            timeout: policy.timeout,
        })?;
        Ok((call, token))
    }

    /// The call that the policy makes if it runs now. Has the effects of the policy on its request message.
    pub(super) async fn service_call(&mut self, id: PolicyId, policy: &ServiceCallout) -> Result<Call, CalloutFailure> {
        let (message, _) = self.callout_request(&policy.request, &policy.attributes.name)?;
        self.run_actions(context(policy), &policy.request.actions, message).await?;
        let destination = self.destination(id, policy, message)?;
        let (mut call, token) = self.call_and_token(policy, message, destination)?;
        if let Some(token) = token {
            self.authorize(&mut call, token).await?;
        }
        self.clear_payload(&policy.request);
        Ok(call)
    }

    fn token_for(
        &mut self,
        policy: &ServiceCallout,
        authentication: &Authentication,
        destination: &Destination,
    ) -> Result<NeededToken, CalloutFailure> {
        let url = destination.url_without_query();
        Ok(self.needed_token(context(policy), authentication, Some(url), policy.timeout)?)
    }

    /// The request message, and whether it is new. It is created when it does not exist (docs/apigee-semantics.md 2.3).
    fn callout_request(&mut self, request: &CalloutRequest, policy: &str) -> Result<(MessageId, bool), CalloutFailure> {
        let name = &request.variable;
        if let Some(id) = self.message_named(name) {
            let message = self.message(id);
            if message.is_some_and(|message| message.as_request().is_none()) {
                return Err(CalloutFailure::Fault(Fault::new(
                    codes::SERVICE_CALLOUT_NOT_REQUEST,
                    format!("ServiceCallout[{policy}]: request variable {name} value is not of type Request Message"),
                )));
            }
            if message.is_some_and(|message| !message.is_consumed) {
                return Ok((id, false));
            }
        } else if self.variables.get(name).is_some() || self.own_value(&request.as_variable).is_some() {
            return Err(CalloutFailure::Fault(Fault::new(
                codes::SERVICE_CALLOUT_NOT_MESSAGE,
                format!("ServiceCallout[{policy}]: request variable {name} value is not of type Message"),
            )));
        }
        Ok((self.put_message(name.clone(), Message::request()), true))
    }

    /// Removes the body and marks the message as consumed. The client's own message is never replaced
    /// (docs/apigee-semantics.md 2.3.4).
    fn clear_payload(&mut self, request: &CalloutRequest) {
        if !request.clear_payload {
            return;
        }
        let is_client = matches!(&*request.variable, "request" | "message");
        if let Some(message) = self.message_named(&request.variable).and_then(|id| self.message_mut(id)) {
            message.set_body(bytes::Bytes::new());
            message.is_consumed = !is_client;
        }
    }

    fn put_reply(&mut self, policy: &ServiceCallout, name: &ByteString, reply: CallReply) {
        let mut message = Message::of_reply(reply);
        let retained = &policy.connection.properties.response_headers;
        if *retained != Retained::All {
            message.headers.retain(|name| std::str::from_utf8(name).is_ok_and(|name| retained.keeps(name, true)));
        }
        self.put_message(name.clone(), message);
    }
}

fn context(policy: &ServiceCallout) -> PolicyContext<'_> {
    PolicyContext::of(&policy.attributes, policy.request.ignore_unresolved)
}

/// The reason why a callout failed.
pub(super) enum CalloutFailure {
    /// The status of the response is not in the success set.
    Status(u16),
    /// There is no response.
    Call(CallFailure),
    /// The URL is malformed.
    MalformedUrl,
    /// The URL's host has no cluster.
    HostNotReachable,
    /// The URL's host came with the request and is not allowed.
    HostNotAllowed,
    /// A load balancer has no server left.
    NoActiveTargets,
    /// The verb is CONNECT.
    VerbIsConnect,
    /// The URL is larger than the memory left for bodies.
    TooLarge,
    /// Another fault.
    Fault(Fault),
}

impl From<CallFailure> for CalloutFailure {
    fn from(failure: CallFailure) -> CalloutFailure {
        CalloutFailure::Call(failure)
    }
}

impl From<VerbIsConnect> for CalloutFailure {
    fn from(_: VerbIsConnect) -> CalloutFailure {
        CalloutFailure::VerbIsConnect
    }
}

impl From<ExpandError> for CalloutFailure {
    fn from(error: ExpandError) -> CalloutFailure {
        match error {
            ExpandError::Unresolved(name) => CalloutFailure::Fault(Fault::unresolved_variable(&name)),
            ExpandError::TooLarge => CalloutFailure::TooLarge,
        }
    }
}

impl From<TooLarge> for CalloutFailure {
    fn from(_: TooLarge) -> CalloutFailure {
        CalloutFailure::TooLarge
    }
}

impl From<Fault> for CalloutFailure {
    fn from(fault: Fault) -> CalloutFailure {
        CalloutFailure::Fault(fault)
    }
}

impl CalloutFailure {
    /// Whether a policy without a Response ignores it (docs/apigee-semantics.md 2.7).
    fn is_of_sending(&self) -> bool {
        match self {
            CalloutFailure::Status(_)
            | CalloutFailure::Call(_)
            | CalloutFailure::HostNotReachable
            | CalloutFailure::HostNotAllowed
            | CalloutFailure::NoActiveTargets => true,
            CalloutFailure::MalformedUrl
            | CalloutFailure::VerbIsConnect
            | CalloutFailure::TooLarge
            | CalloutFailure::Fault(_) => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            CalloutFailure::Status(_) => Outcome::ErrorStatus,
            CalloutFailure::Call(failure) => failure.outcome(),
            CalloutFailure::MalformedUrl | CalloutFailure::HostNotReachable | CalloutFailure::NoActiveTargets => {
                Outcome::Unreachable
            }
            CalloutFailure::HostNotAllowed => Outcome::HostNotAllowed,
            CalloutFailure::VerbIsConnect | CalloutFailure::TooLarge | CalloutFailure::Fault(_) => Outcome::Fault,
        }
    }

    /// The fault of the policy (docs/apigee-semantics.md 2.14).
    fn into_fault(self, policy: &str) -> Fault {
        let reason = match self {
            CalloutFailure::Fault(fault) => return fault,
            CalloutFailure::TooLarge => return Fault::too_large("ServiceCallout", policy),
            CalloutFailure::Status(status) => error_status(status),
            CalloutFailure::MalformedUrl | CalloutFailure::HostNotReachable | CalloutFailure::HostNotAllowed => {
                NOT_REACHABLE.to_owned()
            }
            CalloutFailure::NoActiveTargets => "No active targets".to_owned(),
            CalloutFailure::VerbIsConnect => VerbIsConnect::REASON.to_owned(),
            CalloutFailure::Call(failure) => failure.reason(policy),
        };
        Fault::new(
            codes::SERVICE_CALLOUT_FAILED,
            format!("Execution of ServiceCallout {policy} failed. Reason: {reason}"),
        )
    }
}
