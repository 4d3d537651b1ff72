//! Telling other filters and access logs what the variables hold (docs/guide/variables.md).

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
    /// Publishes what is to be published and differs from what filter state holds. Called after the last write before
    /// the stream moves on, not at every write.
    pub fn publish(&mut self) {
        let plan = self.plan;
        self.published.resize(plan.publish.variables.len(), None);
        for (place, variable) in plan.publish.variables.iter().enumerate() {
            // What another filter set is theirs to publish.
            let Some(value) = self.own_value(variable) else {
                if let Some(Some(held)) = self.published.get_mut(place) {
                    withdraw(self.host, variable.name(), held);
                }
                continue;
            };
            let value = self.shown(variable.name(), &value);
            if let Some(held) = self.published.get_mut(place).filter(|held| held.as_ref() != Some(&value)) {
                publish(self.host, variable.name(), &value);
                *held = Some(value);
            }
        }
        if !plan.publish.prefixes.is_empty() {
            self.publish_by_name();
        }
        // What does not fit into the memory is not published. No step asked for it.
        self.is_out_of_room.set(false);
    }

    /// The text of a variable for others to see: private values in the URL of a callout are masked.
    fn shown(&self, name: &str, value: &Value) -> ByteString {
        let text = self.render(value);
        if is_url(name) { self.private_values.mask(text) } else { text }
    }

    /// Whether filter state under that name is this filter's.
    #[inline(never)]
    pub(super) fn has_published(&self, name: &str) -> bool {
        let by_place = self.plan.publish.variables.iter().zip(&self.published);
        by_place.filter(|(_, held)| held.is_some()).any(|(variable, _)| variable.name() == name)
            || self.published_by_name.contains_key(name)
    }

    /// What the configuration names only the beginning of.
    #[inline(never)]
    fn publish_by_name(&mut self) {
        if self.plan.publish.prefixes.iter().any(|prefix| prefix.starts_with("request.")) {
            // Fetches it, should nothing have read it yet.
            self.message_named("request");
        }
        let known = self.names_that_begin();
        for (name, value) in &known {
            let value = match value {
                Named::Read(value) => value.clone(),
                Named::Unread => self.own_value(&Variable::new(name)),
            };
            let value = value.map(|value| self.shown(name, &value));
            let Some(value) = value.filter(|value| self.published_by_name.get(name) != Some(value)) else { continue };
            publish(self.host, name, &value);
            self.published_by_name.insert(name.clone(), value);
        }
        for (name, held) in &mut self.published_by_name {
            if !known.contains_key(name) {
                withdraw(self.host, name, held);
            }
        }
    }

    /// The variables that begin so: those that were set, the parts of messages, and constants.
    fn names_that_begin(&self) -> BTreeMap<ByteString, Named> {
        let begins = |name: &str| self.plan.publish.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let constants = self.plan.constants.keys().filter(|name| begins(name));
        let mut names: BTreeMap<ByteString, Named> = constants.map(|name| (name.clone(), Named::Unread)).collect();
        for (name, value) in self.variables.iter() {
            if let Value::Message(id) = value
                && let Some(message) = self.message(*id)
            {
                let parts = message.part_names().into_iter().map(|part| format!("{name}.{part}"));
                // Of thousands of parameters none is looked for from the beginning of all.
                let mut index = None;
                for part in parts.filter(|part| begins(part)) {
                    let index = index.get_or_insert_with(|| PartIndex::new(message));
                    let value = match self.named_part(*id, &Variable::new(&part)) {
                        Some(part) => Named::Read(index.part(&part)),
                        None => Named::Unread,
                    };
                    names.insert(part.into(), value);
                }
            }
            if begins(name) {
                names.insert(name.clone(), Named::Unread);
            }
        }
        names
    }

    /// The part that the variable is of that message. `None` when it is none, or one of another message.
    fn named_part(&self, id: MessageId, variable: &Variable) -> Option<MessagePart> {
        let message = |name: &str| match self.variables.get(if name == "message" { self.ambient() } else { name })? {
            Value::Message(id) => Some(*id),
            _ => None,
        };
        let (found, part) = variable.splits().iter().find_map(|(name, part)| Some((message(name)?, part)))?;
        (found == id).then(|| part.clone())
    }
}

/// A variable that the configuration names only the beginning of.
enum Named {
    /// What it holds.
    Read(Option<Value>),
    /// It is still to be read.
    Unread,
}

/// Empties what was published of a variable that resolves no more, so that nobody takes it for its value. Filter state
/// can lose nothing; and what another filter has put there since is theirs.
#[cold]
fn withdraw<H: Host>(host: &H, name: &str, held: &mut ByteString) {
    let is_ours = || host.filter_state(name).is_some_and(|current| current == held.as_bytes());
    if !held.is_empty() && fits_filter_state(name) && is_ours() {
        *held = ByteString::new();
        host.publish(name, b"");
    }
}

fn publish<H: Host>(host: &H, name: &str, value: &ByteString) {
    if fits_filter_state(name) {
        host.publish(name, value.as_bytes());
    }
}
