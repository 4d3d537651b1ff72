//! `proxy_endpoint`, `target_endpoints` and `integration_endpoints`: Apigee's documents instead of lists of steps.

use super::keys::Section;
use super::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{Clusters, Constant, Routing, Step, Target, VariablePart, VariableTarget};
use crate::policy::endpoint::{Endpoint, IntegrationEndpoint, ProxyEndpoint, Route, RouteRule, TargetEndpoint};
use crate::suggestion;
use bytestring::ByteString;
use std::collections::BTreeMap;

/// Reads the `proxy_endpoint`, if present. It excludes the keys that it replaces. An unreadable one counts as one
/// without flows, so that no other steps replace its own and the documents around it are checked too.
pub(super) fn proxy_endpoint(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Option<ProxyEndpoint> {
    if !section.has("proxy_endpoint") {
        for key in ["target_endpoints", "integration_endpoints", "variable_targets"] {
            if section.has(key) {
                diagnostics.error(Code::ConflictingKeys, None, format!("{key} requires proxy_endpoint"));
            }
        }
        return None;
    }
    for replaced in ["request", "response", "fault_rules", "default_fault_rule"] {
        if section.has(replaced) {
            diagnostics.error(
                Code::ConflictingKeys,
                None,
                format!("{replaced} cannot be combined with proxy_endpoint"),
            );
        }
    }
    let endpoint = section.string("proxy_endpoint", diagnostics).and_then(|text| {
        let (endpoint, problems) = ProxyEndpoint::parse(&text, "proxy_endpoint");
        diagnostics.extend(problems);
        endpoint
    });
    Some(endpoint.unwrap_or_else(ProxyEndpoint::empty))
}

/// The proxy's flows and fault rules with their steps resolved.
pub(super) fn flows(proxy: &ProxyEndpoint, policies: &mut Policies, diagnostics: &mut Diagnostics) -> Endpoint<Step> {
    let endpoint = proxy.endpoint.clone();
    diagnostics.within_about("proxy_endpoint", format!("ProxyEndpoint {}", endpoint.name), |diagnostics| {
        endpoint.map(&mut |step| policies.resolve(step, diagnostics))
    })
}

/// Reads the target endpoints and resolves all steps outside the proxy's flows. Returns the URLs of all targets too, with
/// their variables.
pub(super) fn routing(
    section: &Section<'_>,
    proxy: &ProxyEndpoint,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> (Routing, Vec<VariableTarget>) {
    let mut targets: Vec<Target> = Vec::new();
    let variable = section.strings("variable_targets", diagnostics);
    let of_rule = |rule: &RouteRule| Some(VariableTarget::of_url(&rule.name, rule.url.as_ref()?));
    let mut urls: Vec<VariableTarget> = proxy.route_rules.iter().filter_map(of_rule).collect();
    for (index, text) in section.strings("target_endpoints", diagnostics).iter().enumerate() {
        let key = format!("target_endpoints[{index}]");
        let (target, problems) = TargetEndpoint::parse(text, &key);
        diagnostics.extend(problems);
        let Some(TargetEndpoint { endpoint, connection, ignores_charset, authentication }) = target else { continue };
        urls.extend(VariableTarget::of_connection(&endpoint.name, &connection));
        if targets.iter().any(|other| other.endpoint.name == endpoint.name) {
            let message = format!("duplicate target endpoint {}", endpoint.name);
            diagnostics.within_about(&key, &key, |diagnostics| diagnostics.error(Code::DuplicateName, None, message));
        }
        let subject = format!("TargetEndpoint {}", endpoint.name);
        let endpoint = diagnostics
            .within_about(&key, &subject, |diagnostics| endpoint.map(&mut |step| policies.resolve(step, diagnostics)));
        let success_codes = connection.properties.success_codes;
        targets.push(Target { endpoint, success_codes, ignores_charset, authentication });
    }
    for name in &variable {
        if !urls.iter().any(|target| target.name == *name) {
            diagnostics.error(
                Code::UnknownTarget,
                None,
                format!("variable_targets: {name} is no target with a URL or a Path"),
            );
        }
    }
    let integrations = integrations(section, proxy, diagnostics);
    let flow = &proxy.post_client_flow;
    let post_client = flow.request.iter().chain(&flow.response).cloned();
    let subject = format!("ProxyEndpoint {}", proxy.endpoint.name);
    let post_client = diagnostics.within_about("proxy_endpoint", &subject, |diagnostics| {
        post_client.filter_map(|step| policies.resolve(step, diagnostics)).collect()
    });
    let is_variable = |target: &&VariableTarget| variable.contains(&target.name);
    let variable_targets = urls.iter().filter(is_variable).cloned().collect();
    let (rules, addresses) = (proxy.route_rules.clone(), BTreeMap::new());
    (Routing { rules, targets, variable_targets, addresses, integrations, post_client }, urls)
}

/// Puts constants into the URLs of targets, and checks that hosts that stay variable have a cluster.
pub(super) fn fold_targets(
    routing: &mut Routing,
    urls: &[VariableTarget],
    constants: &BTreeMap<ByteString, Constant>,
    clusters: &Clusters,
    diagnostics: &mut Diagnostics,
) {
    let address = |target: &VariableTarget| {
        let target = target.fold(constants);
        let address = target.address(target.template.as_literal()?.trim())?;
        Some((target.name, address))
    };
    routing.addresses = urls.iter().filter_map(address).collect();
    for target in &mut routing.variable_targets {
        *target = target.fold(constants);
        if target.part == VariablePart::Host && !clusters.has_any() {
            let name = &target.name;
            let message =
                format!("the host of the target {name} comes from a variable: name a cluster for * in clusters");
            diagnostics.error(Code::MissingCluster, None, message);
        }
    }
}

/// Reads the integration endpoints and checks those that route rules name.
fn integrations(
    section: &Section<'_>,
    proxy: &ProxyEndpoint,
    diagnostics: &mut Diagnostics,
) -> Vec<IntegrationEndpoint> {
    let mut integrations: Vec<IntegrationEndpoint> = Vec::new();
    for (index, text) in section.strings("integration_endpoints", diagnostics).iter().enumerate() {
        let key = format!("integration_endpoints[{index}]");
        let (integration, problems) = IntegrationEndpoint::parse(text, &key);
        diagnostics.extend(problems);
        let Some(integration) = integration else { continue };
        if integrations.iter().any(|other| other.name == integration.name) {
            let message = format!("duplicate integration endpoint {}", integration.name);
            diagnostics.within_about(&key, &key, |diagnostics| diagnostics.error(Code::DuplicateName, None, message));
        }
        integrations.push(integration);
    }
    let subject = format!("ProxyEndpoint {}", proxy.endpoint.name);
    for rule in &proxy.route_rules {
        let Route::Integration(name, position) = &rule.route else { continue };
        if !integrations.iter().any(|integration| integration.name == *name) {
            let hint = suggestion::hint(name, integrations.iter().map(|integration| integration.name.as_str()));
            let message = format!("unknown integration endpoint {name}: add it to integration_endpoints{hint}");
            diagnostics.within_about("proxy_endpoint", &subject, |diagnostics| {
                diagnostics.error(Code::UnknownIntegration, *position, message)
            });
        }
    }
    integrations
}
