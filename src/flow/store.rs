//! The variables that a transaction sets.

use crate::flow::value::Value;
use bytestring::ByteString;

/// Variables by name, in the order in which they were first set.
///
/// It is a list, because a transaction sets few variables and names differ in length. At this size, comparing lengths
/// is faster than a tree or a hash.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Store(Vec<(ByteString, Value)>);

impl Store {
    /// A store with memory for some variables.
    pub fn with_capacity(variables: usize) -> Store {
        Store(Vec::with_capacity(variables))
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known.len() == name.len() && *known == name).map(|(_, value)| value)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: ByteString, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known.len() == name.len() && *known == name) {
            Some((_, current)) => *current = value,
            None => self.0.push((name, value)),
        }
    }

    /// Removes a variable if it exists.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Keeps only the variables with certain names.
    pub fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keeps(name));
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&ByteString, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}
