//! PopulateCache at run time (docs/apigee-semantics.md 12.2).

use crate::flow::cache::NotCached;
use crate::flow::fault::{Fault, codes};
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::PolicyId;
use crate::policy::populate_cache::PopulateCache;

impl<H: Host> Transaction<'_, H> {
    /// Stores the value of the source. A source that does not resolve stores nothing. `[inferred]`
    pub(super) fn populate_cache(&mut self, id: PolicyId, policy: &PopulateCache) -> Result<(), Fault> {
        let result = self.populate(id, policy);
        self.release_fetched(policy);
        result
    }

    /// Lets the requests continue that wait for the entry of the policy.
    pub(super) fn release_fetched(&mut self, policy: &PopulateCache) {
        if self.fetched_entries.is_empty() {
            return;
        }
        match self.entry_key(&policy.key, &[]) {
            Some(key) => self.fetched_entries.retain(|leader| *leader.key() != key.whole),
            None => self.fetched_entries.clear(),
        }
    }

    fn populate(&mut self, id: PolicyId, policy: &PopulateCache) -> Result<(), Fault> {
        let [cache_name, cache_key] = &policy.variables;
        self.set(cache_name.clone(), Value::String(policy.key.cache.clone()));
        let key = self.entry_key(&policy.key, &[]).ok_or_else(|| cannot_be_cached(policy))?;
        self.set(cache_key.clone(), Value::String(key.shown.clone()));
        let Some(value) = self.value(&policy.source) else { return Ok(()) };
        let Some(expires) = self.expires(&policy.expiry) else { return Ok(()) };
        let Some(bytes) = self.encoded(&value) else { return Ok(()) };
        match self.worker.cache.put(&self.host.background(), &self.plan.cache, &key.whole, &bytes, expires) {
            Ok(evicted) => {
                self.count_evictions(id, evicted);
                Ok(())
            }
            Err(NotCached) => Err(cannot_be_cached(policy)),
        }
    }
}

#[cold]
fn cannot_be_cached(policy: &PopulateCache) -> Fault {
    let name = &policy.attributes.name;
    Fault::new(codes::ENTRY_NOT_CACHED, format!("PopulateCache[{name}]: an entry cannot be cached"))
}
