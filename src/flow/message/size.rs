//! Maximum memory in bytes for reading and writing the parts of a message.

use super::{Message, RequestLine};
use crate::policy::action::{Parts, Selection};
use crate::policy::variable::{Item, MessagePart};
use bytestring::ByteString;

/// The size in bytes of a value in a list: twice its own size, because a list grows by doubling.
const VALUE: usize = 2 * size_of::<ByteString>();
/// The size in bytes of a distinct name: its entries in a list and in a hash map, which grow by doubling, and its
/// parameters.
const NAME: usize = 6 * size_of::<ByteString>() + 64;
/// The number of bytes for one encoded byte of a parameter: `%FF`.
const ENCODED: usize = 3;
/// The size of all copies of a path and a query in a call, relative to them: they are joined and percent-encoded.
pub(in crate::flow) const URL_COPIES: usize = 4;
/// Maximum size in bytes of an added header that is not checked against the whole block of headers.
const SHORT_HEADER: usize = 1024;

impl Message {
    /// Whether the content fits into `left` bytes. The content of a body in UTF-8 takes no memory.
    pub fn content_fits(&self, left: usize) -> bool {
        if self.is_latin1() {
            // Each byte above 0x7f becomes two bytes.
            return self.body.len().saturating_mul(2) <= left;
        }
        text_fits(&self.body, left)
    }

    /// Whether the value of a part fits into `left` bytes.
    pub fn part_fits(&self, part: &MessagePart, left: usize) -> bool {
        let line = self.as_request();
        let query = line.map_or("", |line| &**line.query.as_text());
        match part {
            MessagePart::Content => self.content_fits(left),
            MessagePart::ContentBase64 | MessagePart::ContentBase64Url => {
                self.body.len().div_ceil(3).saturating_mul(4) <= left
            }
            MessagePart::Header(name, item) => self.header_fits(name, *item, left),
            MessagePart::HeadersCount | MessagePart::HeaderNames | MessagePart::HeaderNamesJoined => {
                let names = self.headers.lines().count().saturating_mul(NAME);
                self.headers.size().saturating_add(names) <= left
            }
            MessagePart::FormString => text_fits(&self.body, left),
            MessagePart::FormParam(_, item) => text_fits(&self.body, left) && list_fits(&self.body, size(*item), left),
            MessagePart::FormParamsCount | MessagePart::FormParamNames | MessagePart::FormParamNamesJoined => {
                text_fits(&self.body, left) && list_fits(&self.body, NAME, left)
            }
            MessagePart::QueryParam(_, item) => list_fits(query.as_bytes(), size(*item), left),
            MessagePart::QueryParamsCount | MessagePart::QueryParamNames | MessagePart::QueryParamNamesJoined => {
                list_fits(query.as_bytes(), NAME, left)
            }
            MessagePart::Uri => line.map_or(0, RequestLine::size) <= left,
            MessagePart::Verb
            | MessagePart::Path
            | MessagePart::Url
            | MessagePart::QueryString
            | MessagePart::Version
            | MessagePart::StatusCode
            | MessagePart::ReasonPhrase => true,
        }
    }

    /// Whether the message fits into `left` bytes after a part is set to a text of `length` bytes.
    pub fn change_fits(&self, part: &MessagePart, length: usize, left: usize) -> bool {
        let pair = |name: &ByteString| name.len().saturating_add(length).saturating_mul(ENCODED);
        let url = |length: usize| {
            let line = self.as_request().map_or(0, RequestLine::size);
            line.saturating_add(length).saturating_mul(URL_COPIES) <= left
        };
        match part {
            MessagePart::Header(name, item) => {
                let is_list = matches!(item, Item::Number(_));
                self.header_fits(name, if is_list { Item::Values } else { Item::First }, left)
                    && self.headers_fit(length, left)
            }
            MessagePart::FormParam(name, item) => {
                let is_list = matches!(item, Item::Number(_));
                text_fits(&self.body, left)
                    && (!is_list || list_fits(&self.body, VALUE, left))
                    && self.body.len().saturating_add(pair(name)) <= left
            }
            MessagePart::QueryParam(name, _) => url(pair(name)),
            MessagePart::Path | MessagePart::Uri => url(length),
            // The part shares the memory of the text.
            _ => true,
        }
    }

