//! What the route rules of a proxy lead to.

use super::super::upstream::{Server, Upstream};
use super::{Retry, Route};
use crate::cli::bundle::Bundle;
use crate::cli::connection::{self, Balancer, Connection};
use crate::cli::document::Document;
use crate::cli::environment::Environment;
use crate::cli::finding::{Finding, Findings, Severity};
use envoy_callout::policy::endpoint::{self, ProxyEndpoint, TargetEndpoint};
use envoy_callout::policy::origin::{Origin, Scheme};

/// Apigee's default of `io.timeout.millis`.
const IO_TIMEOUT_MS: u64 = 55_000;

/// The routes to the targets of a bundle, which its proxy endpoints share.
#[derive(Debug, Default)]
pub(super) struct Targets(Vec<Route>);

impl Targets {
    /// The routes of a proxy endpoint, one for each target that its rules name.
    pub(super) fn routes(
        &mut self,
        bundle: &Bundle,
        document: &Document,
        environment: &Environment,
        upstreams: &mut Vec<Upstream>,
        findings: &mut Findings,
    ) -> Vec<Route> {
        let text = document.text();
        // What is wrong with the document is told when its configuration is loaded.
        let (Some(proxy), _) = ProxyEndpoint::parse(&text, "") else { return Vec::new() };
        let urls = connection::route_urls(&text);
        let mut routes: Vec<Route> = Vec::new();
        for rule in &proxy.route_rules {
            let endpoint::Route::Target(target) = &rule.route else { continue };
            if routes.iter().any(|route| route.target == *target) {
                continue;
            }
            if let Some(known) = self.0.iter().find(|route| route.target == *target) {
                routes.push(known.clone());
                continue;
            }
            let found = match urls.iter().find(|(rule, _)| rule == target) {
                Some((_, url)) => {
                    let connection = Connection { url: Some(url.clone()), ..Connection::default() };
                    Some((document, connection))
                }
                None => target_of(bundle, target),
            };
            let Some((source, connection)) = found else {
                let text =
                    format!("there is no target endpoint named {target}, which the route rule {} names", rule.name);
                findings.add(Finding::error_in(&document.source, text));
                continue;
            };
            let mut target = Target { bundle, name: target, connection: &connection, document: source, findings };
            if let Some((upstream, path)) = target.upstream(environment) {
                let route = target.route(upstreams.len(), path, upstream.servers.len());
                upstreams.push(upstream);
                self.0.push(route.clone());
                routes.push(route);
            }
        }
        routes
    }
}

/// The document and the connection of a target endpoint.
fn target_of<'a>(bundle: &'a Bundle, name: &str) -> Option<(&'a Document, Connection)> {
    bundle.target_endpoints.iter().find_map(|document| {
        let (target, _) = TargetEndpoint::parse(&document.text(), "");
        let is_meant = target.is_some_and(|target| target.endpoint.name == name);
        is_meant.then(|| (document, connection::of_document(&document.text()).unwrap_or_default()))
    })
}

struct Target<'a> {
    bundle: &'a Bundle,
    name: &'a str,
    connection: &'a Connection,
    document: &'a Document,
    findings: &'a mut Findings,
}

impl Target<'_> {
    fn error(&mut self, text: String) {
        self.findings.add(Finding::error_in(&self.document.source, text));
    }

    fn warning(&mut self, text: String) {
        self.findings.add(Finding::new(Severity::Warning, text).in_source(&self.document.source, None));
    }

    fn route(&self, upstream: usize, path: String, servers: usize) -> Route {
        let balancer = self.connection.balancer.as_ref().filter(|balancer| balancer.retry && servers > 1);
        Route {
            target: self.name.to_owned(),
            upstream,
            path,
            timeout_ms: self.connection.io_timeout_ms.unwrap_or(IO_TIMEOUT_MS),
            retry: balancer.map(|balancer| Retry {
                count: servers.saturating_sub(1),
                statuses: balancer.unhealthy_statuses.clone(),
            }),
        }
    }

    /// The cluster and the path of the target, unless something is wrong with it.
    fn upstream(&mut self, environment: &Environment) -> Option<(Upstream, String)> {
        let name = format!("target_{}_{}", self.bundle.name, self.name);
        match (&self.connection.balancer, &self.connection.url) {
            (Some(balancer), _) => {
                let path = self.connection.path.clone().unwrap_or_default();
                Some((self.pool(name, balancer, environment)?, self.path(&path)))
            }
            (None, Some(url)) => {
                let (origin, path) = self.url(url)?;
                Some((Upstream::of_origin(name, &origin, self.connection, &environment.tls), path))
            }
            (None, None) => {
                self.error(format!("the target endpoint {} has neither URL nor LoadBalancer to render", self.name));
                None
            }
        }
    }

    fn pool(&mut self, name: String, balancer: &Balancer, environment: &Environment) -> Option<Upstream> {
        let mut servers = Vec::new();
        let mut with_tls = Vec::new();
        for reference in &balancer.servers {
            let Some(server) = environment.target_servers.get(&reference.name) else {
                self.error(format!(
                    "there is no target server named {}: add it to target_servers of the environment",
                    reference.name
                ));
                continue;
            };
            if server.enabled {
                with_tls.push(server.tls);
                servers.push(Server {
                    host: server.host.clone(),
                    port: server.port,
                    weight: reference.weight,
                    is_fallback: reference.is_fallback,
                });
            }
        }
        let has_tls = with_tls.contains(&true);
        if has_tls && with_tls.contains(&false) {
            self.error(format!("the servers of the target endpoint {} must be all with or all without tls", self.name));
            return None;
        }
        let files = &environment.tls;
        Some(Upstream::of_pool(name, servers, has_tls, balancer, self.connection, files))
    }

    fn url(&mut self, url: &str) -> Option<(Origin, String)> {
        let (scheme, rest) = Scheme::split(url).or_else(|| {
            self.error(format!("the URL of {} does not begin with http:// or https://: {url}", self.name));
            None
        })?;
        let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
        let Some(origin) = Origin::new(scheme, authority) else {
            self.error(format!("the host of the URL of {} must be fixed to be routed to: {url}", self.name));
            return None;
        };
        Some((origin, self.path(path)))
    }

    /// The fixed part of a path, without the slash at its end.
    fn path(&mut self, path: &str) -> String {
        let fixed = path.find(['?', '#', '{']).and_then(|end| path.get(..end)).unwrap_or(path);
        if fixed != path {
            self.warning(format!("routes of Envoy cannot fill in {path}: requests to {} go to {fixed}", self.name));
        }
        fixed.trim_end_matches('/').to_owned()
    }
}
