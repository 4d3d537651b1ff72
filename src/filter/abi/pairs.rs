//! The byte form in which header maps cross the boundary: a count, a table of sizes, then every name and value, each
//! followed by a NUL; numbers are 32-bit little endian.

use bytes::Bytes;
use bytestring::ByteString;

/// A header map as the host gave it. Its names and values are slices of one buffer, so nothing is copied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(Bytes, Bytes)>);

impl Pairs {
    /// Reads the host's form; stops without failing where the buffer ends too early.
    pub(crate) fn parse(buffer: Bytes) -> Pairs {
        let number = |at: usize| -> Option<usize> {
            let bytes = buffer.get(at..at.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
        };
        let slice = |at: usize, size: usize| -> Option<Bytes> {
            let end = at.checked_add(size)?;
            (end <= buffer.len()).then(|| buffer.slice(at..end))
        };
        let count = number(0).unwrap_or(0).min(buffer.len() / 8);
        let mut pairs = Vec::with_capacity(count);
        let mut at = count.saturating_mul(8).saturating_add(4);
        for index in 0..count {
            let sizes = index.saturating_mul(8).saturating_add(4);
            let (Some(name_size), Some(value_size)) = (number(sizes), number(sizes.saturating_add(4))) else { break };
            let value_at = at.saturating_add(name_size).saturating_add(1);
            let (Some(name), Some(value)) = (slice(at, name_size), slice(value_at, value_size)) else { break };
            pairs.push((name, value));
            at = value_at.saturating_add(value_size).saturating_add(1);
        }
        Pairs(pairs)
    }

    /// The pairs in the host's order.
    pub(crate) fn into_vec(self) -> Vec<(Bytes, Bytes)> {
        self.0
    }
}

/// Writes pairs in the form the host reads.
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
