//! The names that something sets or raises.

use super::FAULT_NAME;
use envoy_callout::policy::usage::Purpose;
use envoy_callout::policy::variable::{FLOW_MESSAGES, Variable, part_names, predefined_names};
use envoy_callout::policy::{Policy, fault_names};
use envoy_callout::suggestion;

/// How much is known about the variables of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// Everything that sets variables is known.
    All,
    /// Something else may set variables, such as a shared flow that is not given: only probable typing errors are
    /// reported.
    Some,
    /// A program, or a document with errors, may set any variable: nothing is reported.
    None,
}

/// The policies and constants that set variables.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// The policies that may run before a read.
    pub(super) policies: Vec<&'a Policy>,
    /// The variables with constant values.
    pub(super) constants: Vec<&'a str>,
    /// How much is known.
    pub(super) extent: Extent,
}

/// The kinds of named values of a message.
const KINDS: [&str; 3] = ["header", "queryparam", "formparam"];

impl<'a> Known<'a> {
    /// Lowers the extent if a policy can set any variable.
    pub(super) fn new(policies: Vec<&'a Policy>, constants: Vec<&'a str>, extent: Extent) -> Known<'a> {
        let is_open = policies.iter().any(|policy| policy.sets_anything());
        let extent = if is_open { Extent::None } else { extent };
        Known { policies, constants, extent }
    }

    /// Whether something may set a variable.
    pub(super) fn may_be_set(&self, variable: &Variable) -> bool {
        self.extent == Extent::None
            || variable.is_predefined()
            || self.constants.contains(&&**variable.name())
            || self.policies.iter().any(|policy| policy.may_set(variable))
    }

    /// Whether a read of a variable is reported if no name is similar.
    pub(super) fn is_reported_without_suggestion(&self, purpose: Purpose) -> bool {
        self.extent == Extent::All && purpose != Purpose::OptionalValue
    }

    /// The name that a misspelt one may mean.
    pub(super) fn suggestion(&self, variable: &Variable, purpose: Purpose) -> Option<String> {
        let name = &**variable.name();
        let is_strict = self.is_reported_without_suggestion(purpose);
        let accepts = |word: &str, found: &str| is_strict || suggestion::is_typo(word, found);
        let messages = || self.set_names().chain(FLOW_MESSAGES);
        // A part of a misspelt message.
        let of_message = variable.splits().iter().find_map(|(message, _)| {
            let rest = name.strip_prefix(&**message)?;
            let found = suggestion::nearest(message, messages()).filter(|found| accepts(message, found))?;
            Some(format!("{found}{rest}"))
        });
        // A misspelt part of a message.
        let of_part = || {
            messages().find_map(|message| {
                let part = name.strip_prefix(message)?.strip_prefix('.')?;
                let kind = part.split_once('.').and_then(|(kind, rest)| {
                    let found = suggestion::nearest(kind, KINDS).filter(|found| accepts(kind, found))?;
                    Some(format!("{message}.{found}.{rest}"))
                });
                let names: Vec<String> = part_names(message).collect();
                let names = names.iter().map(String::as_str);
                kind.or_else(|| {
                    suggestion::nearest(name, names).filter(|found| accepts(name, found)).map(str::to_owned)
                })
            })
        };
        let of_names = || {
            let mut names: Vec<&str> = self.set_names().chain(self.constants.iter().copied()).collect();
            predefined_names().for_each(|name| names.push(name));
            suggestion::nearest(name, names).filter(|found| accepts(name, found)).map(str::to_owned)
        };
        of_message.or_else(of_part).or_else(|| self.generated(name, accepts)).or_else(of_names)
    }

    /// The variable with the name of a policy that a misspelt one may mean: `lookupcache.LC-Stock.cachehit`.
    fn generated(&self, name: &str, accepts: impl Fn(&str, &str) -> bool) -> Option<String> {
        let (kind, rest) = name.split_once('.')?;
        let (policy, part) = rest.split_once('.')?;
        let attributes = self.policies.iter().map(|policy| policy.attributes());
        let names =
            attributes.filter(|attributes| attributes.kind.variables == kind).map(|attributes| &*attributes.name);
        let found = suggestion::nearest(policy, names).filter(|found| accepts(policy, found))?;
        Some(format!("{kind}.{found}.{part}"))
    }

    /// The end of the report of a name that is no fault of a policy. `None` if a policy may raise it.
    pub(super) fn problem_of_fault(&self, name: &str) -> Option<String> {
        if self.extent == Extent::None || self.set_names().any(|set| set == FAULT_NAME) {
            return None;
        }
        let raised: Option<Vec<&[&str]>> = self.policies.iter().map(|policy| policy.fault_names()).collect();
        let of_policies = raised.filter(|_| self.extent == Extent::All);
        let last = name.rsplit('.').next().unwrap_or(name);
        match of_policies {
            Some(of_policies) => {
                let names: Vec<&str> =
                    of_policies.into_iter().flatten().chain(&fault_names::OF_ANY_PROXY).copied().collect();
                let is_code = last != name && names.contains(&last);
                let hint = if is_code {
                    format!("; did you mean {last}?")
                } else {
                    suggestion::hint(name, names.iter().copied())
                };
                (!names.contains(&name)).then_some(hint)
            }
            // A policy that is not run or not given may raise other faults.
            None => {
                let mut names = fault_names::all();
                let is_known = fault_names::all().any(|known| known == name);
                let found = names.find(|known| suggestion::is_typo(name, known)).filter(|_| !is_known)?;
                Some(format!("; did you mean {found}?"))
            }
        }
    }

    /// The names of the variables and messages that policies set.
    fn set_names(&self) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        self.policies.iter().copied().flat_map(Policy::set_names)
    }
}
