//! The variables that other filters and access logs see in filter state (docs/guide/variables.md).

use crate::policy::Policy;
use crate::policy::attributes::Attributes;
use crate::policy::kind::CONTENT;
use crate::policy::variable::{Variable, is_private};

/// The variables that are published.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Publish {
    /// The variables that are known by name.
    pub variables: Vec<Variable>,
    /// The prefixes, such as `flow.`, of variables whose names are known only in a transaction.
    pub prefixes: Vec<String>,
}

/// The variables that are published after a fault.
const FAULT: [&str; 3] = ["fault.name", "error.message", "error.status.code"];

impl Publish {
    /// Makes the default set of the policies and adds the names in `filter_state`.
    pub fn new<'p>(policies: impl Iterator<Item = &'p Policy>, configured: &[String]) -> Publish {
        let mut publish = Publish::default();
        for policy in policies {
            let Attributes { kind, failed, .. } = policy.attributes();
            publish.add(failed);
            if let Some(response) = policy.response() {
                publish.add_response(response, kind.publishes);
            }
        }
        for name in FAULT {
            publish.add(name);
        }
        for name in configured {
            match name.strip_suffix('*') {
                Some(prefix) => publish.prefixes.push(prefix.to_owned()),
                None => publish.add(name),
            }
        }
        publish
    }

    /// Adds parts of a response. The content of a `private.` variable, often a token, is published only when the
    /// configuration names it.
    fn add_response(&mut self, response: &str, parts: &[&str]) {
        for part in parts.iter().filter(|part| **part != CONTENT || !is_private(response)) {
            self.add(&format!("{response}.{part}"));
        }
    }

    fn add(&mut self, name: &str) {
        if !self.variables.iter().any(|known| known.name() == name) {
            self.variables.push(Variable::new(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_response_is_published_only_by_name() {
        let text = "<ServiceCallout name='SC'><Response>private.token</Response><HTTPTargetConnection><URL>http://a.test/</URL>
            </HTTPTargetConnection></ServiceCallout>";
        let (policy, _) = Policy::parse(text, "policies[0]");
        let names = |configured: &[&str]| -> Vec<String> {
            let configured: Vec<String> = configured.iter().map(|name| (*name).to_owned()).collect();
            let publish = Publish::new(policy.iter(), &configured);
            publish.variables.iter().map(|variable| variable.name().to_string()).collect()
        };
        assert!(names(&[]).iter().any(|name| name == "private.token.status.code"));
        assert!(!names(&[]).iter().any(|name| name == "private.token.content"));
        assert!(names(&["private.token.content"]).iter().any(|name| name == "private.token.content"));
    }
}
