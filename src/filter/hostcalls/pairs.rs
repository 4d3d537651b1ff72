//! The serialized form of a header map: a count, a table of sizes, then every name and value, each followed by a NUL.
//! Numbers are 32-bit little endian.

use crate::flow::headers::{HeaderSpan, Headers};
use bytes::Bytes;
use bytestring::ByteString;

/// Parses a serialized map. A block that ends early yields the complete headers before its end.
pub(super) fn parse(block: Bytes) -> Headers {
    let number = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(block.get(at..)?.first_chunk().copied()?)) };
    let count = (number(0).unwrap_or(0) as usize).min(block.len() / 8);
    let mut start = count.saturating_mul(8).saturating_add(4) as u32;
    let mut spans = Vec::with_capacity(count);
    for index in 0..count {
        let sizes = index.saturating_mul(8).saturating_add(4);
        let (Some(name_size), Some(value_size)) = (number(sizes), number(sizes.saturating_add(4))) else { break };
        let name = (start, name_size);
        let value = (start.saturating_add(name_size).saturating_add(1), value_size);
        start = value.0.saturating_add(value_size).saturating_add(1);
        if start as usize > block.len() {
            break;
        }
        spans.push(HeaderSpan { name, value });
    }
    Headers::in_block(block, spans)
}

/// Serializes headers for the host.
pub(super) fn serialize(pairs: &[(ByteString, Bytes)]) -> Vec<u8> {
    let size =
        pairs.iter().map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(10)).sum::<usize>();
    let mut bytes = Vec::with_capacity(size.saturating_add(4));
    bytes.extend((pairs.len() as u32).to_le_bytes());
    for (name, value) in pairs {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    for (name, value) in pairs {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(value);
        bytes.push(0);
    }
    bytes
}
