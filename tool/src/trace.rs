//! `trace`: runs one request through a proxy without Envoy and reports every event.

mod converter;
mod html;
mod mask;
mod record;
mod replies;
mod secrets;
mod subject;
mod text;
mod wording;

use super::environment::Environment;
use super::finding::Findings;
use super::input;
use super::message::{self, MessageError, Parsed};
use super::{CommandError, Outcome, report};
use bytes::Bytes;
use converter::Converter;
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::scripted::Scripted;
use mask::{Mask, Part};
use record::Trace;
use replies::Given;
use secrets::Secrets;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use subject::{Subject, Wanted};

/// Trace one request through a proxy without Envoy
///
/// Runs the flows of a proxy with the code of the filter. Reports in order: each step, its condition and the values of
/// its variables, the call as the filter would send it, the written variables, the fault and its fault rule, the
/// request to the upstream, and the response to the client. Sends no requests: the responses are files.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A proxy bundle (a folder with apiproxy/ in it, or a zip archive of one) and the shared flows that it calls, or a
    /// filter configuration (JSON or YAML)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The client's request: request line, headers, an empty line, body; - is standard input
    ///
    /// Lines end with LF or CRLF. The last line break is not part of the body, unless content-length includes it.
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// The response to a call, as `curl -i` prints it; repeatable
    ///
    /// With the name of a policy, it is the response to a call of this policy; FLOW/POLICY names a policy of a shared
    /// flow. The other replies are used in the order of the calls. Instead of a file: timeout, unreachable or reset. A
    /// call without a reply fails with Host not reachable.
    #[arg(long = "reply", value_name = "[POLICY=]FILE")]
    replies: Vec<String>,
    /// The upstream's response, as `curl -i` prints it [default: 200 without a body]
    #[arg(long, value_name = "FILE")]
    upstream: Option<PathBuf>,
    /// Environment file: target servers, property sets and identity; `render --environment-template` writes a template
    ///
    /// Without it, mocks replace all entries.
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// The proxy endpoint [default: the one with the longest matching base path]
    #[arg(long, value_name = "NAME")]
    proxy_endpoint: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Write the trace as one HTML page to a file, in addition to the output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// A mask configuration of Apigee as JSON: variables, JSONPaths and XPaths that are masked too
    #[arg(long, value_name = "FILE", conflicts_with = "show_secrets")]
    mask: Option<PathBuf>,
    /// Do not mask private variables, credentials and cookies
    #[arg(long)]
    show_secrets: bool,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout trace weather --request near.http --reply place.http
  envoy-callout trace shop.zip shared/log --request order.http --environment test.yaml \\
      --reply SC-Risk=risk.http --reply SC-Stock=timeout --upstream created.http
  printf 'GET /weather?code=94043\\n' | envoy-callout trace weather --request - --json

