//! The order of a request's flows, from top to bottom as in Apigee's flow diagram (docs/apigee-semantics.md 9.1).

use crate::flow::boxed::boxed;
use crate::flow::call::Direction;
use crate::flow::client;
use crate::flow::fault::{Fault, codes};
use crate::flow::headers::has_prefix;
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId};
use crate::flow::parameters::Kind;
use crate::flow::steps::response_cache::has_response_step;
use crate::flow::target_copy::TargetCopy;
use crate::flow::trace::Event;
use crate::flow::transaction::{CachedResponse, Stage, Transaction};
use crate::flow::value::Value;
use crate::flow::worker::Worker;
use crate::plan::{CLUSTER_HEADER, Plan, Step};
use crate::policy::endpoint::{Endpoint, Flow, Route, TARGET_HEADER};
use bytestring::ByteString;

/// The prefix of the headers that Apigee reserves.
const RESERVED_PREFIX: &[u8] = b"x-apigee-";

/// Runs a plan over one client request, including PostClientFlow.
///
/// The calls of a scripted host never wait, so one poll runs the transaction:
///
/// ```
/// use envoy_callout::flow::scripted::Scripted;
/// use envoy_callout::{config, flow};
/// use std::pin::pin;
/// use std::task::{Context, Waker};
///
/// let policy = "<ServiceCallout name='SC-Geo'><Response>geo</Response>
///     <HTTPTargetConnection><URL>http://geo.test/city</URL></HTTPTargetConnection></ServiceCallout>";
/// let configuration = serde_json::json!({"policies": [policy], "clusters": {"http://geo.test": "geo"}});
/// let plan = config::load(configuration.to_string().as_bytes()).unwrap().plan;
///
/// let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "Bern");
/// let transaction = pin!(flow::run(&plan, &host.worker, &host));
/// let _ = transaction.poll(&mut Context::from_waker(Waker::noop()));
///
/// assert_eq!(host.done.borrow().calls[0].cluster, "geo");
/// assert_eq!(host.published("geo.content").as_deref(), Some("Bern"));
/// ```
pub async fn run<H: Host>(plan: &Plan, worker: &Worker, host: &H) {
    let mut transaction = Transaction::new(plan, worker, host);
    if plan.routing.is_some() && !transaction.enter_proxy() {
        return host.resume(Direction::Request);
    }
    if let Err(fault) = transaction.flows().await {
        boxed(transaction.error_flow(fault)).await;
    }
    if let Some(routing) = plan.routing.as_ref().filter(|routing| !routing.post_client.is_empty()) {
        host.ended().await;
        transaction.is_client_served = true;
        transaction.client_sent = Some(host.now());
        transaction.flow_name = ByteString::from_static("PostClientFlow");
        if H::IS_TRACED {
            let (target, name) = (None, "PostClientFlow".to_owned());
            host.record(Event::Flow { target, name, direction: Direction::Response });
        }
        // The client already has its response.
        transaction.cached_response = None;
        let _: Result<(), Fault> = transaction.run_steps(&routing.post_client).await;
    }
}

/// The response code details of a response from a cache.
const CACHED: &str = "callout_response_cache";

/// The step after the request flow.
enum Next {
    /// The request goes to the upstream.
    Upstream,
    /// The response flow makes the reply, with these response code details.
    Reply(&'static str),
}

impl<H: Host> Transaction<'_, H> {
    /// Runs the request flow and the response flow.
    ///
    /// # Errors
    /// The fault that ended one of them.
    async fn flows(&mut self) -> Result<(), Fault> {
        let next = self.request_flow().await;
        self.fetched_entries.clear();
        match next? {
            Next::Upstream => {}
            Next::Reply(details) => return boxed(self.reply_flow(details)).await,
        }
        self.publish();
        self.release(Direction::Request);
        if !self.plan.needs.response {
            return Ok(());
        }
        self.target_times.sent = self.target_time();
        if self.host.response().await {
            self.target_times.received_start = self.target_time();
            self.stage = Stage::Response;
            self.sent_request = self.sent_request();
            self.response_flow().await?;
            self.publish();
            self.release(Direction::Response);
        } else {
            // The response flow does not run for local replies (docs/envoy-host-facts.md F7.3).
            self.host.resume(Direction::Response);
        }
        Ok(())
    }

