//! Percent-encoding of characters that a URL must not contain.

use crate::policy::origin::Scheme;
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

/// The authority, path and query of a URL, without the fragment. `None` when the scheme is not HTTP.
pub(super) fn split(url: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = Scheme::split(url)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let Some(at) = rest.find(['/', '?']) else { return Some((rest, "", "")) };
    let (authority, rest) = rest.split_at_checked(at)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Some((authority, path, query))
}