near.http:                      place.http:
  GET /weather?code=94043         HTTP/1.1 200 OK
  Host: api.example.com           Content-Type: application/json

                                  {\"city\":\"San Jose\"}

The request has no headers that Envoy adds (x-request-id, x-forwarded-proto, …) unless the file
contains them. Google tokens are mocks. These values are masked as ********, also in other texts:
variables named private.*, Authorization, Proxy-Authorization, cookies, tokens and the headers of
tokens. Values of less than four characters are masked only as the value of their variable or header.

The JSON object:
  bundle, proxy_endpoint   names, or null
  request                  {\"method\", \"url\", \"headers\": [[name, value]], \"body\"}
  events                   in order, by \"event\":
    flow        target_endpoint (null: proxy endpoint), name, direction
    choice      what (\"route rule default\"), condition, taken
    step        number, policy, type, condition, outcome, events (calls and steps inside), written
                (variable: value or null), fault. outcome is ran, fault, fault_continued,
                condition_false, disabled or unsupported
    call        request, cluster, timeout_ms, reply, failure (timeout, unreachable, reset, …),
                source (given, mock, missing, not_awaited)
    error_flow  code, reason
    upstream    the upstream gets the request
    response    the client gets the response
    no_route    the rendered Envoy responds with 404: the proxy endpoint has no RouteRule
  fault                    {\"code\", \"reason\"} of the fault in the response, or null
  upstream_request, upstream_response, response
                           {\"status\", \"headers\", \"body\"}; is_local_reply: the filter made response
  published                filter state by variable; warnings, unused_replies: lists of text
A condition is {\"text\", \"values\": {variable: value or null}}. A body that is not text is body_base64.

Exit status: 0 when the request ran, with or without a fault; 1 when the filter rejects the
configuration, with the report of check; 2 when a file cannot be read or is not a message.";

/// An error that prevents a trace.
#[derive(Debug, thiserror::Error)]
pub(super) enum TraceError {
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{} is not a mask configuration: {error}", path.display())]
    InvalidMask { path: PathBuf, error: String },
    #[error("cannot write {}: {error}", path.display())]
    Unwritable { path: PathBuf, error: std::io::Error },
    #[error("{}, {error}", path.display())]
    InvalidMessage { path: PathBuf, error: MessageError },
    #[error("no input to trace: pass a proxy bundle, a shared flow or a filter configuration")]
    NothingToRun,
    #[error("pass bundles or a filter configuration, not both")]
    Mixed,
    #[error("--environment does not apply to a filter configuration")]
    EnvironmentOfFilter,
    #[error("no proxy endpoint matches {path}; available: {all}")]
    NoEndpoint { path: String, all: String },
    #[error("unknown proxy endpoint {name:?}; available: {all}")]
    UnknownEndpoint { name: String, all: String },
    #[error("more than one proxy endpoint matches {path}; select one of {endpoints} with --proxy-endpoint")]
    SeveralEndpoints { path: String, endpoints: String },
    #[error("unknown policy {name:?} in --reply{hint}")]
    UnknownPolicy { name: String, hint: String },
    #[error("{word:?} in --reply is neither a file nor an outcome{hint}")]
    UnknownOutcome { word: String, hint: String },
}

/// Runs the command.
///
/// # Errors
/// A path cannot be read, a file is not a message, or the output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let request = read_file(&arguments.request, message::request)?;
    let inputs = input::read_all(&arguments.paths)?;
    let environment = match arguments.environment.as_deref().map(Environment::read).transpose()?.transpose() {
        Ok(environment) => environment,
        Err(problems) => {
            let mut findings = Findings::default();
            findings.files = 1;
            problems.into_iter().for_each(|problem| findings.add(problem));
            return report_rejection(&findings, arguments.json, output);
        }
    };
    let target = request.headers.joined(":path").unwrap_or_default();
    let wanted = Wanted {
        path: target.split('?').next().unwrap_or_default(),
        proxy_endpoint: arguments.proxy_endpoint.as_deref(),
        environment: environment.as_ref(),
    };
    let subject = match subject::choose(&inputs, wanted)? {
        Ok(subject) => subject,
        Err(findings) => return report_rejection(&findings, arguments.json, output),
    };
    let given = Given::read(&arguments.replies, &subject.plan)?;
    let upstream = match &arguments.upstream {
        Some(path) => read_file(path, message::response)?,
        None => {
            let status = (Bytes::from_static(b":status"), Bytes::from_static(b"200"));
            Parsed { headers: Headers::new(vec![status]), body: None }
        }
    };
    let masked = match &arguments.mask {
        _ if arguments.show_secrets => None,
        Some(path) => Some(read_mask(path)?),
        None => Some(Mask::default()),
    };
    let trace = trace(subject, request, upstream, &given, masked.as_ref());
    if let Some(path) = &arguments.html {
        let written = std::fs::File::create(path).and_then(|mut file| html::write(&trace, &mut file));
        written.map_err(|error| TraceError::Unwritable { path: path.clone(), error })?;
    }
    match arguments.json {
        true => {
            serde_json::to_writer_pretty(&mut *output, &trace).map_err(std::io::Error::from)?;
            writeln!(output)?;
        }
        false => {
            let columns = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
            text::write(&trace, columns, output)?;
        }
    }
    Ok(Outcome::Fine)
}

fn report_rejection(findings: &Findings, as_json: bool, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    match as_json {
        true => report::json(findings, output)?,
        false => report::text(findings, output)?,
    }
    Ok(Outcome::Problems)
}

fn trace(subject: Subject, request: Parsed, upstream: Parsed, given: &Given, mask: Option<&Mask>) -> Trace {
    let has_route = subject.has_route();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let host = Scripted {
        now,
        request: request.headers,
        request_body: request.body,
        response: Some(upstream.headers).filter(|_| has_route),
        response_body: upstream.body,
        replies: Rc::new(RefCell::new(given.in_order())),
        policy_replies: Rc::new(RefCell::new(given.by_policy())),
        mocks_google: true,
        is_random: true,
        attributes: attributes(now),
        ..Scripted::default()
    };
    let done = host.run(&subject.plan);
    let messages = std::iter::once(&host.request).chain(&host.response).chain(given.headers());
    let bodies = bodies(&host);
    let secrets =
        mask.map_or_else(Secrets::default, |mask| Secrets::of(&subject.plan, messages, &done.events, mask, &bodies));
    let mut converter = Converter::new(&secrets, has_route);
    let events = converter.entries(&done.events);
    let fault = record::final_fault(&events).cloned();
    let request = converter.request(&host.request, host.request_body.as_ref());
    let sent = host.upstream_request().filter(|_| has_route).map(|(mut headers, body)| {
        subject.preview.iter().for_each(|preview| preview.rewrite(&mut headers));
        (headers, body)
    });
    let from_envoy = || (!has_route && host.upstream_request().is_some()).then(subject::no_route);
    let upstream_response = host.response.as_ref().filter(|_| sent.is_some());
    let published = host.filter_state.borrow();
    let text = |value: &Bytes| String::from_utf8_lossy(value).into_owned();
    Trace {
        request,
        events,
        fault,
        upstream_request: sent.map(|(headers, body)| converter.request(&headers, body.as_ref())),
        upstream_response: upstream_response.map(|headers| converter.response(headers, host.response_body.as_ref())),
        response: host
            .client_response()
            .or_else(from_envoy)
            .map(|(headers, body)| converter.response(&headers, body.as_ref())),
        is_local_reply: done.reply.is_some(),
        published: published
            .iter()
            .map(|(name, value)| (name.clone(), secrets.hide_variable(name, &text(value))))
            .collect(),
        warnings: subject
            .not_enforced
            .iter()
            .cloned()
            .chain(done.warnings.iter().map(|warning| secrets.hide(warning)))
            .collect(),
        unused_replies: given.unused(host.replies.borrow().len(), &host.policy_replies.borrow()),
        bundle: subject.bundle,
        proxy_endpoint: subject.proxy_endpoint,
    }
}

/// The bodies of the client's and the upstream's messages. Those of calls are in the events.
fn bodies(host: &Scripted) -> Vec<(Part, Bytes)> {
    let of = |part: Part, message: Option<(Headers, Option<Bytes>)>| Some((part, message?.1?));
    let response = match host.done.borrow().reply.is_some() {
        true => Part::Fault,
        false => Part::Response,
    };
    [
        host.request_body.clone().map(|body| (Part::Request, body)),
        host.response_body.clone().map(|body| (Part::Response, body)),
        of(Part::Request, host.upstream_request()),
        of(response, host.client_response()),
        of(Part::Response, host.client_response()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn read_mask(path: &Path) -> Result<Mask, TraceError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| TraceError::Unreadable { path: path.to_owned(), error })?;
    Mask::parse(&text).map_err(|error| TraceError::InvalidMask { path: path.to_owned(), error })
}

/// The attributes of Envoy for a client on the same machine.
fn attributes(now: Duration) -> BTreeMap<String, Bytes> {
    let integer = |value: u64| Bytes::copy_from_slice(&value.to_le_bytes());
    let attributes = [
        ("source.address", Bytes::from_static(b"127.0.0.1:40000")),
        ("source.port", integer(40000)),
        ("request.id", Bytes::from_static(b"00000000-0000-4000-8000-000000000000")),
        ("request.time", integer(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))),
    ];
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Reads a file, or standard input for `-`, as a message.
fn read_file(path: &Path, parse: fn(&[u8]) -> Result<Parsed, MessageError>) -> Result<Parsed, TraceError> {
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        false => std::fs::read(path).map(|read| bytes = read),
    };
    read.map_err(|error| TraceError::Unreadable { path: path.to_owned(), error })?;
    parse(&bytes).map_err(|error| TraceError::InvalidMessage { path: path.to_owned(), error })
}
