//! A dry run and the filter in Envoy agree: both run the same requests, and every call, the upstream's request, all
//! values published and the client's response are compared.

mod services;
mod table;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::SystemTime;

use bytes::Bytes;
use envoy_callout::config;
use envoy_callout::flow::Worker;
use envoy_callout::flow::call::{Call, CallFailure, CallReply};
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::scripted::{Effects, Scripted};
use envoy_callout::plan::Plan;
use serde_json::{Value, json};

use crate::lab::{Backend, ClientResponse, Lab, Listener, Message, MockResponse, Received, Request, Setup, Site};
use services::Served;

/// A configuration and the requests that go through it one after the other.
struct Case {
    name: &'static str,
    /// The configuration, where every cluster is called `services`.
    configuration: Value,
    requests: Vec<Client>,
}

/// A client's request.
#[derive(Clone, Debug)]
struct Client {
    verb: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: &'static str,
}

impl Client {
    fn get(path: &str) -> Client {
        Client { verb: "GET", path: path.to_owned(), headers: Vec::new(), body: "" }
    }

    fn post(path: &str, content_type: &str, body: &'static str) -> Client {
        let length = body.len().to_string();
        Client { verb: "POST", body, ..Client::get(path) }
            .header("content-type", content_type)
            .header("content-length", &length)
    }

    fn header(mut self, name: &str, value: &str) -> Client {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn in_envoy(&self) -> Request {
        let request = Request::new(self.verb, &self.path).body(self.body);
        let headers = self.headers.iter().filter(|(name, _)| name != "content-length");
        headers.fold(request, |request, (name, value)| request.header(name, value))
    }

    fn scripted(&self) -> Scripted {
        let pseudo = [(":authority", "site.test"), (":path", &*self.path), (":method", self.verb), (":scheme", "http")];
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = (!self.body.is_empty()).then(|| Bytes::from(self.body));
        Scripted { request: headers(pseudo.into_iter().chain(own)), request_body: body, ..Scripted::default() }
    }
}

fn headers<'h>(lines: impl Iterator<Item = (&'h str, &'h str)>) -> Headers {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    Headers::new(lines.map(|(name, value)| (bytes(name), bytes(value))).collect())
}

/// The headers that Envoy, its clients and its servers add to messages after the filter.
const ADDED: [&str; 11] = [
    "connection",
    "content-length",
    "date",
    "host",
    "server",
    "transfer-encoding",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-internal",
    "x-envoy-upstream-service-time",
    "x-forwarded-proto",
    "x-request-id",
];

/// A message in a form that can be compared: first line, sorted headers, body.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    start: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Seen {
    fn new<'h>(start: String, headers: impl Iterator<Item = (&'h [u8], &'h [u8])>, body: &[u8]) -> Seen {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let lines = headers.map(|(name, value)| (text(name).to_ascii_lowercase(), text(value)));
        let mut headers: Vec<_> =
            lines.filter(|(name, _)| !name.starts_with(':') && !ADDED.contains(&name.as_str())).collect();
        headers.sort_by(|a, b| a.0.cmp(&b.0));
        Seen { start, headers, body: text(body) }
    }

    fn received(request: &Received) -> Seen {
        let Received { method, authority, path_and_query, .. } = request;
        let headers = request.headers().iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
        Seen::new(format!("{method} {authority}{path_and_query}"), headers, request.body())
    }

    fn replied(reply: &ClientResponse) -> Seen {
        let headers = reply.headers().iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
        Seen::new(reply.status.to_string(), headers, reply.body())
    }

    fn called(call: &Call) -> Seen {
        let lines = call.headers.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone()));
        Seen::request(&Headers::new(lines.collect()), &call.body)
    }

    fn request(headers: &Headers, body: &[u8]) -> Seen {
        let part = |name: &str| headers.joined(name).unwrap_or_default().to_string();
        let start = format!("{} {}{}", part(":method"), part(":authority"), part(":path"));
        Seen::new(start, headers.lines().map(|line| (line.name(), line.value())), body)
    }

    fn response(headers: &Headers, body: &[u8]) -> Seen {
        let status = headers.joined(":status").unwrap_or_default().to_string();
        Seen::new(status, headers.lines().map(|line| (line.name(), line.value())), body)
    }
}

/// Everything about one request that is compared.
#[derive(Debug, PartialEq)]
struct Outcome {
    calls: Vec<Seen>,
    /// Calls without a receiver arrive in any order.
    sent: Vec<Seen>,
    upstream: Option<Seen>,
    response: Seen,
    published: Vec<(String, Option<String>)>,
}

/// Whether no policy waits for the response of a host.
fn is_sent(call: &Seen) -> bool {
    [" log.test", " logs.example.com", " audit.example.com"].iter().any(|host| call.start.contains(host))
}

fn sorted(mut calls: Vec<Seen>) -> Vec<Seen> {
    calls.sort_by(|a, b| a.start.cmp(&b.start));
    calls
}

pub fn cases(lab: &mut Lab) {
    for Case { name, configuration, requests } in table::cases() {
        lab.case(name, move |setup| {
            let stage = Stage::new(setup, configuration);
            move || async move {
                let plan = plan(&stage.configuration);
                let mut past = Vec::new();
                for client in &requests {
                    let before = stage.services.requests().len();
                    let (traced, replies) = stage.dry_run(&plan, &past, client);
                    past.push((client, replies));
                    let real = stage.in_envoy(client, before, &traced).await;
                    assert_eq!(real, traced, "left: Envoy, right: the dry run of {client:#?}");
                }
            }
        });
    }
}

