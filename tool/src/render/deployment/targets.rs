//! The routes of a proxy to its targets.

use super::super::upstream::{Server, Upstream};
use super::{Authority, Deployment, Options, Retry, Route};
use crate::bundle::ParsedBundle;
use crate::environment::Environment;
use crate::routing::{Destination, Servers};
use envoy_callout::policy::connection::Algorithm;
use envoy_callout::policy::origin::Scheme;

/// Apigee's default of `io.timeout.millis`.
const IO_TIMEOUT_MS: u64 = 55_000;

/// The routes to the targets of a bundle. Its proxy endpoints share them.
#[derive(Debug, Default)]
pub(super) struct Targets(Vec<(Destination, Route)>);

impl Targets {
    /// The routes of a proxy endpoint to its destinations.
    pub(super) fn routes(
        &mut self,
        bundle: &ParsedBundle,
        destinations: Vec<Destination>,
        environment: &Environment,
        options: Options,
        deployment: &mut Deployment,
    ) -> Vec<Route> {
        let mut routes: Vec<Route> = Vec::new();
        for destination in destinations {
            // Route rules of two endpoints can have the same name and different URLs.
            if let Some((_, known)) = self.0.iter().find(|(other, _)| *other == destination) {
                routes.push(known.clone());
                continue;
            }
            let name = format!("target_{}_{}", bundle.name, destination.target);
            let upstream = upstream(name, &destination, environment, options);
            let servers = upstream.as_ref().map_or(0, |upstream| upstream.servers.len());
            let index = upstream.map(|upstream| match &destination.servers {
                // Callouts have the same clusters of local proxies.
                Servers::Local(_) => deployment.share_cluster(upstream).0,
                _ => deployment.add_cluster(upstream),
            });
            let route = route(&destination, servers, index);
            routes.push(route.clone());
            self.0.push((destination, route));
        }
        routes
    }
}

/// The cluster of a destination. `None` when a request chooses the host.
fn upstream(name: String, destination: &Destination, environment: &Environment, options: Options) -> Option<Upstream> {
    let Destination { connection, servers, .. } = destination;
    Some(match servers {
        Servers::Variable => return None,
        Servers::Origin(origin) => Upstream::of_origin(name, origin, connection, &environment.tls),
        Servers::Local(proxy) => {
            let index = environment.local_proxies.iter().position(|other| other == proxy).unwrap_or_default();
            let (name, host, port) = proxy.address(index, options.port);
            Upstream::of_host(name, Scheme::Http, host, port, &environment.tls)
        }
        Servers::Pool(balancer, servers) => {
            let has_tls = servers.iter().any(|(_, server)| server.tls);
            let servers = servers.iter().map(|(reference, server)| Server {
                host: server.host.clone(),
                port: server.port,
                weight: (balancer.algorithm == Algorithm::Weighted).then_some(reference.weight),
                is_fallback: reference.is_fallback,
            });
            Upstream::of_pool(name, servers.collect(), has_tls, balancer, connection, &environment.tls)
        }
    })
}

fn route(destination: &Destination, servers: usize, upstream: Option<usize>) -> Route {
    let balancer = match &destination.servers {
        Servers::Pool(balancer, _) => Some(balancer).filter(|balancer| balancer.retry && servers > 1),
        _ => None,
    };
    let authority = match &destination.servers {
        Servers::Local(proxy) => proxy.authority.clone().map_or(Authority::Request, Authority::Fixed),
        Servers::Variable => Authority::Request,
        _ => Authority::Server,
    };
    Route {
        target: destination.target.clone(),
        upstream,
        path: destination.path.clone(),
        is_variable: destination.is_variable,
        timeout_ms: destination.io_timeout_ms.unwrap_or(IO_TIMEOUT_MS),
        authority,
        retry: balancer
            .map(|balancer| Retry { count: servers.saturating_sub(1), statuses: balancer.unhealthy_statuses.clone() }),
    }
}
