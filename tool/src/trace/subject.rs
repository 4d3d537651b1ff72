//! The subject of a trace: the proxy endpoint or the filter configuration of the request.

use super::TraceError;
use crate::bundle::{Kind, ParsedBundle};
use crate::configuration::{Configuration, called_by};
use crate::embedded;
use crate::environment::{AnyCluster, Environment};
use crate::finding::{Finding, Findings, Severity};
use crate::input::Input;
use crate::needs::Needs;
use crate::parsed::Parsed;
use crate::render::Preview;
use crate::routing::NOT_FOUND_BODY;
use crate::source::Source;
use bytes::Bytes;
use envoy_callout::config::{self, Loaded, NOT_ENFORCED};
use envoy_callout::diagnostic::Diagnostic;
use envoy_callout::flow::headers::Headers;
use envoy_callout::plan::Plan;
use envoy_callout::policy::endpoint::{BasePath, ProxyEndpoint};
use serde_json::{Value, json};
use std::rc::Rc;

/// A plan and its names.
#[derive(Debug)]
pub(super) struct Subject {
    /// The name of the bundle; absent for a filter configuration.
    pub(super) bundle: Option<String>,
    /// The name of the proxy endpoint; absent for a shared flow and for lists of steps.
    pub(super) proxy_endpoint: Option<String>,
    /// The plan.
    pub(super) plan: Plan,
    /// The warnings of authentication that is not enforced.
    pub(super) not_enforced: Vec<String>,
    /// The routes of the rendered Envoy. Those of a filter configuration are unknown.
    pub(super) preview: Option<Preview>,
}

impl Subject {
    /// Whether a passed request reaches an upstream. Without route rules, a rendered Envoy has no upstream. The routes
    /// of a filter configuration are unknown, so the result is true.
    pub(super) fn has_route(&self) -> bool {
        let routing = self.plan.routing.as_ref().filter(|_| self.bundle.is_some() && self.proxy_endpoint.is_some());
        routing.is_none_or(|routing| !routing.rules.is_empty())
    }
}

/// The response of a rendered Envoy without a route.
pub(super) fn no_route() -> (Headers, Option<Bytes>) {
    let line = |name: &'static str, value: &'static str| {
        (Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes()))
    };
    let headers = Headers::new(vec![line(":status", "404"), line("content-type", "application/json")]);
    (headers, Some(Bytes::from_static(NOT_FOUND_BODY.as_bytes())))
}

/// The arguments that select the subject.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The path of the request.
    pub(super) path: &'a str,
    /// The name of the proxy endpoint.
    pub(super) proxy_endpoint: Option<&'a str>,
    /// The environment.
    pub(super) environment: Option<&'a Environment>,
}

/// A proxy endpoint, in a bundle or in a filter configuration.
struct Candidate<T> {
    name: String,
    /// Absent when the document has errors. The load of the configuration reports them.
    base_path: Option<BasePath>,
    source: T,
}

impl<T> Candidate<T> {
    fn new(endpoint: Option<&ProxyEndpoint>, name: Option<String>, source: T) -> Candidate<T> {
        let own = endpoint.map(|endpoint| endpoint.endpoint.name.clone());
        let base_path = endpoint.map(|endpoint| endpoint.base_path.clone().unwrap_or_else(|| BasePath::new("/")));
        Candidate { name: name.or(own).unwrap_or_default(), base_path, source }
    }

    fn matches(&self, path: &str) -> bool {
        self.base_path.as_ref().is_none_or(|base_path| base_path.suffix(path).is_some())
    }

    /// The number of segments of the base path.
    fn segments(&self) -> usize {
        let text = self.base_path.as_ref().map(BasePath::as_str).unwrap_or_default();
        text.split('/').filter(|segment| !segment.is_empty()).count()
    }
}

/// The plan of the request.
///
/// # Errors
/// There is no plan, or more than one. The inner error contains the findings of its configuration.
pub(super) fn choose(inputs: &[Input], wanted: Wanted<'_>) -> Result<Result<Subject, Findings>, TraceError> {
    let bundles: Vec<&ParsedBundle> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::Bundle(bundle) => Some(bundle),
            _ => None,
        })
        .collect();
    let source = inputs.iter().find_map(|input| match input {
        Input::Configuration(source) => Some(source),
        _ => None,
    });
    match source {
        Some(_) if !bundles.is_empty() => Err(TraceError::Mixed),
        Some(source) => of_configuration(source, wanted),
        None if bundles.is_empty() => Err(TraceError::NothingToRun),
        None => of_bundles(&bundles, wanted),
    }
}

