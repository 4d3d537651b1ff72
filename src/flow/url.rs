//! Percent-encoding of characters that a URL must not contain.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

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
    let is_legal = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte));
    if is_legal { text } else { utf8_percent_encode(&text, ILLEGAL).to_string() }
}
