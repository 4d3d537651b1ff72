//! Requests and responses as files: a start line, headers, an empty line, a body.

use bytes::Bytes;
use envoy_callout::flow::headers::Headers;
use http::{HeaderName, HeaderValue, Method, StatusCode};

/// A message in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The pseudo-headers and headers in the form of Envoy: names in lower case.
    pub(super) headers: Headers,
    /// The body; absent when it is empty.
    pub(super) body: Option<Bytes>,
}

/// The error of a text that is not a message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct MessageError {
    /// The line of the file, from 1.
    line: usize,
    problem: Problem,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("a request starts with a line such as GET /path HTTP/1.1")]
    RequestLine,
    #[error("{0:?} is not an HTTP method")]
    Method(String),
    #[error("{0:?} is not a path: a path starts with / and contains only printable ASCII characters")]
    Path(String),
    #[error("a response starts with a line such as HTTP/1.1 200 OK")]
    StatusLine,
    #[error("{0:?} is not a status from 200 to 599")]
    Status(String),
    #[error("a header has the form Name: value; an empty line precedes the body")]
    Header,
    #[error("{0:?} is not a header name")]
    Name(String),
    #[error("the value of header {0} contains an invalid character")]
    Value(String),
}

impl Problem {
    fn at(self, line: usize) -> MessageError {
        MessageError { line, problem: self }
    }
}

/// The authority of requests without a host.
const DEFAULT_HOST: &str = "localhost";

/// Reads a request: `GET /path?query HTTP/1.1`. The version is optional, and the target can be a URL.
///
/// # Errors
/// The text is not a request.
pub(super) fn request(text: &[u8]) -> Result<Parsed, MessageError> {
    let mut lines = Lines::of(text);
    let first = lines.next().unwrap_or_default();
    let line = first.decoded();
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (method, target) = match words.as_slice() {
        [method, target] => (*method, *target),
        [method, target, version] if version.starts_with("HTTP/") && !method.starts_with("HTTP/") => (*method, *target),
        _ => return Err(Problem::RequestLine.at(first.number)),
    };
    if method.starts_with("HTTP/") {
        return Err(Problem::RequestLine.at(first.number));
    }
    if Method::from_bytes(method.as_bytes()).is_err() {
        return Err(Problem::Method(method.to_owned()).at(first.number));
    }
    let (scheme, authority, path) = split(target);
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) || path.contains('#') {
        return Err(Problem::Path(path.to_owned()).at(first.number));
    }
    let (mut headers, body) = rest(lines)?;
    let host = headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.clone());
    headers.retain(|(name, _)| name != "host");
    let authority = authority.map(|authority| Bytes::copy_from_slice(authority.as_bytes())).or(host);
    let pseudo = [
        (":method", Bytes::copy_from_slice(method.as_bytes())),
        (":scheme", Bytes::from_static(scheme.as_bytes())),
        (":authority", authority.unwrap_or(Bytes::from_static(DEFAULT_HOST.as_bytes()))),
        (":path", Bytes::copy_from_slice(path.as_bytes())),
    ];
    Ok(Parsed { headers: joined(&pseudo, headers), body })
}

/// Scheme, authority and path of the target of a request.
fn split(target: &str) -> (&'static str, Option<&str>, &str) {
    let (scheme, rest) = match (target.strip_prefix("http://"), target.strip_prefix("https://")) {
        (Some(rest), _) => ("http", rest),
        (_, Some(rest)) => ("https", rest),
        _ => return ("http", None, target),
    };
    match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
        Some((authority, path)) => (scheme, Some(authority), path),
        None => (scheme, Some(rest), "/"),
    }
}

/// Reads a response: `HTTP/1.1 200 OK`, as `curl -i` prints it. Skips interim responses before it.
///
/// # Errors
/// The text is not a response.
pub(super) fn response(text: &[u8]) -> Result<Parsed, MessageError> {
    let mut lines = Lines::of(text);
    let code = loop {
        let first = lines.next().unwrap_or_default();
        let line = first.decoded();
        let mut words = line.split_ascii_whitespace();
        let (Some(_), Some(status)) = (words.next().filter(|version| version.starts_with("HTTP/")), words.next())
        else {
            return Err(Problem::StatusLine.at(first.number));
        };
        let code = status.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
        match code.filter(|code| code.as_u16() < 600) {
            Some(code) if is_interim(code) && lines.skip_head() => {}
            Some(code) if code.as_u16() >= 200 => break code,
            _ => return Err(Problem::Status(status.to_owned()).at(first.number)),
        }
    };
    let (headers, body) = rest(lines)?;
    let pseudo = [(":status", Bytes::from(code.as_str().to_owned()))];
    Ok(Parsed { headers: joined(&pseudo, headers), body })
}

