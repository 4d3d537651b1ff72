//! Bytes as text: hexadecimal digits and Base64.

use crate::flow::memory::{TooLarge, check, text as bounded};
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, Engine};

/// The standard alphabet with optional padding, as in Java's decoder. Characters of Base64URL, line ends and spaces are
/// errors.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// Base64 with padding.
pub(in crate::flow) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The text as Base64, of at most `most` bytes.
pub(super) fn text_as_base64(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    check(base64::encoded_len(text.len(), true).unwrap_or(usize::MAX), max_bytes)?;
    Ok(base64(text.as_bytes()))
}

/// The text of a Base64 text, of at most `most` bytes, with replacement characters for invalid UTF-8. `None` when it is
/// not Base64.
pub(super) fn base64_as_text(text: &str, max_bytes: usize) -> Option<Result<String, TooLarge>> {
    if base64::decoded_len_estimate(text.len()) > max_bytes {
        return Some(Err(TooLarge));
    }
    let bytes = decode_base64(text)?;
    Some(String::from_utf8(bytes).or_else(|error| {
        bounded(max_bytes, |to| {
            error.as_bytes().utf8_chunks().try_for_each(|chunk| {
                to.write_str(chunk.valid())?;
                if chunk.invalid().is_empty() { Ok(()) } else { to.write_char(char::REPLACEMENT_CHARACTER) }
            })
        })
    }))
}

/// The bytes of a Base64 text; `None` when it is not Base64.
pub(in crate::flow) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// The bytes of a text in Base64 for URLs, with optional padding; `None` for any other text.
pub(in crate::flow) fn decode_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// The bytes of hexadecimal digits of any case; `None` for any other text.
pub(in crate::flow) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    base16ct::mixed::decode_vec(text).ok()
}

/// The bytes of a key in the encoding named by `hmac…`'s third argument, whose default is `utf-8`.
///
/// `None` when the key is not valid in the encoding, and for an unknown encoding. `[inferred]`
pub(super) fn key_bytes(key: &str, encoding: Option<&str>) -> Option<Vec<u8>> {
    match encoding.unwrap_or("utf-8").to_ascii_lowercase().as_str() {
        "utf-8" => Some(key.as_bytes().to_vec()),
        "hex" | "base16" => decode_hex(key),
        "base64" => decode_base64(key),
        _ => None,
    }
}

/// The bytes in the encoding named by `hmac…`'s fourth argument, whose default is `base64`.
///
/// `None` for an unknown encoding. `[inferred]`
pub(super) fn encode(bytes: &[u8], encoding: Option<&str>) -> Option<String> {
    match encoding.unwrap_or("base64").to_ascii_lowercase().as_str() {
        "hex" | "base16" => Some(hex(bytes)),
        "base64" => Some(base64(bytes)),
        _ => None,
    }
}
