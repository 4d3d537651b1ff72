//! The shared state: the latest changes, and the sizes of the slots in the order of their writes.

use super::News;
use bytes::Bytes;
use bytestring::ByteString;
use std::collections::VecDeque;

/// Maximum size of the recorded changes in bytes.
const MAX_RECORD_BYTES: usize = 16 << 10;

/// A change of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow::cache) enum Change {
    /// The entry of a key was stored or removed.
    Key(ByteString),
    /// The entries with a prefix were removed.
    Prefix(ByteString),
}

impl Change {
    fn text(&self) -> &ByteString {
        match self {
            Change::Key(text) | Change::Prefix(text) => text,
        }
    }
}

/// The state.
#[derive(Debug, Default, PartialEq)]
pub(super) struct State {
    /// The number of the latest change.
    pub(super) sequence: u64,
    /// The number of purges. Slots of an earlier epoch are invalid.
    pub(super) epoch: u64,
    /// The largest limit of the proxies that share the entries, in bytes.
    limit: u64,
    /// The latest changes, each with the worker that made it.
    changes: VecDeque<(u64, Change)>,
    /// The slots that are in use, and the size of each entry in bytes, the oldest first.
    slots: Vec<(u64, u64)>,
}

impl State {
    /// Reads a state. Anything else counts as no changes and no slots.
    pub(super) fn read(bytes: Option<Bytes>) -> State {
        bytes.and_then(|bytes| State::parse(Reader(bytes))).unwrap_or_default()
    }

    fn parse(mut reader: Reader) -> Option<State> {
        let mut state =
            State { sequence: reader.number()?, epoch: reader.number()?, limit: reader.number()?, ..State::default() };
        for _ in 0..reader.number()? {
            let (worker, is_prefix, length) = (reader.number()?, reader.number()? != 0, reader.number()?);
            let text = reader.text(length)?;
            state.changes.push_back((worker, if is_prefix { Change::Prefix(text) } else { Change::Key(text) }));
        }
        for _ in 0..reader.number()? {
            state.slots.push((reader.number()?, reader.number()?));
        }
        Some(state)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let mut number = |number: u64| bytes.extend_from_slice(&number.to_le_bytes());
        [self.sequence, self.epoch, self.limit, length(self.changes.len())].into_iter().for_each(&mut number);
        for (worker, change) in &self.changes {
            let is_prefix = u64::from(matches!(change, Change::Prefix(_)));
            [*worker, is_prefix, length(change.text().len())].into_iter().for_each(|value| {
                bytes.extend_from_slice(&value.to_le_bytes());
            });
            bytes.extend_from_slice(change.text().as_bytes());
        }
        bytes.extend_from_slice(&length(self.slots.len()).to_le_bytes());
        for (slot, size) in &self.slots {
            bytes.extend_from_slice(&slot.to_le_bytes());
            bytes.extend_from_slice(&size.to_le_bytes());
        }
        bytes
    }

    /// Records a change.
    pub(super) fn record(&mut self, worker: u64, change: &Change) {
        self.sequence = self.sequence.saturating_add(1);
        self.changes.push_back((worker, change.clone()));
        let size = |change: &Change| change.text().len().saturating_add(24);
        let mut bytes = self.changes.iter().fold(0_usize, |sum, (_, change)| sum.saturating_add(size(change)));
        while bytes > MAX_RECORD_BYTES {
            let Some((_, change)) = self.changes.pop_front() else { break };
            bytes = bytes.saturating_sub(size(&change));
        }
    }

    /// The changes of other workers after a number.
    pub(super) fn changes_since(&self, known: u64, worker: u64) -> News {
        let count = self.sequence.saturating_sub(known);
        let recorded = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        // A smaller number is that of an earlier state, which was lost.
        if known > self.sequence || count > recorded {
            return News::Unknown;
        }
        let skipped = usize::try_from(recorded.saturating_sub(count)).unwrap_or(usize::MAX);
        let new = self.changes.iter().skip(skipped).filter(|(writer, _)| *writer != worker);
        News::Changes(new.map(|(_, change)| change.clone()).collect())
    }

    /// Makes room for an entry in a slot, and records its size. Returns the slots that must be emptied.
    pub(super) fn store(&mut self, slot: u64, bytes: usize, max_bytes: usize) -> Vec<u64> {
        self.free(slot);
        let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        self.limit = self.limit.max(length(max_bytes));
        let (bytes, max_bytes) = (length(bytes), self.limit);
        let mut total = self.slots.iter().fold(bytes, |sum, (_, size)| sum.saturating_add(*size));
        let evicted = self.slots.iter().take_while(|(_, size)| {
            let is_evicted = total > max_bytes;
            if is_evicted {
                total = total.saturating_sub(*size);
            }
            is_evicted
        });
        let count = evicted.count();
        let evicted = self.slots.drain(..count).map(|(slot, _)| slot).collect();
        self.slots.push((slot, bytes));
        evicted
    }

    /// Records that a slot is empty.
    pub(super) fn free(&mut self, slot: u64) {
        self.slots.retain(|(known, _)| *known != slot);
    }
}

struct Reader(Bytes);

impl Reader {
    fn number(&mut self) -> Option<u64> {
        let bytes = (self.0.len() >= 8).then(|| self.0.split_to(8))?;
        Some(u64::from_le_bytes(bytes.as_ref().try_into().ok()?))
    }

    fn text(&mut self, length: u64) -> Option<ByteString> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.0.len())?;
        self.0.split_to(length).try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Change {
        Change::Key(name.to_owned().into())
    }

    #[test]
    fn a_state_is_the_same_after_writing() {
        let mut state = State { epoch: 3, ..State::default() };
        state.record(1, &key("a"));
        state.record(2, &Change::Prefix("p".into()));
        assert_eq!(state.store(7, 10, 100), Vec::<u64>::new());
        let bytes = Bytes::from(state.to_bytes());
        for end in 0..bytes.len() {
            assert_eq!(State::read(Some(bytes.slice(..end))), State::default());
        }
        assert_eq!(State::read(Some(bytes)), state);
    }

    #[test]
    fn the_oldest_entries_leave_the_slots() {
        let mut state = State::default();
        for slot in 0..4 {
            assert_eq!(state.store(slot, 25, 100), Vec::<u64>::new());
        }
        assert_eq!(state.store(0, 25, 100), Vec::<u64>::new());
        assert_eq!(state.store(9, 30, 100), [1, 2]);
        state.free(3);
        assert_eq!(state.slots, [(0, 25), (9, 30)]);
    }

    #[test]
    fn a_worker_reads_the_changes_of_others() {
        let mut state = State::default();
        let changes = |state: &State, known| match state.changes_since(known, 1) {
            News::Changes(changes) => Some(changes),
            News::None | News::Unknown => None,
        };
        assert_eq!(changes(&state, 0), Some(vec![]));
        state.record(1, &key("own"));
        state.record(2, &key("a"));
        state.record(2, &key("b"));
        assert_eq!(changes(&state, 0), Some(vec![key("a"), key("b")]));
        assert_eq!(changes(&state, 2), Some(vec![key("b")]));
        assert_eq!(changes(&state, 3), Some(vec![]));
        assert_eq!(changes(&state, 4), None);
        let long = "x".repeat(MAX_RECORD_BYTES / 2);
        state.record(2, &key(&long));
        assert_eq!(changes(&state, 0).map(|changes| changes.len()), Some(3));
        state.record(2, &key(&long));
        assert_eq!(changes(&state, 3), None);
        assert_eq!(changes(&state, 4), Some(vec![key(&long)]));
    }
}
