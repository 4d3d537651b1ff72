//! The variables that policies and conditions read, the variables that policies set, and the faults that they raise.
//!
//! A transaction does not need this: it is for reports of names that nothing sets or raises.

use super::action::{Action, Assignment, Copy};
use super::authentication::{Authentication, GoogleToken};
use super::condition::Condition;
use super::connection::{Connection, LocalDestination, LocalTarget, Target};
use super::referenced::Referenced;
use super::template::{Argument, Function, Part, Reference, Template};
use super::variable::Variable;
use super::{Policy, fault_names};

/// A variable that is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Read<'p> {
    /// The variable.
    pub variable: &'p Variable,
    /// What it is read for.
    pub purpose: Purpose,
}

/// What a variable is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its value.
    Value,
    /// Its value, if it resolves: there is a default, another source, or a comparison with null.
    OptionalValue,
    /// The message with this name, such as the `Source` of ExtractVariables.
    Message,
}

impl<'p> Read<'p> {
    /// A read of a value.
    pub(super) fn value(variable: &'p Variable) -> Read<'p> {
        Read { variable, purpose: Purpose::Value }
    }

    /// A read of a value that may be absent.
    pub(super) fn optional(variable: &'p Variable) -> Read<'p> {
        Read { variable, purpose: Purpose::OptionalValue }
    }

    /// A read of a message.
    pub(super) fn message(variable: &'p Variable) -> Read<'p> {
        Read { variable, purpose: Purpose::Message }
    }

    /// A read of a value that may be absent when there is another source.
    fn with_fallback(variable: &'p Variable, has_fallback: bool) -> Read<'p> {
        if has_fallback { Read::optional(variable) } else { Read::value(variable) }
    }
}

impl Policy {
    /// The variables that the policy reads, with repetitions.
    pub fn read_variables(&self) -> Vec<Read<'_>> {
        let of_actions = self.data().actions().iter().flat_map(Action::reads);
        let of_authentication = self.data().authentication().into_iter().flat_map(Authentication::reads);
        of_actions.chain(of_authentication).chain(self.data().reads()).collect()
    }

    /// The names of the variables and messages that the policy sets, for suggestions.
    pub fn set_names(&self) -> Vec<&str> {
        let assigned = self.assigned_variables().map(|name| &**name);
        assigned.chain(self.data().made()).chain(std::iter::once(&*self.attributes().failed)).collect()
    }

    /// Whether the policy may set a variable: by its name, as a part of a message that the policy makes, or as one of
    /// the variables that contain the policy's name, such as `servicecallout.NAME.target.url`.
    pub fn may_set(&self, variable: &Variable) -> bool {
        if let Some(unsupported) = self.unsupported() {
            return unsupported.may_set(variable);
        }
        let attributes = self.attributes();
        let of_policy = || {
            let rest = variable.name().strip_prefix(attributes.kind.variables)?.strip_prefix('.')?;
            rest.strip_prefix(&*attributes.name)?.strip_prefix('.')
        };
        self.set_names().iter().any(|name| variable.is_of(name)) || of_policy().is_some()
    }

    /// Whether the policy can set variables of any name: a program, whose variables are known only when it runs.
    pub fn sets_anything(&self) -> bool {
        self.unsupported().is_some_and(|policy| policy.sets_anything())
    }

    /// The values of `fault.name` after a fault of the policy. `None` for a policy type that the filter does not run.
    pub fn fault_names(&self) -> Option<&'static [&'static str]> {
        match self.unsupported() {
            Some(_) => None,
            None => Some(fault_names::of_kind(self.kind())),
        }
    }
}

impl Template {
    /// The variables that the template reads.
    pub fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        self.parts().iter().flat_map(|part| match part {
            Part::Literal(_) => Vec::new(),
            Part::Variable(reference) => vec![reference.read()],
            Part::Call(function, arguments) => {
                let may_be_absent = *function == Function::FirstNonNull;
                let references = arguments.iter().filter_map(|argument| match argument {
                    Argument::Variable(reference) => Some(reference),
                    Argument::Literal(_) | Argument::Nested(_) => None,
                });
                let read = |reference: &'_ Reference| reference.default.is_some() || may_be_absent;
                references.map(|reference| Read::with_fallback(&reference.variable, read(reference))).collect()
            }
        })
    }
}

impl Reference {
    fn read(&self) -> Read<'_> {
        Read::with_fallback(&self.variable, self.default.is_some())
    }
}

impl Referenced {
    /// The variables that the value reads.
    pub fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        let reference = self.reference.iter().map(|variable| Read::with_fallback(variable, self.text.is_some()));
        reference.chain(self.text.iter().flat_map(Template::reads))
    }
}

impl Authentication {
    /// The variables that the token reads.
    pub fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        let (first, second) = match &self.token {
            GoogleToken::Access { lifetime, .. } => (lifetime, &None),
            GoogleToken::Id { audience, include_email, .. } => (audience, include_email),
        };
        [&self.header_name, first, second].into_iter().flatten().flat_map(Referenced::reads)
    }
}

impl Action {
    fn reads(&self) -> Vec<Read<'_>> {
        match self {
            Action::Set(Assignment::Part(_, template)) | Action::Add(_, _, template) => template.reads().collect(),
            Action::Set(Assignment::Payload { content, content_type }) => {
                content.reads().chain(content_type.iter().flat_map(Template::reads)).collect()
            }
            Action::Copy(Copy { source, .. }) => source.iter().map(Read::message).collect(),
            Action::Remove(_) => Vec::new(),
            Action::Authenticate(authentication) => authentication.reads().collect(),
            Action::AssignVariable(assignment) => {
                let fallback = assignment.value.is_some() || assignment.property.is_some();
                let reference = assignment.reference.iter().map(|name| Read::with_fallback(name, fallback));
                let of_template = assignment
                    .template
                    .iter()
                    .flat_map(|source| source.reference.iter().map(Read::optional).chain(source.template.reads()));
                let resource = assignment.resource.iter().flat_map(|resource| resource.template.reads());
                let property = assignment.property.iter().flat_map(Template::reads);
                reference.chain(of_template).chain(resource).chain(property).collect()
            }
        }
    }
}

impl Connection {
    /// The variables that the target reads.
    pub(super) fn reads(&self) -> Vec<Read<'_>> {
        match &self.target {
            Target::Url(url) => url.template.reads().collect(),
            Target::LoadBalancer(balancer) => balancer.path.iter().flat_map(Template::reads).collect(),
            Target::Local(local) => local.reads(),
        }
    }
}

impl LocalTarget {
    /// The variables that the target reads.
    pub fn reads(&self) -> Vec<Read<'_>> {
        match &self.destination {
            LocalDestination::Proxy { api_proxy, proxy_endpoint } => {
                api_proxy.reads().chain(proxy_endpoint.reads()).collect()
            }
            LocalDestination::Path(path) => path.reads().collect(),
        }
    }
}

impl Condition {
    /// The variables that the condition reads, with repetitions. A variable that is compared with null may be absent.
    pub fn reads(&self) -> Vec<Read<'_>> {
        let mut reads = Vec::new();
        self.expression().visit_reads(&mut |variable, may_be_absent| {
            reads.push(Read::with_fallback(variable, may_be_absent));
        });
        reads
    }
}

#[cfg(test)]
mod tests;
