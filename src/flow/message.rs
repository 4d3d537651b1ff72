//! Messages: the client's request and response, those of callouts, and those that policies create.

mod index;
mod parts;
mod size;

pub(super) use index::PartIndex;
pub use parts::NotWritable;
pub(super) use size::URL_COPIES;

use crate::flow::call::CallReply;
use crate::flow::headers::{Headers, text};
use crate::flow::parameters::{Kind, Parameters};
use bytes::Bytes;
use bytestring::ByteString;
use http::Method;

/// The media type of a form body.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The index of a message in its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId(pub(super) usize);

/// A request or a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The request line or status line.
    pub start: StartLine,
    /// The headers, without pseudo-headers. They include a request's `Host`.
    pub headers: Headers,
    /// The body in sending form.
    pub body: Bytes,
    /// Whether a callout has sent and cleared it. The next callout starts with a new message (docs/apigee-semantics.md
    /// 2.3.4).
    pub is_consumed: bool,
    /// Whether the flow set the body. `false` for the body of a received message.
    pub has_own_body: bool,
}

/// The first line of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum StartLine {
    /// Verb, path and query.
    Request(RequestLine),
    /// Status.
    Response(StatusLine),
}

/// The first line of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestLine {
    /// The HTTP method if it was set. [`RequestLine::verb`] has the default.
    pub verb: Option<ByteString>,
    /// The path in sending form, without the query.
    pub path: ByteString,
    /// The query parameters. [`RequestLine::change_query`] changes them.
    pub query: Parameters,
    /// The query parameters for the target, if a policy wrote a query with the path: the path is a variable only.
    pub(super) sent_query: Option<Parameters>,
    /// The HTTP version. It is a variable and has no effect on the connection.
    pub version: ByteString,
}

/// The first line of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusLine {
    /// The status code.
    pub status: u16,
    /// The reason phrase. It is a variable only; Envoy sends its own phrase.
    pub reason: ByteString,
}

impl Default for RequestLine {
    /// The request line of a new request (docs/apigee-semantics.md 2.3.2). `[inferred]`
    fn default() -> RequestLine {
        RequestLine {
            verb: None,
            path: ByteString::new(),
            query: Parameters::new(ByteString::new(), Kind::Query),
            sent_query: None,
            version: ByteString::from_static("1.1"),
        }
    }
}

impl RequestLine {
    /// The verb, by default `GET` (docs/apigee-semantics.md 2.3.2). `[inferred]`
    pub fn verb(&self) -> ByteString {
        self.verb.clone().unwrap_or(ByteString::from_static("GET"))
    }

    /// The verb if it is a valid token. Other characters could end the request line.
    pub fn sendable_verb(&self) -> Option<ByteString> {
        Some(self.verb()).filter(|verb| Method::from_bytes(verb.as_bytes()).is_ok())
    }

    /// Whether the verb is CONNECT, in any letter case.
    pub fn is_connect(&self) -> bool {
        self.verb.as_ref().is_some_and(|verb| verb.eq_ignore_ascii_case("CONNECT"))
    }

    /// Sets the path. The text after a `?` is added to the query (docs/apigee-semantics.md 2.5). `[inferred]`
    pub fn set_path(&mut self, path: &ByteString) {
        match path.split_once('?') {
            Some((before, query)) => {
                self.sent_query.get_or_insert_with(|| self.query.clone());
                self.path = path.slice_ref(before);
                self.query.add_text(query);
            }
            None => self.path = path.clone(),
        }
    }

    /// Sets the path and the query, as a part of the variable `uri`.
    pub fn set_uri(&mut self, uri: &ByteString) {
        self.sent_query.get_or_insert_with(|| self.query.clone());
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        self.path = uri.slice_ref(path);
        self.query.set_text(uri.slice_ref(query));
    }

    /// Sets the path and the query of a received request.
    pub fn receive(&mut self, path: &ByteString) {
        self.set_path(path);
        self.sent_query = None;
    }

    /// Changes the query parameters.
    pub fn change_query<R>(&mut self, mut change: impl FnMut(&mut Parameters) -> R) -> R {
        if let Some(sent) = &mut self.sent_query {
            change(sent);
        }
        change(&mut self.query)
    }

    /// The query parameters for the target: those of the client with the changes of policies to parameters.
    pub fn sent_query(&self) -> &Parameters {
        self.sent_query.as_ref().unwrap_or(&self.query)
    }
}

impl StatusLine {
    /// A status with its standard reason phrase.
    pub fn new(status: u16) -> StatusLine {
        StatusLine { status, reason: ByteString::from_static(standard_reason(status)) }
    }
}

/// The standard reason phrase of a status code, or empty text.
pub fn standard_reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

impl Message {
    /// A new request.
    pub fn request() -> Message {
        Message::new(StartLine::Request(RequestLine::default()))
    }

    /// A new response with status 200, without headers and body (docs/apigee-semantics.md 3.2).
    pub fn response() -> Message {
        Message::new(StartLine::Response(StatusLine::new(200)))
    }

