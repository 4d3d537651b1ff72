//! The routes of a proxy to its targets.

use super::super::upstream::{Server, Upstream};
use super::{Deployment, Retry, Route};
use crate::bundle::ParsedBundle;
use crate::connection::Connection;
use crate::environment::Environment;
use crate::routing::{Destination, Servers};
use envoy_callout::policy::connection::Algorithm;

/// Apigee's default of `io.timeout.millis`.
const IO_TIMEOUT_MS: u64 = 55_000;

/// The routes to the targets of a bundle. Its proxy endpoints share them.
#[derive(Debug, Default)]
pub(super) struct Targets(Vec<(Connection, Route)>);

impl Targets {
    /// The routes of a proxy endpoint to its destinations.
    pub(super) fn routes(
        &mut self,
        bundle: &ParsedBundle,
        destinations: Vec<Destination>,
        environment: &Environment,
        deployment: &mut Deployment,
    ) -> Vec<Route> {
        let mut routes: Vec<Route> = Vec::new();
        for destination in destinations {
            // Route rules of two endpoints can have the same name and different URLs.
            let is_known = |(connection, route): &&(Connection, Route)| {
                route.target == destination.target && *connection == destination.connection
            };
            if let Some((_, known)) = self.0.iter().find(is_known) {
                routes.push(known.clone());
                continue;
            }
            let name = format!("target_{}_{}", bundle.name, destination.target);
            let upstream = upstream(name, &destination, environment);
            let route = route(&destination, upstream.servers.len(), deployment.add_cluster(upstream));
            routes.push(route.clone());
            self.0.push((destination.connection, route));
        }
        routes
    }
}

fn upstream(name: String, destination: &Destination, environment: &Environment) -> Upstream {
    let Destination { connection, servers, .. } = destination;
    match servers {
        Servers::Origin(origin) => Upstream::of_origin(name, origin, connection, &environment.tls),
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
    }
}

fn route(destination: &Destination, servers: usize, upstream: usize) -> Route {
    let Destination { target, connection, path, .. } = destination;
    let balancer = connection.balancer.as_ref().filter(|balancer| balancer.retry && servers > 1);
    Route {
        target: target.clone(),
        upstream,
        path: path.clone(),
        timeout_ms: connection.io_timeout_ms.unwrap_or(IO_TIMEOUT_MS),
        retry: balancer
            .map(|balancer| Retry { count: servers.saturating_sub(1), statuses: balancer.unhealthy_statuses.clone() }),
    }
}