    /// Whether the headers and `length` more bytes fit into `left` bytes, because a call has all headers in one block.
    pub fn headers_fit(&self, length: usize, left: usize) -> bool {
        length <= SHORT_HEADER.min(left) || self.headers.size().saturating_add(length) <= left
    }

    /// Whether copied parts of another message fit into `left` bytes.
    pub fn copy_fits(&self, from: &Message, parts: &Parts, left: usize) -> bool {
        let query = |message: &Message| message.as_request().map_or(0, |line| line.query.as_text().len());
        let is_query = parts.query_params != Selection::None;
        let is_form = parts.form_params != Selection::None;
        let copied = query(from).saturating_mul(ENCODED).saturating_add(query(self)).saturating_mul(URL_COPIES);
        let form = from.body.len().saturating_mul(ENCODED).saturating_add(self.body.len());
        let from_query = from.as_request().map_or(&b""[..], |line| line.query.as_text().as_bytes());
        (!is_query || (copied <= left && list_fits(from_query, NAME, left)))
            && (!is_form || (form <= left && list_fits(&from.body, NAME, left)))
            && (parts.headers == Selection::None || self.headers_fit(from.headers.size(), left))
    }

    /// Whether the parameters that remain after a removal fit into `left` bytes, because they are written again.
    pub fn removal_fits(&self, parts: &Parts, left: usize) -> bool {
        let query = self.as_request().map_or(0, |line| line.query.as_text().len());
        let has_numbers = |selection: &Selection| match selection {
            Selection::Named(names) => names.iter().any(|named| !named.numbers.is_empty()),
            Selection::None | Selection::All => false,
        };
        (!has_numbers(&parts.query_params) || query.saturating_mul(ENCODED).saturating_mul(URL_COPIES) <= left)
            && (parts.form_params == Selection::None || self.body.len().saturating_mul(ENCODED) <= left)
    }

    fn header_fits(&self, name: &str, item: Item, left: usize) -> bool {
        let lines = || self.headers.named(name.as_bytes());
        match item {
            Item::First | Item::Number(_) | Item::Count => true,
            Item::Joined => lines().fold(0, |sum: usize, line| sum.saturating_add(line.value().len())) <= left,
            Item::Values => {
                let commas = |value: &[u8]| value.iter().filter(|byte| **byte == b',').count();
                let values =
                    lines().fold(0, |sum: usize, line| sum.saturating_add(commas(line.value())).saturating_add(1));
                values.saturating_mul(VALUE) <= left
            }
        }
    }
}

impl RequestLine {
    /// The length of the path and the query in bytes.
    pub fn size(&self) -> usize {
        let query = self.query.as_text().len().max(self.sent_query().as_text().len());
        self.path.len().saturating_add(query).saturating_add(1)
    }
}

/// The size in bytes of a value without its text.
fn size(item: Item) -> usize {
    match item {
        Item::First | Item::Number(_) | Item::Count => 0,
        Item::Values | Item::Joined => VALUE,
    }
}

/// Whether the text of some bytes fits into `left` bytes. UTF-8 takes no memory.
fn text_fits(bytes: &[u8], left: usize) -> bool {
    // Each byte that is not UTF-8 becomes U+FFFD, which has three bytes.
    bytes.len().saturating_mul(3) <= left || std::str::from_utf8(bytes).is_ok() || lossy_length(bytes) <= left
}

/// The length in bytes of the text in which U+FFFD replaces invalid UTF-8.
fn lossy_length(bytes: &[u8]) -> usize {
    let length = |chunk: std::str::Utf8Chunk<'_>| {
        let replaced = if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() };
        chunk.valid().len().saturating_add(replaced)
    };
    bytes.utf8_chunks().map(length).fold(0, usize::saturating_add)
}

/// Whether decoded parameters fit into `left` bytes, with `each` more bytes for each one.
fn list_fits(parameters: &[u8], each: usize, left: usize) -> bool {
    let size = |count: usize| parameters.len().saturating_add(count.saturating_mul(each));
    // There is at most one parameter for every two bytes. They are counted only when that number does not fit.
    let max = parameters.len().div_ceil(2);
    size(max) <= left || size(parameters.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).count()) <= left
}
