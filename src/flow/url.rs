//! Percent-encoding of characters that a URL must not contain.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::borrow::Cow;

/// The encoded characters; all others are sent unchanged (docs/apigee-semantics.md 2.4). `[inferred]`
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'#');

/// A path with its query in which every illegal character is percent-encoded.
pub(super) fn legal(text: String) -> String {
    match Cow::from(utf8_percent_encode(&text, ILLEGAL)) {
        Cow::Borrowed(_) => text,
        Cow::Owned(encoded) => encoded,
    }
}