    async fn request_flow(&mut self) -> Result<Next, Fault> {
        let plan = self.plan;
        if plan.needs.request_body {
            let body = self.host.body(Direction::Request).await;
            self.fetch_request_body(body);
        } else if plan.needs.response {
            // Envoy no longer has the request headers when the response arrives (docs/envoy-host-facts.md F5.10).
            self.message_named("request");
        }
        self.run_endpoint(&plan.proxy, Direction::Request).await?;
        if self.cached_response.is_some() {
            return Ok(Next::Reply(CACHED));
        }
        let Some(routing) = &plan.routing else { return Ok(Next::Upstream) };
        if routing.rules.is_empty() {
            return Ok(Next::Upstream);
        }
        let rule = self.first_true(&routing.rules);
        let Some(rule) = self.within_memory("RouteRule", &plan.proxy.name, Ok(rule))? else {
            let reason = "Unable to route the message to a TargetEndpoint";
            return Err(Fault::of_flow(codes::NO_ROUTES_MATCHED, reason, 500));
        };
        log::debug!("callout: route rule {} applies", rule.name);
        self.set(ByteString::from_static("route.name"), Value::text(rule.name.as_str()));
        let (Route::Target(name) | Route::Integration(name, _)) = &rule.route else {
            if plan.needs.null_route_body {
                let body = self.host.body(Direction::Request).await;
                self.fetch_request_body(body);
            }
            return Ok(Next::Reply("callout_null_route"));
        };
        self.set(ByteString::from_static("route.target"), Value::text(name.as_str()));
        self.set(ByteString::from_static("target.name"), Value::text(name.as_str()));
        if let Route::Integration(..) = rule.route {
            if let Some(endpoint) = routing.integrations.iter().find(|endpoint| endpoint.name == *name) {
                boxed(self.integration_target(endpoint)).await?;
            }
            return Ok(Next::Reply("callout_integration"));
        }
        TargetCopy::reset(&mut self.variables);
        self.target_endpoint = routing.targets.iter().find(|target| target.endpoint.name == *name);
        if let Some(target) = self.target_endpoint {
            if target.ignores_charset
                && let Some(request) = self.message_named("request").and_then(|id| self.message_mut(id))
            {
                request.set_query_kind(Kind::Query);
            }
            self.run_endpoint(&target.endpoint, Direction::Request).await?;
            if self.cached_response.is_some() {
                return Ok(Next::Reply(CACHED));
            }
            if let Some(authentication) = &target.authentication {
                boxed(self.authenticate_target(&target.endpoint.name, authentication)).await?;
            }
        }
        self.expand_target(name)?;
        self.target = Some(name.as_str().into());
        Ok(Next::Upstream)
    }

    /// Whether the request is below the proxy's base path. If so, the headers that a client must not send are removed.
    fn enter_proxy(&mut self) -> bool {
        let base_path = &self.plan.base_path;
        let Some(request) = self.message_named("request").and_then(|id| self.message_mut(id)) else { return false };
        if request.as_request().is_none_or(|line| base_path.suffix(&line.path).is_none()) {
            return false;
        }
        let is_reserved = |name: &[u8]| {
            name.eq_ignore_ascii_case(TARGET_HEADER.as_bytes())
                || name.eq_ignore_ascii_case(CLUSTER_HEADER.as_bytes())
                || has_prefix(name, RESERVED_PREFIX)
        };
        if request.headers.lines().any(|line| is_reserved(line.name())) {
            request.headers.retain(|name| !is_reserved(name));
        }
        true
    }

