//! Telling other filters and access logs what the variables hold (contract 3.2).

use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::variables::fits_filter_state;
use crate::policy::variable::Variable;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    /// Publishes what is to be published and differs from what filter state holds. Called after the last write before
    /// the stream moves on, not at every write.
    pub fn publish(&mut self) {
        let plan = self.plan;
        for variable in &plan.publish.variables {
            // What another filter set is theirs to publish, and asking for it costs a host call.
            if self.is_own(variable) {
                if let Some(value) = self.text(variable) {
                    self.publish_value(variable.name().clone(), value);
                }
            }
        }
        for prefix in &plan.publish.prefixes {
            let matching = self.variables.iter().filter(|(name, _)| name.starts_with(prefix.as_str()));
            let values: Vec<(ByteString, ByteString)> =
                matching.map(|(name, value)| (name.clone(), self.render(value))).collect();
            for (name, value) in values {
                self.publish_value(name, value);
            }
        }
    }

    fn is_own(&mut self, variable: &Variable) -> bool {
        variable.builtin().is_some()
            || self.variables.contains_key(variable.name())
            || self.plan.constants.contains_key(variable.name())
            || variable.splits().iter().any(|(name, _)| self.message_named(name).is_some())
    }

    fn publish_value(&mut self, name: ByteString, value: ByteString) {
        if fits_filter_state(&name) && self.published.get(&name) != Some(&value) {
            self.host.publish(&name, value.as_bytes());
            self.published.insert(name, value);
        }
    }
}
