//! The flows of a configuration that contain cache policies.

use crate::config::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{PolicyId, Routing, SharedFlow, Step};
use crate::policy::cache::CacheUse;
use crate::policy::condition::Condition;
use crate::policy::endpoint::Endpoint;
use crate::policy::lookup_cache::LookupCache;
use crate::policy::{Callee, Policy};
use bytestring::ByteString;
use std::collections::BTreeMap;
use std::time::Duration;

/// The flows of a configuration.
pub(in crate::config) struct Flows<'a> {
    pub(in crate::config) proxy: &'a Endpoint<Step>,
    pub(in crate::config) routing: Option<&'a Routing>,
    pub(in crate::config) shared_flows: &'a BTreeMap<String, SharedFlow>,
}

impl Flows<'_> {
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint<Step>> {
        let targets = self.routing.into_iter().flat_map(|routing| &routing.targets);
        std::iter::once(self.proxy).chain(targets.map(|target| &target.endpoint))
    }

    fn requests(&self) -> impl Iterator<Item = &[Step]> {
        self.endpoints().flat_map(|endpoint| endpoint.all_flows().map(|flow| flow.request.as_slice()))
    }

    fn responses(&self) -> impl Iterator<Item = &[Step]> {
        self.endpoints().flat_map(|endpoint| endpoint.all_flows().map(|flow| flow.response.as_slice()))
    }

    fn shared(&self) -> impl Iterator<Item = &[Step]> {
        self.shared_flows.values().map(|flow| flow.steps.as_slice())
    }

    /// The lookups with a callout after them that runs only without an entry, and a PopulateCache of the same key after
    /// the callout. Each comes with the timeout of the callout.
    pub(in crate::config) fn coalesced(&self, policies: &[Policy]) -> BTreeMap<PolicyId, Duration> {
        let mut coalesced = BTreeMap::new();
        for steps in self.requests().chain(self.responses()).chain(self.shared()) {
            let mut rest = steps;
            while let Some((step, after)) = rest.split_first() {
                rest = after;
                let Some(CacheUse::Lookup(lookup)) = cache_use(policies, step) else { continue };
                if let Some(timeout) = guarded_callout(policies, lookup, after) {
                    coalesced.insert(step.policy, timeout);
                }
            }
        }
        coalesced
    }

    /// Reports the ResponseCaches that Apigee rejects: attached to several request or response flows, or to a shared
    /// flow.
    pub(in crate::config) fn check_response_caches(&self, policies: &Policies, diagnostics: &mut Diagnostics) {
        let mut check = |lists: &mut dyn Iterator<Item = &[Step]>, most: usize, code: Code, place: &str| {
            let mut counts: BTreeMap<PolicyId, (usize, &ByteString)> = BTreeMap::new();
            for step in lists.flatten() {
                if let Some(CacheUse::Response(cache)) = policies.policy_of(step).and_then(Policy::cache_use) {
                    let (count, _) = counts.entry(step.policy).or_insert((0, &cache.attributes.name));
                    *count = count.saturating_add(1);
                }
            }
            for (_, name) in counts.into_values().filter(|(count, _)| *count > most) {
                let message = format!("the policy is attached to {place}");
                diagnostics.under(&**name, |diagnostics| diagnostics.error(code, None, message));
            }
        };
        let (requests, responses) = (Code::ResponseCacheInRequests, Code::ResponseCacheInResponses);
        check(&mut self.requests(), 1, requests, "more than one request flow");
        check(&mut self.responses(), 1, responses, "more than one response flow");
        check(&mut self.shared(), 0, requests, "a shared flow");
    }
}

fn cache_use<'p>(policies: &'p [Policy], step: &Step) -> Option<CacheUse<'p>> {
    policies.get(step.policy.0)?.cache_use()
}

/// The timeout of the callout that runs only when a lookup finds nothing, if a PopulateCache of the same key follows it.
fn guarded_callout(policies: &[Policy], lookup: &LookupCache, steps: &[Step]) -> Option<Duration> {
    let is_guarded = |step: &Step| {
        let mut variables = step.condition.iter().flat_map(Condition::variables);
        variables.any(|variable| *variable.name() == lookup.variables.cache_hit)
    };
    let (index, timeout) = steps.iter().enumerate().find_map(|(index, step)| {
        match policies.get(step.policy.0).filter(|_| is_guarded(step))?.callee()? {
            Callee::Service(callout) => callout.response.as_ref().map(|_| (index, callout.timeout)),
            Callee::Integration(_) | Callee::SharedFlow(_) | Callee::Jwks(..) => None,
        }
    })?;
    let stores = |step: &Step| match cache_use(policies, step) {
        Some(CacheUse::Populate(populate)) => populate.key == lookup.key,
        _ => false,
    };
    steps.get(index..)?.iter().any(stores).then_some(timeout)
}

#[cfg(test)]
mod tests {
    use crate::config;
    use serde_json::json;
    use std::time::Duration;

    /// The limits of the lookups whose callout serves many requests.
    fn coalesced(condition: &str, key_of_populate: &str, settings: &str) -> Vec<Duration> {
        let key = "<CacheKey><KeyFragment>k</KeyFragment></CacheKey>";
        let callout = "<ServiceCallout name='SC'><Response>r</Response><Timeout>700</Timeout>
            <HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection></ServiceCallout>";
        let configuration = json!({
            "policies": [
                format!("<LookupCache name='LC'>{key}<AssignTo>r</AssignTo></LookupCache>"),
                callout,
                format!("<PopulateCache name='PC'>{key_of_populate}<Source>r</Source></PopulateCache>"),
            ],
            "request": ["LC", {"step": "SC", "condition": condition}, "PC"],
            "clusters": {"*": "any"},
            "cache": serde_json::from_str::<serde_json::Value>(settings).unwrap(),
        });
        let plan = config::load(configuration.to_string().as_bytes()).unwrap().plan;
        plan.cache.coalesced.values().copied().collect()
    }

    #[test]
    fn a_guarded_callout_serves_many_requests() {
        let key = "<CacheKey><KeyFragment>k</KeyFragment></CacheKey>";
        let guard = "lookupcache.LC.cachehit = false";
        let on = r#"{"coalesce": true}"#;
        assert_eq!(coalesced(guard, key, on), [Duration::from_millis(700)]);
        for (condition, key, settings) in [
            (guard, key, "{}"),
            (guard, key, r#"{"coalesce": false}"#),
            ("request.verb = \"GET\"", key, on),
            (guard, "<CacheKey><KeyFragment>j</KeyFragment></CacheKey>", on),
            (guard, "<CacheKey><KeyFragment>k</KeyFragment></CacheKey><Scope>Global</Scope>", on),
        ] {
            assert_eq!(coalesced(condition, key, settings), Vec::<Duration>::new(), "{condition} {key} {settings}");
        }
    }
}
