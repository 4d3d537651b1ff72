//! InvalidateCache at run time (docs/apigee-semantics.md 12.2).

use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::invalidate_cache::InvalidateCache;

impl<H: Host> Transaction<'_, H> {
    /// Removes the entry of the key, or all entries with its prefix or scope.
    pub(super) fn invalidate_cache(&mut self, policy: &InvalidateCache) -> Result<(), Fault> {
        let [cache_name, cache_key] = &policy.variables;
        self.set(cache_name.clone(), Value::String(policy.key.cache.clone()));
        let background = self.host.background();
        if policy.purges_children
            && let Some(prefix) = self.prefix_key(&policy.key)
        {
            self.worker.cache.purge(&background, &self.plan.cache, &prefix.whole);
        }
        // A key that is too long has no entry.
        let Some(key) = self.entry_key(&policy.key, &[]) else { return Ok(()) };
        self.set(cache_key.clone(), Value::String(key.shown.clone()));
        if !policy.purges_children {
            self.worker.cache.remove(&background, &self.plan.cache, &key.whole);
        }
        Ok(())
    }
}
