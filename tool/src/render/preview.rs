//! The request that a target receives from the rendered Envoy, for `trace`.

use super::deployment::{self, Authority, Deployment, Options, Route};
use super::naming::Naming;
use super::path::Rewrite;
use super::skip::SkipArguments;
use super::upstream::Upstream;
use crate::bundle::ParsedBundle;
use crate::environment::Environment;
use crate::finding::Findings;

use bytes::Bytes;
use envoy_callout::flow::headers::Headers;
use envoy_callout::plan::CLUSTER_HEADER;
use envoy_callout::policy::endpoint::TARGET_HEADER;

/// The routes of the rendered Envoy for one proxy endpoint.
#[derive(Debug)]
pub(crate) struct Preview {
    deployment: Deployment,
    endpoint: usize,
}

impl Preview {
    /// The routes for a proxy endpoint of a bundle. `None` when `render` writes none for it.
    pub(crate) fn of(
        bundles: &[&ParsedBundle],
        environment: Option<&Environment>,
        bundle: &str,
        endpoint: &str,
    ) -> Option<Preview> {
        let options = Options { naming: Naming::Own, skip: SkipArguments::all(), port: 0 };
        let default = Environment::default();
        // `check` and `render` report the findings.
        let deployment = deployment::build(bundles, environment.unwrap_or(&default), options, &mut Findings::default());
        let name = format!("{bundle}.{endpoint}");
        let endpoint = deployment.endpoints.iter().position(|endpoint| endpoint.name == name)?;
        Some(Preview { deployment, endpoint })
    }

    /// Changes the request of the filter to the one that the route sends: the path and the host are those of the target,
    /// and the headers that name the target are removed.
    pub(crate) fn rewrite(&self, request: &mut Headers) {
        let target = request.first_value(TARGET_HEADER);
        request.remove(TARGET_HEADER);
        request.remove(CLUSTER_HEADER);
        let Some(endpoint) = self.deployment.endpoints.get(self.endpoint) else { return };
        let named = |route: &&Route| target.as_ref().is_some_and(|target| route.target == **target);
        let Some(route) = endpoint.routes.iter().find(named) else { return };
        if let Some(path) = request.first_value(":path") {
            let base_path = route.replaced(&endpoint.base_path);
            let path = match base_path.rewrite(&route.path) {
                Rewrite::Keep => path.to_string(),
                Rewrite::Prefix(text) | Rewrite::Regex(_, text) => base_path.replaced_by(&text, &path),
            };
            request.set(":path", Bytes::from(path));
        }
        let Some(upstream) = route.upstream.and_then(|index| self.deployment.upstreams.get(index)) else { return };
        request.set(":scheme", Bytes::from_static(if upstream.tls.is_some() { b"https" } else { b"http" }));
        if let Some(host) = host(route, upstream) {
            request.set(":authority", Bytes::from(host));
        }
    }
}

/// The host that the target receives: for several servers that of the first one.
fn host(route: &Route, upstream: &Upstream) -> Option<String> {
    let first = || upstream.servers.first().map(|server| upstream.authority_of(server));
    route.authority.fixed(upstream).or_else(|| first().filter(|_| route.authority == Authority::Server))
}
