//! Telling other filters and access logs what the variables hold (contract 3.2).

use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::variables::fits_filter_state;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    /// Publishes what is to be published and differs from what filter state holds. Called after the last write before
    /// the stream moves on, not at every write.
    pub fn publish(&mut self) {
        let plan = self.plan;
        self.published.resize(plan.publish.variables.len(), None);
        for (place, variable) in plan.publish.variables.iter().enumerate() {
            // What another filter set is theirs to publish.
            let Some(value) = self.own_value(variable) else { continue };
            let value = self.render(&value);
            if let Some(held) = self.published.get_mut(place).filter(|held| held.as_ref() != Some(&value)) {
                publish(self.host, variable.name(), &value);
                *held = Some(value);
            }
        }
        if !plan.publish.prefixes.is_empty() {
            self.publish_by_name();
        }
    }

    /// What the configuration names only the beginning of.
    #[inline(never)]
    fn publish_by_name(&mut self) {
        for prefix in &self.plan.publish.prefixes {
            let matching = self.variables.iter().filter(|(name, _)| name.starts_with(prefix.as_str()));
            let values: Vec<(ByteString, ByteString)> =
                matching.map(|(name, value)| (name.clone(), self.render(value))).collect();
            for (name, value) in values {
                if self.published_by_name.get(&name) != Some(&value) {
                    publish(self.host, &name, &value);
                    self.published_by_name.insert(name, value);
                }
            }
        }
    }
}

fn publish<H: Host>(host: &H, name: &str, value: &ByteString) {
    if fits_filter_state(name) {
        host.publish(name, value.as_bytes());
    }
}
