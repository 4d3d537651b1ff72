//! The parts of a message in variable names (docs/apigee-semantics.md 8.2).

use bytestring::ByteString;

/// The selected value of a header, a query parameter or a form parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// `.NAME`: the first value.
    First,
    /// `.NAME.N`: the value with a number, from 1.
    Number(usize),
    /// `.NAME.values`: all values.
    Values,
    /// `.NAME.values.count`.
    Count,
    /// `.NAME.values.string`: all values as one text.
    Joined,
}

/// A part of a message, given by the suffix of a variable's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessagePart {
    /// `.content`: the body as text.
    Content,
    /// `.content.as.base64`.
    ContentBase64,
    /// `.content.as.url.safe.base64`.
    ContentBase64Url,
    /// `.verb`.
    Verb,
    /// `.path`, without the query.
    Path,
    /// `.uri`: path and query.
    Uri,
    /// `.url`: the whole URL.
    Url,
    /// `.querystring`, without `?`.
    QueryString,
    /// `.version` of HTTP.
    Version,
    /// `.status.code`.
    StatusCode,
    /// `.reason.phrase`.
    ReasonPhrase,
    /// `.header.NAME…`.
    Header(ByteString, Item),
    /// `.headers.count`.
    HeadersCount,
    /// `.headers.names`.
    HeaderNames,
    /// `.headers.names.string`.
    HeaderNamesJoined,
    /// `.queryparam.NAME…`.
    QueryParam(ByteString, Item),
    /// `.queryparams.count`.
    QueryParamsCount,
    /// `.queryparams.names`.
    QueryParamNames,
    /// `.queryparams.names.string`.
    QueryParamNamesJoined,
    /// `.formparam.NAME…`.
    FormParam(ByteString, Item),
    /// `.formparams.count`.
    FormParamsCount,
    /// `.formparams.names`.
    FormParamNames,
    /// `.formparams.names.string`.
    FormParamNamesJoined,
    /// `.formstring`: the form as it is sent.
    FormString,
}

impl MessagePart {
    /// Parses a suffix, the text after `MESSAGE.`; `None` when messages have no such part.
    pub fn parse(suffix: &str) -> Option<MessagePart> {
        let name = ByteString::from(suffix);
        MessagePart::of_suffix(&name, &name, Numbered::of(&name))
    }

    /// Parses a suffix of a variable's name, given the number at the name's end. A name with many dots has many
    /// suffixes: they are not copied, and the number is parsed once.
    pub(super) fn of_suffix(variable: &ByteString, suffix: &str, number: Option<Numbered>) -> Option<MessagePart> {
        let part = match suffix {
            "content" => MessagePart::Content,
            "content.as.base64" => MessagePart::ContentBase64,
            "content.as.url.safe.base64" => MessagePart::ContentBase64Url,
            "verb" => MessagePart::Verb,
            "path" => MessagePart::Path,
            "uri" => MessagePart::Uri,
            "url" => MessagePart::Url,
            "querystring" => MessagePart::QueryString,
            "version" => MessagePart::Version,
            "status.code" => MessagePart::StatusCode,
            "reason.phrase" => MessagePart::ReasonPhrase,
            "headers.count" => MessagePart::HeadersCount,
            "headers.names" => MessagePart::HeaderNames,
            "headers.names.string" => MessagePart::HeaderNamesJoined,
            "queryparams.count" => MessagePart::QueryParamsCount,
            "queryparams.names" => MessagePart::QueryParamNames,
            "queryparams.names.string" => MessagePart::QueryParamNamesJoined,
            "formparams.count" => MessagePart::FormParamsCount,
            "formparams.names" => MessagePart::FormParamNames,
            "formparams.names.string" => MessagePart::FormParamNamesJoined,
            "formstring" => MessagePart::FormString,
            _ => {
                let (kind, rest) = suffix.split_once('.')?;
                let part = match kind {
                    "header" => MessagePart::Header,
                    "queryparam" => MessagePart::QueryParam,
                    "formparam" => MessagePart::FormParam,
                    _ => return None,
                };
                let (name, item) = item(rest, number)?;
                part(variable.slice_ref(name), item)
            }
        };
        Some(part)
    }

    /// Whether reading or writing the part needs the body.
    pub fn is_body(&self) -> bool {
        matches!(
            self,
            MessagePart::Content
                | MessagePart::ContentBase64
                | MessagePart::ContentBase64Url
                | MessagePart::FormParam(..)
                | MessagePart::FormParamsCount
                | MessagePart::FormParamNames
                | MessagePart::FormParamNamesJoined
                | MessagePart::FormString
        )
    }
}

/// The number at the end of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    /// The number, from 1.
    number: usize,
    /// The length of its digits and of the dot before them, in bytes.
    length: usize,
}

impl Numbered {
    /// The number after a name's last dot.
    pub(super) fn of(name: &str) -> Option<Numbered> {
        let (_, digits) = name.rsplit_once('.').filter(|(_, end)| end.bytes().all(|byte| byte.is_ascii_digit()))?;
        let number = digits.parse().ok().filter(|number| *number > 0)?;
        Some(Numbered { number, length: digits.len().checked_add(1)? })
    }
}

/// Splits `NAME`, `NAME.2`, `NAME.values…`. Names may contain dots.
fn item(text: &str, number: Option<Numbered>) -> Option<(&str, Item)> {
    for (end, item) in [(".values.count", Item::Count), (".values.string", Item::Joined), (".values", Item::Values)] {
        if let Some(name) = text.strip_suffix(end).filter(|name| !name.is_empty()) {
            return Some((name, item));
        }
    }
    let numbered = number.and_then(|Numbered { number, length }| {
        let name = text.get(..text.len().checked_sub(length)?)?;
        (!name.is_empty()).then_some((name, Item::Number(number)))
    });
    numbered.or_else(|| (!text.is_empty()).then_some((text, Item::First)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_mean_parts() {
        let cases = [
            ("content", Some(MessagePart::Content)),
            ("header.X-Geo", Some(MessagePart::Header("X-Geo".into(), Item::First))),
            ("header.x-forwarded-for.1", Some(MessagePart::Header("x-forwarded-for".into(), Item::Number(1)))),
            ("header.a.b", Some(MessagePart::Header("a.b".into(), Item::First))),
            ("header.a.0", Some(MessagePart::Header("a.0".into(), Item::First))),
            ("header.5", Some(MessagePart::Header("5".into(), Item::First))),
            ("header..5", Some(MessagePart::Header(".5".into(), Item::First))),
            ("header.a.+5", Some(MessagePart::Header("a.+5".into(), Item::First))),
            ("header.a.", Some(MessagePart::Header("a.".into(), Item::First))),
            ("header.values", Some(MessagePart::Header("values".into(), Item::First))),
            ("header.X.values.count", Some(MessagePart::Header("X".into(), Item::Count))),
            ("header.X.values.string", Some(MessagePart::Header("X".into(), Item::Joined))),
            ("queryparam.w.values", Some(MessagePart::QueryParam("w".into(), Item::Values))),
            ("formparams.names.string", Some(MessagePart::FormParamNamesJoined)),
            ("header.", None),
            ("dom_port", None),
            ("status", None),
        ];
        for (suffix, part) in cases {
            assert_eq!(MessagePart::parse(suffix), part, "{suffix}");
        }
    }
}
