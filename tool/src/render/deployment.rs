//! What has to be deployed, whatever it is written as: filters, routes, clusters.

mod callouts;
mod clusters;
mod targets;

use super::naming::{Names, Naming, dns_label};
use super::path::BasePath;
use super::upstream::Upstream;
use crate::bundle::{Kind, ParsedBundle};
use crate::configuration::{Configuration, called_by};
use crate::environment::{Environment, LocalProxy};
use crate::finding::{Finding, Findings, Severity};
use crate::parsed::Parsed;
use crate::{policy_types, routing};
use callouts::Callouts;
use envoy_callout::diagnostic::Diagnostic;
use serde_json::{Map, Value, json};
use targets::Targets;

/// Everything of one Envoy.
#[derive(Debug, Default)]
pub(super) struct Deployment {
    /// The proxy endpoints, in the order in which their routes are to be tried.
    pub(super) endpoints: Vec<Endpoint>,
    /// The clusters, targets before callouts.
    pub(super) upstreams: Vec<Upstream>,
    /// Whether a callout's host comes from a variable.
    pub(super) any_host: bool,
    /// The authorities that such hosts are checked against.
    pub(super) trusted_ca: String,
    /// How long a stream may rest: more than the longest wait for a callout or a target.
    pub(super) idle_secs: u64,
    cluster_names: Names,
    cluster_labels: Names,
    /// The places of the clusters that callouts share.
    shared: Vec<(clusters::Wanted, usize)>,
}

/// A proxy endpoint: a filter and its routes.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// `BUNDLE.ENDPOINT`; of two that are called so, the later one gets a number.
    pub(super) name: String,
    /// The same where only letters, digits and dashes may be.
    pub(super) label: String,
    /// Where it answers.
    pub(super) base_path: BasePath,
    /// The filter's configuration.
    pub(super) configuration: Value,
    /// Whether the filter has to see bodies.
    pub(super) needs_body: bool,
    /// Where its requests may go.
    pub(super) routes: Vec<Route>,
}

/// A route to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// What the filter writes in `x-callout-target`.
    pub(super) target: String,
    /// The place of the target's cluster in the deployment.
    pub(super) upstream: usize,
    /// The target's own path, without a slash at its end.
    pub(super) path: String,
    /// How long the target may take.
    pub(super) timeout_ms: u64,
    /// When and how often a request is tried again.
    pub(super) retry: Option<Retry>,
}

/// Further tries of a request on other servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Retry {
    /// How many.
    pub(super) count: usize,
    /// After which statuses, beside failed connections.
    pub(super) statuses: Vec<u16>,
}

/// What the command line says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// How clusters are called.
    pub(super) naming: Naming,
    /// Whether steps whose policy type does not run are left out.
    pub(super) skip_unsupported: bool,
    /// Where the listener is.
    pub(super) port: u16,
}

/// Warnings of the filter about what is left to its cluster, which is rendered here.
const DONE_HERE: [&str; 3] = [
    "TLS is the cluster's:",
    "the health checks of the target servers' clusters take the place of HealthMonitor",
    "connect.timeout.millis has no effect",
];

/// The filter's warning about the URL of a route rule, for which a route is rendered.
const ROUTED_HERE: &str = "the URL of a route rule is Envoy's to reach";

/// What Istio's resource for the idle timeout is called.
const RESERVED_LABEL: &str = "idle-timeout";

/// Works out the deployment of the proxies among the bundles. What is wrong is in the findings.
pub(super) fn of(
    bundles: &[&ParsedBundle],
    environment: &Environment,
    options: Options,
    findings: &mut Findings,
) -> Deployment {
    let mut deployment = Deployment { trusted_ca: environment.tls.trusted_ca.clone(), ..Deployment::default() };
    let mut longest_ms = 0;
    let proxies = || bundles.iter().copied().filter(|bundle| bundle.kind == Kind::Proxy);
    if proxies().next().is_none() {
        let text = "there is no proxy to render: name a folder or an archive with apiproxy/ in it".to_owned();
        findings.add(Finding::new(Severity::Error, text));
    }
    let environment = with_given_proxies(environment, proxies());
    routing::compare_base_paths(bundles, Severity::Error, findings);
    let mut names = Names::default();
    let mut labels = Names::without(&[RESERVED_LABEL]);
    for bundle in proxies() {
        if bundle.proxy_endpoints.is_empty() {
            let text = format!("the bundle {} has no proxy endpoint: nothing of it runs", bundle.name);
            findings.add(Finding::new(Severity::Error, text));
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
                targets.routes(bundle, destinations, &environment, &mut deployment)
            })
            .collect();
        let callouts = Callouts::of(bundle, &shared, &environment, options, &mut deployment, findings);
        longest_ms = longest_ms.max(callouts.longest_ms);
        for (endpoint, routes) in bundle.proxy_endpoints.iter().zip(routes) {
            longest_ms = routes.iter().map(|route| route.timeout_ms).fold(longest_ms, u64::max);
            let mut configuration = Configuration::of_proxy(bundle, endpoint, &shared);
            callouts.apply(&mut configuration, options);
            let Some(needs_body) = load(&configuration, findings) else { continue };
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
    // A stream that waits is idle.
    deployment.idle_secs = longest_ms.div_ceil(1000).saturating_add(5);
    deployment
}

/// Loads a configuration as the filter will. Tells whether bodies are needed, when there is no error.
fn load(configuration: &Configuration<'_>, findings: &mut Findings) -> Option<bool> {
    configuration.conflicts.iter().for_each(|conflict| findings.add(conflict.clone()));
    let (needs_body, diagnostics) = match configuration.load() {
        Ok(loaded) => (Some(loaded.plan.needs.request_body || loaded.plan.needs.response_body), loaded.warnings),
        Err(problems) => (None, problems),
    };
    let is_done = |diagnostic: &&Diagnostic| {
        DONE_HERE.iter().chain([&ROUTED_HERE]).any(|done| diagnostic.message.starts_with(done))
    };
    for diagnostic in diagnostics.iter().filter(|diagnostic| !is_done(diagnostic)) {
        findings.add(configuration.finding(diagnostic));
    }
    needs_body
}

/// The environment with the given proxies as local ones: they are on the listener that is rendered.
fn with_given_proxies<'a>(environment: &Environment, proxies: impl Iterator<Item = &'a ParsedBundle>) -> Environment {
    let mut environment = environment.clone();
    for bundle in proxies {
        for Parsed { content, .. } in &bundle.proxy_endpoints {
            let Some(proxy) = content else { continue };
            let given = LocalProxy {
                api_proxy: Some(bundle.name.clone()),
                proxy_endpoint: Some(proxy.endpoint.name.clone()),
                base_path: proxy.base_path.as_ref().map_or("/", |path| path.as_str()).to_owned(),
                host: None,
                port: None,
                authority: None,
            };
            let is_same = |other: &LocalProxy| {
                other.api_proxy == given.api_proxy
                    && other.proxy_endpoint.as_deref().unwrap_or("default") == proxy.endpoint.name
            };
            if !environment.local_proxies.iter().any(is_same) {
                environment.local_proxies.push(given);
            }
        }
    }
    environment
}

/// The keys of a configuration that name clusters by origin.
fn cluster_keys(origins: &[(String, String)], any: Option<&str>) -> Value {
    let named = origins.iter().map(|(origin, cluster)| (origin.clone(), json!(cluster)));
    named.chain(any.map(|pattern| ("*".to_owned(), json!(pattern)))).collect::<Map<_, _>>().into()
}
