//! Stored values: their form in transactions, and as bytes that do not refer to the bodies of a request.

use crate::flow::headers::Headers;
use crate::flow::message::{Message, RequestLine, StartLine, StatusLine};
use crate::flow::parameters::{Kind, Parameters};
use crate::flow::value::Value;
use bytes::Bytes;
use bytestring::ByteString;

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) enum Stored {
    /// A value that is not a message.
    Value(Value),
    /// A message.
    Message(Message),
}

const TEXT: u8 = 1;
const BOOLEAN: u8 = 2;
const INTEGER: u8 = 3;
const FLOAT: u8 = 4;
const DOUBLE: u8 = 5;
const COLLECTION: u8 = 6;
const REQUEST: u8 = 7;
const RESPONSE: u8 = 8;

impl Stored {
    /// The bytes of a value. `None` for the index of a message.
    pub(in crate::flow) fn encode_value(value: &Value) -> Option<Bytes> {
        let mut bytes = Vec::new();
        match value {
            Value::String(text) => {
                bytes.reserve_exact(text.len().saturating_add(1));
                bytes.push(TEXT);
                bytes.extend_from_slice(text.as_bytes());
            }
            Value::Boolean(boolean) => bytes.extend([BOOLEAN, u8::from(*boolean)]),
            Value::Integer(number) => put(&mut bytes, INTEGER, &number.to_le_bytes()),
            Value::Float(number) => put(&mut bytes, FLOAT, &number.to_le_bytes()),
            Value::Double(number) => put(&mut bytes, DOUBLE, &number.to_le_bytes()),
            Value::Collection(items) => {
                bytes.push(COLLECTION);
                items.iter().for_each(|item| put_part(&mut bytes, item.as_bytes()));
            }
            Value::Message(_) => return None,
        }
        Some(bytes.into())
    }

    /// The bytes of a message.
    pub(in crate::flow) fn encode_message(message: &Message) -> Bytes {
        let mut bytes = Vec::with_capacity(Stored::message_size(message));
        match &message.start {
            StartLine::Request(line) => {
                bytes.push(REQUEST);
                let verb = line.verb.as_ref().map_or("", |verb| verb);
                for part in [verb, &line.path, line.query.as_text(), &line.version] {
                    put_part(&mut bytes, part.as_bytes());
                }
            }
            StartLine::Response(line) => {
                put(&mut bytes, RESPONSE, &line.status.to_le_bytes());
                put_part(&mut bytes, line.reason.as_bytes());
            }
        }
        put_part(&mut bytes, &message.body);
        for line in message.headers.lines() {
            put_part(&mut bytes, line.name());
            put_part(&mut bytes, line.value());
        }
        bytes.into()
    }

    /// Approximate size of the bytes of a message.
    pub(in crate::flow) fn message_size(message: &Message) -> usize {
        let start = match &message.start {
            StartLine::Request(line) => line.path.len().saturating_add(line.query.as_text().len()),
            StartLine::Response(line) => line.reason.len(),
        };
        let lengths = message.headers.lines().count().saturating_mul(8).saturating_add(64);
        [start, message.body.len(), message.headers.size()].iter().fold(lengths, |sum, size| sum.saturating_add(*size))
    }

