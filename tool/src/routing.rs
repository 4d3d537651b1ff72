//! The targets of route rules, for the routes and clusters of Envoy.
//!
//! The filter leaves the connections of targets to Envoy, so the problems of targets are reported here.

use super::bundle::{self, ParsedBundle};
use super::connection::Connection;
use super::document::Document;
use super::environment::{Environment, LocalProxy, TargetServer};
use super::finding::{Code, Finding, Findings, Severity};
use super::local_proxies;
use super::parsed::Parsed;
use super::source;
use envoy_callout::diagnostic::{self, Code as FilterCode, Position};
use envoy_callout::plan::{VariablePart, VariableTarget};
use envoy_callout::policy::connection::{LoadBalancer, ServerReference};
use envoy_callout::policy::endpoint::{
    ProxyEndpoint, Route, TargetConnection, TargetEndpoint, TargetKind, UrlTemplate,
};
use envoy_callout::policy::origin::{Origin, Scheme};
use envoy_callout::policy::template::Part;
use envoy_callout::suggestion;

/// The revision of a bundle without one. Apigee numbers every revision.
pub(crate) const DEFAULT_REVISION: &str = "1";

/// The body of Apigee's response when no proxy matches. The rendered Envoy sends it when no route matches.
pub(crate) const NOT_FOUND_BODY: &str = r#"{"fault":{"faultstring":"Unable to identify proxy","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}"#;

/// A target of route rules.
#[derive(Debug, PartialEq)]
pub(crate) struct Destination {
    /// The value of `x-callout-target`.
    pub(crate) target: String,
    /// The settings of its cluster.
    pub(crate) connection: Connection,
    /// `io.timeout.millis` (ms).
    pub(crate) io_timeout_ms: Option<u64>,
    /// The servers.
    pub(crate) servers: Servers,
    /// The path of the target without a slash at its end; empty when the filter expands it.
    pub(crate) path: String,
    /// Whether the filter expands the URL or the path, because it contains variables.
    pub(crate) is_variable: bool,
}

/// The servers of a target.
#[derive(Debug, PartialEq)]
pub(crate) enum Servers {
    /// The host of a URL.
    Origin(Origin),
    /// The enabled target servers of a load balancer; empty without an environment.
    Pool(LoadBalancer, Vec<(ServerReference, TargetServer)>),
    /// Another proxy of the environment.
    Local(LocalProxy),
    /// The host that a variable names in a request.
    Variable,
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
        findings.add(
            Finding::new(Severity::Warning, Code::NoRouteRule, text)
                .in_source(&document.source, root_position(document)),
        );
    }
    let urls: Vec<(&String, &UrlTemplate)> =
        proxy.route_rules.iter().filter_map(|rule| Some((&rule.name, rule.url.as_ref()?))).collect();
    let mut destinations: Vec<Destination> = Vec::new();
    for rule in &proxy.route_rules {
        let Route::Target(target) = &rule.route else { continue };
        let position = Some(document.position_in_file(rule.position));
        let url = urls.iter().find(|(rule, _)| *rule == target);
        if url.is_some() && rule.name != *target {
            let text = format!(
                "the route rule {target} has a URL and the name of the target endpoint of the route rule {}: Envoy \
                 cannot distinguish their requests; rename one",
                rule.name
            );
            findings
                .add(Finding::new(Severity::Error, Code::AmbiguousTarget, text).in_source(&document.source, position));
        }
        if destinations.iter().any(|known| known.target == *target) {
            continue;
        }
        let found = match url {
            Some((_, url)) => Some((document, Kind::Url(url), Connection::default(), None)),
            None => target_of(bundle, target),
        };
        let Some((source, kind, connection, io_timeout_ms)) = found else {
            // A document that cannot be parsed has errors.
            let is_broken = |endpoint: &Parsed<TargetEndpoint>| {
                let name = endpoint.document.root().map_or(endpoint.document.source.stem(), |root| &root.name);
                endpoint.content.is_none() && name == target
            };
            if bundle.target_endpoints.iter().any(is_broken) || bundle.broken_flows().any(|name| name == target) {
                continue;
            }
            let names = bundle.target_endpoints.iter().filter_map(|endpoint| endpoint.content.as_ref());
            let hint = suggestion::hint(target, names.map(|endpoint| endpoint.endpoint.name.as_str()));
            let text = format!("unknown target endpoint {target:?} in the route rule {}{hint}", rule.name);
            findings.add(
                Finding::new(Severity::Error, FilterCode::UnknownTarget, text).in_source(&document.source, position),
            );
            continue;
        };
        let constants = Constants { bundle, proxy, environment };
        let mut target = Target { name: target, kind, document: source, constants, findings };
        if let Some((servers, path)) = target.servers(environment) {
            if servers == Servers::Variable && connection.ssl_info.is_some() {
                target.warning(
                    FilterCode::NoEffect,
                    format!("SSLInfo of {} has no effect: its host comes from a variable", target.name),
                );
            }
            let (target, is_variable) = (target.name.to_owned(), path.is_none());
            let path = path.unwrap_or_default();
            destinations.push(Destination { target, connection, io_timeout_ms, servers, path, is_variable });
        }
    }
    destinations
}