    async fn response_flow(&mut self) -> Result<(), Fault> {
        let plan = self.plan;
        let body = if plan.needs.response_body { self.host.body(Direction::Response).await } else { None };
        self.target_times.received_end = self.target_time();
        let response = self.fetch(Direction::Response, body);
        if let Some(target) = self.target_endpoint {
            if let Some(fault) = self.target_fault(target, response) {
                return Err(fault);
            }
            self.run_endpoint(&target.endpoint, Direction::Response).await?;
        }
        self.target_endpoint = None;
        self.run_endpoint(&plan.proxy, Direction::Response).await
    }

    /// Runs the response flow without an upstream and replies with its response. The flow starts with the response of
    /// an integration, with one that the request flow made, or with the body of the request.
    async fn reply_flow(&mut self, details: &str) -> Result<(), Fault> {
        let plan = self.plan;
        let response: MessageId = match self.message_named("response") {
            Some(response) => response,
            None => {
                let response = self.response_of_request();
                self.put_message(ByteString::from_static("response"), response)
            }
        };
        self.stage = Stage::Response;
        self.run_cached_target().await?;
        self.run_endpoint(&plan.proxy, Direction::Response).await?;
        self.publish();
        let response = self.message_named("response").unwrap_or(response);
        if let Some(message) = self.message(response) {
            self.host.reply(&client::reply(message, details));
        }
        Ok(())
    }

    /// Runs the steps of a target's response flow that follow the ResponseCache with the response.
    async fn run_cached_target(&mut self) -> Result<(), Fault> {
        let Some(CachedResponse { policy, .. }) = self.cached_response else { return Ok(()) };
        let (plan, current) = (self.plan, self.target_endpoint.take());
        let mut targets = plan.routing.iter().flat_map(|routing| &routing.targets);
        let target = current.or_else(|| targets.find(|target| has_response_step(&target.endpoint, policy)));
        let endpoints = target.map(|target| &target.endpoint).into_iter().chain([&plan.proxy]);
        // Without a step of the policy in a response flow, the flow of the proxy runs from its start.
        let is_skipping = endpoints.clone().any(|endpoint| has_response_step(endpoint, policy));
        self.cached_response = Some(CachedResponse { policy, is_skipping });
        if let Some(target) = target.filter(|target| is_skipping && has_response_step(&target.endpoint, policy)) {
            self.target_endpoint = Some(target);
            self.run_endpoint(&target.endpoint, Direction::Response).await?;
            self.target_endpoint = None;
        }
        Ok(())
    }

    /// The response with which the response flow of a null route starts: the content of the request and its type
    /// (docs/apigee-semantics.md 9.1).
    fn response_of_request(&mut self) -> Message {
        let mut response = Message::response();
        if let Some(request) = self.message_named("request").and_then(|id| self.message(id)) {
            response.set_body(request.body.clone());
            if let Some(content_type) = request.headers.first_line("content-type") {
                response.headers.set("Content-Type", content_type);
            }
        }
        response
    }

    /// Runs PreFlow, the first conditional flow whose condition is true, and PostFlow.
    async fn run_endpoint(&mut self, endpoint: &Endpoint<Step>, direction: Direction) -> Result<(), Fault> {
        self.run_flow(&endpoint.pre_flow, direction).await?;
        if direction == Direction::Request && self.cached_response.is_some() {
            return Ok(());
        }
        let flow = self.first_true(&endpoint.flows);
        if let Some(flow) = self.within_memory("Flow", &endpoint.name, Ok(flow))? {
            self.run_flow(flow, direction).await?;
        }
        self.run_flow(&endpoint.post_flow, direction).await
    }

    async fn run_flow(&mut self, flow: &Flow<Step>, direction: Direction) -> Result<(), Fault> {
        let steps = match direction {
            Direction::Request => &flow.request,
            Direction::Response => &flow.response,
        };
        if steps.is_empty() {
            return Ok(());
        }
        self.flow_name = ByteString::from(flow.name.as_str());
        if H::IS_TRACED {
            self.record_flow(&flow.name, direction);
        }
        self.run_steps(steps).await
    }
}
