//! `cache`: the settings of caches.

use super::keys::Section;
use super::known;
use super::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{CacheSettings, Constant, PolicyId, Routing, SharedFlow, Step};
use crate::policy::cache::CacheUse;
use crate::policy::condition::Condition;
use crate::policy::endpoint::Endpoint;
use crate::policy::lookup_cache::LookupCache;
use crate::policy::{Callee, Policy};
use bytestring::ByteString;
use std::collections::BTreeMap;
use std::time::Duration;

/// The default of `cache.max_bytes` in bytes: 8 MiB.
const DEFAULT_MAX_BYTES: usize = 8 << 20;

/// Reads the settings, and whether one call serves all requests that wait for an entry. `bytes` is the text of the
/// configuration.
pub(super) fn read(
    section: &Section<'_>,
    constants: &BTreeMap<ByteString, Constant>,
    body_memory_bytes: usize,
    bytes: &[u8],
    diagnostics: &mut Diagnostics,
) -> (CacheSettings, bool) {
    let settings = section.section("cache", diagnostics);
    if let Some(settings) = &settings {
        settings.check_keys(&known::CACHE, diagnostics);
    }
    let configured = settings.as_ref().and_then(|settings| settings.integer("max_bytes", diagnostics));
    let coalesces = settings.and_then(|settings| settings.boolean("coalesce", diagnostics)).unwrap_or(false);
    // Entries use the memory for bodies, and bodies need a part of it.
    let most = body_memory_bytes.checked_div(2).unwrap_or_default();
    if configured.is_some_and(|max_bytes| max_bytes > most) {
        let message = format!("cache.max_bytes must be at most half of body_memory_bytes, {most}");
        diagnostics.error(Code::InvalidValue, None, message);
    }
    let max_bytes = configured.unwrap_or(DEFAULT_MAX_BYTES.min(most));
    if !constants.contains_key("apiproxy.name") {
        let own = format!("{:016x}", fingerprint(bytes));
        return (CacheSettings::new(own.as_str().into(), &own, max_bytes), coalesces);
    }
    let name = |variable: &str| constants.get(variable).and_then(Constant::as_text).map_or("", |text| &**text);
    let environment = format!("{}/{}", name("organization.name"), name("environment.name"));
    (CacheSettings::new(ByteString::new(), &environment, max_bytes), coalesces)
}

/// The flows of a configuration.
pub(super) struct Flows<'a> {
    pub(super) proxy: &'a Endpoint<Step>,
    pub(super) routing: Option<&'a Routing>,
    pub(super) shared_flows: &'a BTreeMap<String, SharedFlow>,
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
    pub(super) fn coalesced(&self, policies: &[Policy]) -> BTreeMap<PolicyId, Duration> {
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
    pub(super) fn check_response_caches(&self, policies: &Policies, diagnostics: &mut Diagnostics) {
        let mut check = |lists: Vec<&[Step]>, most: usize, code: Code, text: &str| {
            let mut counts: BTreeMap<PolicyId, usize> = BTreeMap::new();
            for step in lists.into_iter().flatten() {
                let is_response_cache = policies
                    .policy_of(step)
                    .is_some_and(|policy| matches!(policy.cache_use(), Some(CacheUse::Response(_))));
                if is_response_cache {
                    *counts.entry(step.policy).or_default() += 1;
                    if let (Some(policy), Some(2)) =
                        (policies.policy_of(step), counts.get(&step.policy).map(|count| count + 1 - most))
                    {
                        diagnostics
                            .under(&*policy.attributes().name, |diagnostics| diagnostics.error(code, None, text));
                    }
                }
            }
        };
        check(
            self.requests().collect(),
            1,
            Code::ResponseCacheInRequests,
            "the policy is attached to more than one request flow",
        );
        check(
            self.responses().collect(),
            1,
            Code::ResponseCacheInResponses,
            "the policy is attached to more than one response flow",
        );
        check(self.shared().collect(), 0, Code::ResponseCacheInRequests, "the policy is attached to a shared flow");
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
    let stores = |step: &Step| matches!(cache_use(policies, step), Some(CacheUse::Populate(populate)) if populate.key == lookup.key);
    steps.get(index..)?.iter().any(stores).then_some(timeout)
}

/// The FNV-1a hash of a configuration.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
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

    #[test]
    fn the_memory_of_entries_is_a_part_of_that_for_bodies() {
        let problems = |cache: &str| {
            let text = format!(r#"{{"policies": [], "body_memory_bytes": 1000, "cache": {cache}}}"#);
            let problems = config::load(text.as_bytes()).err().unwrap_or_default();
            problems.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(problems(r#"{"max_bytes": 500}"#), Vec::<String>::new());
        assert_eq!(
            problems(r#"{"max_bytes": 501}"#),
            ["cache.max_bytes must be at most half of body_memory_bytes, 500"]
        );
        assert_eq!(problems(r#"{"maxbytes": 1}"#), ["unknown key cache.maxbytes; did you mean max_bytes?"]);
    }
}
