//! The index of a document: where its long arrays and objects end.
//!
//! A container is indexed when leading over it would otherwise take [`LONG`] steps, where an indexed container inside
//! it takes [`HOP`]. So leading over any array or object takes less than `LONG` steps, at every depth, and there are at
//! most as many entries as the document has times `LONG - HOP` bytes.

/// The steps from which on a container is indexed.
pub(super) const LONG: usize = 32;
/// The steps of a look at the index.
pub(super) const HOP: usize = 4;

/// The bytes that share a word of the bitmap.
const WORD: usize = 64;

/// The ends by their begins.
#[derive(Debug)]
pub(super) struct Skips {
    /// A bit for each byte of the document, set where an indexed container begins; each word with the number of bits
    /// before it.
    words: Vec<(u64, u32)>,
    /// In the order of the bits.
    ends: Vec<u32>,
}

impl Skips {
    /// The index of a document with that many bytes and those containers to index.
    pub(super) fn new(length: usize, mut containers: Vec<(u32, u32)>) -> Skips {
        if containers.is_empty() {
            return Skips { words: Vec::new(), ends: Vec::new() };
        }
        containers.sort_unstable();
        let mut words = vec![(0, 0); length.div_ceil(WORD)];
        for (start, _) in &containers {
            if let Some((bits, _)) = usize::try_from(*start).ok().and_then(|start| words.get_mut(start / WORD)) {
                *bits |= 1 << (start % 64);
            }
        }
        let mut count = 0_u32;
        for (bits, before) in &mut words {
            *before = count;
            count = count.saturating_add(u64::count_ones(*bits));
        }
        Skips { words, ends: containers.into_iter().map(|(_, end)| end).collect() }
    }

    /// The first byte behind the container that begins there, if it is indexed.
    pub(super) fn end(&self, start: usize) -> Option<usize> {
        let (bits, before) = self.words.get(start / WORD)?;
        let bit = 1_u64.checked_shl(u32::try_from(start % WORD).ok()?)?;
        if bits & bit == 0 {
            return None;
        }
        let place = before.checked_add((bits & bit.saturating_sub(1)).count_ones())?;
        let end = self.ends.get(usize::try_from(place).ok()?)?;
        usize::try_from(*end).ok()
    }
}
