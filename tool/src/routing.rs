//! The targets of route rules, for the routes and clusters of Envoy.
//!
//! The filter leaves the connections of targets to Envoy, so the problems of targets are reported here.

use super::bundle::{Kind, ParsedBundle};
use super::connection::Connection;
use super::document::Document;
use super::environment::{Environment, TargetServer};
use super::finding::{Finding, Findings, Severity};
use super::parsed::Parsed;
use envoy_callout::diagnostic;
use envoy_callout::policy::connection::{LoadBalancer, ServerReference};
use envoy_callout::policy::endpoint::{ProxyEndpoint, Route};
use envoy_callout::policy::origin::{Origin, Scheme};

/// The body of Apigee's response when no proxy matches. The rendered Envoy sends it when no route matches.
pub(crate) const NOT_FOUND_BODY: &str = r#"{"fault":{"faultstring":"Unable to identify proxy","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}"#;

/// A target of route rules.
#[derive(Debug)]
pub(crate) struct Destination {
    /// The value of `x-callout-target`.
    pub(crate) target: String,
    /// The connection in its document.
    pub(crate) connection: Connection,
    /// The servers.
    pub(crate) servers: Servers,
    /// The path of the target without a slash at its end.
    pub(crate) path: String,
}

/// The servers of a target.
#[derive(Debug)]
pub(crate) enum Servers {
    /// The host of a URL.
    Origin(Origin),
    /// The enabled target servers of a load balancer; empty without an environment.
    Pool(LoadBalancer, Vec<(ServerReference, TargetServer)>),
}

/// The targets of a proxy endpoint, each once. Without an environment, target servers are not checked.
pub(crate) fn destinations(
    bundle: &ParsedBundle,
    endpoint: &Parsed<ProxyEndpoint>,
    environment: Option<&Environment>,
    findings: &mut Findings,
) -> Vec<Destination> {
    let Parsed { document, content: Some(proxy), .. } = endpoint else { return Vec::new() };
    if proxy.route_rules.is_empty() {
        let text = format!(
            "the proxy endpoint {} has no RouteRule: Apigee responds with the fault NoRoutesMatched, Envoy with 404",
            proxy.endpoint.name
        );
        findings.add(Finding::new(Severity::Warning, text).in_source(&document.source, None));
    }
    let urls: Vec<(&String, &String)> =
        proxy.route_rules.iter().filter_map(|rule| Some((&rule.name, rule.url.as_ref()?))).collect();
    let mut destinations: Vec<Destination> = Vec::new();
    for rule in &proxy.route_rules {
        let Route::Target(target) = &rule.route else { continue };
        let url = urls.iter().find(|(rule, _)| *rule == target);
        if url.is_some() && rule.name != *target {
            let text = format!(
                "the route rule {target} has a URL and the name of the target endpoint of the route rule {}: Envoy \
                 cannot distinguish their requests; rename one",
                rule.name
            );
            findings.add(Finding::error_in(&document.source, text));
        }
        if destinations.iter().any(|known| known.target == *target) {
            continue;
        }
        let found = match url {
            Some((_, url)) => Some((document, Connection { url: Some((*url).clone()), ..Connection::default() })),
            None => target_of(bundle, target),
        };
        let Some((source, connection)) = found else {
            // A file that is not XML has an error.
            if bundle.target_endpoints.iter().any(|endpoint| endpoint.document.source.stem() == target) {
                continue;
            }
            let text = format!("unknown target endpoint {target:?} in the route rule {}", rule.name);
            findings.add(Finding::error_in(&document.source, text));
            continue;
        };
        let mut target = Target { name: target, connection: &connection, document: source, findings };
        if let Some((servers, path)) = target.servers(environment) {
            let target = target.name.to_owned();
            destinations.push(Destination { target, connection, servers, path });
        }
    }
    destinations
}

/// The document and the connection of a target endpoint.
fn target_of<'a>(bundle: &'a ParsedBundle, name: &str) -> Option<(&'a Document, Connection)> {
    bundle.target_endpoints.iter().find_map(|Parsed { document, content, connection, .. }| {
        // A document that cannot be parsed has errors.
        let own = content.as_ref().map(|target| target.endpoint.name.as_str());
        let own = own.or_else(|| Some(document.root()?.name.as_str()));
        (own == Some(name)).then(|| (document, connection.clone()))
    })
}

