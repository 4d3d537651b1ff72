//! Reading and writing the parts of a message.

use super::{Message, RequestLine, StartLine, standard_reason};
use crate::flow::headers::{self, Line, header_value};
use crate::flow::parameters::Parameters;
use crate::flow::value::Value;
use crate::policy::variable::{Item, MessagePart};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::Bytes;
use bytestring::ByteString;
use http::HeaderName;
use std::fmt;

/// The part of the message is read-only, or the value is not valid for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotWritable;

impl fmt::Display for NotWritable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the variable is read-only, or the value is not valid for it")
    }
}

impl std::error::Error for NotWritable {}

impl Message {
    /// The value of a part; `None` when the message does not have it.
    pub fn part(&self, part: &MessagePart) -> Option<Value> {
        match part {
            MessagePart::Content => Some(Value::String(self.content())),
            MessagePart::ContentBase64 => Some(Value::text(STANDARD.encode(&self.body))),
            MessagePart::ContentBase64Url => Some(Value::text(URL_SAFE.encode(&self.body))),
            MessagePart::Header(name, item) => header_item(name, self.headers.named(name.as_bytes()), *item),
            MessagePart::HeadersCount => Some(Value::count(self.headers.names().len())),
            MessagePart::HeaderNames => Some(Value::Collection(self.headers.names())),
            MessagePart::HeaderNamesJoined => Some(joined(&self.headers.names())),
            MessagePart::FormParam(name, item) => parameter_item(self.form().values_of(name), *item),
            MessagePart::FormParamsCount => Some(Value::count(self.form().names().len())),
            MessagePart::FormParamNames => Some(Value::Collection(self.form().names())),
            MessagePart::FormParamNamesJoined => Some(joined(&self.form().names())),
            MessagePart::FormString => Some(Value::String(self.form().as_text().clone())),
            MessagePart::Version => Some(match &self.start {
                StartLine::Request(line) => Value::String(line.version.clone()),
                StartLine::Response(_) => Value::String(ByteString::from_static("1.1")),
            }),
            MessagePart::StatusCode => Some(Value::Integer(self.as_response()?.status.into())),
            MessagePart::ReasonPhrase => Some(Value::String(self.as_response()?.reason.clone())),
            MessagePart::Verb => Some(Value::String(self.as_request()?.verb())),
            MessagePart::Path => Some(Value::String(self.as_request()?.path.clone())),
            MessagePart::Uri => {
                let line = self.as_request()?;
                let mark = if line.query.is_empty() { "" } else { "?" };
                Some(Value::text(format!("{}{mark}{}", line.path, line.query.as_text())))
            }
            // Only a transaction knows the URL of a request; see `Transaction::sent_part`.
            MessagePart::Url => None,
            MessagePart::QueryString => Some(Value::String(self.as_request()?.query.as_text().clone())),
            MessagePart::QueryParam(name, item) => parameter_item(self.as_request()?.query.values_of(name), *item),
            MessagePart::QueryParamsCount => Some(Value::count(self.as_request()?.query.names().len())),
            MessagePart::QueryParamNames => Some(Value::Collection(self.as_request()?.query.names())),
            MessagePart::QueryParamNamesJoined => Some(joined(&self.as_request()?.query.names())),
        }
    }

    /// Sets a part.
    ///
    /// # Errors
    /// The part is derived from others, such as a count; the name of a header is invalid; the status is not a
    /// number from 100 to 999; or this kind of message does not have the part.
    pub fn set_part(&mut self, part: &MessagePart, value: &Value) -> Result<(), NotWritable> {
        let text = value.render().ok_or(NotWritable)?;
        self.is_consumed = false;
        match part {
            MessagePart::Header(name, _) if HeaderName::from_bytes(name.as_bytes()).is_err() => {
                return Err(NotWritable);
            }
            MessagePart::Content => self.set_body(text.into_bytes()),
            MessagePart::Header(name, Item::First) => self.headers.set(name, header_value(text)),
            MessagePart::Header(name, Item::Number(number)) => {
                let value = header_value(text);
                // A number that is not the next one is a part of the name, as in `set_parameter`.
                if !self.headers.set_value(name, *number, value.clone()) {
                    self.headers.set(&format!("{name}.{number}"), value);
                }
            }
            MessagePart::FormParam(name, item) => {
                self.as_request().ok_or(NotWritable)?;
                let mut form = self.form();
                set_parameter(&mut form, name, *item, &text)?;
                self.set_form(&form);
            }
            MessagePart::StatusCode => {
                let status = text.trim().parse().ok().filter(|status| (100..1000).contains(status));
                let line = self.as_response_mut().ok_or(NotWritable)?;
                line.status = status.ok_or(NotWritable)?;
                line.reason = ByteString::from_static(standard_reason(line.status));
            }
            MessagePart::ReasonPhrase => self.as_response_mut().ok_or(NotWritable)?.reason = text,
            MessagePart::Verb => self.as_request_mut().ok_or(NotWritable)?.verb = Some(text),
            MessagePart::Path => self.as_request_mut().ok_or(NotWritable)?.set_path(&text),
            MessagePart::Uri => self.as_request_mut().ok_or(NotWritable)?.set_uri(&text),
            MessagePart::Version => self.as_request_mut().ok_or(NotWritable)?.version = text,
            MessagePart::QueryParam(name, item) => {
                let line = self.as_request_mut().ok_or(NotWritable)?;
                line.change_query(|query| set_parameter(query, name, *item, &text))?;
            }
            _ => return Err(NotWritable),
        }
        Ok(())
    }

