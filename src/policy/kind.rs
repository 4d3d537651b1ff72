//! The table of policy types.

use super::Policy;
use super::assign_message::AssignMessage;
use super::basic_authentication::BasicAuthentication;
use super::extract_variables::ExtractVariables;
use super::flow_callout::FlowCallout;
use super::integration_callout::IntegrationCallout;
use super::invalidate_cache::InvalidateCache;
use super::jwt::{DecodeJwt, GenerateJwt, VerifyJwt};
use super::key_value_map_operations::KeyValueMapOperations;
use super::lookup_cache::LookupCache;
use super::populate_cache::PopulateCache;
use super::raise_fault::RaiseFault;
use super::response_cache::ResponseCache;
use super::service_callout::ServiceCallout;
use super::set_integration_request::SetIntegrationRequest;
use super::unsupported::Unsupported;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;

/// A policy type.
#[derive(Debug)]
pub struct PolicyKind {
    /// The name of the root element.
    pub name: &'static str,
    /// The attributes that only this type has.
    pub(super) attributes: &'static [&'static str],
    /// The prefix of its variables: `servicecallout` in `servicecallout.NAME.failed`.
    pub variables: &'static str,
    /// The prefix of its fault codes: `steps.servicecallout` in `steps.servicecallout.ExecutionFailed`.
    pub faults: &'static str,
    /// Whether Envoy's stats count its calls and their outcomes.
    pub has_metrics: bool,
    /// The parts of its response that are published to filter state.
    pub publishes: &'static [&'static str],
    /// Reads a document. `None` when it has errors; the diagnostics contain them.
    pub(super) parse: fn(Element<'_, '_>, &mut Diagnostics) -> Option<Policy>,
}

/// The part of a response that is published only when the configuration names it, if the response is private.
pub const CONTENT: &str = "content";

/// The parts of a callout's response.
const RESPONSE: &[&str] = &[CONTENT, "status.code"];

/// The policy types that the filter runs.
static KINDS: [PolicyKind; 16] = [
    PolicyKind {
        name: "ServiceCallout",
        attributes: &[],
        variables: "servicecallout",
        faults: "steps.servicecallout",
        has_metrics: true,
        publishes: RESPONSE,
        parse: |root, problems| ServiceCallout::parse(root, problems).map(Box::new).map(Policy::ServiceCallout),
    },
    PolicyKind {
        name: "AssignMessage",
        attributes: &[],
        variables: "assignmessage",
        faults: "steps.assignmessage",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| Some(Policy::AssignMessage(AssignMessage::parse(root, problems))),
    },
    PolicyKind {
        name: "ExtractVariables",
        attributes: &[],
        variables: "extractvariables",
        faults: "steps.extractvariables",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| ExtractVariables::parse(root, problems).map(Policy::ExtractVariables),
    },
    PolicyKind {
        name: "RaiseFault",
        attributes: &[],
        variables: "raisefault",
        faults: "steps.raisefault",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| Some(Policy::RaiseFault(RaiseFault::parse(root, problems))),
    },
    PolicyKind {
        name: "FlowCallout",
        attributes: &[],
        variables: "flowcallout",
        faults: "steps.flowcallout",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| FlowCallout::parse(root, problems).map(Policy::FlowCallout),
    },
    PolicyKind {
        name: "SetIntegrationRequest",
        attributes: &[],
        variables: "setintegrationrequest",
        faults: "steps.setintegrationrequest",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| {
            SetIntegrationRequest::parse(root, problems).map(Box::new).map(Policy::SetIntegrationRequest)
        },
    },
    PolicyKind {
        name: "IntegrationCallout",
        attributes: &[],
        // The documentation spells this prefix and that of BasicAuthentication with capitals.
        variables: "IntegrationCallout",
        faults: "steps.integrationcallout",
        has_metrics: true,
        publishes: RESPONSE,
        parse: |root, problems| IntegrationCallout::parse(root, problems).map(Policy::IntegrationCallout),
    },
    PolicyKind {
        name: "BasicAuthentication",
        attributes: &[],
        variables: "BasicAuthentication",
        faults: "steps.basicauthentication",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| {
            BasicAuthentication::parse(root, problems).map(Box::new).map(Policy::BasicAuthentication)
        },
    },
    PolicyKind {
        name: "DecodeJWT",
        attributes: &[],
        variables: "jwt",
        faults: "steps.jwt",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| Some(Policy::DecodeJwt(Box::new(DecodeJwt::parse(root, problems)))),
    },
    PolicyKind {
        name: "VerifyJWT",
        attributes: &[],
        variables: "jwt",
        faults: "steps.jwt",
        has_metrics: true,
        publishes: &[],
        parse: |root, problems| VerifyJwt::parse(root, problems).map(Box::new).map(Policy::VerifyJwt),
    },
    PolicyKind {
        name: "GenerateJWT",
        attributes: &[],
        variables: "jwt",
        faults: "steps.jwt",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| GenerateJwt::parse(root, problems).map(Box::new).map(Policy::GenerateJwt),
    },
    PolicyKind {
        name: "KeyValueMapOperations",
        attributes: &["mapIdentifier"],
        variables: "keyvaluemapoperations",
        faults: "steps.keyvaluemapoperations",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| {
            KeyValueMapOperations::parse(root, problems).map(Box::new).map(Policy::KeyValueMapOperations)
        },
    },
    PolicyKind {
        name: "PopulateCache",
        attributes: &[],
        variables: "populatecache",
        faults: "steps.populatecache",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| PopulateCache::parse(root, problems).map(Box::new).map(Policy::PopulateCache),
    },
    PolicyKind {
        name: "LookupCache",
        attributes: &[],
        variables: "lookupcache",
        faults: "steps.lookupcache",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| LookupCache::parse(root, problems).map(Box::new).map(Policy::LookupCache),
    },
    PolicyKind {
        name: "InvalidateCache",
        attributes: &[],
        variables: "invalidatecache",
        faults: "steps.invalidatecache",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| InvalidateCache::parse(root, problems).map(Box::new).map(Policy::InvalidateCache),
    },
    PolicyKind {
        name: "ResponseCache",
        attributes: &[],
        variables: "responsecache",
        faults: "steps.responsecache",
        has_metrics: false,
        publishes: &[],
        parse: |root, problems| ResponseCache::parse(root, problems).map(Box::new).map(Policy::ResponseCache),
    },
];

