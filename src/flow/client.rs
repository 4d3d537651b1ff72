//! The conversion between Envoy's header maps and the client's messages.

use crate::flow::call::{Direction, Reply};
use crate::flow::headers::{HeaderChange, Headers, header_value, is_hop_by_hop, text};
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId, RequestLine, StartLine, StatusLine};
use crate::flow::target_copy::TargetCopy;
use crate::flow::url;
use crate::policy::endpoint::BasePath;
use bytes::Bytes;
use bytestring::ByteString;

/// One of the client's two messages.
#[derive(Clone, Debug)]
pub(super) struct ClientMessage {
    /// Its index in the transaction.
    pub id: MessageId,
    /// The message as it was received.
    pub before: Message,
    /// The request's `:scheme`, which a message does not contain. Envoy's attribute is gone when the response arrives
    /// (docs/envoy-host-facts.md F5.10).
    pub scheme: Option<Bytes>,
    /// Whether it was received with a body. Envoy cannot add one later.
    pub has_body: bool,
}

/// Makes a message of a header map with pseudo-headers. `:authority` becomes the header `Host`.
pub(super) fn message(direction: Direction, mut map: Headers) -> Message {
    let pseudo = PseudoHeaders::of(&map);
    map.retain(|name| !name.starts_with(b":"));
    if let Some(authority) = pseudo.authority {
        map.put_first("host", authority);
    }
    let text_of = |value: Option<Bytes>| value.map(text).unwrap_or_default();
    let mut message = match direction {
        Direction::Request => {
            let mut message = Message::request();
            if let Some(line) = message.as_request_mut() {
                line.verb = Some(text_of(pseudo.method));
                line.receive(&text_of(pseudo.path));
            }
            message
        }
        Direction::Response => {
            let mut message = Message::response();
            message.start = StartLine::Response(StatusLine::new(text_of(pseudo.status).parse().unwrap_or(200)));
            message
        }
    };
    message.headers = map;
    message.has_own_body = false;
    message
}

/// The pseudo-headers of a header map: the first line of each.
#[derive(Default)]
struct PseudoHeaders {
    method: Option<Bytes>,
    path: Option<Bytes>,
    authority: Option<Bytes>,
    status: Option<Bytes>,
}

impl PseudoHeaders {
    fn of(map: &Headers) -> PseudoHeaders {
        let mut pseudo = PseudoHeaders::default();
        for line in map.lines().filter(|line| line.name().starts_with(b":")) {
            match line.name() {
                b":method" => pseudo.method.get_or_insert_with(|| line.to_value()),
                b":path" => pseudo.path.get_or_insert_with(|| line.to_value()),
                b":authority" => pseudo.authority.get_or_insert_with(|| line.to_value()),
                b":status" => pseudo.status.get_or_insert_with(|| line.to_value()),
                _ => continue,
            };
        }
        pseudo
    }
}

/// Sends to Envoy the differences between a message as it was received and as it is now. A callout can assign a request
/// to `response` or a response to `request`; such a message changes nothing. `path` is the result of [`changed_path`].
pub(super) fn apply_changes<H: Host>(
    host: &H,
    direction: Direction,
    received: &ClientMessage,
    now: &Message,
    path: Option<ByteString>,
) {
    let before = &received.before;
    let pseudo = |name: &'static str, before: &str, now: &ByteString| {
        if before != &**now {
            let value = header_value(now.clone());
            host.change_header(direction, &HeaderChange::Set(ByteString::from_static(name), vec![value]));
        }
    };
    match (&before.start, &now.start) {
        (StartLine::Request(before), StartLine::Request(now)) => {
            if before.verb != now.verb {
                pseudo(":method", &before.verb(), &verb_to_send(before, now));
            }
            if let Some(path) = path {
                pseudo(":path", "", &path);
            }
        }
        (StartLine::Response(before), StartLine::Response(now)) => {
            pseudo(":status", &before.status.to_string(), &now.status.to_string().into());
        }
        _ => return,
    }
    for change in now.headers.changes_since(&before.headers) {
        match change {
            HeaderChange::Set(name, values) if name.eq_ignore_ascii_case("host") => {
                host.change_header(direction, &HeaderChange::Set(ByteString::from_static(":authority"), values));
            }
            // Envoy's router needs these two headers. The code below sets the length.
            HeaderChange::Remove(name)
                if name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case("x-forwarded-proto") => {}
            HeaderChange::Remove(name) | HeaderChange::Set(name, _)
                if name.eq_ignore_ascii_case("content-length") || is_hop_by_hop(&name) => {}
            change => host.change_header(direction, &change),
        }
    }
    if received.has_body && now.body != before.body {
        host.replace_body(direction, &now.body);
        // A body that was received without a length continues in chunks or as HTTP/2 frames.
        if before.headers.contains("content-length") {
            let length = Bytes::from(now.body.len().to_string());
            host.change_header(direction, &HeaderChange::Set(ByteString::from_static("content-length"), vec![length]));
        }
    }
    if direction == Direction::Response && has_wrong_length(received, now) {
        host.change_header(direction, &HeaderChange::Remove(ByteString::from_static("content-length")));
    }
}

