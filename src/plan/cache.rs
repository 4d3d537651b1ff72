//! The settings of caches.

use super::PolicyId;
use bytestring::ByteString;
use std::collections::BTreeMap;
use std::time::Duration;

/// The settings of caches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheSettings {
    /// The start of every key. It separates proxies without a name that share the memory of Envoy.
    pub namespace: ByteString,
    /// The start of the names of shared data. The proxies of an environment share their entries.
    pub shared: String,
    /// The name of the shared sequence number, which every lookup reads.
    pub sequence: String,
    /// Maximum memory of the entries of a worker in bytes, and of the entries that all workers share.
    pub max_bytes: usize,
    /// The lookups whose callout runs once for many requests, each with the longest time that a request waits.
    pub coalesced: BTreeMap<PolicyId, Duration>,
}

impl CacheSettings {
    /// The settings of the proxies of an environment.
    pub fn new(namespace: ByteString, environment: &str, max_bytes: usize) -> CacheSettings {
        let shared = format!("callout.cache.1.{environment}.");
        CacheSettings {
            namespace,
            sequence: format!("{shared}sequence"),
            shared,
            max_bytes,
            coalesced: BTreeMap::new(),
        }
    }
}