/// All other policy types. Steps never run them.
static UNSUPPORTED: PolicyKind = PolicyKind {
    name: "unsupported",
    attributes: &[],
    variables: "unsupported",
    faults: "steps.unsupported",
    has_metrics: false,
    publishes: &[],
    parse: |root, problems| Some(Policy::Unsupported(Unsupported::parse(root, problems))),
};

impl PolicyKind {
    /// The policy type of a document with this root element.
    pub(super) fn of_root(element: &str) -> &'static PolicyKind {
        KINDS.iter().find(|kind| kind.name == element).unwrap_or(&UNSUPPORTED)
    }

    /// Whether the filter runs the policy type.
    pub(super) fn is_supported(&self) -> bool {
        *self != UNSUPPORTED
    }
}

impl PartialEq for PolicyKind {
    fn eq(&self, other: &PolicyKind) -> bool {
        self.name == other.name
    }
}

impl Eq for PolicyKind {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_parses_its_own_type() {
        for kind in &KINDS {
            let (policy, problems) = Policy::parse(&format!("<{} name='P'/>", kind.name), "policies[0]");
            let is_unsupported = policy.as_ref().is_some_and(|policy| policy.unsupported().is_some());
            assert!(!is_unsupported, "{}: {problems:?}", kind.name);
            // The policies for JSON Web Tokens have their prefixes in common.
            let name = if kind.name.ends_with("JWT") { "jwt".to_owned() } else { kind.name.to_ascii_lowercase() };
            assert_eq!(kind.variables.to_ascii_lowercase(), name);
            assert_eq!(kind.faults, format!("steps.{name}"));
        }
    }

    #[test]
    fn other_root_elements_are_unsupported() {
        let (policy, _) = Policy::parse("<Quota name='Q'/>", "policies[0]");
        let policy = policy.unwrap();
        assert_eq!((policy.kind(), policy.attributes().kind), ("Quota", &UNSUPPORTED));
        assert!(policy.unsupported().is_some());
    }
}