fn plan(configuration: &str) -> Plan {
    config::load(configuration.as_bytes()).unwrap_or_else(|problems| panic!("{problems:#?}")).plan
}

/// One configuration in Envoy and as a plan.
struct Stage {
    services: Backend,
    site: Site,
    configuration: String,
    published: Vec<String>,
}

impl Stage {
    fn new(setup: &mut Setup<'_>, configuration: Value) -> Stage {
        let services = setup.backend(|request: &Received| {
            let served = services::serve(&Seen::received(request));
            let mock = match served.body.is_empty() {
                true => MockResponse::status(served.status),
                false => MockResponse::of(served.status, served.content_type(), served.body.clone()),
            };
            let mock = served.headers.iter().fold(mock, |mock, (name, value)| mock.header(name, value));
            mock.after(served.delay)
        });
        let upstream = setup.backend(|request: &Received| {
            let served = services::upstream(&request.path_and_query);
            let mock = MockResponse::json(served.status, served.body.clone());
            served.headers.iter().fold(mock, |mock, (name, value)| mock.header(name, value))
        });
        let refusing = setup.cluster_refusing_connections(crate::lab::Cluster::new());
        let text = configuration.to_string().replace("\"services\"", &json!(services.cluster()).to_string());
        let text = text.replace("\"refusing\"", &json!(refusing).to_string());
        let variables = plan(&text).publish.variables;
        let published: Vec<String> = variables.iter().map(|variable| variable.name().to_string()).collect();
        let names: Vec<&str> = published.iter().map(String::as_str).collect();
        let listener = Listener::with_text(&text).upstream(&upstream).log_state(&names);
        let site = setup.listener(listener.allow_on_headers_stop_iteration());
        Stage { services, site, configuration: text, published }
    }

    /// The effects of a request after earlier ones, and the responses that it got.
    fn dry_run(&self, plan: &Plan, past: &[(&Client, Replies)], client: &Client) -> (Outcome, Replies) {
        // The same responses as in Envoy: the called host decides.
        let mut replies = Replies::new();
        loop {
            // Servers that failed and tokens are remembered from request to request.
            let mut worker = Worker::default();
            for (client, replies) in past {
                worker = run(plan, client, replies, worker).0.worker;
            }
            let (host, done) = run(plan, client, &replies, worker);
            let (sent, awaited): (Vec<Seen>, Vec<Seen>) = done.calls.iter().map(Seen::called).partition(is_sent);
            if awaited.len() == replies.len() {
                return (self.outcome(&host, awaited, sent), replies);
            }
            replies.push(service_response(
                awaited.get(replies.len()).unwrap_or_else(|| panic!("calls differ: {awaited:#?}")),
            ));
        }
    }

    fn outcome(&self, host: &Scripted, calls: Vec<Seen>, sent: Vec<Seen>) -> Outcome {
        let body = |body: Option<Bytes>| body.unwrap_or_default();
        let upstream = host.upstream_request().map(|(headers, held)| Seen::request(&headers, &body(held)));
        let (headers, held) = host.client_response().unwrap();
        Outcome {
            // A host that refuses connections receives no request.
            calls: calls.into_iter().filter(|call| !call.start.contains(" down.test")).collect(),
            sent: sorted(sent),
            upstream,
            response: Seen::response(&headers, &body(held)),
            published: self.published.iter().map(|name| (name.clone(), host.published(name))).collect(),
        }
    }

    async fn in_envoy(&self, client: &Client, before: usize, expected: &Outcome) -> Outcome {
        let asked = self.site.upstream().requests().len();
        let reply = self.site.send(client.in_envoy()).await;
        let logged = self.site.logged().await;
        let count = before + expected.calls.len() + expected.sent.len();
        let received = self.services.wait_for_requests(count).await;
        let calls: Vec<Seen> = received[before..].iter().map(Seen::received).collect();
        let (sent, calls): (Vec<Seen>, Vec<Seen>) = calls.into_iter().partition(is_sent);
        Outcome {
            calls,
            sent: sorted(sent),
            upstream: self.site.upstream().requests().get(asked).map(Seen::received),
            response: Seen::replied(&reply),
            published: self
                .published
                .iter()
                .map(|name| (name.clone(), logged.state(name).map(ToOwned::to_owned)))
                .collect(),
        }
    }
}

type Replies = Vec<Result<CallReply, CallFailure>>;

/// Runs a request with these responses.
fn run(plan: &Plan, client: &Client, replies: &Replies, worker: Worker) -> (Scripted, Effects) {
    let upstream = services::upstream(&client.path);
    let status = upstream.status.to_string();
    let lines = [(":status", &*status), ("content-type", "application/json")];
    let host = Scripted {
        now: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap(),
        response: Some(headers(lines.into_iter().chain(upstream.headers.iter().copied()))),
        response_body: Some(Bytes::from(upstream.body)),
        replies: Rc::new(RefCell::new(replies.iter().cloned().collect())),
        worker,
        ..client.scripted()
    };
    let done = host.run(plan);
    (host, done)
}

/// The response to a call.
fn service_response(call: &Seen) -> Result<CallReply, CallFailure> {
    if call.start.contains(" down.test") {
        return Err(CallFailure::Unreachable);
    }
    if call.start.contains(" slow.test") {
        return Err(CallFailure::Timeout);
    }
    let served = services::serve(call);
    let content_type = (!served.body.is_empty()).then_some(("content-type", served.content_type()));
    let Served { status, headers: own, body, .. } = served;
    let headers = headers(content_type.into_iter().chain(own.iter().copied()));
    Ok(CallReply { status, headers, body: Bytes::from(body) })
}
