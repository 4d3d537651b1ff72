//! The clusters of the callouts of a proxy.

use super::super::dynamic::is_dynamic;
use super::super::upstream::Upstream;
use super::{Deployment, Options, cluster_keys};
use crate::attachment::Attached;
use crate::bundle::ParsedBundle;
use crate::configuration::Configuration;
use crate::connection::Connection;
use crate::document::Document;
use crate::environment::{Clusters, Environment, TargetServer};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::parsed::Parsed;
use envoy_callout::plan::{IAM_HOST, METADATA_HOST};
use envoy_callout::policy::connection::Target;
use envoy_callout::policy::endpoint::Route;
use envoy_callout::policy::jwt::{JWKS_TIMEOUT, JwksUrl};
use envoy_callout::policy::origin::{Origin, Scheme};
use envoy_callout::policy::service_callout::ServiceCallout;
use envoy_callout::policy::set_integration_request::SetIntegrationRequest;
use envoy_callout::policy::{Callee, Policy, integration_callout};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// The callouts of a proxy and of the shared flows that it calls.
#[derive(Debug)]
pub(super) struct Callouts {
    /// The cluster of each fixed origin.
    origins: Vec<(String, String)>,
    /// The cluster of each target server.
    servers: BTreeMap<String, String>,
    /// The clusters of the local proxies, in their order.
    local_proxies: Vec<String>,
    metadata: String,
    iam: String,
    any_host: bool,
    /// The used entries of the environment.
    environment: Environment,
    /// Maximum wait for a callout in milliseconds.
    pub(super) longest_ms: u64,
}

impl Callouts {
    /// Adds the clusters of the callouts to the deployment.
    pub(super) fn of(
        bundle: &ParsedBundle,
        shared: &[&ParsedBundle],
        environment: &Environment,
        options: Options,
        deployment: &mut Deployment,
        findings: &mut Findings,
    ) -> Callouts {
        let mut callouts = Callouts {
            origins: Vec::new(),
            servers: BTreeMap::new(),
            local_proxies: Vec::new(),
            metadata: String::new(),
            iam: String::new(),
            any_host: false,
            environment: environment.clone(),
            longest_ms: 0,
        };
        let mut builder = Builder { all: environment, options, deployment, findings, callouts: &mut callouts };
        let mut uses = Uses { google: routes_use_google(bundle), local: false };
        let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
        let assigned: Vec<&Policy> = bundles().flat_map(ParsedBundle::policies).collect();
        for bundle in bundles() {
            let attached = Attached::by(bundle);
            for parsed in &bundle.policies {
                let Parsed { document, content: Some(policy), .. } = parsed else { continue };
                if policy.attributes().enabled && attached.contains(&policy.attributes().name) {
                    uses.google |= !policy.identity_positions().is_empty();
                    match policy.callee() {
                        Some(Callee::Service(callout)) => {
                            uses.local |= matches!(callout.connection.target, Target::Local(_));
                            builder.add(callout, parsed, &assigned);
                        }
                        Some(Callee::Integration(request)) => builder.add_integration(request, document),
                        Some(Callee::Jwks(_, url)) => builder.add_jwks(url, document),
                        Some(Callee::SharedFlow(_)) | None => {}
                    }
                }
            }
        }
        builder.add_local_proxies(uses.local);
        builder.add_google(uses.google);
        let used = callouts.servers.keys().cloned().collect::<Vec<_>>();
        callouts.environment.target_servers.retain(|name, _| used.contains(name));
        callouts
    }

    /// Adds the clusters of hosts that a request chooses.
    pub(super) fn need_any_host(&mut self, deployment: &mut Deployment) {
        self.any_host = true;
        deployment.any_host = true;
    }

    /// Adds the clusters and the used entries of the environment to a configuration.
    pub(super) fn apply(&self, configuration: &mut Configuration<'_>, options: Options) {
        self.environment.apply(configuration, self);
        let any = self.any_host.then(|| options.naming.any_host());
        if !self.origins.is_empty() || any.is_some() {
            configuration.set("clusters", cluster_keys(&self.origins, any));
        }
        if options.skip.is_given() {
            configuration.set("unsupported_policies", json!("skip"));
        }
    }
}

impl Clusters for Callouts {
    fn server_cluster(&self, name: &str) -> String {
        self.servers.get(name).cloned().unwrap_or_default()
    }

    fn local_proxy_cluster(&self, index: usize) -> String {
        self.local_proxies.get(index).cloned().unwrap_or_default()
    }

    fn metadata_cluster(&self) -> String {
        self.metadata.clone()
    }

    fn iam_cluster(&self) -> String {
        self.iam.clone()
    }
}

/// Whether a route rule has an integration endpoint, or a target gets a token.
fn routes_use_google(bundle: &ParsedBundle) -> bool {
    let mut rules =
        bundle.proxy_endpoints.iter().flat_map(|parsed| &parsed.content).flat_map(|proxy| &proxy.route_rules);
    let mut targets = bundle.target_endpoints.iter().flat_map(|parsed| &parsed.content);
    rules.any(|rule| matches!(rule.route, Route::Integration(..)))
        || targets.any(|target| target.authentication.is_some())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct Uses {
    google: bool,
    local: bool,
}

struct Builder<'a> {
    all: &'a Environment,
    options: Options,
    deployment: &'a mut Deployment,
    findings: &'a mut Findings,
    callouts: &'a mut Callouts,
}