/// The names of the targets whose URL the filter expands.
pub(crate) fn variable_targets(
    bundle: &ParsedBundle,
    endpoint: &Parsed<ProxyEndpoint>,
    environment: Option<&Environment>,
) -> Vec<String> {
    let destinations = destinations(bundle, endpoint, environment, &mut Findings::default()).into_iter();
    destinations.filter(|destination| destination.is_variable).map(|destination| destination.target).collect()
}

/// The constants of a proxy endpoint, as the filter gets them.
#[derive(Clone, Copy)]
struct Constants<'a> {
    bundle: &'a ParsedBundle,
    proxy: &'a ProxyEndpoint,
    environment: Option<&'a Environment>,
}

impl<'a> Constants<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let base_path = || self.proxy.base_path.as_ref().map_or("", |path| path.as_str());
        let value = match name {
            "apiproxy.name" => Some(self.bundle.name.as_str()),
            "apiproxy.revision" => Some(self.bundle.revision.as_deref().unwrap_or(DEFAULT_REVISION)),
            "proxy.basepath" | "apiproxy.basepath" => Some(base_path()),
            name => self.bundle.properties.get(name).map(String::as_str),
        };
        value.or_else(|| self.environment?.constant(name))
    }
}

/// The source of a target.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// The URL of a route rule.
    Url(&'a UrlTemplate),
    /// The connection of a target endpoint.
    Endpoint(&'a TargetConnection),
}

/// The document of a target endpoint, its target, its cluster settings and its timeout.
fn target_of<'a>(bundle: &'a ParsedBundle, name: &str) -> Option<(&'a Document, Kind<'a>, Connection, Option<u64>)> {
    bundle.target_endpoints.iter().find_map(|Parsed { document, content, connection, .. }| {
        let target = content.as_ref().filter(|target| target.endpoint.name == name)?;
        let timeout = target.connection.properties.io_timeout;
        let timeout = timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        Some((document, Kind::Endpoint(&target.connection), connection.clone(), timeout))
    })
}

struct Target<'a> {
    name: &'a str,
    kind: Kind<'a>,
    document: &'a Document,
    constants: Constants<'a>,
    findings: &'a mut Findings,
}