fn of_bundles(bundles: &[&ParsedBundle], wanted: Wanted<'_>) -> Result<Result<Subject, Findings>, TraceError> {
    let proxies = bundles.iter().copied().filter(|bundle| bundle.kind == Kind::Proxy);
    let candidates: Vec<Candidate<(&ParsedBundle, &Parsed<ProxyEndpoint>)>> = proxies
        .flat_map(|bundle| bundle.proxy_endpoints.iter().map(move |endpoint| (bundle, endpoint)))
        .map(|(bundle, endpoint)| {
            let name = endpoint.document.root().map(|root| root.name.clone());
            Candidate::new(endpoint.content.as_ref(), name, (bundle, endpoint))
        })
        .collect();
    let flow = bundles.iter().copied().find(|bundle| bundle.kind == Kind::SharedFlow);
    let (bundle, endpoint) = match (candidates.is_empty(), flow) {
        (false, _) => {
            let chosen = one_of(candidates, wanted)?;
            (chosen.source.0, Some((chosen.name, chosen.source.1)))
        }
        (true, Some(flow)) => (flow, None),
        (true, None) => return Err(TraceError::NothingToRun),
    };
    let shared = called_by(bundle, bundles);
    let all = || std::iter::once(bundle).chain(shared.iter().copied());
    let mut configuration = match &endpoint {
        Some((_, endpoint)) => Configuration::of_proxy(bundle, endpoint, &shared, wanted.environment),
        None => Configuration::of_shared_flow(bundle, &shared),
    };
    match wanted.environment {
        Some(environment) => environment.apply(&mut configuration, &AnyCluster),
        None => {
            let mut needs = Needs::default();
            all().for_each(|bundle| needs.add(bundle));
            needs.mock(&mut configuration);
        }
    }
    // The bundle contains no clusters, and the filter skips policies that it does not run.
    configuration.set("clusters", json!({"*": "any"}));
    configuration.set("unsupported_policies", json!("skip"));
    let files = all().map(|bundle| bundle.files).sum();
    let unreadable: Vec<Finding> = all().flat_map(|bundle| bundle.unreadable.iter().cloned()).collect();
    let loaded = configuration.load();
    let problems = loaded.as_ref().err().into_iter().flatten();
    let problems: Vec<Finding> =
        unreadable.into_iter().chain(problems.map(|problem| configuration.finding(problem))).collect();
    let subject = |loaded: Loaded| Subject {
        bundle: Some(bundle.name.clone()),
        proxy_endpoint: endpoint.as_ref().map(|(name, _)| name.clone()),
        not_enforced: not_enforced(&loaded),
        preview: endpoint
            .as_ref()
            .and_then(|(name, _)| Preview::of(&all().collect::<Vec<_>>(), wanted.environment, &bundle.name, name)),
        plan: loaded.plan,
    };
    Ok(match loaded {
        Ok(loaded) if problems.is_empty() => Ok(subject(loaded)),
        _ => Err(findings(problems, files)),
    })
}

fn of_configuration(source: &Source, wanted: Wanted<'_>) -> Result<Result<Subject, Findings>, TraceError> {
    if wanted.environment.is_some() {
        return Err(TraceError::EnvironmentOfFilter);
    }
    let source = Rc::new(source.clone());
    let mut configurations = match embedded::parse(&source) {
        Ok(file) => embedded::of(&file),
        Err(finding) => return Ok(Err(findings(vec![*finding], 1))),
    };
    let has_one = configurations.len() == 1;
    let endpoint = |value: &Value| ProxyEndpoint::parse(value.get("proxy_endpoint")?.as_str()?, "proxy_endpoint").0;
    let configuration = match configurations.pop() {
        Some(only) if has_one && wanted.proxy_endpoint.is_none() => only,
        last => {
            let all = configurations.into_iter().chain(last);
            let candidates = all.map(|found| Candidate::new(endpoint(&found.value).as_ref(), None, found)).collect();
            one_of(candidates, wanted)?.source
        }
    };
    Ok(match config::load(configuration.value.to_string().as_bytes()) {
        Ok(loaded) => {
            let not_enforced = not_enforced(&loaded);
            let plan = loaded.plan;
            let proxy_endpoint = plan.routing.as_ref().map(|_| plan.proxy.name.clone());
            Ok(Subject { bundle: None, proxy_endpoint, plan, not_enforced, preview: None })
        }
        Err(problems) => {
            let finding = |problem: &Diagnostic| configuration.finding(&source, "", problem);
            Err(findings(problems.iter().map(finding).collect(), 1))
        }
    })
}

