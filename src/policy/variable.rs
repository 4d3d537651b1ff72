//! Names of flow variables, parsed once at load.

mod builtin;
mod message_part;
mod predefined;

pub use builtin::Builtin;
pub use message_part::{Item, MessagePart};
pub use predefined::{part_names, predefined_names};

use bytestring::ByteString;
use message_part::Numbered;
use std::fmt;

/// The names of the messages of the flow.
pub const FLOW_MESSAGES: [&str; 4] = ["request", "response", "message", "error"];

/// Whether Apigee masks the variable in its traces: it often contains a secret.
pub fn is_private(name: &str) -> bool {
    name.starts_with("private.")
}

/// The name of a flow variable with its possible meanings.
///
/// A dotted name can mean a part of a message whose own name has dots (`partner.request.header.X`). Which messages
/// exist is known only in a transaction, so every possible split is kept, the longest message name first
/// (docs/apigee-semantics.md 8.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    name: ByteString,
    splits: Vec<(ByteString, MessagePart)>,
    builtin: Option<Builtin>,
}

impl Variable {
    /// Parses a name.
    pub fn new(name: &str) -> Variable {
        let name = ByteString::from(name);
        let mut splits = Vec::new();
        let number = Numbered::of(&name);
        for (at, _) in name.rmatch_indices('.') {
            let (Some(message), Some(suffix)) = (name.get(..at), name.get(at.saturating_add(1)..)) else { continue };
            if let Some(part) = MessagePart::of_suffix(&name, suffix, number) {
                splits.push((name.slice_ref(message), part));
            }
        }
        let builtin = Builtin::parse(&name);
        Variable { name, splits, builtin }
    }

    /// Maximum memory of a variable with a name in bytes.
    pub fn size(name: &str) -> usize {
        // A list of parts grows by doubling.
        let split = size_of::<(ByteString, MessagePart)>().saturating_mul(2);
        let splits = name.bytes().filter(|byte| *byte == b'.').count().saturating_mul(split);
        name.len().saturating_add(splits)
    }

    /// The name as written.
    pub fn name(&self) -> &ByteString {
        &self.name
    }

    /// Whether Apigee masks it in its traces.
    pub fn is_private(&self) -> bool {
        is_private(&self.name)
    }

    /// The messages that the name may be a part of, the longest name first, each with the part. The name may also be a
    /// message itself.
    pub fn splits(&self) -> &[(ByteString, MessagePart)] {
        &self.splits
    }

    /// Whether it is the message with a name, or a part of it.
    pub fn is_of(&self, message: &str) -> bool {
        self.name == message || self.splits.iter().any(|(name, _)| name == message)
    }

    /// Whether it needs the body of the message with one of these names in the flow where it is read.
    pub fn is_body_of(&self, names: &[&str]) -> bool {
        names.contains(&&*self.name)
            || self.splits.iter().any(|(name, part)| names.contains(&&**name) && part.is_body())
    }

    /// The predefined variable with this name. A transaction may set a variable with the same name.
    pub fn builtin(&self) -> Option<Builtin> {
        self.builtin
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_at_every_suffix_that_a_message_has() {
        let variable = Variable::new("authenticate.response.status.code");
        let splits: Vec<_> = variable.splits().iter().map(|(name, part)| (&**name, part.clone())).collect();
        assert_eq!(splits, [("authenticate.response", MessagePart::StatusCode)]);
    }

    #[test]
    fn a_name_of_many_dots_is_split_in_linear_time() {
        let name = format!("{}.7", ["header"; 14_000].join("."));
        let variable = Variable::new(&name);
        assert_eq!(variable.splits().len(), 13_999);
        let part = MessagePart::Header(["header"; 13_998].join(".").into(), Item::Number(7));
        assert_eq!(variable.splits().last(), Some(&("header".into(), part)));
    }

    #[test]
    fn a_suffix_that_no_message_has_is_an_ordinary_name() {
        assert_eq!(Variable::new("request.myResourcePath").splits().len(), 0);
        assert_eq!(Variable::new("system.timestamp").builtin(), Some(Builtin::SystemTimestamp));
    }
}