    /// Removes a part. A part that every message has gets the value of a new message.
    ///
    /// # Errors
    /// The part is read-only, or it is the status.
    pub fn clear_part(&mut self, part: &MessagePart) -> Result<(), NotWritable> {
        self.is_consumed = false;
        match part {
            MessagePart::Content => self.set_body(Bytes::new()),
            MessagePart::Header(name, Item::First) => self.headers.remove(name),
            MessagePart::Header(name, Item::Number(number)) => self.headers.remove_values(name, &[*number]),
            MessagePart::FormParam(name, item) => {
                let mut form = self.form();
                clear_parameter(&mut form, name, *item)?;
                // A body that is not a form stays unchanged.
                if form != self.form() {
                    self.set_form(&form);
                }
            }
            MessagePart::ReasonPhrase => self.as_response_mut().ok_or(NotWritable)?.reason = ByteString::new(),
            MessagePart::Verb => self.as_request_mut().ok_or(NotWritable)?.verb = None,
            MessagePart::Path => self.as_request_mut().ok_or(NotWritable)?.path = ByteString::new(),
            MessagePart::Uri => self.as_request_mut().ok_or(NotWritable)?.set_uri(&ByteString::new()),
            MessagePart::Version => self.as_request_mut().ok_or(NotWritable)?.version = RequestLine::default().version,
            MessagePart::QueryParam(name, item) => {
                let line = self.as_request_mut().ok_or(NotWritable)?;
                line.change_query(|query| clear_parameter(query, name, *item))?;
            }
            _ => return Err(NotWritable),
        }
        Ok(())
    }
}

fn joined(names: &[ByteString]) -> Value {
    Value::text(names.iter().map(|name| &**name).collect::<Vec<_>>().join(","))
}

/// The value of a header variable. `lines` are the lines with this name.
pub(super) fn header_item<'a>(name: &str, lines: impl Iterator<Item = Line<'a>>, item: Item) -> Option<Value> {
    match item {
        Item::First => headers::first_value_of(name, lines).map(Value::String),
        Item::Number(number) => headers::values_of(name, lines).nth(number.saturating_sub(1)).map(Value::String),
        Item::Values => collection(headers::values_of(name, lines)).map(Value::Collection),
        Item::Count => Some(Value::count(headers::values_of(name, lines).count())),
        Item::Joined => headers::joined(lines).map(Value::String),
    }
}

/// The value of a parameter variable. `values` are the values with this name.
pub(super) fn parameter_item(mut values: impl Iterator<Item = ByteString>, item: Item) -> Option<Value> {
    match item {
        Item::First => values.next().map(Value::String),
        Item::Number(number) => values.nth(number.saturating_sub(1)).map(Value::String),
        Item::Values => collection(values).map(Value::Collection),
        Item::Count => Some(Value::count(values.count())),
        Item::Joined => collection(values).map(|values| joined(&values)),
    }
}

/// The values, or `None` when there are no values.
fn collection(values: impl Iterator<Item = ByteString>) -> Option<Vec<ByteString>> {
    Some(values.collect()).filter(|values: &Vec<ByteString>| !values.is_empty())
}

fn set_parameter(parameters: &mut Parameters, name: &str, item: Item, text: &str) -> Result<(), NotWritable> {
    match item {
        Item::First => parameters.set(name, text),
        Item::Number(number) => {
            // Without a first value, `2` in `api.version.2` is a part of the name.
            if !parameters.set_value(name, number, text) {
                parameters.set(&format!("{name}.{number}"), text);
            }
        }
        Item::Values | Item::Count | Item::Joined => return Err(NotWritable),
    }
    Ok(())
}

