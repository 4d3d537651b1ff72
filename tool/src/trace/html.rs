//! A trace as one HTML page without external files or scripts.

use super::record::{Body, Call, Condition, Entry, Fault, Message, Outcome, Source, Step, Trace};
use super::wording::{group, outcome, reason, start_line};
use std::io::{self, Write};

const STYLE: &str = include_str!("html.css");

/// Writes the page.
///
/// # Errors
/// The output cannot be written.
pub(super) fn write(trace: &Trace, output: &mut dyn Write) -> io::Result<()> {
    let title = escaped(&start_line(&trace.request.start));
    let names = [trace.proxy_endpoint.as_deref(), trace.bundle.as_deref()];
    let of = names.into_iter().flatten().map(escaped).collect::<Vec<_>>().join(" of ");
    let mut page = String::new();
    page.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.push_str(&format!("<title>{title}</title>\n<style>\n{STYLE}</style></head><body>\n"));
    page.push_str(&format!("<h1>{title}</h1>\n<p class=\"of\">{of}</p>\n"));
    if let Some(fault) = &trace.fault {
        page.push_str(&format!("<p class=\"reason\">{}</p>\n", fault_text(fault)));
    }
    for warning in &trace.warnings {
        page.push_str(&format!("<p class=\"reason\">warning: {}</p>\n", escaped(warning)));
    }
    page.push_str("<h2>Timeline</h2>\n");
    timeline(&trace.events, &mut page);
    page.push_str("<h2>Messages</h2>\n<div class=\"messages\">\n");
    message("Request of the client", &trace.request, &trace.request.headers, &mut page);
    if let Some(request) = &trace.upstream_request {
        message("Request to the upstream", request, &trace.request.headers, &mut page);
    }
    if let Some(response) = &trace.upstream_response {
        message("Response of the upstream", response, &response.headers, &mut page);
    }
    if let Some(response) = &trace.response {
        let upstream = trace.upstream_response.as_ref().filter(|_| !trace.is_local_reply);
        message("Response to the client", response, &upstream.unwrap_or(response).headers, &mut page);
    }
    page.push_str("</div>\n");
    if !trace.published.is_empty() {
        page.push_str("<h2>Filter state</h2>\n");
        let rows = trace.published.iter().map(|(name, value)| (format!("wasm.{name}"), Some(value.as_str())));
        table(rows, &mut page);
    }
    page.push_str("</body></html>\n");
    output.write_all(page.as_bytes())
}

