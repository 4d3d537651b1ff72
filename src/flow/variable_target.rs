//! Targets whose URL contains variables. Envoy's routes cannot expand a URL, so the filter writes its parts into the
//! request: the host and the name of its cluster into headers, the path after the base path.

use crate::flow::call::Direction;
use crate::flow::fault::{Fault, SERVICE_UNAVAILABLE_TEXT, codes};
use crate::flow::headers::{HeaderChange, header_value};
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::url;
use crate::plan::{CLUSTER_HEADER, PATH_MARKER, Server, TargetAddress, VariablePart, VariableTarget};
use crate::policy::endpoint::BasePath;
use crate::policy::origin::{Origin, Scheme, split_url};
use bytestring::ByteString;

/// The expanded URL of the target.
#[derive(Clone, Debug)]
pub(super) struct UpstreamUrl {
    /// The server, unless the route knows it.
    server: Option<Server>,
    pub(super) address: TargetAddress,
}

impl<H: Host> Transaction<'_, H> {
    /// Expands the URL of the chosen target, if it contains variables.
    ///
    /// # Errors
    /// A variable does not resolve, or no host of a variable can be reached.
    pub(super) fn expand_target(&mut self, name: &str) -> Result<(), Fault> {
        let plan = self.plan;
        let mut targets = plan.routing.iter().flat_map(|routing| &routing.variable_targets);
        let Some(target) = targets.find(|target| target.name == name) else { return Ok(()) };
        let text = self.expand(&target.template, false).map_err(|error| error.into_fault("TargetEndpoint", name))?;
        self.upstream_url = Some(self.upstream_url_of(target, text.trim()).ok_or_else(unreachable)?);
        Ok(())
    }

    fn upstream_url_of(&self, target: &VariableTarget, text: &str) -> Option<UpstreamUrl> {
        let address = target.address(text)?;
        if target.part != VariablePart::Host {
            return Some(UpstreamUrl { server: None, address });
        }
        let (scheme, _) = Scheme::split(text)?;
        let (authority, ..) = split_url(text)?;
        let origin = Origin::new(scheme, authority)?;
        let plan = self.plan;
        if !plan.clusters.names(&origin) && !plan.allowed_hosts.allows(&origin.host) {
            log::warn!(
                "callout: the target {} cannot be {}: allowed_hosts does not allow it",
                target.name,
                origin.host
            );
            return None;
        }
        Some(UpstreamUrl { server: Some(plan.clusters.server(&origin)?), address })
    }

    /// Writes the expanded URL into the request, with the path and query of the request for the target.
    pub(super) fn write_upstream_url(&self, path: &str, query: &str) {
        let Some(upstream) = &self.upstream_url else { return };
        let set = |name: &'static str, value: ByteString| {
            let change = HeaderChange::Set(ByteString::from_static(name), vec![header_value(value)]);
            self.host.change_header(Direction::Request, &change);
        };
        if let Some(server) = &upstream.server {
            set(":authority", server.authority.clone());
            set(CLUSTER_HEADER, server.cluster.clone());
        }
        set(":path", upstream.path_and_query(path, query, &self.plan.base_path).into());
    }
}

impl UpstreamUrl {
    /// `BASE/MARKER/PATH/SUFFIX?QUERY`, of which Envoy's route removes the base path and the marker.
    fn path_and_query(&self, path: &str, query: &str, base_path: &BasePath) -> String {
        let suffix = base_path.suffix(path).unwrap_or_default();
        let base = path.strip_suffix(suffix).unwrap_or_default().trim_end_matches('/');
        let mut text = format!("{base}/{PATH_MARKER}");
        self.address.add_path_and_query(&mut text, suffix, query);
        url::legal(text)
    }
}

/// Apigee's fault for a target without a reachable server.
#[cold]
fn unreachable() -> Fault {
    Fault::of_flow(codes::TARGET_UNAVAILABLE, SERVICE_UNAVAILABLE_TEXT, 503)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_target_follows_the_base_path_and_the_marker() {
        let cases = [
            ("/v1", "/v1", "", "", "/v1/callout-url"),
            ("/v1", "/v1/a/b?c=d", "", "", "/v1/callout-url/a/b?c=d"),
            ("/v1", "/v1/a/?c=d", "x/y", "k=1", "/v1/callout-url/x/y/a/?k=1&c=d"),
            ("/", "/a", "x", "", "/callout-url/x/a"),
            ("/v1/*", "/v1/t1/a", "x y", "k={", "/v1/t1/callout-url/x%20y/a?k=%7B"),
        ];
        for (base, request, path, query, expected) in cases {
            let address = TargetAddress::of_path(&format!("/{path}?{query}"));
            let upstream = UpstreamUrl { server: None, address };
            let (sent_path, sent_query) = request.split_once('?').unwrap_or((request, ""));
            let text = upstream.path_and_query(sent_path, sent_query, &BasePath::new(base));
            assert_eq!(text, expected, "{request}");
        }
    }
}