impl Builder<'_> {
    fn add(&mut self, callout: &ServiceCallout, parsed: &Parsed<Policy>, assigned: &[&Policy]) {
        let Parsed { document, connection, .. } = parsed;
        let timeout = milliseconds(callout.timeout);
        let mut tries = 1;
        self.callouts.any_host |= is_dynamic(callout, assigned);
        match &callout.connection.target {
            Target::Url(url) => {
                if let Some(origin) = &url.origin {
                    self.add_origin(origin, connection, document);
                }
            }
            Target::LoadBalancer(balancer) => {
                for reference in &balancer.servers {
                    if let Some(server) = self.all.target_servers.get(&*reference.name) {
                        self.add_server(&reference.name, server, connection);
                    }
                }
                tries = if balancer.retry { u64::try_from(balancer.servers.len()).unwrap_or(1) } else { 1 };
            }
            Target::Local(_) => {}
        }
        self.deployment.any_host |= self.callouts.any_host;
        self.callouts.longest_ms = self.callouts.longest_ms.max(timeout.saturating_mul(tries));
    }

    /// SetIntegrationRequest contains the region and so the host of an integration.
    fn add_integration(&mut self, request: &SetIntegrationRequest, document: &Document) {
        match request.origin() {
            Some(origin) => self.add_origin(&origin, &Connection::default(), document),
            None => {
                self.callouts.any_host = true;
                self.deployment.any_host = true;
            }
        }
        self.callouts.longest_ms = self.callouts.longest_ms.max(milliseconds(integration_callout::TIMEOUT));
    }

    /// The server of the public keys of VerifyJWT.
    fn add_jwks(&mut self, url: &JwksUrl, document: &Document) {
        if let Some(origin) = &url.origin {
            self.add_origin(origin, &Connection::default(), document);
        }
        if url.value.reference.is_some() {
            self.callouts.any_host = true;
            self.deployment.any_host = true;
        }
        self.callouts.longest_ms = self.callouts.longest_ms.max(milliseconds(JWKS_TIMEOUT));
    }

    fn add_origin(&mut self, origin: &Origin, connection: &Connection, document: &Document) {
        let name = format!("{}_{}", origin.host, origin.port);
        let upstream = Upstream::of_origin(name, origin, connection, &self.all.tls);
        let text = origin.to_string();
        let (tls, connect_timeout_ms) = (upstream.tls.clone(), upstream.connect_timeout_ms);
        let (index, is_known) = self.deployment.share_cluster(upstream);
        let Some(known) = self.deployment.upstreams.get_mut(index) else { return };
        if is_known && known.tls != tls {
            let warning = format!("callouts to {text} have different SSLInfo; the cluster uses the first");
            self.findings
                .add(Finding::new(Severity::Warning, Code::DifferentTls, warning).in_source(&document.source, None));
        }
        known.connect_timeout_ms = known.connect_timeout_ms.max(connect_timeout_ms);
        let cluster = self.options.naming.cluster(known);
        if !self.callouts.origins.iter().any(|(known, _)| *known == text) {
            self.callouts.origins.push((text, cluster));
        }
    }

    fn add_server(&mut self, name: &str, server: &TargetServer, connection: &Connection) {
        let upstream = Upstream::of_target_server(format!("server_{name}"), server, connection, &self.all.tls);
        let cluster = self.add_upstream(upstream);
        self.callouts.servers.insert(name.to_owned(), cluster);
    }

    fn add_local_proxies(&mut self, is_used: bool) {
        if !is_used {
            self.callouts.environment.local_proxies.clear();
            return;
        }
        for (index, proxy) in self.all.local_proxies.iter().enumerate() {
            let (name, host, port) = proxy.address(index, self.options.port);
            let cluster = self.add_plain(name, &host, port);
            self.callouts.local_proxies.push(cluster);
        }
    }

    fn add_google(&mut self, is_used: bool) {
        let Some(google) = self.all.google.as_ref().filter(|_| is_used) else {
            self.callouts.environment.google = None;
            return;
        };
        self.callouts.metadata = self.add_plain("google_metadata".to_owned(), METADATA_HOST, 80);
        if google.service_account.is_some() {
            let host = IAM_HOST.to_owned();
            let upstream = Upstream::of_host("google_iam".to_owned(), Scheme::Https, host, 443, &self.all.tls);
            self.callouts.iam = self.add_upstream(upstream);
        }
    }

    fn add_plain(&mut self, name: String, host: &str, port: u16) -> String {
        self.add_upstream(Upstream::of_host(name, Scheme::Http, host.to_owned(), port, &self.all.tls))
    }

    /// Adds a cluster unless it exists, and returns its name for the filter.
    fn add_upstream(&mut self, upstream: Upstream) -> String {
        let (index, _) = self.deployment.share_cluster(upstream);
        let known = self.deployment.upstreams.get(index);
        known.map(|known| self.options.naming.cluster(known)).unwrap_or_default()
    }
}
