//! A trace as text: the events in order, in lines of the width of the terminal.

mod lines;

use super::record::{Body, Call, Condition, Entry, Fault, Message, Outcome, Source, Step, Trace};
use super::wording::{group, outcome, reason, start_line};
use anstyle::{AnsiColor, Style};
use lines::{body_lines, cut, wrapped};
use std::io::{self, Write};

const HEADING: Style = Style::new().bold();
const RAN: Style = AnsiColor::Green.on_default();
const PASSED: Style = Style::new().dimmed();
const FAULT: Style = AnsiColor::Red.on_default().bold();

/// Length of a line when the output is not a terminal.
const COLUMNS: usize = 100;

/// Minimum length of a line. A narrower terminal wraps the lines itself.
const MIN_COLUMNS: usize = 60;

/// Indents of the parts of a step and of their continuation lines.
const PART: usize = 5;
const LABEL: usize = 7;

/// Writes the trace. `columns` is the width of the terminal; absent when the output is not a terminal.
///
/// # Errors
/// The output cannot be written.
pub(super) fn write(trace: &Trace, columns: Option<usize>, output: &mut dyn Write) -> io::Result<()> {
    let columns = columns.map_or(COLUMNS, |columns| columns.max(MIN_COLUMNS));
    let mut page = Page { output, trace, columns, has_response: false };
    page.whole()
}

struct Page<'a> {
    output: &'a mut dyn Write,
    trace: &'a Trace,
    /// Maximum length of a line.
    columns: usize,
    /// Whether the response to the client is written.
    has_response: bool,
}