/// Whether another response follows.
fn is_interim(code: StatusCode) -> bool {
    code.is_informational() && code != StatusCode::SWITCHING_PROTOCOLS
}

fn joined(pseudo: &[(&'static str, Bytes)], headers: Vec<(String, Bytes)>) -> Headers {
    let pseudo = pseudo.iter().map(|(name, value)| (Bytes::from_static(name.as_bytes()), value.clone()));
    Headers::new(pseudo.chain(headers.into_iter().map(|(name, value)| (Bytes::from(name), value))).collect())
}

type Rest = (Vec<(String, Bytes)>, Option<Bytes>);

/// Headers and body.
fn rest(mut lines: Lines<'_>) -> Result<Rest, MessageError> {
    let mut headers: Vec<(String, Bytes)> = Vec::new();
    let mut length = None;
    for line in lines.by_ref().take_while(|line| !line.text.is_empty()) {
        let colon = line.text.iter().position(|byte| *byte == b':');
        let parts = colon.and_then(|colon| line.text.split_at_checked(colon));
        let Some((name, value)) = parts.filter(|(name, _)| !name.is_empty() && !name.starts_with(b" ")) else {
            return Err(Problem::Header.at(line.number));
        };
        let text = String::from_utf8_lossy(name).into_owned();
        let Ok(name) = HeaderName::from_bytes(name) else { return Err(Problem::Name(text).at(line.number)) };
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        if HeaderValue::from_bytes(value).is_err() {
            return Err(Problem::Value(text).at(line.number));
        }
        if name == http::header::CONTENT_LENGTH {
            length = Some(String::from_utf8_lossy(value).into_owned());
        }
        headers.push((name.as_str().to_owned(), Bytes::copy_from_slice(value)));
    }
    let whole = lines.rest;
    // Editors add a line break at the end of a file.
    let trimmed = whole.strip_suffix(b"\n").map(|body| body.strip_suffix(b"\r").unwrap_or(body)).unwrap_or(whole);
    // Another length belongs to a body that curl decompressed, or to a response without body, as after HEAD.
    let body = if length == Some(whole.len().to_string()) { whole } else { trimmed };
    Ok((headers, (!body.is_empty()).then(|| Bytes::copy_from_slice(body))))
}

/// The lines of a head. The rest of the text is the body.
struct Lines<'t> {
    rest: &'t [u8],
    number: usize,
}

#[derive(Default)]
struct Line<'t> {
    text: &'t [u8],
    number: usize,
}

impl Line<'_> {
    fn decoded(&self) -> String {
        String::from_utf8_lossy(self.text).into_owned()
    }
}

impl<'t> Lines<'t> {
    fn of(text: &'t [u8]) -> Lines<'t> {
        // Some editors write a byte order mark before the text.
        Lines { rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text), number: 0 }
    }

