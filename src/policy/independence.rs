//! Whether a policy's call can start before the steps ahead of it have run.
//!
//! The names decide which steps form a group at load. They need not be complete: at run time, a step uses an early call
//! only if it would make the same call.

use super::Policy;
use super::action::{Action, Assignment};
use super::condition::Condition;
use super::template::{Function, Part, Template};
use super::variable::{Builtin, FLOW_MESSAGES, MessagePart, Variable};
use bytestring::ByteString;

/// The names of the variables whose values come from the result of a policy's call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultNames(Vec<ByteString>);

impl Policy {
    /// Whether a response to the policy's call can be awaited before the policy runs: the policy waits for the
    /// response, the call has no side effects, and the same policy makes the same call whenever it runs.
    pub fn can_call_early(&self) -> bool {
        let changes_client_message = self.response().is_some_and(|name| FLOW_MESSAGES.contains(&name));
        self.data().has_predictable_target()
            && self.response().is_some()
            && !changes_client_message
            && self.attributes().enabled
            && !self.has_unsafe_verb()
            && !self.templates().any(Template::is_unpredictable)
            && !self.read_variables().iter().any(|read| read.variable.is_unpredictable())
    }

    /// The names of the variables that the result of the policy's call decides.
    pub fn result_names(&self) -> ResultNames {
        let attributes = self.attributes();
        let mut names: Vec<ByteString> = self.response().map(ByteString::from).into_iter().collect();
        names.push(attributes.failed.clone());
        names.push(format!("apigee.metrics.policy.{}", attributes.name).into());
        if attributes.continue_on_error {
            names.extend(["fault", "error"].map(ByteString::from_static));
        }
        ResultNames(names)
    }

    /// Whether the policy, or the condition of its step, reads or replaces one of these variables.
    pub fn depends_on(&self, condition: Option<&Condition>, results: &ResultNames) -> bool {
        let of_condition = condition.into_iter().flat_map(Condition::variables);
        let read = self.read_variables().into_iter().map(|read| read.variable).chain(of_condition);
        read.map(|variable| &**variable.name()).chain(self.set_names()).any(|name| results.overlap(name))
    }

    /// Whether the policy always sets a verb other than GET and HEAD.
    fn has_unsafe_verb(&self) -> bool {
        self.data().actions().iter().any(|action| match action {
            Action::Set(Assignment::Part(MessagePart::Verb, verb)) => {
                verb.as_literal().is_some_and(|verb| !matches!(&*verb, "GET" | "HEAD"))
            }
            _ => false,
        })
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        self.data().actions().iter().flat_map(Action::templates)
    }
}

impl ResultNames {
    /// Whether a name is one of the names, a part of one, or contains one.
    fn overlap(&self, name: &str) -> bool {
        let is_part = |part: &str, whole: &str| {
            part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.iter().any(|result| is_part(name, result) || is_part(result, name))
    }

    /// Adds the names of another policy.
    pub fn extend(&mut self, other: ResultNames) {
        self.0.extend(other.0);
    }
}

impl Template {
    /// Whether each expansion has another result.
    fn is_unpredictable(&self) -> bool {
        let is_random =
            |function: &Function| matches!(function, Function::CreateUuid | Function::RandomLong | Function::Xeger);
        self.parts().iter().any(|part| matches!(part, Part::Call(function, _) if is_random(function)))
    }
}

impl Variable {
    /// Whether each read can have another result.
    fn is_unpredictable(&self) -> bool {
        self.builtin() == Some(Builtin::MessageId) || self.name().starts_with("system.time")
    }
}

#[cfg(test)]
mod tests;
