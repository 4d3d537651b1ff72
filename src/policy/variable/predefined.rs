//! The names of the variables that Apigee or this filter sets without a policy (docs/apigee-semantics.md 8.2 to 8.4).

use super::builtin::Builtin;
use super::{FLOW_MESSAGES, Variable, is_private};

/// Predefined variables other than [`Builtin`] and the parts of messages.
const NAMES: [&str; 44] = [
    "application.basepath",
    "client.country",
    "client.email.address",
    "client.locality",
    "client.organization",
    "client.organization.unit",
    "client.state",
    "current.flow.description",
    "error.cause",
    "error.message",
    "error.state",
    "fault.category",
    "fault.name",
    "fault.reason",
    "fault.subcategory",
    "fault.type",
    "flow.resource.name",
    "integration.name",
    "integration.project.id",
    "integration.region",
    "integration.scheduletime",
    "integration.trigger",
    "loadbalancing.failedservers",
    "loadbalancing.isfallback",
    "loadbalancing.targetserver",
    "raisefault.failed",
    "route.name",
    "route.target",
    "servicecallout.requesturi",
    "target.cn",
    "target.copy.pathsuffix",
    "target.copy.queryparams",
    "target.country",
    "target.email.address",
    "target.expectedcn",
    "target.header.host",
    "target.locality",
    "target.name",
    "target.organization",
    "target.organization.unit",
    "target.state",
    "variable.expectedcn",
    "virtualhost.name",
    "virtualhost.ssl.enabled",
];

/// The first segments of names that only the environment knows.
const PREFIXES: [&str; 6] =
    ["apigee.", "propertyset.", "system.interface.", "tls.", "virtualhost.aliases.", "target.ssl."];

/// The parts of a message that Apigee has and this filter does not.
const APIGEES_PARTS: [&str; 5] = ["event.", "grpc.", "transport.", "transportid", "http."];

/// The parts of a message without a name of their own, for suggestions.
const PARTS: [&str; 18] = [
    "content",
    "formparams.count",
    "formparams.names",
    "formparams.names.string",
    "formstring",
    "headers.count",
    "headers.names",
    "headers.names.string",
    "path",
    "queryparams.count",
    "queryparams.names",
    "queryparams.names.string",
    "querystring",
    "reason.phrase",
    "status.code",
    "uri",
    "url",
    "verb",
];

impl Variable {
    /// Whether the variable may have a value that no policy set: predefined variables, messages of the flow and their
    /// parts, private variables and properties, which the environment sets too.
    pub fn is_predefined(&self) -> bool {
        let name = &**self.name();
        let of_apigee = |message: &&str| {
            let part = name.strip_prefix(*message).and_then(|rest| rest.strip_prefix('.'));
            part.is_some_and(|part| APIGEES_PARTS.iter().any(|known| part.starts_with(known)))
        };
        self.builtin().is_some()
            || is_private(name)
            || NAMES.contains(&name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || FLOW_MESSAGES.iter().any(|message| self.is_of(message))
            || FLOW_MESSAGES.iter().any(of_apigee)
    }
}

/// The names of predefined variables that a misspelt name may mean, without the parts of messages.
pub fn predefined_names() -> impl Iterator<Item = &'static str> {
    Builtin::NAMES.iter().chain(&NAMES).chain(&FLOW_MESSAGES).copied()
}

/// The names of the parts of a message that a misspelt name may mean.
pub fn part_names(message: &str) -> impl Iterator<Item = String> {
    PARTS.iter().map(move |part| format!("{message}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predefined_names_are_predefined() {
        for name in predefined_names().map(str::to_owned).chain(part_names("response")) {
            assert!(Variable::new(&name).is_predefined(), "{name}");
        }
        let predefined = [
            "request.header.X.values.count",
            "message.queryparam.a.2",
            "error.header.X",
            "private.token",
            "propertyset.limits.most",
            "request.transport.message",
            "response.grpc.status.code",
            "system.interface.eth0",
            "apigee.metrics.policy.P.timeTaken",
        ];
        for name in predefined {
            assert!(Variable::new(name).is_predefined(), "{name}");
        }
        for name in ["reqest.verb", "request.headr.X", "request.quota", "proxy.pathsufix", "user.id", "response.body"] {
            assert!(!Variable::new(name).is_predefined(), "{name}");
        }
    }
}
