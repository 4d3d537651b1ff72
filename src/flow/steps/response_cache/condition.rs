//! The conditions of a client's request on a stored response (docs/apigee-semantics.md 12.3).

use crate::flow::headers::has_prefix;
use crate::flow::message::{Message, StatusLine};
use bytestring::ByteString;
use std::ops::RangeInclusive;

/// The conditions with entity tags.
const ENTITY_CONDITIONS: [&str; 2] = ["if-match", "if-none-match"];

/// The statuses of successful responses.
const SUCCESS: RangeInclusive<u16> = 200..=299;

/// What responds to a request for which there is a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Responder {
    /// The stored response.
    Stored,
    /// The status 304, because the client has the stored response.
    NotModified,
    /// The target.
    Target,
}

/// Compares `If-Match`, `If-None-Match` and `If-Modified-Since` of a request with a stored response.
pub(super) fn responder(request: &Message, stored: &Message) -> Responder {
    if has_condition_of_change(request) {
        return Responder::Target;
    }
    let is_success = stored.as_response().is_some_and(|line| SUCCESS.contains(&line.status));
    // Conditions apply to successful responses only (RFC 9110 section 13.2.1).
    if !is_get(request) || !is_success {
        return Responder::Stored;
    }
    if request.headers.contains("if-modified-since") {
        return Responder::Target;
    }
    let [if_match, if_none_match] = ENTITY_CONDITIONS.map(|name| request.headers.joined(name));
    let tag = stored.headers.first_line("etag");
    let has_tag = |condition: &ByteString| {
        let tag = tag.as_ref().filter(|tag| tag.starts_with(b"\""));
        tag.is_some_and(|tag| strong_tags(condition).any(|named| named.as_bytes() == tag))
    };
    if if_match.is_some_and(|condition| !has_tag(&condition)) {
        return Responder::Target;
    }
    match if_none_match {
        None => Responder::Stored,
        Some(condition) if condition.trim() == "*" || has_tag(&condition) => Responder::NotModified,
        Some(_) => Responder::Target,
    }
}

/// Whether the response to a request can be stored for others. That to HEAD has no body, and that to a condition with
/// another verb than GET is not the one to a GET.
pub(super) fn is_storable(request: &Message) -> bool {
    let is_head = request.as_request().is_some_and(|line| line.verb() == "HEAD");
    !is_head && !has_condition_of_change(request)
}

fn has_condition_of_change(request: &Message) -> bool {
    !is_get(request) && ENTITY_CONDITIONS.iter().any(|name| request.headers.contains(name))
}

fn is_get(request: &Message) -> bool {
    request.as_request().is_some_and(|line| line.verb() == "GET")
}

/// The strong entity tags of a list, with their quotes. A tag can contain commas.
fn strong_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('"')?;
            let (before, quoted) = rest.split_at_checked(start)?;
            let end = quoted.get(1..)?.find('"')?.checked_add(2)?;
            let (tag, after) = quoted.split_at_checked(end)?;
            rest = after;
            // Another text than `W/` makes the tag malformed.
            if before.trim_matches([',', ' ', '\t']).is_empty() {
                return Some(tag);
            }
        }
    })
}

/// The response 304 in place of a stored response: its headers without those of the body.
pub(super) fn not_modified(stored: &Message) -> Message {
    let mut message = Message::response();
    if let Some(line) = message.as_response_mut() {
        *line = StatusLine::new(304);
    }
    message.headers = stored.headers.clone();
    let describes_body = |name: &[u8]| {
        (has_prefix(name, b"content-") && !name.eq_ignore_ascii_case(b"content-location"))
            || name.eq_ignore_ascii_case(b"transfer-encoding")
    };
    message.headers.retain(|name| !describes_body(name));
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn add(message: &mut Message, headers: &[(&str, &'static str)]) {
        headers.iter().for_each(|(name, value)| message.headers.add(name, Bytes::from_static(value.as_bytes())));
    }

    #[test]
    fn conditions_choose_the_responder() {
        use Responder::{NotModified, Stored, Target};
        type Headers<'h> = &'h [(&'h str, &'static str)];
        let cases: [(&str, Headers<'_>, &'static str, Responder); 24] = [
            ("GET", &[], r#""a""#, Stored),
            ("POST", &[], r#""a""#, Stored),
            ("GET", &[("if-none-match", r#""a""#)], r#""a""#, NotModified),
            ("GET", &[("if-none-match", r#""b", "a""#)], r#""a""#, NotModified),
            ("GET", &[("if-none-match", r#""b""#), ("If-None-Match", r#""a,b""#)], r#""a,b""#, NotModified),
            ("GET", &[("if-none-match", r#""b""#)], r#""a""#, Target),
            ("GET", &[("if-none-match", r#"W/"a""#)], r#""a""#, Target),
            ("GET", &[("if-none-match", r#"W/"a", "a""#)], r#""a""#, NotModified),
            ("GET", &[("if-none-match", r#""a""#)], r#"W/"a""#, Target),
            ("GET", &[("if-none-match", r#""a""#)], "a", Target),
            ("GET", &[("if-none-match", "a\"")], "a", Target),
            ("GET", &[("if-none-match", r#"w/"a""#)], r#""a""#, Target),
            ("GET", &[("if-none-match", r#"W/ "a""#)], r#""a""#, Target),
            ("GET", &[("if-match", r#"x"a""#)], r#""a""#, Target),
            ("GET", &[("if-match", r#",	"b",, "a""#)], r#""a""#, Stored),
            ("GET", &[("if-none-match", " * ")], r#"W/"a""#, NotModified),
            ("POST", &[("if-none-match", r#""a""#)], r#""a""#, Target),
            ("HEAD", &[("if-match", "*")], r#""a""#, Target),
            ("HEAD", &[("if-modified-since", "x")], r#""a""#, Stored),
            ("GET", &[("if-match", r#""a""#)], r#""a""#, Stored),
            ("GET", &[("if-match", r#""b""#)], r#""a""#, Target),
            ("GET", &[("if-match", "*")], r#""a""#, Target),
            ("GET", &[("if-match", r#""a""#), ("if-none-match", r#""a""#)], r#""a""#, NotModified),
            ("GET", &[("if-modified-since", "x"), ("if-none-match", r#""a""#)], r#""a""#, Target),
        ];
        for (verb, conditions, tag, expected) in cases {
            let (mut request, mut stored) = (Message::request(), Message::response());
            request.as_request_mut().unwrap().verb = Some(verb.into());
            add(&mut request, conditions);
            add(&mut stored, &[("etag", tag)]);
            assert_eq!(responder(&request, &stored), expected, "{verb} {conditions:?} {tag}");
            *stored.as_response_mut().unwrap() = StatusLine::new(404);
            let expected = if verb == "GET" { Stored } else { expected };
            assert_eq!(responder(&request, &stored), expected, "404 {verb} {conditions:?} {tag}");
        }
    }

    #[test]
    fn a_304_has_no_headers_of_the_body() {
        let mut stored = Message::response();
        stored.set_body(Bytes::from_static(b"body"));
        add(&mut stored, &[("Content-Type", "text/plain"), ("ETag", "\"a\""), ("vary", "accept")]);
        let message = not_modified(&stored);
        let names: Vec<_> = message.headers.names();
        assert_eq!((message.as_response().unwrap().status, message.body.len()), (304, 0));
        assert_eq!(names, ["ETag", "vary"]);
    }
}
