//! The entries that all workers of an Envoy process share, in the shared data of proxy-wasm.
//!
//! Envoy never frees a key of shared data, so the keys are fixed: [`SLOTS`] slots, each with at most one entry, the state
//! of the slots, the sequence number of the latest change, and the epoch, which is the number of purges. The state records
//! the latest changes. A worker compares the sequence number at every lookup and drops its own entries that another worker
//! changed.

mod state;

use super::entry::Stored;
use crate::flow::host::Background;
use crate::plan::CacheSettings;
use bytes::Bytes;
use bytestring::ByteString;
use state::State;
use std::time::Duration;

pub(super) use state::Change;

/// The number of slots.
const SLOTS: u64 = 1024;

/// The end of the name of the state.
const STATE: &str = "state";

/// The end of the name of the number of purges.
const EPOCH: &str = "epoch";

/// The number of attempts to change the state while other workers change it.
const ATTEMPTS: usize = 32;

/// The changes of other workers since the last one that this worker knows.
pub(super) enum News {
    /// No changes.
    None,
    /// These changes, in order.
    Changes(Vec<Change>),
    /// More changes than the state records.
    Unknown,
}

/// The position of a worker in the sequence of changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    /// The number that identifies the worker in changes.
    pub(super) worker: u64,
    /// The last value of the shared sequence number.
    seen: u64,
    /// The last change that the worker knows.
    known: u64,
}

/// An entry of a slot.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) value: Bytes,
    pub(super) expires: Duration,
}

/// The changes since a position, which moves to the latest one.
pub(super) fn news<B: Background>(background: &B, settings: &CacheSettings, position: &mut Position) -> News {
    let Some(sequence) = number(background.shared(&settings.sequence)).filter(|sequence| *sequence != position.seen)
    else {
        return News::None;
    };
    position.seen = sequence;
    let state = State::read(background.shared(&name(settings, STATE)));
    let known = std::mem::replace(&mut position.known, state.sequence);
    state.changes_since(known, position.worker)
}

/// Shares an entry with all workers.
pub(super) fn put<B: Background>(
    background: &B,
    settings: &CacheSettings,
    position: &mut Position,
    key: &ByteString,
    value: &Bytes,
    expires: Duration,
) {
    let (slot, bytes) = (slot_of(key), super::memory::size(key, value));
    change(background, settings, position, &Change::Key(key.clone()), |state| {
        let mut writes: Vec<_> =
            state.store(slot, bytes, settings.max_bytes).into_iter().map(|slot| (slot, None)).collect();
        writes.push((slot, Some(encode(state.epoch, key, value, expires))));
        writes
    });
}

/// Removes an entry for all workers.
pub(super) fn remove<B: Background>(
    background: &B,
    settings: &CacheSettings,
    position: &mut Position,
    key: &ByteString,
) {
    let slot = slot_of(key);
    let is_of_key = read_slot(background, settings, slot).is_some_and(|slot| slot.key == **key);
    change(background, settings, position, &Change::Key(key.clone()), |state| {
        if !is_of_key {
            return Vec::new();
        }
        state.free(slot);
        vec![(slot, None)]
    });
}

/// Removes the entries with a prefix for all workers. The entries of all slots become invalid, because a slot is only
/// found by the whole key.
pub(super) fn purge<B: Background>(
    background: &B,
    settings: &CacheSettings,
    position: &mut Position,
    prefix: &ByteString,
) {
    change(background, settings, position, &Change::Prefix(prefix.clone()), |state| {
        state.epoch = state.epoch.saturating_add(1);
        // A worker that reads the record of the purge must not find an entry of the earlier epoch.
        background.share(&name(settings, EPOCH), &state.epoch.to_le_bytes());
        Vec::new()
    });
}

/// The shared entry of a key.
pub(super) fn get<B: Background>(background: &B, settings: &CacheSettings, key: &str, now: Duration) -> Option<Found> {
    let slot = read_slot(background, settings, slot_of(key)).filter(|slot| slot.key == key && slot.expires > now)?;
    let epoch = number(background.shared(&name(settings, EPOCH))).unwrap_or_default();
    (slot.epoch == epoch).then_some(Found { value: slot.value, expires: slot.expires })
}

/// Writes the slots and the state, and records a change.
///
/// The slots come first, so that a worker that reads the record of a change does not find an earlier entry. The sequence
/// number comes last, so that a worker that reads it finds the record.
fn change<B: Background>(
    background: &B,
    settings: &CacheSettings,
    position: &mut Position,
    change: &Change,
    mut apply: impl FnMut(&mut State) -> Vec<(u64, Option<Vec<u8>>)>,
) {
    let state_name = name(settings, STATE);
    for _ in 0..ATTEMPTS {
        let (bytes, version) = background.shared_with_version(&state_name);
        let mut state = State::read(bytes);
        for (slot, entry) in apply(&mut state) {
            write_slot(background, settings, slot, entry.as_deref());
        }
        state.record(position.worker, change);
        if background.share_if(&state_name, &state.to_bytes(), version) {
            if position.known.saturating_add(1) == state.sequence {
                // `seen` keeps its number: another worker can have shared a later one meanwhile, which this worker must
                // still notice.
                position.known = state.sequence;
            }
            background.share(&settings.sequence, &state.sequence.to_le_bytes());
            return;
        }
    }
    background.warn("a change of a cache was not shared with the other workers");
}

/// The entry of a slot as it is stored.
struct Slot {
    epoch: u64,
    expires: Duration,
    key: ByteString,
    value: Bytes,
}

fn read_slot<B: Background>(background: &B, settings: &CacheSettings, slot: u64) -> Option<Slot> {
    let mut bytes = background.shared(&slot_name(settings, slot)).filter(|bytes| !bytes.is_empty())?;
    let mut number = || {
        let number = (bytes.len() >= 8).then(|| bytes.split_to(8))?;
        Some(u64::from_le_bytes(number.as_ref().try_into().ok()?))
    };
    let (epoch, expires, length) = (number()?, number()?, usize::try_from(number()?).ok()?);
    let key = (length <= bytes.len()).then(|| bytes.split_to(length))?;
    Some(Slot { epoch, expires: Duration::from_millis(expires), key: key.try_into().ok()?, value: bytes })
}

fn encode(epoch: u64, key: &str, value: &[u8], expires: Duration) -> Vec<u8> {
    let expires = u64::try_from(expires.as_millis()).unwrap_or(u64::MAX);
    let length = u64::try_from(key.len()).unwrap_or(u64::MAX);
    [&epoch.to_le_bytes(), &expires.to_le_bytes(), &length.to_le_bytes(), key.as_bytes(), value].concat()
}

fn number(bytes: Option<Bytes>) -> Option<u64> {
    bytes?.as_ref().try_into().ok().map(u64::from_le_bytes)
}

fn write_slot<B: Background>(background: &B, settings: &CacheSettings, slot: u64, entry: Option<&[u8]>) {
    background.share(&slot_name(settings, slot), entry.unwrap_or_default());
}

fn slot_name(settings: &CacheSettings, slot: u64) -> String {
    format!("{}slot.{slot}", settings.shared)
}

fn name(settings: &CacheSettings, end: &str) -> String {
    format!("{}{end}", settings.shared)
}

/// The slot of a key, by its FNV-1a hash.
fn slot_of(key: &str) -> u64 {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash ^ (hash >> 32)) & SLOTS.saturating_sub(1)
}

impl Found {
    /// Its value.
    pub(super) fn stored(&self) -> Option<Stored> {
        Stored::decode(&self.value)
    }
}