struct Target<'a> {
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

    /// The servers and the path of the target. `None` when the target has errors.
    fn servers(&mut self, environment: Option<&Environment>) -> Option<(Servers, String)> {
        for problem in &self.connection.problems {
            self.findings.add(self.document.finding(problem));
        }
        if self.connection.problems.iter().any(|problem| problem.severity == diagnostic::Severity::Error) {
            return None;
        }
        match (&self.connection.balancer, &self.connection.url) {
            (Some(balancer), _) => {
                let path = self.connection.path.clone().unwrap_or_default();
                let servers = match environment {
                    Some(environment) => self.pool(balancer, environment)?,
                    None => Vec::new(),
                };
                Some((Servers::Pool(balancer.clone(), servers), self.path(&path)))
            }
            (None, Some(url)) => {
                let (origin, path) = self.url(url)?;
                Some((Servers::Origin(origin), path))
            }
            (None, None) => {
                let text = format!("the target endpoint {} has neither URL nor LoadBalancer", self.name);
                self.error(text);
                None
            }
        }
    }

    fn pool(
        &mut self,
        balancer: &LoadBalancer,
        environment: &Environment,
    ) -> Option<Vec<(ServerReference, TargetServer)>> {
        let mut servers = Vec::new();
        for reference in balancer.servers.iter().filter(|reference| reference.is_enabled) {
            let Some(server) = environment.target_servers.get(&*reference.name) else {
                self.error(format!(
                    "unknown target server {:?}: add it to target_servers of the environment",
                    &*reference.name
                ));
                continue;
            };
            if server.enabled {
                servers.push((reference.clone(), server.clone()));
            }
        }
        let has_tls = |tls: bool| servers.iter().any(|(_, server)| server.tls == tls);
        if has_tls(true) && has_tls(false) {
            self.error(format!("the target endpoint {} has servers with tls and servers without tls", self.name));
            return None;
        }
        Some(servers)
    }

    fn url(&mut self, url: &str) -> Option<(Origin, String)> {
        let (scheme, rest) = Scheme::split(url).or_else(|| {
            self.error(format!("the URL of {} must start with http:// or https://, got {url:?}", self.name));
            None
        })?;
        let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
        let Some(origin) = Origin::new(scheme, authority) else {
            let problem = match authority.contains('{') {
                true => "must not contain a variable",
                false => "is not a host with an optional port",
            };
            self.error(format!("the host in the URL of {} {problem}: {url}", self.name));
            return None;
        };
        Some((origin, self.path(path)))
    }

    /// The fixed prefix of a path without a slash at its end.
    fn path(&mut self, path: &str) -> String {
        let fixed = path.find(['?', '#', '{']).and_then(|end| path.get(..end)).unwrap_or(path);
        if fixed != path {
            self.warning(format!(
                "routes of Envoy cannot resolve the variables of {path}: requests to {} go to {fixed}",
                self.name
            ));
        }
        fixed.trim_end_matches('/').to_owned()
    }
}

/// Reports proxy endpoints with the same base path: an error in one bundle, the severity `between` in two bundles.
pub(crate) fn compare_base_paths(bundles: &[&ParsedBundle], between: Severity, findings: &mut Findings) {
    let mut known: Vec<(Vec<String>, String, &ParsedBundle)> = Vec::new();
    for bundle in bundles.iter().copied().filter(|bundle| bundle.kind == Kind::Proxy) {
        for Parsed { document, content, .. } in &bundle.proxy_endpoints {
            let Some(proxy) = content else { continue };
            let name = format!("{}.{}", bundle.name, proxy.endpoint.name);
            let base_path = proxy.base_path.as_ref().map_or("", |path| path.as_str());
            let segments = base_path.split('/').filter(|segment| !segment.is_empty());
            let segments: Vec<String> = segments.map(str::to_owned).collect();
            if let Some((_, other, owner)) = known.iter().find(|(other, ..)| *other == segments) {
                let severity = if std::ptr::eq(*owner, bundle) { Severity::Error } else { between };
                let text = format!("{other} and {name} have the same base path");
                findings.add(Finding::new(severity, text).in_source(&document.source, None));
            }
            known.push((segments, name, bundle));
        }
    }
}
