//! A map from the ids of contexts and calls, which Envoy counts up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from an id of Envoy.
pub(super) type Table<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;

/// A hasher for consecutive ids. One multiplication spreads them over all bits.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }
}
