//! The filters, routes and clusters of a deployment, independent of the output format.

mod callouts;
mod clusters;
mod targets;

use super::SkipArguments;
use super::naming::{Names, Naming, dns_label};
use super::path::BasePath;
use super::upstream::Upstream;
use crate::bundle::{Kind, ParsedBundle};
use crate::configuration::{Configuration, called_by};
use crate::environment::Environment;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::{local_proxies, policy_types, routing, shared_flow_hint};
use callouts::Callouts;
use envoy_callout::diagnostic::Code as FilterCode;
use envoy_callout::plan::PATH_MARKER;
use envoy_callout::policy::endpoint::URL_HAS_NO_EFFECT;
use serde_json::{Map, Value, json};
use targets::Targets;

/// The deployment of one Envoy.
#[derive(Debug, Default)]
pub(super) struct Deployment {
    /// The proxy endpoints in the order of their routes.
    pub(super) endpoints: Vec<Endpoint>,
    /// The clusters, targets before callouts.
    pub(super) upstreams: Vec<Upstream>,
    /// Whether the host of a callout comes from a variable.
    pub(super) any_host: bool,
    /// The file of trusted authorities for hosts from variables.
    pub(super) trusted_ca: String,
    /// The warnings of authentication that is not enforced.
    pub(super) not_enforced: Vec<String>,
    /// `stream_idle_timeout` in seconds. It is longer than the longest wait for a callout or a target.
    pub(super) idle_secs: u64,
    cluster_names: Names,
    cluster_labels: Names,
    /// The indices of the clusters that callouts share.
    shared: Vec<(clusters::SharedKey, usize)>,
}

/// A proxy endpoint: a filter and its routes.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// `BUNDLE.ENDPOINT`. The later of two endpoints with the same name gets a number.
    pub(super) name: String,
    /// The name as letters, digits and dashes.
    pub(super) label: String,
    /// The base path.
    pub(super) base_path: BasePath,
    /// The filter's configuration.
    pub(super) configuration: Value,
    /// Whether the filter reads or writes bodies.
    pub(super) needs_body: bool,
    /// The routes to targets.
    pub(super) routes: Vec<Route>,
}

/// A route to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The value of `x-callout-target`.
    pub(super) target: String,
    /// The index of the target's cluster in the deployment. Absent when a request chooses the host: the filter then
    /// names the cluster in a header.
    pub(super) upstream: Option<usize>,
    /// The path of the target without a slash at its end.
    pub(super) path: String,
    /// Whether the filter writes the path of the target into requests, after the base path and a marker.
    pub(super) is_variable: bool,
    /// Timeout of the target in milliseconds.
    pub(super) timeout_ms: u64,
    /// The `Host` header of requests to the target.
    pub(super) authority: Authority,
    /// The retries of a request.
    pub(super) retry: Option<Retry>,
}

impl Route {
    /// The part of the path that the route replaces by the path of the target.
    pub(super) fn replaced(&self, base_path: &BasePath) -> BasePath {
        if self.is_variable { base_path.below(PATH_MARKER) } else { base_path.clone() }
    }
}

/// The `Host` header of requests to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// That of the server.
    Server,
    /// That of the request: the client's, or the one that the filter writes.
    Request,
    /// A fixed one.
    Fixed(String),
}

impl Authority {
    /// The fixed value for a target. `None` when it is that of the request or of the server that Envoy chooses.
    pub(super) fn fixed(&self, upstream: &Upstream) -> Option<String> {
        match self {
            Authority::Server => upstream.only_server().map(|server| upstream.authority_of(server)),
            Authority::Request => None,
            Authority::Fixed(authority) => Some(authority.clone()),
        }
    }
}

/// The retries of a request on other servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Retry {
    /// Number of retries.
    pub(super) count: usize,
    /// The statuses that cause a retry, in addition to failed connections.
    pub(super) statuses: Vec<u16>,
}

/// Options of the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// The naming scheme of clusters.
    pub(super) naming: Naming,
    /// The steps that the filter skips because it does not run their policy type.
    pub(super) skip: SkipArguments,
    /// Port of the listener.
    pub(super) port: u16,
}

/// Warnings of the filter about settings of clusters. `render` writes these clusters.
const RENDERED_CLUSTERS: [&str; 3] = [
    "SSLInfo has no effect in the filter:",
    "HealthMonitor has no effect: configure health checks in the clusters of the target servers",
    "connect.timeout.millis has no effect",
];

/// The label of Istio's resource for the idle timeout.
const RESERVED_LABEL: &str = "idle-timeout";