/// The warnings of authentication that is not enforced.
fn not_enforced(loaded: &Loaded) -> Vec<String> {
    let messages = loaded.warnings.iter().map(|warning| &warning.message);
    messages.filter(|message| message.starts_with(NOT_ENFORCED)).cloned().collect()
}

/// The candidate with the given name, or the candidate with the longest matching base path.
fn one_of<T>(candidates: Vec<Candidate<T>>, wanted: Wanted<'_>) -> Result<Candidate<T>, TraceError> {
    let list = |candidates: &[Candidate<T>]| {
        let base_path = |candidate: &Candidate<T>| {
            let base_path = candidate.base_path.as_ref().map(BasePath::as_str).unwrap_or_default();
            format!("{} ({base_path})", candidate.name)
        };
        candidates.iter().map(base_path).collect::<Vec<_>>().join(", ")
    };
    let all = list(&candidates);
    if let Some(name) = wanted.proxy_endpoint {
        let named = candidates.into_iter().find(|candidate| candidate.name == name);
        return named.ok_or_else(|| TraceError::UnknownEndpoint { name: name.to_owned(), all });
    }
    let mut matching: Vec<Candidate<T>> =
        candidates.into_iter().filter(|candidate| candidate.matches(wanted.path)).collect();
    let max = matching.iter().map(Candidate::segments).max();
    matching.retain(|candidate| Some(candidate.segments()) == max);
    if matching.len() > 1 {
        return Err(TraceError::SeveralEndpoints { path: wanted.path.to_owned(), endpoints: list(&matching) });
    }
    matching.pop().ok_or_else(|| TraceError::NoEndpoint { path: wanted.path.to_owned(), all })
}

/// The errors among the findings. Warnings do not prevent a trace.
fn findings(list: Vec<Finding>, files: usize) -> Findings {
    let mut findings = Findings::default();
    findings.files = files;
    list.into_iter().filter(|finding| finding.severity == Severity::Error).for_each(|finding| findings.add(finding));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(path: &str, name: Option<&str>) -> String {
        let endpoint = |name: &str, base_path: &str| {
            let text = format!(
                "<ProxyEndpoint name='{name}'><HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection>
                 </ProxyEndpoint>"
            );
            Candidate::new(ProxyEndpoint::parse(&text, "").0.as_ref(), None, ())
        };
        let candidates =
            vec![endpoint("shop", "/shop"), endpoint("partners", "/shop/partners/*"), endpoint("twin", "/shop")];
        let wanted = Wanted { path, proxy_endpoint: name, environment: None };
        one_of(candidates, wanted).map_or_else(|error| error.to_string(), |candidate| candidate.name)
    }

    #[test]
    fn the_longest_matching_base_path_is_selected() {
        assert_eq!(chosen("/shop/partners/acme/x", None), "partners");
        assert_eq!(chosen("/shop/partners/acme/x", Some("twin")), "twin");
        let all = "shop (/shop), partners (/shop/partners/*), twin (/shop)";
        assert_eq!(chosen("/", None), format!("no proxy endpoint matches /; available: {all}"));
        assert_eq!(chosen("/", Some("x")), format!("unknown proxy endpoint \"x\"; available: {all}"));
        let both = "shop (/shop), twin (/shop)";
        assert_eq!(
            chosen("/shop/a", None),
            format!("more than one proxy endpoint matches /shop/a; select one of {both} with --proxy-endpoint")
        );
    }
}
