//! `clusters`, `target_servers`, `local_proxies` and `allowed_hosts`: the targets of callouts and their clusters.

use super::keys::Section;
use super::known;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{AllowedHosts, BalancedServer, Clusters, HostPattern, LocalProxies, LocalProxy, Server, Servers};
use crate::policy::connection::{LoadBalancer, LocalDestination, LocalTarget, Target};
use crate::policy::endpoint::BasePath;
use crate::policy::jwt::{JwksUrl, VerifyJwt};
use crate::policy::origin::{Origin, Scheme};
use crate::policy::set_integration_request::SetIntegrationRequest;
use crate::policy::{Callee, Policy};
use bytestring::ByteString;
use std::collections::BTreeMap;

/// The targets of callouts in the configuration.
pub(super) struct Connections {
    pub(super) clusters: Clusters,
    pub(super) local_proxies: LocalProxies,
    pub(super) allowed_hosts: AllowedHosts,
    target_servers: BTreeMap<String, TargetServer>,
}

/// A target server of the environment.
struct TargetServer {
    server: Server,
    is_enabled: bool,
}

impl Connections {
    pub(super) fn read(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Connections {
        Connections {
            clusters: clusters(section, diagnostics),
            local_proxies: local_proxies(section, diagnostics),
            allowed_hosts: allowed_hosts(section, diagnostics),
            target_servers: target_servers(section, diagnostics),
        }
    }

    /// The servers of a policy whose target is fixed. `assigned` are the variables that policies set: a URL that one of
    /// them replaces may be a placeholder without a cluster.
    pub(super) fn servers(&self, policy: &Policy, assigned: &[ByteString], diagnostics: &mut Diagnostics) -> Servers {
        let callout = match policy.callee() {
            Some(Callee::Service(callout)) if callout.attributes.enabled => callout,
            Some(Callee::Integration(request)) => {
                self.check_integration(request, diagnostics);
                return Servers::None;
            }
            Some(Callee::Jwks(policy, url)) => return self.key_server(policy, url, diagnostics),
            Some(Callee::Service(_) | Callee::SharedFlow(_)) | None => return Servers::None,
        };
        let is_replaced = assigned.contains(callout.variables.target_url.name());
        let expected_cn = format!("servicecallout.{}.expectedcn", callout.attributes.name);
        diagnostics.under(&*callout.attributes.name, |diagnostics| {
            if assigned.iter().any(|name| *name == *expected_cn) {
                let message =
                    format!("{expected_cn} is set and has no effect: the cluster decides which names it accepts");
                diagnostics.warning(Code::NoEffect, None, message);
            }
            match &callout.connection.target {
                Target::Url(url) => {
                    let Some(origin) = &url.origin else { return Servers::None };
                    let server = self.clusters.server(origin);
                    if server.is_none() {
                        match is_replaced {
                            true => diagnostics.warning(Code::MissingCluster, url.position, no_cluster(origin)),
                            false => diagnostics.error(Code::MissingCluster, url.position, no_cluster(origin)),
                        }
                    }
                    server.map_or(Servers::None, Servers::Fixed)
                }
                Target::LoadBalancer(balancer) => Servers::Balanced(self.balanced_servers(balancer, diagnostics)),
                Target::Local(local) => {
                    self.check_local(local, diagnostics);
                    Servers::None
                }
            }
        })
    }

    /// Reports a fixed region, which is a fixed origin, without a cluster.
    fn check_integration(&self, request: &SetIntegrationRequest, diagnostics: &mut Diagnostics) {
        let origin = request.origin().filter(|_| request.attributes.enabled);
        if let Some(origin) = origin.filter(|origin| self.clusters.server(origin).is_none()) {
            diagnostics.under(&*request.attributes.name, |diagnostics| {
                diagnostics.error(Code::MissingCluster, request.position, no_cluster(&origin));
            });
        }
    }

    /// The server of a set of public keys, if its URL is fixed.
    fn key_server(&self, policy: &VerifyJwt, url: &JwksUrl, diagnostics: &mut Diagnostics) -> Servers {
        let Some(origin) = url.origin.as_ref().filter(|_| policy.attributes.enabled) else { return Servers::None };
        let server = self.clusters.server(origin);
        if server.is_none() {
            diagnostics.under(&*policy.attributes.name, |diagnostics| {
                diagnostics.error(Code::MissingCluster, url.position, no_cluster(origin));
            });
        }
        server.map_or(Servers::None, Servers::Fixed)
    }

    /// The target servers of a load balancer. An unknown one is an error, so that the plan has all of them.
    fn balanced_servers(&self, balancer: &LoadBalancer, diagnostics: &mut Diagnostics) -> Vec<BalancedServer> {
        let mut servers = Vec::new();
        let mut is_any_enabled = false;
        for reference in &balancer.servers {
            let target = self.target_servers.get(&*reference.name);
            is_any_enabled |= reference.is_enabled && target.is_none_or(|target| target.is_enabled);
            match target {
                Some(TargetServer { server, is_enabled }) => servers
                    .push(BalancedServer { server: server.clone(), is_enabled: reference.is_enabled && *is_enabled }),
                None => {
                    let message = format!("unknown target server {}: add it to target_servers", reference.name);
                    diagnostics.error(Code::UnknownTargetServer, reference.position, message);
                }
            }
        }
        if !is_any_enabled {
            let message = "no server of the LoadBalancer is enabled: every call fails with No active targets";
            diagnostics.warning(Code::NoActiveServer, balancer.position, message);
        }
        servers
    }

    fn check_local(&self, local: &LocalTarget, diagnostics: &mut Diagnostics) {
        let message = match &local.destination {
            LocalDestination::Proxy { api_proxy, proxy_endpoint } => {
                let (Some(proxy), Some(endpoint)) = (api_proxy.as_literal(), proxy_endpoint.as_literal()) else {
                    return;
                };
                let is_known = self.local_proxies.named(&proxy, &endpoint).is_some();
                (!is_known).then(|| format!("unknown endpoint {endpoint} of proxy {proxy}: add it to local_proxies"))
            }
            LocalDestination::Path(path) => {
                let Some(path) = path.as_literal() else { return };
                let is_known = self.local_proxies.serving(&path).is_some();
                (!is_known).then(|| format!("no proxy serves {path}: add it to local_proxies"))
            }
        };
        if let Some(message) = message {
            diagnostics.error(Code::UnknownLocalProxy, local.position, message);
        }
    }
}

fn no_cluster(origin: &Origin) -> String {
    format!("no cluster serves {origin}: add {{\"{origin}\": CLUSTER}} to the filter's clusters")
}

fn clusters(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Clusters {
    let mut clusters = Clusters::default();
    for (key, cluster) in section.string_entries("clusters", diagnostics) {
        if cluster.trim().is_empty() {
            diagnostics.error(Code::InvalidValue, None, format!("clusters: the cluster of {key:?} is empty"));
        } else if key == "*" {
            if let Some(unknown) = Clusters::unknown_placeholder(&cluster) {
                let known = "{scheme}, {host} and {port}";
                diagnostics.error(
                    Code::InvalidValue,
                    None,
                    format!("clusters: unknown placeholder {unknown} in {cluster:?}; {known} are allowed"),
                );
            }
            clusters.set_any(cluster);
        } else if let Some(origin) = Origin::parse(&key) {
            if clusters.names(&origin) {
                diagnostics.error(
                    Code::DuplicateName,
                    None,
                    format!("clusters: duplicate origin {origin}, also written as {key:?}"),
                );
            }
            clusters.insert(origin, cluster);
        } else {
            diagnostics.error(
                Code::InvalidValue,
                None,
                format!("clusters: {key:?} is neither an origin such as https://example.com:8443 nor *"),
            );
        }
    }
    clusters
}

fn target_servers(section: &Section<'_>, diagnostics: &mut Diagnostics) -> BTreeMap<String, TargetServer> {
    let mut servers = BTreeMap::new();
    for (name, server) in section.section_entries("target_servers", diagnostics) {
        server.check_keys(&known::TARGET_SERVER, diagnostics);
        let scheme = match server.boolean("tls", diagnostics) {
            Some(true) => Scheme::Https,
            _ => Scheme::Http,
        };
        let host = server.required_string("host", diagnostics);
        let cluster = server.required_string("cluster", diagnostics);
        let port = server.required_port("port", diagnostics);
        let is_enabled = server.boolean("enabled", diagnostics).unwrap_or(true);
        let (Some(host), Some(cluster), Some(port)) = (host, cluster, port) else { continue };
        let Some(origin) = Origin::new(scheme, &format!("{}:{port}", host.trim())) else {
            diagnostics.error(Code::InvalidValue, None, format!("target_servers.{name}.host: {host:?} is not a host"));
            continue;
        };
        let server = Server { cluster: cluster.into(), scheme, authority: origin.authority().into() };
        servers.insert(name, TargetServer { server, is_enabled });
    }
    servers
}

fn local_proxies(section: &Section<'_>, diagnostics: &mut Diagnostics) -> LocalProxies {
    let mut proxies = Vec::new();
    for proxy in section.sections("local_proxies", diagnostics) {
        proxy.check_keys(&known::LOCAL_PROXY, diagnostics);
        let mut text = |key: &str| proxy.string(key, diagnostics).map(ByteString::from);
        let (api_proxy, endpoint, authority) = (text("api_proxy"), text("proxy_endpoint"), text("authority"));
        let base_path = proxy.required_string("base_path", diagnostics);
        let cluster = proxy.required_string("cluster", diagnostics);
        let (Some(base_path), Some(cluster)) = (base_path, cluster) else { continue };
        proxies.push(LocalProxy {
            api_proxy,
            proxy_endpoint: endpoint.unwrap_or_else(|| ByteString::from_static("default")),
            base_path: BasePath::new(&base_path),
            cluster: cluster.into(),
            authority,
        });
    }
    LocalProxies::new(proxies)
}

fn allowed_hosts(section: &Section<'_>, diagnostics: &mut Diagnostics) -> AllowedHosts {
    if !section.has("allowed_hosts") {
        return AllowedHosts::default();
    }
    let mut patterns = Vec::new();
    for text in section.strings("allowed_hosts", diagnostics) {
        match HostPattern::parse(&text) {
            Some(pattern) => patterns.push(pattern),
            None => {
                let message = format!("allowed_hosts: {text:?} is neither a host without port nor *.suffix");
                diagnostics.error(Code::InvalidValue, None, message);
            }
        }
    }
    AllowedHosts::Listed(patterns)
}