/// The path and query for the target. The path is always the client's: Apigee builds the target's URL without the
/// variable, and in Envoy the path chooses the route (docs/apigee-semantics.md 3.3).
pub(super) fn path_and_query<'m>(
    received: &'m ClientMessage,
    now: &'m Message,
    copy: TargetCopy,
    base_path: &BasePath,
) -> Option<(&'m str, &'m str)> {
    let (before, now) = (received.before.as_request()?, now.as_request()?);
    let query = if copy.copies_query() { now.sent_query().as_text() } else { "" };
    Some((copy.path(&before.path, base_path), query))
}

/// The path and query for the target, if they differ from the received ones.
pub(super) fn changed_path(
    received: &ClientMessage,
    now: &Message,
    copy: TargetCopy,
    base_path: &BasePath,
) -> Option<ByteString> {
    let before = received.before.as_request()?;
    let (path, query) = path_and_query(received, now, copy, base_path)?;
    if path == &*before.path && *query == **before.query.as_text() {
        return None;
    }
    let mark = if query.is_empty() { "" } else { "?" };
    let slash = if path.starts_with('/') || path == "*" { "" } else { "/" };
    Some(url::legal(format!("{slash}{path}{mark}{query}")).into())
}

/// Whether a response without a body, such as one to HEAD, has the length of a body that the flow replaced. The length
/// of the upstream's own body stays, because a client of HEAD asks for it.
fn has_wrong_length(received: &ClientMessage, now: &Message) -> bool {
    let length = now.body.len().to_string();
    let is_wrong = |sent: Bytes| sent != length.as_bytes();
    !received.has_body && now.has_own_body && received.before.headers.first_line("content-length").is_some_and(is_wrong)
}

/// The verb for the upstream. It never changes to or from HEAD or CONNECT, because Envoy derives from it whether the
/// response has a body and whether the request is a tunnel.
fn verb_to_send(before: &RequestLine, now: &RequestLine) -> ByteString {
    let is_head = |line: &RequestLine| line.verb() == "HEAD";
    let is_kind_kept = is_head(now) == is_head(before) && now.is_connect() == before.is_connect();
    now.sendable_verb().filter(|_| is_kind_kept).unwrap_or(before.verb())
}

/// Statuses outside this range cannot be sent and become 500 (docs/apigee-semantics.md 9.5). `[inferred]`
const STATUSES: std::ops::RangeInclusive<u16> = 200..=999;

/// Statuses of responses that have no body.
const BODYLESS: [u16; 2] = [204, 304];

/// Whether a request has a body that is not sent: Envoy does not add a body to a request without one
/// (docs/envoy-host-facts.md F6.7).
pub(super) fn lacks_body(received: &ClientMessage, now: &Message) -> bool {
    !received.has_body && now.as_request().is_some() && !now.body.is_empty()
}

/// Whether a local reply must replace the received response. Envoy does not add a body to a response without one. It
/// would send the upstream's body after a bodyless status, in the position of the next response. A response with a
/// bodyless status does not get a body from another status, even when it had a length.
pub(super) fn needs_reply(received: &ClientMessage, now: &Message) -> bool {
    let (Some(before), Some(line)) = (received.before.as_response(), now.as_response()) else { return false };
    let has_body = |status: u16| STATUSES.contains(&status) && !BODYLESS.contains(&status);
    let changes_body = before.status != line.status && !(has_body(before.status) && has_body(line.status));
    (!received.has_body && !now.body.is_empty()) || changes_body
}

/// A message as a local reply in place of the upstream's response.
#[cold]
pub(super) fn reply(message: &Message, details: &str) -> Reply {
    let status = message.as_response().map_or(500, |line| line.status);
    let status = if STATUSES.contains(&status) { status } else { 500 };
    let has_body = !BODYLESS.contains(&status);
    let is_sent = |name: &str| {
        !name.eq_ignore_ascii_case("content-length")
            && !is_hop_by_hop(name)
            && (has_body || !name.eq_ignore_ascii_case("content-type"))
    };
    let lines = message.headers.lines().map(|line| (line.to_name(), line.to_value()));
    Reply {
        status,
        headers: lines.filter(|(name, _)| is_sent(name)).collect(),
        body: if has_body { message.body.clone() } else { Bytes::new() },
        details: details.to_owned(),
    }
}
