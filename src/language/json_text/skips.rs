//! The index of a document: the ends of its long arrays and objects.
//!
//! A container is indexed when skipping it would otherwise take [`MIN_INDEXED_STEPS`] steps, where an indexed container
//! inside it takes [`INDEX_LOOKUP_STEPS`]. So skipping any array or object takes less than `MIN_INDEXED_STEPS` steps at
//! every depth, and the index has at most one entry for each `MIN_INDEXED_STEPS - INDEX_LOOKUP_STEPS` bytes of the
//! document.

/// The number of steps from which a container is indexed.
pub(super) const MIN_INDEXED_STEPS: usize = 32;
/// The steps of an index look-up.
pub(super) const INDEX_LOOKUP_STEPS: usize = 4;

/// The number of bytes per word of the bitmap.
const WORD: usize = 64;

/// The ends of containers by their starts.
#[derive(Debug)]
pub(super) struct Skips {
    /// A bit for each byte of the document, set where an indexed container starts.
    bits: Vec<u64>,
    /// For each word of bits, the number of bits before it.
    before: Vec<u32>,
    /// The ends, in the order of the bits.
    ends: Vec<u32>,
}

impl Skips {
    /// Makes the index of the containers in a document of a number of bytes.
    pub(super) fn new(length: usize, mut containers: Vec<(u32, u32)>) -> Skips {
        containers.sort_unstable();
        let words = if containers.is_empty() { 0 } else { length.div_ceil(WORD) };
        let mut bits = vec![0_u64; words];
        for (start, _) in &containers {
            if let Some(word) = usize::try_from(*start).ok().and_then(|start| bits.get_mut(start / WORD)) {
                *word |= 1 << (start % 64);
            }
        }
        let count = |count: &mut u32, word: &u64| {
            let before = *count;
            *count = before.saturating_add(word.count_ones());
            Some(before)
        };
        let before = bits.iter().scan(0, count).collect();
        let mut ends = Vec::with_capacity(containers.len());
        ends.extend(containers.iter().map(|(_, end)| *end));
        Skips { bits, before, ends }
    }

    /// The first byte after the container that starts there, if it is indexed.
    pub(super) fn end(&self, start: usize) -> Option<usize> {
        let word = self.bits.get(start / WORD)?;
        let bit = 1_u64.checked_shl(u32::try_from(start % WORD).ok()?)?;
        if word & bit == 0 {
            return None;
        }
        let before = self.before.get(start / WORD)?;
        let index = before.checked_add((word & bit.saturating_sub(1)).count_ones())?;
        let end = self.ends.get(usize::try_from(index).ok()?)?;
        usize::try_from(*end).ok()
    }
}
