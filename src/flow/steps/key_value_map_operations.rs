//! KeyValueMapOperations at run time (docs/apigee-semantics.md 12.1).

use crate::flow::fault::{Fault, codes};
use crate::flow::host::Host;
use crate::flow::key_values::{MapsAreFull, Values};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::key_value_map_operations::{KEY_SEPARATOR, KeyValueMapOperations, Operation};
use crate::policy::text_or_variable::TextOrVariable;
use crate::policy::variable::Variable;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    /// Runs the operations in document order.
    pub(super) fn key_value_map_operations(&mut self, policy: &KeyValueMapOperations) -> Result<(), Fault> {
        let map = self.text_of(&policy.map);
        for operation in &policy.operations {
            // A parameter that does not resolve makes a key that no map has. `[inferred]`
            let id = map.clone().zip(self.map_key(operation.key()));
            match operation {
                Operation::Get { assign_to, index, .. } => {
                    let values = id.as_ref().and_then(|(map, key)| self.map_values(map, key));
                    let is_encrypted = map.as_ref().is_some_and(|map| self.is_encrypted(map));
                    self.assign_map_value(policy, assign_to, *index, values, is_encrypted)?;
                }
                Operation::Put { values, is_override, .. } => {
                    let values: Vec<_> = values.iter().filter_map(|value| self.text_of(value)).collect();
                    let Some((map, key)) = id.filter(|_| !values.is_empty()) else { continue };
                    if *is_override || self.map_values(&map, &key).is_none() {
                        self.change_map(policy, &map, &key, Some(values))?;
                    }
                }
                Operation::Delete { .. } => {
                    if let Some((map, key)) = id.filter(|(map, key)| self.map_values(map, key).is_some()) {
                        let is_configured =
                            self.plan.key_value_maps.get(&map).is_some_and(|map| map.entries.contains_key(&key));
                        match is_configured {
                            true => self.change_map(policy, &map, &key, None)?,
                            false => self.worker.map_changes.forget(&map, &key),
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The value of a variable, or else the literal text.
    pub(super) fn text_of(&mut self, value: &TextOrVariable) -> Option<ByteString> {
        let named = value.reference.as_ref().and_then(|reference| self.text(reference));
        named.or_else(|| value.text.clone())
    }

    fn map_key(&mut self, parameters: &[TextOrVariable]) -> Option<ByteString> {
        if let [only] = parameters {
            return self.text_of(only);
        }
        let texts: Option<Vec<ByteString>> = parameters.iter().map(|parameter| self.text_of(parameter)).collect();
        let texts = texts?;
        let bytes = texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()).saturating_add(2));
        self.check_memory(bytes).ok()?;
        Some(texts.join(KEY_SEPARATOR).into())
    }

    fn is_encrypted(&self, map: &ByteString) -> bool {
        self.plan.key_value_maps.get(map).is_some_and(|map| map.is_encrypted)
    }

    /// The values of a key: those that a policy put, or else the configured ones.
    fn map_values(&self, map: &ByteString, key: &ByteString) -> Option<Values> {
        match self.worker.map_changes.get(map, key, self.host.now()) {
            Some(changed) => changed,
            None => self.plan.key_value_maps.get(map)?.entries.get(key).cloned(),
        }
    }

    fn change_map(
        &self,
        policy: &KeyValueMapOperations,
        map: &str,
        key: &str,
        values: Option<Vec<ByteString>>,
    ) -> Result<(), Fault> {
        let now = self.host.now();
        let expires = policy.expiry.filter(|_| values.is_some()).map(|expiry| now.saturating_add(expiry));
        self.worker.map_changes.set(map, key, values, expires, now).map_err(|MapsAreFull| {
            let name = &policy.attributes.name;
            Fault::service_unavailable(format!("KeyValueMapOperations[{name}]: the memory for changed maps is full"))
        })
    }

    /// Assigns the value at an index or all values. Without them, the variable becomes unresolved. `[inferred]`
    fn assign_map_value(
        &mut self,
        policy: &KeyValueMapOperations,
        variable: &Variable,
        index: Option<usize>,
        values: Option<Values>,
        is_encrypted: bool,
    ) -> Result<(), Fault> {
        let value = values.and_then(|values| match (index, &*values) {
            (Some(index), values) => values.get(index.checked_sub(1)?).cloned().map(Value::String),
            // `[inferred]` that the only value is a text and not a list.
            (None, [only]) => Some(Value::String(only.clone())),
            (None, values) => Some(Value::Collection(values.to_vec())),
        });
        let is_allowed = (!is_encrypted || variable.is_private()) && !self.is_read_only(variable);
        let written = match value {
            _ if !is_allowed => false,
            Some(value) => self.assign(variable, value).is_ok(),
            None => self.clear(variable).is_ok(),
        };
        if written {
            return Ok(());
        }
        let name = &policy.attributes.name;
        let reason = format!("Failed to set variable {variable} in KeyValueMapStepDefinition {name}");
        Err(Fault::new(codes::MAP_SET_FAILED, reason))
    }
}
