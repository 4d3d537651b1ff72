//! `key_value_maps`: the maps that KeyValueMapOperations policies read.

use super::keys::Section;
use super::known;
use super::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::KeyValueMap;
use crate::policy::Policy;
use crate::policy::key_value_map_operations::{KeyValueMapOperations, Operation, fixed_key};
use crate::suggestion;
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
    let written = Written::by(operations());
    policies.map_attached(|key, policy| {
        let Some(operations) = policy.map_operations().filter(|operations| operations.attributes.enabled) else {
            return;
        };
        let map = operations.map.as_literal();
        diagnostics.within_about(key, &*operations.attributes.name, |diagnostics| {
            let found = map.and_then(|name| maps.get(name));
            match (map, found) {
                (Some(name), None) if !written.has_map(name) => {
                    let names = maps.keys().chain(written.maps.keys().copied()).map(|name| &**name);
                    let hint = suggestion::hint(name, names);
                    let message = format!("unknown key value map {name}: add it to key_value_maps{hint}");
                    diagnostics.warning(Code::UnknownMap, operations.position, message);
                }
                (Some(name), Some(map)) => check_keys(operations, name, map, &written, diagnostics),
                _ => {}
            }
            check(operations, found.is_some_and(|map| map.is_encrypted), diagnostics);
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

/// Reports the fixed keys that a map does not contain and no policy writes.
fn check_keys(
    policy: &KeyValueMapOperations,
    name: &ByteString,
    map: &KeyValueMap,
    written: &Written<'_>,
    diagnostics: &mut Diagnostics,
) {
    for operation in &policy.operations {
        let Operation::Get { key, position, .. } = operation else { continue };
        let Some(key) = fixed_key(key).filter(|key| !map.entries.contains_key(&**key)) else { continue };
        if written.has_key(name, &key) {
            continue;
        }
        let hint = suggestion::hint(&key, map.entries.keys().map(|known| &**known));
        let message = format!("the key value map {name} has no key {key}{hint}");
        diagnostics.warning(Code::UnknownMapKey, *position, message);
    }
}

/// What policies write.
struct Written<'p> {
    /// The fixed keys of the maps with fixed names, and `None` for a key from a variable.
    maps: BTreeMap<&'p ByteString, BTreeSet<Option<String>>>,
    /// Whether a variable names a map.
    is_any: bool,
}

impl<'p> Written<'p> {
    fn by(policies: impl Iterator<Item = &'p KeyValueMapOperations>) -> Written<'p> {
        let mut written = Written { maps: BTreeMap::new(), is_any: false };
        for policy in policies {
            for operation in &policy.operations {
                let Operation::Put { key, .. } = operation else { continue };
                match policy.map.as_literal() {
                    Some(name) => {
                        written.maps.entry(name).or_default().insert(fixed_key(key));
                    }
                    None => written.is_any = true,
                }
            }
        }
        written
    }

    fn has_map(&self, name: &ByteString) -> bool {
        self.is_any || self.maps.contains_key(name)
    }

    fn has_key(&self, map: &ByteString, key: &str) -> bool {
        let is_key = |written: &Option<String>| written.as_deref().is_none_or(|written| written == key);
        self.is_any || self.maps.get(map).is_some_and(|keys| keys.iter().any(is_key))
    }
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

    const WORKER_MAP: &str = "KV, line 1, column 111: only the same worker sees the change of the map, until the configuration is loaded again";

    fn get(key: &str) -> String {
        GET.replace(">k<", &format!(">{key}<"))
    }

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
            (policy("m", &format!("{GET}{PUT}")), json!({}), vec![WORKER_MAP]),
            (
                policy("m", GET),
                json!({"m": {"encrypted": true, "entries": {"k": "v"}}}),
                vec!["KV, line 1, column 52: every Get fails: the map is encrypted, and v has no prefix private."],
            ),
            (policy("m", &private), json!({"m": {"encrypted": true, "entries": {"k": "v"}}}), vec![]),
            (
                policy("stok", GET),
                json!({"stock": {"entries": {"k": "v"}}}),
                vec!["KV, line 1, column 1: unknown key value map stok: add it to key_value_maps; did you mean stock?"],
            ),
            (
                policy("m", &get("stok")),
                json!({"m": {"entries": {"stock": "v", "other": "w"}}}),
                vec!["KV, line 1, column 52: the key value map m has no key stok; did you mean stock?"],
            ),
            (
                policy("m", &GET.replace("k</Parameter>", "a</Parameter><Parameter>b</Parameter>")),
                json!({"m": {"entries": {"a": "v"}}}),
                vec!["KV, line 1, column 52: the key value map m has no key a__b"],
            ),
            (policy("m", &GET.replace("<Parameter>k</Parameter>", "<Parameter ref='k'/>")), json!({"m": {}}), vec![]),
            (policy("m", GET), json!({"m": {}}), vec!["KV, line 1, column 52: the key value map m has no key k"]),
            (policy("m", &format!("{GET}{PUT}")), json!({"m": {}}), vec![WORKER_MAP]),
            (
                policy("m", &format!("{}{PUT}", get("a"))),
                json!({"m": {}}),
                vec!["KV, line 1, column 52: the key value map m has no key a", WORKER_MAP],
            ),
            (
                policy(
                    "m",
                    &format!("{}{}", get("a"), PUT.replace("<Parameter>k</Parameter>", "<Parameter ref='k'/>")),
                ),
                json!({"m": {}}),
                vec![WORKER_MAP],
            ),
            (
                policy("m", GET),
                json!({"m": {"entris": {}, "entries": {"a": ["1", true], "b": null, "c": 1}}}),
                vec![
                    "unknown key key_value_maps.m.entris; did you mean entries?",
                    "key_value_maps.m.entries.a[1] must be a string, not a boolean",
                    "key_value_maps.m.entries.b must be a string, a number, a boolean or a list of strings, not null",
                    "KV, line 1, column 52: the key value map m has no key k",
                ],
            ),
        ];
        for (policy, maps, expected) in cases {
            assert_eq!(warnings(&json!({"policies": [policy], "key_value_maps": maps})), expected, "{policy}");
        }
    }
}
