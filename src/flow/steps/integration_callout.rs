//! Integrations at run time: a policy in a flow, or an endpoint in place of the upstream (docs/apigee-semantics.md 10.2
//! to 10.5).

use super::authentication::{AUTHORIZATION, NeededToken};
use super::call_failure::NOT_REACHABLE;
use super::sending::{CallRequest, VerbIsConnect};
use crate::flow::boxed::boxed;
use crate::flow::call::{Call, CallFailure, Outcome};
use crate::flow::fault::{Fault, SERVICE_UNAVAILABLE_TEXT, codes, error_status};
use crate::flow::google::TokenKind;
use crate::flow::host::{Background, Host};
use crate::flow::memory::TooLarge;
use crate::flow::message::{Message, URL_COPIES};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::language::json_text::JsonText;
use crate::plan::PolicyId;
use crate::policy::connection::Retained;
use crate::policy::endpoint::IntegrationEndpoint;
use crate::policy::integration_callout::{IntegrationCallout, TIMEOUT};
use crate::policy::set_integration_request::{DEFAULT_REQUEST, service_origin};
use crate::policy::success_codes::SuccessCodes;
use crate::policy::variable::Variable;
use bytes::Bytes;
use bytestring::ByteString;

/// The suffixes of the paths that run and schedule an integration.
const EXECUTE: &str = ":execute";
const SCHEDULE: &str = ":schedule";

impl<H: Host> Transaction<'_, H> {
    /// Runs the policy with this index in the plan.
    pub(super) async fn integration_callout(&mut self, id: PolicyId, policy: &IntegrationCallout) -> Result<(), Fault> {
        let result = boxed(self.run_integration(id, policy)).await;
        let name = &policy.attributes.name;
        self.set_callout_failed(policy, result.is_err());
        result.map_err(|failure| {
            self.host.count(id, failure.outcome());
            failure.into_fault("IntegrationCallout", name, &policy.request)
        })
    }

    /// Sets the two variables with the result of a policy.
    pub(super) fn set_callout_failed(&mut self, policy: &IntegrationCallout, failed: bool) {
        let name = format!("integrationcallout.{}.failed", policy.attributes.name);
        self.set(name.into(), Value::Boolean(failed));
        self.set(policy.attributes.failed.clone(), Value::Boolean(failed));
    }

    async fn run_integration(&mut self, id: PolicyId, policy: &IntegrationCallout) -> Result<(), IntegrationFailure> {
        let called = self.call_integration(id, policy).await;
        if policy.clear_payload && matches!(called, Ok(Some(_)) | Err(IntegrationFailure::Call(_))) {
            self.clear_object(&policy.request);
        }
        // After a failure, the response variable keeps an earlier value, as with a ServiceCallout.
        let Some(message) = called? else { return Ok(()) };
        let status = message.as_response().map_or(0, |line| line.status);
        self.put_message(policy.response.clone(), message);
        if !SuccessCodes::default().contains(status) {
            return Err(IntegrationFailure::Status(status));
        }
        self.host.count(id, Outcome::Ok);
        Ok(())
    }

    /// Calls the integration and returns its response; `None` when the policy does not wait for it.
    async fn call_integration(
        &mut self,
        id: PolicyId,
        policy: &IntegrationCallout,
    ) -> Result<Option<Message>, IntegrationFailure> {
        let (mut call, token) = self.integration_call(&policy.request, &policy.as_variable, policy.is_async)?;
        if self.is_client_served {
            self.send_when_authorized(id, call, token);
            return Ok(None);
        }
        self.authorize(&mut call, token).await.map_err(IntegrationFailure::Fault)?;
        let reply = self.host.call(id, &call).await.map_err(IntegrationFailure::Call)?;
        Ok(Some(Message::of_reply(reply)))
    }

    /// Runs the integration of the last SetIntegrationRequest in place of the upstream, and stores its response with
    /// any status.
    ///
    /// # Errors
    /// There is no response.
    pub(in crate::flow) async fn integration_target(&mut self, endpoint: &IntegrationEndpoint) -> Result<(), Fault> {
        let request = self.integration_request.clone().unwrap_or(ByteString::from_static(DEFAULT_REQUEST));
        let failed = |failure: IntegrationFailure| failure.into_target_fault(&endpoint.name, &request);
        let call = self.integration_call(&request, &Variable::new(&request), endpoint.is_async);
        let (mut call, token) = call.map_err(failed)?;
        self.authorize(&mut call, token).await?;
        let reply =
            self.host.background().call(&call).await.map_err(|failure| failed(IntegrationFailure::Call(failure)))?;
        self.put_message(ByteString::from_static("response"), Message::of_reply(reply));
        Ok(())
    }

    /// Removes the request object. The client's own message only loses its body, as with a ServiceCallout.
    pub(super) fn clear_object(&mut self, name: &str) {
        if !matches!(name, "request" | "message") {
            return self.unset(name);
        }
        if let Some(message) = self.message_named(name).and_then(|id| self.message_mut(id)) {
            message.set_body(Bytes::new());
        }
    }

    /// The call that runs the integration of a request object, and the token that it needs.
    fn integration_call(
        &mut self,
        request: &ByteString,
        as_variable: &Variable,
        is_async: bool,
    ) -> Result<(Call, NeededToken), IntegrationFailure> {
        let id = match self.message_named(request) {
            Some(id) => id,
            None if self.own_value(as_variable).is_some() => return Err(IntegrationFailure::NotMessage),
            None => {
                let mut incomplete = self.incomplete_objects.iter().filter(|(name, _)| name == request);
                let fault = incomplete.next().map(|(_, fault)| IntegrationFailure::Fault(fault.clone()));
                return Err(fault.unwrap_or(IntegrationFailure::Null));
            }
        };
        let message = self.message(id).cloned().unwrap_or_else(Message::request);
        let Some(line) = message.as_request() else { return Err(IntegrationFailure::NotRequest) };
        if !is_async && has_schedule_time(&message) {
            return Err(IntegrationFailure::Scheduled);
        }
        self.check_memory(line.size().saturating_mul(URL_COPIES))?;
        let region = line.path.split('/').skip_while(|segment| *segment != "locations").nth(1).unwrap_or_default();
        let origin = service_origin(region).ok_or(IntegrationFailure::HostNotReachable)?;
        let server = self.plan.clusters.server(&origin).ok_or(IntegrationFailure::HostNotReachable)?;
        let path = match line.path.strip_suffix(EXECUTE) {
            Some(path) if is_async => format!("{path}{SCHEDULE}"),
            _ => line.path.to_string(),
        };
        let mark = if line.query.is_empty() { "" } else { "?" };
        let path_and_query = crate::flow::url::legal(format!("{path}{mark}{}", line.query.as_text()));
        let request =
            self.token_of_identity(TokenKind::cloud_platform(), TIMEOUT).map_err(IntegrationFailure::Fault)?;
        let token = NeededToken { header: ByteString::from_static(AUTHORIZATION), request };
        let call = self.call_of(CallRequest {
            message: id,
            server,
            path_and_query: path_and_query.into(),
            retained: &Retained::All,
            token_header: Some(token.header.clone()),
            timeout: TIMEOUT,
        });
        Ok((call.map_err(|VerbIsConnect| IntegrationFailure::VerbIsConnect)?, token))
    }
}

