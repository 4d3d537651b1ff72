//! LookupCache at run time (docs/apigee-semantics.md 12.2).

use super::cache::EntryKey;
use crate::flow::cache::{CacheEvent, Role, Stored};
use crate::flow::fault::Fault;
use crate::flow::fault::codes::ActionFault;
use crate::flow::host::{Background as _, Host};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::flow::variables::is_flow_message;
use crate::plan::PolicyId;
use crate::policy::lookup_cache::LookupCache;
use std::time::Duration;

impl<H: Host> Transaction<'_, H> {
    /// Assigns the stored value. Without one, the variable stays unchanged.
    pub(super) async fn lookup_cache(&mut self, id: PolicyId, policy: &LookupCache) -> Result<(), Fault> {
        let names = &policy.variables;
        self.set(names.cache_name.clone(), Value::String(policy.key.cache.clone()));
        self.set(names.assign_to.clone(), Value::String(policy.assign_to.name().clone()));
        let key = self.entry_key(&policy.key, &[]);
        if let Some(EntryKey { shown, .. }) = &key {
            self.set(names.cache_key.clone(), Value::String(shown.clone()));
        }
        let mut found = key.as_ref().and_then(|key| self.cached(id, key));
        if let (None, Some(key), Some(limit)) = (&found, &key, self.plan.cache.coalesced.get(&id)) {
            found = self.fetched(id, key, *limit).await;
        }
        self.set(names.cache_hit.clone(), Value::Boolean(found.is_some()));
        let Some(found) = found else {
            self.host.count_cache(id, CacheEvent::Miss, 1);
            return Ok(());
        };
        self.host.count_cache(id, CacheEvent::Hit, 1);
        self.assign_cached(policy, found)
    }

    /// Waits for the entry that another request fetches. Without such a request, this one fetches it for the others.
    async fn fetched(&mut self, id: PolicyId, key: &EntryKey, limit: Duration) -> Option<Stored> {
        if self.is_client_served {
            return None;
        }
        match self.worker.cache.fetches.join(&key.whole)? {
            Role::Leads(leader) => {
                self.fetched_entries.push(leader);
                None
            }
            // Two requests that fetch one entry each must not wait for each other.
            Role::Waits(_) if !self.fetched_entries.is_empty() => None,
            Role::Waits(fetch) => {
                self.host.count_cache(id, CacheEvent::Wait, 1);
                let background = self.host.background();
                fetch.outcome_or(background.sleep(self.host.now().saturating_add(limit))).await;
                self.cached(id, key)
            }
        }
    }

    fn assign_cached(&mut self, policy: &LookupCache, found: Stored) -> Result<(), Fault> {
        let variable = &policy.assign_to;
        let name = variable.name();
        let written = match found {
            // A message of the flow keeps its place, so that Envoy gets the changes.
            Stored::Message(message) if is_flow_message(name) => match self.message_named(name) {
                Some(id) => {
                    self.message_mut(id).filter(|current| current.is_request() == message.is_request()).map(|current| {
                        *current = message;
                    })
                }
                None => {
                    self.put_message(name.clone(), message);
                    Some(())
                }
            },
            _ if self.is_read_only(variable) => None,
            Stored::Message(message) => {
                let message = self.add_stored(message);
                self.set(name.clone(), message);
                Some(())
            }
            Stored::Value(value) => self.assign(variable, value).ok(),
        };
        written.ok_or_else(|| {
            let code = ActionFault::SetVariableFailed.code(policy.attributes.kind.faults);
            let policy = &policy.attributes.name;
            Fault::new(code, format!("LookupCache[{policy}]: unable to set variable {name}"))
        })
    }
}
