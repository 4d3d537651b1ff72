//! Callouts and targets whose host comes from a variable.

use crate::attachment::Attached;
use crate::bundle::ParsedBundle;
use crate::finding::Findings;
use crate::routing::{self, Servers};
use envoy_callout::policy::connection::Target;
use envoy_callout::policy::service_callout::ServiceCallout;
use envoy_callout::policy::{Callee, Policy};

/// Whether the host of a callout comes from a variable. `all` are the policies that can set its URL.
pub(super) fn is_dynamic(callout: &ServiceCallout, all: &[&Policy]) -> bool {
    let variable = callout.variables.target_url.name();
    let is_replaced = all.iter().any(|policy| policy.assigned_variables().any(|name| name == variable));
    is_replaced || matches!(&callout.connection.target, Target::Url(url) if url.origin.is_none())
}

/// The names of the callouts and of the policies with a set of keys whose host comes from a variable.
pub(super) fn users(bundles: &[&ParsedBundle]) -> Vec<String> {
    let all: Vec<&Policy> = bundles.iter().flat_map(|bundle| bundle.policies()).collect();
    let mut users = Vec::new();
    for bundle in bundles {
        let attached = Attached::by(bundle);
        for policy in bundle.policies() {
            let is_user = match policy.callee() {
                Some(Callee::Service(callout)) => is_dynamic(callout, &all),
                Some(Callee::Jwks(_, url)) => url.value.reference.is_some(),
                Some(Callee::Integration(_) | Callee::SharedFlow(_)) | None => false,
            };
            let name = &policy.attributes().name;
            if is_user && policy.attributes().enabled && attached.contains(name) {
                users.push(name.to_string());
            }
        }
    }
    users
}

/// The targets whose host comes from a variable.
pub(super) fn targets(bundles: &[&ParsedBundle]) -> Vec<String> {
    let mut targets = Vec::new();
    for bundle in bundles {
        for endpoint in &bundle.proxy_endpoints {
            for destination in routing::destinations(bundle, endpoint, None, &mut Findings::default()) {
                let name = format!("the target {}", destination.target);
                if destination.servers == Servers::Variable && !targets.contains(&name) {
                    targets.push(name);
                }
            }
        }
    }
    targets
}
