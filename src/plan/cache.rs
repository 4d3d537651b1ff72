//! The settings of caches.

use bytestring::ByteString;

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
}

impl CacheSettings {
    /// The settings of the proxies of an environment.
    pub fn new(namespace: ByteString, environment: &str, max_bytes: usize) -> CacheSettings {
        let shared = format!("callout.cache.1.{environment}.");
        CacheSettings { namespace, sequence: format!("{shared}sequence"), shared, max_bytes }
    }
}