    /// The message of a response to a call.
    pub fn of_reply(reply: CallReply) -> Message {
        let mut message = Message::new(StartLine::Response(StatusLine::new(reply.status)));
        message.headers = reply.headers;
        message.body = reply.body;
        message
    }

    fn new(start: StartLine) -> Message {
        Message { start, headers: Headers::default(), body: Bytes::new(), is_consumed: false, has_own_body: true }
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request(_))
    }

    /// The request line of a request.
    pub fn as_request(&self) -> Option<&RequestLine> {
        match &self.start {
            StartLine::Request(line) => Some(line),
            StartLine::Response(_) => None,
        }
    }

    /// The request line of a request.
    pub fn as_request_mut(&mut self) -> Option<&mut RequestLine> {
        match &mut self.start {
            StartLine::Request(line) => Some(line),
            StartLine::Response(_) => None,
        }
    }

    /// The status line of a response.
    pub fn as_response(&self) -> Option<&StatusLine> {
        match &self.start {
            StartLine::Request(_) => None,
            StartLine::Response(line) => Some(line),
        }
    }

    /// The status line of a response.
    pub fn as_response_mut(&mut self) -> Option<&mut StatusLine> {
        match &mut self.start {
            StartLine::Request(_) => None,
            StartLine::Response(line) => Some(line),
        }
    }

    /// Replaces the body.
    pub fn set_body(&mut self, body: Bytes) {
        self.body = body;
        self.has_own_body = true;
    }

    /// The media type in `Content-Type` without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let line = text(self.headers.first_line("content-type")?);
        Some(line.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The body as text, decoded with the charset of `Content-Type`, by default UTF-8 (docs/apigee-semantics.md 8.2).
    pub fn content(&self) -> ByteString {
        if self.is_latin1() {
            return self.body.iter().map(|byte| char::from(*byte)).collect::<String>().into();
        }
        text(self.body.clone())
    }

    fn is_latin1(&self) -> bool {
        matches!(self.charset().as_deref(), Some("iso-8859-1" | "latin1"))
    }

    fn charset(&self) -> Option<String> {
        let line = self.headers.first_line("content-type").filter(|line| line.contains(&b';'))?;
        text(line).split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        })
    }

    /// Reads `+` in the query as a space if `Content-Type` has a charset (docs/apigee-semantics.md 8.2).
    pub fn read_query_by_charset(&mut self) {
        if self.charset().is_some() {
            self.set_query_kind(Kind::Form);
        }
    }

    /// Changes the meaning of `+` in the query.
    pub fn set_query_kind(&mut self, kind: Kind) {
        if let Some(line) = self.as_request_mut() {
            line.change_query(|query| query.set_kind(kind));
        }
    }

    /// The form parameters in the body; empty unless `Content-Type` is that of a form.
    pub fn form(&self) -> Parameters {
        let is_form = self.media_type().is_some_and(|media_type| media_type == FORM);
        Parameters::new(if is_form { text(self.body.clone()) } else { ByteString::new() }, Kind::Form)
    }

    /// Replaces the body by a form (docs/apigee-semantics.md 3.3). The verb becomes `POST` if it was not set, because
    /// published callouts that exchange tokens set form parameters and no verb. `[inferred]`
    pub fn set_form(&mut self, form: &Parameters) {
        self.set_body(form.as_text().clone().into_bytes());
        if let Some(line) = self.as_request_mut().filter(|_| !form.is_empty()) {
            line.verb.get_or_insert(ByteString::from_static("POST"));
        }
        if self.media_type().is_none_or(|media_type| media_type != FORM) {
            self.headers.set("Content-Type", Bytes::from_static(FORM.as_bytes()));
        }
    }

    /// The names of the existing parts, as in variables after the message's name: `verb`, `header.x-a`.
    pub fn part_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        match &self.start {
            StartLine::Request(line) => {
                names.extend(["verb", "path", "uri", "querystring"].map(str::to_owned));
                names.extend(line.query.names().iter().map(|name| format!("queryparam.{name}")));
            }
            StartLine::Response(_) => names.extend(["status.code", "reason.phrase"].map(str::to_owned)),
        }
        names.extend(self.headers.names().iter().map(|name| format!("header.{}", name.to_ascii_lowercase())));
        if !self.body.is_empty() {
            names.push("content".to_owned());
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_decoded_with_its_charset() {
        let mut message = Message::request();
        message.body = Bytes::from_static(b"caf\xe9");
        assert_eq!(message.content(), "caf\u{fffd}");
        message.headers.set("content-type", Bytes::from("text/plain; Charset=\"ISO-8859-1\""));
        assert_eq!(message.content(), "café");
    }

    #[test]
    fn a_form_is_a_view_of_the_body() {
        let mut message = Message::request();
        message.body = Bytes::from("a=1");
        assert!(message.form().is_empty());
        let mut form = message.form();
        form.set("b", "x y");
        message.set_form(&form);
        assert_eq!(message.body, "b=x%20y");
        assert_eq!(message.media_type().as_deref(), Some(FORM));
    }
}