    /// Skips the rest of a head. Returns whether more text follows.
    fn skip_head(&mut self) -> bool {
        let _ = self.take_while(|line| !line.text.is_empty()).count();
        !self.rest.is_empty()
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        self.number = self.number.saturating_add(1);
        if self.rest.is_empty() {
            // An empty file has one empty line.
            return (self.number == 1).then_some(Line { text: b"", number: 1 });
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end.and_then(|end| self.rest.split_at_checked(end)) {
            Some((line, rest)) => (line, rest.strip_prefix(b"\n").unwrap_or(rest)),
            None => (self.rest, &b""[..]),
        };
        self.rest = rest;
        Some(Line { text: line.strip_suffix(b"\r").unwrap_or(line), number: self.number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parsed: &Parsed) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        parsed.headers.lines().map(|line| format!("{} {}", text(line.name()), text(line.value()))).collect()
    }

    #[test]
    fn a_request_is_read_with_either_line_end() {
        for end in ["\n", "\r\n"] {
            let text = ["POST /a?b=1 HTTP/1.1", "Host: h.test", "X-A:  1 ", "", "{}", ""].join(end);
            let parsed = request(text.as_bytes()).unwrap();
            let expected = [":method POST", ":scheme http", ":authority h.test", ":path /a?b=1", "x-a 1"];
            assert_eq!(
                (lines(&parsed), parsed.body.as_deref()),
                (expected.map(str::to_owned).to_vec(), Some(&b"{}"[..]))
            );
        }
        let short = request(b"GET https://h.test").unwrap();
        assert_eq!(lines(&short), [":method GET", ":scheme https", ":authority h.test", ":path /"]);
        assert_eq!(short.body, None);
        assert_eq!(lines(&request(b"GET /").unwrap())[2], ":authority localhost");
    }

    #[test]
    fn a_response_has_the_format_of_curl() {
        let parsed = response(b"HTTP/2 404 \r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\nno\n\n").unwrap();
        assert_eq!(lines(&parsed), [":status 404", "set-cookie a", "set-cookie b"]);
        assert_eq!(parsed.body.as_deref(), Some(&b"no\n"[..]));
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 201 Created\r\nA: b\r\n\r\nyes";
        let parsed = response(interim.as_bytes()).unwrap();
        assert_eq!(
            (lines(&parsed), parsed.body.as_deref()),
            (vec![":status 201".to_owned(), "a b".to_owned()], Some(&b"yes"[..]))
        );
        let counted = response(b"HTTP/1.1 200 OK\ncontent-length: 3\n\nno\n").unwrap();
        assert_eq!(counted.body.as_deref(), Some(&b"no\n"[..]));
    }

    #[test]
    fn a_content_length_of_another_body_is_ignored() {
        let head = response(b"HTTP/1.1 200 OK\ncontent-length: 9\n\n").unwrap();
        assert_eq!((lines(&head), head.body), (vec![":status 200".to_owned(), "content-length 9".to_owned()], None));
        let unpacked = response(b"HTTP/1.1 200 OK\ncontent-length: 9\n\nno\n").unwrap();
        assert_eq!(unpacked.body.as_deref(), Some(&b"no"[..]));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(lines(&request(b"\xef\xbb\xbfGET /a\n").unwrap())[3], ":path /a");
        assert_eq!(lines(&response(b"\xef\xbb\xbfHTTP/2 204\n\n").unwrap()), [":status 204"]);
    }

    #[test]
    fn errors_contain_the_line() {
        let cases: [(&str, &str); 9] = [
            ("", "line 1: a request starts with a line such as GET /path HTTP/1.1"),
            ("HTTP/1.1 200 OK\n\n", "line 1: a request starts with a line such as GET /path HTTP/1.1"),
            ("G@T / HTTP/1.1\n\n", "line 1: \"G@T\" is not an HTTP method"),
            (
                "GET caf\u{e9} HTTP/1.1\n\n",
                "line 1: \"caf\u{e9}\" is not a path: a path starts with / and contains only printable ASCII characters",
            ),
            ("GET /\na: 1\nb\n\n", "line 3: a header has the form Name: value; an empty line precedes the body"),
            ("GET /\na: 1\n b: 2\n", "line 3: a header has the form Name: value; an empty line precedes the body"),
            ("GET /\na b: 1\n", "line 2: \"a b\" is not a header name"),
            ("GET /\na: \u{1}\n", "line 2: the value of header a contains an invalid character"),
            ("GET /\n\ncontent-length: 9\n", ""),
        ];
        for (text, message) in cases {
            let error = request(text.as_bytes()).map_or_else(|error| error.to_string(), |_| String::new());
            assert_eq!(error, message, "{text}");
        }
        let error = |text: &str| response(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("GET / HTTP/1.1\n"), "line 1: a response starts with a line such as HTTP/1.1 200 OK");
        assert_eq!(error("HTTP/1.1 99\n"), "line 1: \"99\" is not a status from 200 to 599");
        assert_eq!(error("HTTP/1.1 100 Continue\n\n"), "line 1: \"100\" is not a status from 200 to 599");
        assert_eq!(error("HTTP/1.1 103\na: b\n\nHTTP/1.1 600\n"), "line 4: \"600\" is not a status from 200 to 599");
        assert_eq!(
            error("HTTP/1.1 101 Switching Protocols\n\nHTTP/1.1 200 OK\n\n"),
            "line 1: \"101\" is not a status from 200 to 599"
        );
    }
}