impl Page<'_> {
    fn whole(&mut self) -> io::Result<()> {
        let trace = self.trace;
        let endpoint = trace.proxy_endpoint.as_ref().map(|name| format!("proxy endpoint {name}"));
        let subject = match (endpoint, &trace.bundle) {
            (Some(endpoint), Some(bundle)) => format!("{endpoint} of {bundle}"),
            (Some(endpoint), None) => endpoint,
            (None, Some(bundle)) => format!("shared flow {bundle}"),
            (None, None) => "the steps of the filter".to_owned(),
        };
        let start = start_line(&trace.request.start);
        self.line(0, HEADING, &start)?;
        self.line(0, PASSED, &subject)?;
        if !trace.events.iter().any(|entry| !matches!(entry, Entry::Upstream | Entry::NoRoute)) {
            self.heading("No step runs: the filter passes the request")?;
        }
        self.entries(&trace.events, 0)?;
        if !self.has_response {
            self.response()?;
        }
        self.lists()
    }

    /// Filter state, warnings and unused replies.
    fn lists(&mut self) -> io::Result<()> {
        let trace = self.trace;
        if !trace.published.is_empty() {
            self.heading("Filter state")?;
            for (name, value) in &trace.published {
                self.value(2, &assignment(&format!("wasm.{name}"), value), value.len())?;
            }
        }
        if !trace.warnings.is_empty() || !trace.unused_replies.is_empty() {
            writeln!(self.output)?;
        }
        for warning in &trace.warnings {
            self.line(0, FAULT, &format!("warning: {warning}"))?;
        }
        for reply in &trace.unused_replies {
            self.line(0, FAULT, &format!("warning: unused reply {reply}"))?;
        }
        Ok(())
    }

    fn entries(&mut self, entries: &[Entry], indent: usize) -> io::Result<()> {
        for entry in entries {
            match entry {
                Entry::Flow { target_endpoint, name, direction } => {
                    let of = target_endpoint.as_ref().map(|target| format!(" of target endpoint {target}"));
                    self.heading(&format!("{name}{}, {direction}", of.unwrap_or_default()))?;
                }
                Entry::Group { policies } => self.line(2, PASSED, &group(policies))?,
                Entry::Choice { what, condition, taken } => self.choice(what, condition.as_ref(), *taken)?,
                Entry::Step(step) => self.step(step, indent)?,
                Entry::Call(call) => self.call(call, indent)?,
                Entry::Cache { result } => self.value(indent, &format!("{:<LABEL$}{result}", "cache"), 0)?,
                Entry::ErrorFlow(fault) => {
                    self.heading("Error flow")?;
                    self.fault(fault, 2, "")?;
                }
                Entry::Upstream => self.upstream()?,
                Entry::NoRoute => self.heading("No RouteRule: the rendered Envoy has no route to an upstream")?,
                Entry::Response => self.response()?,
            }
        }
        Ok(())
    }

    fn choice(&mut self, what: &str, condition: Option<&Condition>, taken: bool) -> io::Result<()> {
        writeln!(self.output)?;
        let (style, word) = if taken { (HEADING, "taken") } else { (PASSED, "not taken") };
        self.line(0, style, &format!("{what}: {word}"))?;
        self.condition(condition, 0)
    }

    fn step(&mut self, step: &Step, indent: usize) -> io::Result<()> {
        let style = match step.outcome {
            Outcome::Ran => RAN,
            Outcome::Fault | Outcome::FaultContinued => FAULT,
            Outcome::ConditionFalse | Outcome::Disabled | Outcome::Unsupported => PASSED,
        };
        let word = outcome(step);
        let word = if word.is_empty() { String::new() } else { format!(" {word}") };
        let title = format!("{:>3}  {} ({}){word}", step.number, step.policy, step.kind);
        self.line(indent, style, &title)?;
        self.condition(step.condition.as_ref(), indent)?;
        self.entries(&step.events, indent + PART)?;
        let is_listed = |(name, value): &(&String, &Option<String>)| {
            // The title of the step shows that the policy did not fail.
            !(name.ends_with(".failed") && value.as_deref() == Some("false"))
        };
        let mut label = "wrote";
        for (name, value) in step.written.iter().filter(is_listed) {
            let text = value.as_ref().map_or_else(|| format!("{name} is null"), |value| assignment(name, value));
            self.value(indent + PART, &format!("{label:<LABEL$}{text}"), value.as_ref().map_or(0, String::len))?;
            label = "";
        }
        match &step.fault {
            Some(fault) => self.fault(fault, indent + PART, "fault"),
            None => Ok(()),
        }
    }

    fn condition(&mut self, condition: Option<&Condition>, indent: usize) -> io::Result<()> {
        let Some(condition) = condition else { return Ok(()) };
        self.part(indent, "if", vec![condition.text.clone()])?;
        for (name, value) in &condition.values {
            let text = value.as_ref().map_or_else(|| format!("{name} is null"), |value| assignment(name, value));
            self.value(indent + PART + LABEL + 2, &text, value.as_ref().map_or(0, String::len))?;
        }
        Ok(())
    }

    fn call(&mut self, call: &Call, indent: usize) -> io::Result<()> {
        // Calls are indented under their step.
        let indent = indent.saturating_sub(PART);
        let cluster = call.cluster.as_ref().map(|cluster| format!(" (cluster {cluster})")).unwrap_or_default();
        let mut lines = vec![format!("{}{cluster}", start_line(&call.request.start))];
        lines.extend(headers_of(&call.request));
        self.part(indent, "call", lines)?;
        self.body(&call.request, indent)?;
        let mut reply = match (call.source, call.failure) {
            (Source::NotAwaited, _) => vec!["not awaited".to_owned()],
            (Source::Missing, _) => vec!["not given: Host not reachable".to_owned()],
            (Source::Mock, _) => vec!["a mock token".to_owned()],
            (Source::Given, Some(failure)) => vec![reason(failure, call.timeout_ms)],
            (Source::Given, None) => Vec::new(),
        };
        if let Some(message) = call.reply.as_ref().filter(|_| call.source == Source::Given) {
            reply.push(start_line(&message.start));
            reply.extend(headers_of(message));
        }
        self.part(indent, "reply", reply)?;
        match call.reply.as_ref().filter(|_| call.source == Source::Given) {
            Some(message) => self.body(message, indent),
            None => Ok(()),
        }
    }

    /// A body below the headers. Its lines are already wrapped.
    fn body(&mut self, message: &Message, indent: usize) -> io::Result<()> {
        let start = indent + PART + LABEL + 2;
        for line in body_of(message, self.columns.saturating_sub(start)) {
            writeln!(self.output, "{:start$}{line}", "")?;
        }
        Ok(())
    }

    fn fault(&mut self, fault: &Fault, indent: usize, label: &str) -> io::Result<()> {
        let width = if label.is_empty() { 0 } else { LABEL };
        self.line(indent, FAULT, &format!("{label:<width$}{}", fault.code))?;
        self.line(indent + width, Style::new(), &fault.reason)
    }

    fn upstream(&mut self) -> io::Result<()> {
        let trace = self.trace;
        let Some(request) = &trace.upstream_request else { return Ok(()) };
        self.heading("The upstream gets")?;
        self.changed(request, &trace.request.headers)?;
        if let Some(response) = &trace.upstream_response {
            self.heading("The upstream responds")?;
            self.changed(response, &response.headers)?;
        }
        Ok(())
    }

    fn response(&mut self) -> io::Result<()> {
        let trace = self.trace;
        self.has_response = true;
        let Some(response) = &trace.response else { return Ok(()) };
        let upstream = trace.upstream_response.as_ref().filter(|_| !trace.is_local_reply);
        match upstream {
            Some(upstream) => {
                self.heading("The client gets the upstream's response")?;
                self.changed(response, &upstream.headers)
            }
            None => {
                self.heading("The client gets, instead of the upstream's response")?;
                self.changed(response, &response.headers)
            }
        }
    }

    /// A message with marks at added and removed headers.
    fn changed(&mut self, message: &Message, before: &[(String, String)]) -> io::Result<()> {
        self.line(2, Style::new(), &start_line(&message.start))?;
        for (name, value) in &message.headers {
            let is_new = !before.iter().any(|(other, text)| other == name && text == value);
            let (style, mark) = if is_new { (RAN, "+ ") } else { (Style::new(), "") };
            self.line(if is_new { 2 } else { 4 }, style, &format!("{mark}{name}: {value}"))?;
        }
        for (name, value) in before {
            if !message.headers.iter().any(|(other, text)| other == name && text == value) {
                self.line(2, PASSED, &format!("- {name}: {value}"))?;
            }
        }
        for line in body_of(message, self.columns.saturating_sub(4)) {
            writeln!(self.output, "    {line}")?;
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output)?;
        self.line(0, HEADING, text)
    }

    /// Lines with a label before the first.
    fn part(&mut self, indent: usize, label: &str, lines: Vec<String>) -> io::Result<()> {
        let mut label = label;
        for line in lines {
            let spaces = line.chars().take_while(|character| *character == ' ').count();
            let (start, mut further) = (indent + PART, 0);
            for line in wrapped(&line, self.columns.saturating_sub(indent + PART + LABEL + spaces + 2)) {
                writeln!(self.output, "{:start$}{label:<LABEL$}{:further$}{line}", "", "")?;
                label = "";
                further = spaces + 2;
            }
        }
        Ok(())
    }

    /// A line. A long line continues below with a larger indent.
    fn line(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        let spaces = text.chars().take_while(|character| *character == ' ').count();
        let mut further = indent;
        for line in wrapped(text, self.columns.saturating_sub(indent + spaces + 2)) {
            writeln!(self.output, "{:further$}{style}{line}{style:#}", "")?;
            further = indent + spaces + 2;
        }
        Ok(())
    }

    /// A text that ends with the value of a variable of `size` bytes, in one line.
    fn value(&mut self, indent: usize, text: &str, size: usize) -> io::Result<()> {
        writeln!(self.output, "{:indent$}{}", "", cut(text, size, self.columns.saturating_sub(indent)))
    }
}

fn assignment(name: &str, value: &str) -> String {
    match value.is_empty() {
        true => format!("{name} is empty"),
        false => format!("{name} = {value}"),
    }
}

/// The lines of the headers.
fn headers_of(message: &Message) -> impl Iterator<Item = String> {
    message.headers.iter().map(|(name, value)| format!("  {name}: {value}"))
}

fn body_of(message: &Message, columns: usize) -> Vec<String> {
    match &message.body {
        Body::Text { body } => body_lines(body, columns),
        Body::Bytes { body_base64 } => vec![format!("({} bytes, not text)", body_base64.len() / 4 * 3)],
    }
}
