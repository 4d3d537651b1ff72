//! `key_value_maps`: the maps that KeyValueMapOperations policies read.

use super::keys::Section;
use super::known;
use super::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::KeyValueMap;
use crate::policy::Policy;
use crate::policy::key_value_map_operations::{KeyValueMapOperations, Operation};
use bytestring::ByteString;
use std::collections::{BTreeMap, BTreeSet};

type Maps = BTreeMap<ByteString, KeyValueMap>;

/// Reads the maps, and checks the policies that use them.
pub(super) fn read(section: &Section<'_>, policies: &Policies, diagnostics: &mut Diagnostics) -> Maps {
    let mut maps: Maps = section
        .section_entries("key_value_maps", diagnostics)
        .into_iter()
        .map(|(name, map)| {
            map.check_keys(&known::KEY_VALUE_MAP, diagnostics);
            let is_encrypted = map.boolean("encrypted", diagnostics).unwrap_or(false);
            let entries = map.text_lists("entries", diagnostics);
            (ByteString::from(name), KeyValueMap { is_encrypted, entries })
        })
        .collect();
    let operations = || policies.attached().filter_map(Policy::map_operations);
    let mut initial = Maps::new();
    for (name, policy) in operations().filter_map(|policy| Some((policy.map.as_literal()?, policy))) {
        let is_configured = maps.contains_key(name);
        for (key, values) in policy.initial_entries.iter().filter(|_| !is_configured) {
            initial.entry(name.clone()).or_default().entries.insert(key.clone(), values.as_slice().into());
        }
    }
    maps.extend(initial);
    let written: BTreeSet<&ByteString> = operations().filter_map(written_map).collect();
    let writes_any = operations().any(|policy| writes(policy) && policy.map.as_literal().is_none());
    policies.map_attached(|key, policy| {
        let Some(operations) = policy.map_operations().filter(|operations| operations.attributes.enabled) else {
            return;
        };
        let map = operations.map.as_literal();
        let is_known = |name: &&ByteString| writes_any || written.contains(*name) || maps.contains_key(*name);
        diagnostics.within_about(key, &*operations.attributes.name, |diagnostics| {
            if let Some(name) = map.filter(|name| !is_known(name)) {
                let message = format!("unknown key value map {name}: add it to key_value_maps");
                diagnostics.warning(Code::UnknownMap, operations.position, message);
            }
            let is_encrypted = map.and_then(|name| maps.get(name)).is_some_and(|map| map.is_encrypted);
            check(operations, is_encrypted, diagnostics);
        });
    });
    maps
}

fn check(policy: &KeyValueMapOperations, is_encrypted: bool, diagnostics: &mut Diagnostics) {
    for operation in &policy.operations {
        match operation {
            Operation::Get { assign_to, position, .. } if is_encrypted && !assign_to.is_private() => {
                let message = format!("every Get fails: the map is encrypted, and {assign_to} has no prefix private.");
                diagnostics.warning(Code::MissingPrivatePrefix, *position, message);
            }
            Operation::Get { .. } => {}
            Operation::Put { position, .. } | Operation::Delete { position, .. } => {
                let message =
                    "only the same worker sees the change of the map, until the configuration is loaded again";
                diagnostics.warning(Code::WorkerMap, *position, message);
            }
        }
    }
}

fn writes(policy: &KeyValueMapOperations) -> bool {
    policy.operations.iter().any(|operation| matches!(operation, Operation::Put { .. }))
}

/// The fixed map that a policy writes.
fn written_map(policy: &KeyValueMapOperations) -> Option<&ByteString> {
    policy.map.as_literal().filter(|_| writes(policy))
}

#[cfg(test)]
mod tests {
    use crate::config;
    use serde_json::{Value, json};

    fn warnings(configuration: &Value) -> Vec<String> {
        match config::load(configuration.to_string().as_bytes()) {
            Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    fn policy(map: &str, content: &str) -> String {
        format!("<KeyValueMapOperations name='KV' mapIdentifier='{map}'>{content}</KeyValueMapOperations>")
    }

    const GET: &str = "<Get assignTo='v'><Key><Parameter>k</Parameter></Key></Get>";
    const PUT: &str = "<Put><Key><Parameter>k</Parameter></Key><Value>v</Value></Put>";

    #[test]
    fn maps_are_checked() {
        let seed =
            "<InitialEntries><Entry><Key><Parameter>k</Parameter></Key><Value>v</Value></Entry></InitialEntries>";
        let private = GET.replace("'v'", "'private.v'");
        let cases = [
            (policy("m", GET), json!({"m": {"entries": {"k": "v"}}}), vec![]),
            (
                policy("m", GET),
                json!({}),
                vec!["KV, line 1, column 1: unknown key value map m: add it to key_value_maps"],
            ),
            (policy("m", &format!("{seed}{GET}")), json!({}), vec![]),
            (
                policy("m", &format!("{GET}{PUT}")),
                json!({}),
                vec![
                    "KV, line 1, column 111: only the same worker sees the change of the map, until the configuration is loaded again",
                ],
            ),
            (
                policy("m", GET),
                json!({"m": {"encrypted": true}}),
                vec!["KV, line 1, column 52: every Get fails: the map is encrypted, and v has no prefix private."],
            ),
            (policy("m", &private), json!({"m": {"encrypted": true}}), vec![]),
            (
                policy("m", GET),
                json!({"m": {"entris": {}, "entries": {"a": ["1", true], "b": null, "c": 1}}}),
                vec![
                    "unknown key key_value_maps.m.entris; did you mean entries?",
                    "key_value_maps.m.entries.a[1] must be a string, not a boolean",
                    "key_value_maps.m.entries.b must be a string, a number, a boolean or a list of strings, not null",
                ],
            ),
        ];
        for (policy, maps, expected) in cases {
            assert_eq!(warnings(&json!({"policies": [policy], "key_value_maps": maps})), expected, "{policy}");
        }
    }
}