/// Whether the object has a `scheduleTime`, which only an asynchronous run supports.
fn has_schedule_time(message: &Message) -> bool {
    let body = std::str::from_utf8(&message.body).ok().and_then(|body| JsonText::parse(body).ok());
    body.is_some_and(|body| body.root().member("scheduleTime").is_some_and(|time| !time.is_null()))
}

/// The reason why an integration failed.
enum IntegrationFailure {
    /// There is no request object.
    Null,
    /// The variable is not a message.
    NotMessage,
    /// The message is a response.
    NotRequest,
    /// The run is synchronous and the object has a `scheduleTime`.
    Scheduled,
    /// The verb is CONNECT.
    VerbIsConnect,
    /// The object's region has no cluster.
    HostNotReachable,
    /// There is no response.
    Call(CallFailure),
    /// The response has an error status.
    Status(u16),
    /// The path is larger than the memory left for bodies.
    TooLarge,
    /// Another fault.
    Fault(Fault),
}

impl From<TooLarge> for IntegrationFailure {
    fn from(_: TooLarge) -> IntegrationFailure {
        IntegrationFailure::TooLarge
    }
}

impl IntegrationFailure {
    fn outcome(&self) -> Outcome {
        match self {
            IntegrationFailure::Status(_) => Outcome::ErrorStatus,
            IntegrationFailure::Call(failure) => failure.outcome(),
            IntegrationFailure::HostNotReachable => Outcome::Unreachable,
            _ => Outcome::Fault,
        }
    }

    /// The fault of a policy (docs/apigee-semantics.md 10.4).
    fn into_fault(self, kind: &str, name: &str, variable: &str) -> Fault {
        let of_variable = |code: &'static str, problem: &str| {
            Fault::new(code, format!("{kind}[{name}]: request variable {variable} {problem}"))
        };
        let reason = match self {
            IntegrationFailure::Fault(fault) => return fault,
            IntegrationFailure::TooLarge => return Fault::too_large(kind, name),
            IntegrationFailure::Null => return of_variable(codes::INTEGRATION_CALLOUT_NULL, "is null"),
            IntegrationFailure::NotMessage => {
                return of_variable(codes::INTEGRATION_CALLOUT_NOT_MESSAGE, "value is not of type Message");
            }
            IntegrationFailure::NotRequest => {
                return of_variable(codes::INTEGRATION_CALLOUT_NOT_REQUEST, "value is not of type Request Message");
            }
            IntegrationFailure::Scheduled => "ScheduleTime needs AsyncExecution".to_owned(),
            IntegrationFailure::Status(status) => error_status(status),
            IntegrationFailure::VerbIsConnect => VerbIsConnect::REASON.to_owned(),
            IntegrationFailure::HostNotReachable => NOT_REACHABLE.to_owned(),
            IntegrationFailure::Call(failure) => failure.reason(name),
        };
        let code = codes::INTEGRATION_CALLOUT_FAILED;
        Fault::new(code, format!("Execution of {kind} {name} failed. Reason: {reason}"))
    }

    /// The fault of a target. Without a response it is one of docs/apigee-semantics.md 11.3, otherwise that of the
    /// policy. `[inferred]`
    fn into_target_fault(self, endpoint: &str, variable: &str) -> Fault {
        match self {
            IntegrationFailure::Call(CallFailure::Timeout) => {
                Fault::of_flow(codes::TARGET_TIMEOUT, "Gateway Timeout", 504)
            }
            IntegrationFailure::HostNotReachable | IntegrationFailure::Call(_) => {
                let reason = SERVICE_UNAVAILABLE_TEXT;
                Fault::of_flow(codes::TARGET_UNAVAILABLE, reason, 503)
            }
            failure => failure.into_fault("IntegrationEndpoint", endpoint, variable),
        }
    }
}
