//! The hosts of callouts of single policies. Each needs an Envoy cluster; `render` writes those of bundles.

use crate::document::Document;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::Source;
use envoy_callout::diagnostic::Position;
use envoy_callout::policy::connection::Target;
use envoy_callout::policy::jwt::{JwksUrl, VerifyJwt};
use envoy_callout::policy::origin::{Origin, Scheme};
use envoy_callout::policy::set_integration_request::SetIntegrationRequest;
use envoy_callout::policy::target_url::TargetUrl;
use envoy_callout::policy::template::Part;
use envoy_callout::policy::{Callee, Policy};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The callouts of all inputs by origin.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    fixed: BTreeMap<Origin, Vec<Callout>>,
    /// Callouts whose host comes from a variable.
    variable: Vec<Callout>,
}

#[derive(Debug)]
struct Callout {
    policy: String,
    source: Rc<Source>,
    position: Position,
}

impl Hosts {
    /// Adds a policy if it is a callout.
    pub(super) fn add(&mut self, policy: &Policy, document: &Document) {
        let callout = match policy.callee() {
            Some(Callee::Service(callout)) => callout,
            Some(Callee::Integration(request)) => return self.add_integration(request, document),
            Some(Callee::Jwks(policy, url)) => return self.add_jwks(policy, url, document),
            Some(Callee::SharedFlow(_)) | None => return,
        };
        let Target::Url(url) = &callout.connection.target else { return };
        let added = Callout {
            policy: callout.attributes.name.to_string(),
            source: document.source.clone(),
            position: document.position_in_file(url.position),
        };
        let callouts = match &url.origin {
            Some(origin) => self.fixed.entry(origin.clone()).or_default(),
            None if has_variable_host(url) => &mut self.variable,
            None => return,
        };
        add(callouts, added);
    }

    /// SetIntegrationRequest contains the region and so the host of an integration.
    fn add_integration(&mut self, request: &SetIntegrationRequest, document: &Document) {
        let added = Callout {
            policy: request.attributes.name.to_string(),
            source: document.source.clone(),
            position: document.position_in_file(request.position),
        };
        match request.origin() {
            Some(origin) => add(self.fixed.entry(origin).or_default(), added),
            None => add(&mut self.variable, added),
        }
    }

    /// VerifyJWT fetches its public keys from the host of `uri` or `uriRef`.
    fn add_jwks(&mut self, policy: &VerifyJwt, url: &JwksUrl, document: &Document) {
        let added = || Callout {
            policy: policy.attributes.name.to_string(),
            source: document.source.clone(),
            position: document.position_in_file(url.position),
        };
        if let Some(origin) = &url.origin {
            add(self.fixed.entry(origin.clone()).or_default(), added());
        }
        if url.value.reference.is_some() {
            add(&mut self.variable, added());
        }
    }

    /// Reports the clusters that the configuration needs.
    pub(super) fn report(self, findings: &mut Findings) {
        for (origin, callouts) in &self.fixed {
            note(&format!("{origin} needs a cluster in clusters of the filter configuration"), callouts, findings);
        }
        note(
            "hosts that come from variables need a cluster for \"*\" in clusters of the filter configuration",
            &self.variable,
            findings,
        );
    }
}

fn add(callouts: &mut Vec<Callout>, added: Callout) {
    if !callouts.iter().any(|other| other.policy == added.policy && other.source == added.source) {
        callouts.push(added);
    }
}

fn note(need: &str, callouts: &[Callout], findings: &mut Findings) {
    let Some(first) = callouts.first() else { return };
    let names: Vec<&str> = callouts.iter().map(|callout| callout.policy.as_str()).collect();
    let calls = if names.len() == 1 { "calls it" } else { "call it" };
    let text = format!("{need}: {} {calls}", names.join(", "));
    findings.add(Finding::new(Severity::Note, Code::NeedsCluster, text).in_source(&first.source, Some(first.position)));
}

/// Whether the URL has a scheme and its host contains a variable. The filter warns of a URL without a scheme.
fn has_variable_host(url: &TargetUrl) -> bool {
    let parts = url.template.parts();
    let Some(Part::Literal(prefix)) = parts.first() else { return false };
    let rest = Scheme::split(prefix).map(|(_, rest)| rest);
    parts.len() > 1 && rest.is_some_and(|rest| !rest.contains(['/', '?', '#']))
}
