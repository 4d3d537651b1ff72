//! The publication of variables in filter state, for other filters and access logs (docs/guide/variables.md).

use crate::flow::host::Host;
use crate::flow::message::{MessageId, PartIndex};
use crate::flow::private::is_url;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::flow::variables::fits_filter_state;
use crate::policy::variable::{MessagePart, Variable};
use bytestring::ByteString;
use std::collections::BTreeMap;

impl<H: Host> Transaction<'_, H> {
    /// Publishes the variables whose values differ from those in filter state. The caller runs it once before the
    /// stream continues, not at every write.
    pub fn publish(&mut self) {
        let plan = self.plan;
        self.published.resize(plan.publish.variables.len(), None);
        for (index, variable) in plan.publish.variables.iter().enumerate() {
            // Values of other filters are not published again.
            let Some(value) = self.own_value(variable) else {
                if let Some(Some(current)) = self.published.get_mut(index) {
                    withdraw(self.host, variable.name(), current);
                }
                continue;
            };
            let value = self.published_text(variable.name(), &value);
            if let Some(current) = self.published.get_mut(index).filter(|current| current.as_ref() != Some(&value)) {
                publish(self.host, variable.name(), &value);
                *current = Some(value);
            }
        }
        if !plan.publish.prefixes.is_empty() {
            self.publish_by_prefix();
        }
        // A value that does not fit into the memory is not published. It must not fail the next step.
        self.is_out_of_memory.set(false);
    }

    /// The published text of a variable. Private values in the URL of a callout are masked.
    fn published_text(&self, name: &str, value: &Value) -> ByteString {
        let text = self.render(value);
        if is_url(name) { self.private_values.mask(text) } else { text }
    }

    /// Whether this filter has published a variable with this name.
    #[inline(never)]
    pub(super) fn has_published(&self, name: &str) -> bool {
        let by_index = self.plan.publish.variables.iter().zip(&self.published);
        by_index.filter(|(_, value)| value.is_some()).any(|(variable, _)| variable.name() == name)
            || self.published_by_name.contains_key(name)
    }

    /// Publishes the variables that the configuration names by a prefix.
    #[inline(never)]
    fn publish_by_prefix(&mut self) {
        if self.plan.publish.prefixes.iter().any(|prefix| prefix.starts_with("request.")) {
            // No step may have read the request before.
            self.message_named("request");
        }
        let known = self.variables_with_prefix();
        for (name, value) in &known {
            let value = match value {
                Prefixed::Read(value) => value.clone(),
                Prefixed::Unread => self.own_value(&Variable::new(name)),
            };
            let value = value.map(|value| self.published_text(name, &value));
            let Some(value) = value.filter(|value| self.published_by_name.get(name) != Some(value)) else { continue };
            publish(self.host, name, &value);
            self.published_by_name.insert(name.clone(), value);
        }
        for (name, current) in &mut self.published_by_name {
            if !known.contains_key(name) {
                withdraw(self.host, name, current);
            }
        }
    }

    /// The variables with a published prefix: those that were set, the parts of messages, and constants.
    fn variables_with_prefix(&self) -> BTreeMap<ByteString, Prefixed> {
        let has_prefix = |name: &str| self.plan.publish.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let constants = self.plan.constants.keys().filter(|name| has_prefix(name));
        let mut names: BTreeMap<ByteString, Prefixed> =
            constants.map(|name| (name.clone(), Prefixed::Unread)).collect();
        for (name, value) in self.variables.iter() {
            if let Value::Message(id) = value
                && let Some(message) = self.message(*id)
            {
                let parts = message.part_names().into_iter().map(|part| format!("{name}.{part}"));
                // The index avoids a search of all parameters for each of thousands.
                let mut index = None;
                for part in parts.filter(|part| has_prefix(part)) {
                    let index = index.get_or_insert_with(|| PartIndex::new(message));
                    let value = match self.named_part(*id, &Variable::new(&part)) {
                        Some(MessagePart::Uri | MessagePart::Url) | None => Prefixed::Unread,
                        Some(part) => Prefixed::Read(index.part(&part)),
                    };
                    names.insert(part.into(), value);
                }
            }
            if has_prefix(name) {
                names.insert(name.clone(), Prefixed::Unread);
            }
        }
        names
    }

    /// The part of this message that a variable names. `None` when it names another variable.
    fn named_part(&self, id: MessageId, variable: &Variable) -> Option<MessagePart> {
        let message = |name: &str| match self.variables.get(if name == "message" { self.ambient() } else { name })? {
            Value::Message(id) => Some(*id),
            _ => None,
        };
        let (found, part) = variable.splits().iter().find_map(|(name, part)| Some((message(name)?, part)))?;
        (found == id).then(|| part.clone())
    }
}

/// A variable that the configuration names by a prefix.
enum Prefixed {
    /// Its value.
    Read(Option<Value>),
    /// Its value is not read yet.
    Unread,
}

/// Publishes empty text for a variable that no longer resolves, because Envoy cannot remove a value from filter state.
/// A value that another filter has set since stays.
#[cold]
fn withdraw<H: Host>(host: &H, name: &str, published: &mut ByteString) {
    let is_ours = || host.filter_state(name).is_some_and(|current| current == published.as_bytes());
    if !published.is_empty() && fits_filter_state(name) && is_ours() {
        *published = ByteString::new();
        host.publish(name, b"");
    }
}

fn publish<H: Host>(host: &H, name: &str, value: &ByteString) {
    if fits_filter_state(name) {
        host.publish(name, value.as_bytes());
    }
}