fn timeline(entries: &[Entry], page: &mut String) {
    page.push_str("<ul class=\"timeline\">\n");
    for entry in entries {
        match entry {
            Entry::Flow { target_endpoint, name, direction } => {
                let of = target_endpoint.as_ref().map(|target| format!(" of target endpoint {target}"));
                let text = format!("{name}{}, {direction}", of.unwrap_or_default());
                page.push_str(&format!("<li class=\"flow\">{}", escaped(&text)));
            }
            Entry::Group { policies } => {
                page.push_str(&format!("<li class=\"ran\">{}", escaped(&group(policies))));
            }
            Entry::Choice { what, condition, taken } => {
                let (class, word) = if *taken { ("ran", "taken") } else { ("passed", "not taken") };
                page.push_str(&format!("<li class=\"{class}\">{}: {word}", escaped(what)));
                self::condition(condition.as_ref(), page);
            }
            Entry::Step(step) => self::step(step, page),
            Entry::Call(call) => self::call(call, page),
            Entry::Cache { result } => page.push_str(&format!("<li class=\"ran\">cache: {result}")),
            Entry::ErrorFlow(fault) => {
                page.push_str(&format!("<li class=\"flow fault\"><p>Error flow: {}</p>", fault_text(fault)));
            }
            Entry::Upstream => page.push_str("<li class=\"ran\">The upstream gets the request"),
            Entry::NoRoute => page.push_str("<li class=\"fault\">No RouteRule: there is no route to an upstream"),
            Entry::Response => page.push_str("<li class=\"ran\">The client gets the response"),
        }
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n");
}

fn step(step: &Step, page: &mut String) {
    let class = match step.outcome {
        Outcome::Ran => "ran",
        Outcome::Fault | Outcome::FaultContinued => "fault",
        Outcome::ConditionFalse | Outcome::Disabled | Outcome::Unsupported => "passed",
    };
    let word = outcome(step);
    let open = if class == "fault" { " open" } else { "" };
    page.push_str(&format!(
        "<li class=\"{class}\"><details{open}><summary>{}. {} <span class=\"kind\">{}</span> {word}</summary>\n",
        step.number,
        escaped(&step.policy),
        escaped(&step.kind),
    ));
    condition(step.condition.as_ref(), page);
    if !step.events.is_empty() {
        timeline(&step.events, page);
    }
    table(step.written.iter().map(|(name, value)| (name.clone(), value.as_deref())), page);
    if let Some(fault) = &step.fault {
        page.push_str(&format!("<p class=\"reason\">{}</p>\n", fault_text(fault)));
    }
    page.push_str("</details>");
}

fn condition(condition: Option<&Condition>, page: &mut String) {
    let Some(condition) = condition else { return };
    page.push_str(&format!("<pre>if {}</pre>\n", escaped(&condition.text)));
    table(condition.values.iter().map(|(name, value)| (name.clone(), value.as_deref())), page);
}

fn call(call: &Call, page: &mut String) {
    let is_failed = call.failure.is_some() || call.source == Source::Missing;
    let class = if is_failed { "fault" } else { "ran" };
    let reply = match (call.source, call.failure, &call.reply) {
        (Source::NotAwaited, ..) => "not awaited".to_owned(),
        (Source::Missing, ..) => "no reply given: Host not reachable".to_owned(),
        (Source::Mock, ..) => "a mock token".to_owned(),
        (Source::Given, Some(failure), _) => reason(failure, call.timeout_ms),
        (Source::Given, None, Some(reply)) => start_line(&reply.start),
        (Source::Given, None, None) => String::new(),
    };
    let request = escaped(&start_line(&call.request.start));
    page.push_str(&format!(
        "<li class=\"{class}\"><details><summary>call {request} → {}</summary>\n<div class=\"messages\">",
        escaped(&reply)
    ));
    message("Request", &call.request, &call.request.headers, page);
    if let Some(reply) = call.reply.as_ref().filter(|_| call.source == Source::Given) {
        message("Response", reply, &reply.headers, page);
    }
    page.push_str("</div></details>");
}

/// A message. Headers that differ from those of `before` are marked.
fn message(title: &str, message: &Message, before: &[(String, String)], page: &mut String) {
    let mut text = escaped(&start_line(&message.start));
    for line in &message.headers {
        let header = escaped(&format!("{}: {}", line.0, line.1));
        text.push_str(&if before.contains(line) { format!("\n{header}") } else { format!("\n<ins>+ {header}</ins>") });
    }
    for line in before.iter().filter(|line| !message.headers.contains(line)) {
        text.push_str(&format!("\n<del>- {}</del>", escaped(&format!("{}: {}", line.0, line.1))));
    }
    match &message.body {
        Body::Text { body } if body.is_empty() => {}
        Body::Text { body } => text.push_str(&format!("\n\n{}", escaped(body))),
        Body::Bytes { body_base64 } => {
            text.push_str(&format!("\n\n({} bytes, not text)", body_base64.len() / 4 * 3));
        }
    }
    page.push_str(&format!("<section><h2>{title}</h2><pre>{text}</pre></section>\n"));
}

/// A table of variables. A variable without a value is null.
fn table<'v>(rows: impl Iterator<Item = (String, Option<&'v str>)>, page: &mut String) {
    let rows: Vec<String> = rows
        .map(|(name, value)| {
            let value = value.map_or_else(|| "<span class=\"kind\">null</span>".to_owned(), escaped);
            format!("<tr><td>{}</td><td>{value}</td></tr>\n", escaped(&name))
        })
        .collect();
    if !rows.is_empty() {
        page.push_str(&format!("<table>\n{}</table>\n", rows.concat()));
    }
}

fn fault_text(fault: &Fault) -> String {
    format!("<code>{}</code> {}", escaped(&fault.code), escaped(&fault.reason))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character => escaped.push(character),
        }
    }
    escaped
}