    /// The value of its bytes; texts and bodies are parts of them. `None` for other bytes.
    pub(in crate::flow) fn decode(bytes: &Bytes) -> Option<Stored> {
        let (kind, rest) = bytes.split_first()?;
        let mut reader = Reader { bytes: bytes.slice(1..) };
        let value = match *kind {
            TEXT => Value::String(text(reader.bytes)?),
            BOOLEAN => Value::Boolean(*rest.first()? != 0),
            INTEGER => Value::Integer(i64::from_le_bytes(rest.try_into().ok()?)),
            FLOAT => Value::Float(f32::from_le_bytes(rest.try_into().ok()?)),
            DOUBLE => Value::Double(f64::from_le_bytes(rest.try_into().ok()?)),
            COLLECTION => {
                let mut items = Vec::new();
                while !reader.bytes.is_empty() {
                    items.push(reader.text()?);
                }
                Value::Collection(items)
            }
            REQUEST => {
                let line = RequestLine {
                    verb: Some(reader.text()?).filter(|verb| !verb.is_empty()),
                    path: reader.text()?,
                    query: Parameters::new(reader.text()?, Kind::Query),
                    sent_query: None,
                    version: reader.text()?,
                };
                return reader.message(StartLine::Request(line)).map(Stored::Message);
            }
            RESPONSE => {
                let status = u16::from_le_bytes(reader.take(2)?.as_ref().try_into().ok()?);
                let line = StatusLine { status, reason: reader.text()? };
                return reader.message(StartLine::Response(line)).map(Stored::Message);
            }
            _ => return None,
        };
        Some(Stored::Value(value))
    }
}

fn put(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(value);
}

/// Adds bytes with their length.
fn put_part(bytes: &mut Vec<u8>, part: &[u8]) {
    // Longer parts do not fit into the memory of a worker.
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(part);
}

fn text(bytes: Bytes) -> Option<ByteString> {
    ByteString::try_from(bytes).ok()
}

struct Reader {
    bytes: Bytes,
}

impl Reader {
    fn take(&mut self, length: usize) -> Option<Bytes> {
        (length <= self.bytes.len()).then(|| self.bytes.split_to(length))
    }

    fn part(&mut self) -> Option<Bytes> {
        let length = u32::from_le_bytes(self.take(4)?.as_ref().try_into().ok()?);
        self.take(usize::try_from(length).ok()?)
    }

    fn text(&mut self) -> Option<ByteString> {
        text(self.part()?)
    }

    fn message(mut self, start: StartLine) -> Option<Message> {
        let body = self.part()?;
        let mut lines = Vec::new();
        while !self.bytes.is_empty() {
            lines.push((self.part()?, self.part()?));
        }
        Some(Message { start, headers: Headers::new(lines), body, is_consumed: false, has_own_body: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_after_storing() {
        let values = [
            Value::text(""),
            Value::text("é x"),
            Value::Boolean(true),
            Value::Integer(-7),
            Value::Float(1.5),
            Value::Double(-2.25),
            Value::Collection(vec![]),
            Value::Collection(vec!["".into(), "a".into()]),
        ];
        for value in values {
            let bytes = Stored::encode_value(&value).unwrap();
            assert_eq!(Stored::decode(&bytes), Some(Stored::Value(value)));
        }
    }

    #[test]
    fn messages_are_the_same_after_storing() {
        let mut response = Message::response();
        response.headers.add("Set-Cookie", Bytes::from("a=1"));
        response.headers.add("set-cookie", Bytes::from_static(b"b=\xff"));
        response.set_body(Bytes::from_static(b"\0\xff"));
        let mut request = Message::request();
        request.set_body(Bytes::from("x"));
        if let Some(line) = request.as_request_mut() {
            line.set_uri(&"/a?b=c".into());
            line.sent_query = None;
        }
        for message in [response, request, Message::response(), Message::request()] {
            let bytes = Stored::encode_message(&message);
            assert!(bytes.len() <= Stored::message_size(&message), "{message:?}");
            assert_eq!(Stored::decode(&bytes), Some(Stored::Message(message)));
        }
    }

    #[test]
    fn other_bytes_are_rejected() {
        let message = Stored::encode_message(&Message::response());
        for end in 0..message.len() {
            assert_eq!(Stored::decode(&message.slice(..end)), None, "{end}");
        }
        for bytes in [&b""[..], b"\0", b"\x09x", b"\x01\xff", b"\x02", b"\x03123", b"\x06\x05\0\0\0abc"] {
            assert_eq!(Stored::decode(&Bytes::copy_from_slice(bytes)), None, "{bytes:?}");
        }
    }
}