/// The deployment of the proxies among the bundles. The findings contain their problems.
pub(super) fn build(
    bundles: &[&ParsedBundle],
    environment: &Environment,
    options: Options,
    findings: &mut Findings,
) -> Deployment {
    let mut deployment = Deployment { trusted_ca: environment.tls.trusted_ca.clone(), ..Deployment::default() };
    let mut longest_ms = 0;
    let proxies = || bundles.iter().copied().filter(|bundle| bundle.kind == Kind::Proxy);
    if proxies().next().is_none() {
        let text = "no proxy to render: pass a folder or an archive that contains apiproxy/".to_owned();
        findings.add(Finding::new(Severity::Error, Code::NoBundle, text));
    }
    let environment = local_proxies::with_given(environment, bundles);
    routing::compare_base_paths(bundles, Severity::Error, findings);
    let mut names = Names::default();
    let mut labels = Names::without(&[RESERVED_LABEL]);
    for bundle in proxies() {
        if bundle.proxy_endpoints.is_empty() {
            let text = format!("the bundle {} has no proxy endpoint, so none of its policies run", bundle.name);
            findings.add(Finding::new(Severity::Error, Code::EmptyBundle, text));
        }
        let shared = called_by(bundle, bundles);
        for bundle in std::iter::once(bundle).chain(shared.iter().copied()) {
            bundle.unreadable.iter().for_each(|finding| findings.add(finding.clone()));
            policy_types::report_unknown(bundle, findings);
        }
        let mut targets = Targets::default();
        let routes: Vec<Vec<Route>> = bundle
            .proxy_endpoints
            .iter()
            .map(|endpoint| {
                let destinations = routing::destinations(bundle, endpoint, Some(&environment), findings);
                targets.routes(bundle, destinations, &environment, options, &mut deployment)
            })
            .collect();
        let mut callouts = Callouts::of(bundle, &shared, &environment, options, &mut deployment, findings);
        if routes.iter().flatten().any(|route| route.upstream.is_none()) {
            callouts.need_any_host(&mut deployment);
        }
        longest_ms = longest_ms.max(callouts.longest_ms);
        for (endpoint, routes) in bundle.proxy_endpoints.iter().zip(routes) {
            longest_ms = routes.iter().map(|route| route.timeout_ms).fold(longest_ms, u64::max);
            let mut configuration = Configuration::of_proxy(bundle, endpoint, &shared, Some(&environment));
            callouts.apply(&mut configuration, options);
            let Some(needs_body) = load(&configuration, bundle, bundles, options, &mut deployment, findings) else {
                continue;
            };
            let Some(proxy) = &endpoint.content else { continue };
            let name = names.take(format!("{}.{}", bundle.name, proxy.endpoint.name), '_');
            deployment.endpoints.push(Endpoint {
                label: labels.take(dns_label(&name), '-'),
                name,
                base_path: BasePath::new(proxy.base_path.as_ref().map_or("", |path| path.as_str())),
                configuration: configuration.to_value(),
                needs_body,
                routes,
            });
        }
    }
    deployment.endpoints.sort_by_key(|endpoint| endpoint.base_path.order());
    report_hidden_routes(&deployment, findings);
    // Envoy counts the time of a callout as idle time.
    deployment.idle_secs = longest_ms.div_ceil(1000).saturating_add(5);
    deployment
}

/// Reports the routes of variable targets whose paths can match the routes of a longer base path. A value in the URL would
/// otherwise choose a target of that proxy, without its policies.
fn report_hidden_routes(deployment: &Deployment, findings: &mut Findings) {
    for (index, endpoint) in deployment.endpoints.iter().enumerate() {
        let Some(route) = endpoint.routes.iter().find(|route| route.is_variable) else { continue };
        let path = route.replaced(&endpoint.base_path);
        if let Some(other) = deployment.endpoints.iter().take(index).find(|other| other.base_path.overlaps(&path)) {
            let text = format!(
                "the URL of the target {} of {} contains variables, which does not work together with the base path of {}: \
                 both match paths below {}",
                route.target,
                endpoint.name,
                other.name,
                path.text()
            );
            findings.add(Finding::new(Severity::Error, Code::HiddenRoute, text));
        }
    }
}

/// Whether a warning of the filter is about settings that `render` writes.
pub(crate) fn is_rendered(message: &str) -> bool {
    // `render` writes the route that the warning about `URL` names.
    message == URL_HAS_NO_EFFECT || RENDERED_CLUSTERS.iter().any(|warning| message.starts_with(warning))
}

/// Loads a configuration with the code of the filter. Returns whether it needs bodies, or `None` when it has errors.
fn load(
    configuration: &Configuration<'_>,
    bundle: &ParsedBundle,
    given: &[&ParsedBundle],
    options: Options,
    deployment: &mut Deployment,
    findings: &mut Findings,
) -> Option<bool> {
    let (needs_body, diagnostics) = match configuration.load() {
        Ok(loaded) => (Some(loaded.plan.needs.has_body()), loaded.warnings),
        Err(problems) => (None, problems),
    };
    for diagnostic in diagnostics.iter().filter(|diagnostic| !is_rendered(&diagnostic.message)) {
        if diagnostic.code == FilterCode::AuthenticationNotEnforced
            && !deployment.not_enforced.contains(&diagnostic.message)
        {
            deployment.not_enforced.push(diagnostic.message.clone());
        }
        let finding = policy_types::with_policy(configuration.finding(diagnostic), bundle);
        findings.add(shared_flow_hint::with_shared_flow(options.skip.adjusted(finding), bundle, given));
    }
    needs_body
}

/// The value of the key `clusters`: clusters by origin.
fn cluster_keys(origins: &[(String, String)], any: Option<&str>) -> Value {
    let named = origins.iter().map(|(origin, cluster)| (origin.clone(), json!(cluster)));
    named.chain(any.map(|pattern| ("*".to_owned(), json!(pattern)))).collect::<Map<_, _>>().into()
}