fn clear_parameter(parameters: &mut Parameters, name: &str, item: Item) -> Result<(), NotWritable> {
    match item {
        Item::First => parameters.remove(name),
        Item::Number(number) => parameters.remove_values(name, &[number]),
        Item::Values | Item::Count | Item::Joined => return Err(NotWritable),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Message {
        let mut message = Message::request();
        message.headers.add("X-Forwarded-For", Bytes::from("10.0.0.1, 10.0.0.2"));
        message.headers.add("content-type", Bytes::from("application/x-www-form-urlencoded; charset=utf-8"));
        message.body = Bytes::from("grant_type=password&a=b+c");
        let line = message.as_request_mut().unwrap();
        line.path = "/v1/near".into();
        line.query.add_text("zip=94%20043&w=1&w=2");
        message
    }

    fn read(message: &Message, suffix: &str) -> Option<String> {
        message.part(&MessagePart::parse(suffix).unwrap())?.render().map(|text| text.to_string())
    }

    #[test]
    fn parts_of_a_request() {
        let cases = [
            ("content", Some("grant_type=password&a=b+c")),
            ("content.as.base64", Some("Z3JhbnRfdHlwZT1wYXNzd29yZCZhPWIrYw==")),
            ("verb", Some("GET")),
            ("path", Some("/v1/near")),
            ("uri", Some("/v1/near?zip=94%20043&w=1&w=2")),
            ("querystring", Some("zip=94%20043&w=1&w=2")),
            ("version", Some("1.1")),
            ("header.x-forwarded-for", Some("10.0.0.1")),
            ("header.x-forwarded-for.2", Some("10.0.0.2")),
            ("header.x-forwarded-for.3", None),
            ("header.x-forwarded-for.values", Some("[10.0.0.1, 10.0.0.2]")),
            ("header.x-forwarded-for.values.count", Some("2")),
            ("header.x-forwarded-for.values.string", Some("10.0.0.1, 10.0.0.2")),
            ("header.missing", None),
            ("header.missing.values", None),
            ("header.missing.values.count", Some("0")),
            ("headers.count", Some("2")),
            ("headers.names", Some("[X-Forwarded-For, content-type]")),
            ("headers.names.string", Some("X-Forwarded-For,content-type")),
            ("queryparam.zip", Some("94 043")),
            ("queryparam.w.2", Some("2")),
            ("queryparam.w.values", Some("[1, 2]")),
            ("queryparams.count", Some("2")),
            ("queryparams.names", Some("[zip, w]")),
            ("formparam.a", Some("b c")),
            ("formparams.names.string", Some("grant_type,a")),
            ("formstring", Some("grant_type=password&a=b+c")),
            ("status.code", None),
            ("reason.phrase", None),
        ];
        for (suffix, value) in cases {
            assert_eq!(read(&request(), suffix).as_deref(), value, "{suffix}");
        }
    }

    #[test]
    fn parts_are_written() {
        let cases = [
            ("content", "x"),
            ("header.X-New", "1"),
            ("header.x-forwarded-for", "a"),
            ("header.x-forwarded-for.2", "b"),
            ("queryparam.zip", "ä b"),
            ("queryparam.w.3", "3"),
            ("formparam.a", "d&e"),
            ("verb", "PUT"),
            ("path", "/other"),
            ("uri", "/other?a=b"),
        ];
        for (suffix, value) in cases {
            let mut message = request();
            message.set_part(&MessagePart::parse(suffix).unwrap(), &Value::text(value)).unwrap();
            assert_eq!(read(&message, suffix).as_deref(), Some(value), "{suffix}");
        }
    }

    #[test]
    fn parts_are_removed() {
        let cases = [
            ("content", Some("")),
            ("header.x-forwarded-for", None),
            ("header.x-forwarded-for.2", None),
            ("header.none", None),
            ("queryparam.zip", None),
            ("queryparam.w.2", None),
            ("formparam.a", None),
            ("verb", Some("GET")),
            ("path", Some("")),
            ("uri", Some("")),
        ];
        for (suffix, value) in cases {
            let mut message = request();
            message.clear_part(&MessagePart::parse(suffix).unwrap()).unwrap();
            assert_eq!(read(&message, suffix).as_deref(), value, "{suffix}");
        }
        let mut message = request();
        message.clear_part(&MessagePart::parse("formparam.none").unwrap()).unwrap();
        message.clear_part(&MessagePart::parse("header.x-forwarded-for.1").unwrap()).unwrap();
        assert_eq!(read(&message, "header.x-forwarded-for.values").as_deref(), Some("[10.0.0.2]"));
        assert_eq!(message.body, request().body);
        for fixed in ["url", "querystring", "headers.count", "header.a.values", "queryparam.w.values", "status.code"] {
            assert_eq!(message.clear_part(&MessagePart::parse(fixed).unwrap()), Err(NotWritable), "{fixed}");
        }
    }

    #[test]
    fn invalid_header_names_are_rejected() {
        for name in [":path", "a b", "a:b", "a\r\nb", "é"] {
            let part = MessagePart::Header(name.into(), Item::First);
            assert_eq!(request().set_part(&part, &Value::text("x")), Err(NotWritable), "{name:?}");
        }
    }

    #[test]
    fn a_query_in_a_path_joins_the_query() {
        let mut message = Message::request();
        message.set_part(&MessagePart::Path, &Value::text("/get?a=1")).unwrap();
        assert_eq!(read(&message, "uri").as_deref(), Some("/get?a=1"));
    }

    #[test]
    fn a_status_is_a_number_and_sets_its_phrase() {
        let mut message = Message::response();
        message.set_part(&MessagePart::StatusCode, &Value::text("404")).unwrap();
        assert_eq!(read(&message, "reason.phrase").as_deref(), Some("Not Found"));
        for bad in ["abc", "99", "1000", ""] {
            assert_eq!(message.set_part(&MessagePart::StatusCode, &Value::text(bad)), Err(NotWritable), "{bad}");
        }
        assert_eq!(message.set_part(&MessagePart::HeadersCount, &Value::text("1")), Err(NotWritable));
        assert_eq!(message.set_part(&MessagePart::Verb, &Value::text("GET")), Err(NotWritable));
    }
}