impl Target<'_> {
    fn error(&mut self, code: impl Into<Code>, text: String) {
        self.add(Severity::Error, code, text);
    }

    fn warning(&mut self, code: impl Into<Code>, text: String) {
        self.add(Severity::Warning, code, text);
    }

    fn add(&mut self, severity: Severity, code: impl Into<Code>, text: String) {
        let position = self.position().map(|position| self.document.position_in_file(position));
        let position = position.or(root_position(self.document));
        self.findings.add(Finding::new(severity, code, text).in_source(&self.document.source, position));
    }

    /// The position of the target in its document.
    fn position(&self) -> Option<Position> {
        match self.kind {
            Kind::Url(url) => Some(url.position),
            Kind::Endpoint(connection) => match connection.target.as_ref()? {
                TargetKind::Url(url) => Some(url.position),
                TargetKind::LoadBalancer(balancer) => Some(balancer.position),
                TargetKind::Local(local) => Some(local.position),
                TargetKind::Program(_, position) | TargetKind::Provider(_, position) => Some(*position),
            },
        }
    }

    fn error_at(&mut self, code: impl Into<Code>, position: Position, text: String) {
        let position = self.document.position_in_file(position);
        self.findings.add(Finding::new(Severity::Error, code, text).in_source(&self.document.source, Some(position)));
    }

    /// The servers of the target and its path, which is absent when the filter expands it. `None` when the target has
    /// errors.
    fn servers(&mut self, environment: Option<&Environment>) -> Option<(Servers, Option<String>)> {
        let connection = match self.kind {
            Kind::Url(url) => return self.url(url),
            Kind::Endpoint(connection) => connection,
        };
        for problem in &connection.problems {
            self.findings.add(self.document.finding(problem));
        }
        if connection.problems.iter().any(|problem| problem.severity == diagnostic::Severity::Error) {
            return None;
        }
        match &connection.target {
            Some(TargetKind::LoadBalancer(balancer)) => {
                let variable = VariableTarget::of_connection(self.name, connection);
                let path = variable.map(|variable| variable.fold_with(|name| self.constants.get(name)));
                let path = path.map_or(Some(String::new()), |path| self.fixed(&path));
                let servers = match environment {
                    Some(environment) => self.pool(balancer, environment)?,
                    None => Vec::new(),
                };
                Some((Servers::Pool(balancer.clone(), servers), path))
            }
            Some(TargetKind::Url(url)) => self.url(url),
            Some(TargetKind::Local(local)) => {
                // Without an environment, its needs are listed.
                match local_proxies::find(&local.destination, environment?) {
                    Ok((proxy, path)) => Some((Servers::Local(proxy), Some(self.path(&path)))),
                    Err(text) => {
                        self.error_at(FilterCode::UnknownLocalProxy, local.position, text);
                        None
                    }
                }
            }
            Some(TargetKind::Program(element, position)) => {
                let text = format!(
                    "the target endpoint {} is a {element}, a program that Apigee runs: deploy it as a service and name \
                     its URL in an HTTPTargetConnection",
                    self.name
                );
                self.error_at(Code::UnsupportedTarget, *position, text);
                None
            }
            Some(TargetKind::Provider(provider, position)) => {
                let text = format!(
                    "the host of the target endpoint {} is that of the provider {provider} of SAP, which is not part of the \
                     bundle: write the URL into <url>",
                    self.name
                );
                self.error_at(Code::UnsupportedTarget, *position, text);
                None
            }
            None => {
                let text = format!("the target endpoint {} has neither URL nor LoadBalancer", self.name);
                self.error(Code::MissingTarget, text);
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
                let hint = suggestion::hint(&reference.name, environment.target_servers.keys().map(String::as_str));
                let text = format!(
                    "unknown target server {:?}: add it to target_servers of the environment{hint}",
                    &*reference.name
                );
                self.error_at(FilterCode::UnknownTargetServer, reference.position, text);
                continue;
            };
            if server.enabled {
                servers.push((reference.clone(), server.clone()));
            }
        }
        let has_tls = |tls: bool| servers.iter().any(|(_, server)| server.tls == tls);
        if has_tls(true) && has_tls(false) {
            self.error(
                Code::MixedTls,
                format!("the target endpoint {} has servers with tls and servers without tls", self.name),
            );
            return None;
        }
        Some(servers)
    }

    fn url(&mut self, url: &UrlTemplate) -> Option<(Servers, Option<String>)> {
        let target = VariableTarget::of_url(self.name, url).fold_with(|name| self.constants.get(name));
        let start = match target.template.parts().first() {
            Some(Part::Literal(start)) => start.trim(),
            // The whole URL comes from a variable.
            _ => return Some((Servers::Variable, None)),
        };
        let (scheme, rest) = Scheme::split(start).or_else(|| {
            self.error(
                FilterCode::InvalidUrl,
                format!("the URL of {} must start with http:// or https://, got {:?}", self.name, url.text),
            );
            None
        })?;
        if target.part == VariablePart::Host && target.template.as_literal().is_none() {
            return Some((Servers::Variable, None));
        }
        let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
        let Some(origin) = Origin::new(scheme, authority) else {
            self.error(
                FilterCode::InvalidUrl,
                format!("the host in the URL of {} is not a host with an optional port: {}", self.name, url.text),
            );
            return None;
        };
        let path = if target.is_variable() { None } else { Some(self.path(path)) };
        Some((Servers::Origin(origin), path))
    }

    /// The path of a load balancer, if it is fixed.
    fn fixed(&mut self, target: &VariableTarget) -> Option<String> {
        let path = target.template.as_literal().filter(|_| !target.is_variable())?;
        Some(self.path(&path))
    }

    /// The fixed part of a path without a slash at its end.
    fn path(&mut self, path: &str) -> String {
        let fixed = path.find(['?', '#']).and_then(|end| path.get(..end)).unwrap_or(path);
        if path.contains('?') {
            self.warning(
                Code::TargetQuery,
                format!("routes of Envoy cannot add the query of {path}: requests to {} go to {fixed}", self.name),
            );
        }
        fixed.trim_end_matches('/').to_owned()
    }
}

fn root_position(document: &Document) -> Option<Position> {
    document.root().map(|root| root.position)
}

/// The position of the first occurrence of a text in the file of a document.
fn word_position(document: &Document, word: &str) -> Option<Position> {
    let text = &document.source.text;
    text.find(word).map(|at| source::position(text, at))
}

/// Reports proxy endpoints with the same base path: an error in one bundle, the severity `between` in two bundles.
pub(crate) fn compare_base_paths(bundles: &[&ParsedBundle], between: Severity, findings: &mut Findings) {
    let mut known: Vec<(Vec<String>, String, &ParsedBundle)> = Vec::new();
    for bundle in bundles.iter().copied().filter(|bundle| bundle.kind == bundle::Kind::Proxy) {
        for Parsed { document, content, .. } in &bundle.proxy_endpoints {
            let Some(proxy) = content else { continue };
            let name = format!("{}.{}", bundle.name, proxy.endpoint.name);
            let base_path = proxy.base_path.as_ref().map_or("", |path| path.as_str());
            let segments = base_path.split('/').filter(|segment| !segment.is_empty());
            let segments: Vec<String> = segments.map(str::to_owned).collect();
            if let Some((_, other, owner)) = known.iter().find(|(other, ..)| *other == segments) {
                let severity = if std::ptr::eq(*owner, bundle) { Severity::Error } else { between };
                let text = format!("{other} and {name} have the same base path");
                let position = word_position(document, "<BasePath").or(root_position(document));
                findings.add(Finding::new(severity, Code::SameBasePath, text).in_source(&document.source, position));
            }
            known.push((segments, name, bundle));
        }
    }
}
