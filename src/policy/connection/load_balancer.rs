//! `<LoadBalancer>` over target servers (docs/apigee-semantics.md 2.9).

use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::attributes::{boolean_child, single_child, warn_unknown_attributes, warn_unknown_children};
use crate::policy::template::{Syntax, Template};
use crate::policy::template_of;
use bytestring::ByteString;
use std::time::Duration;

/// A checked LoadBalancer with the `Path` of its connection.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancer {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The servers in listed order.
    pub servers: Vec<ServerReference>,
    /// The number of consecutive failures that remove a server from the rotation; 0 removes none.
    pub max_failures: u32,
    /// Whether a failed call is retried on another server.
    pub retry: bool,
    /// The statuses that count as failures.
    pub unhealthy_statuses: Vec<u16>,
    /// The time that a server stays out of rotation.
    pub disabled_for: Duration,
    /// The base path on every server.
    pub path: Option<Template>,
    /// The position in the document.
    pub position: Position,
}

/// The algorithm that chooses a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// In listed order, in turn.
    #[default]
    RoundRobin,
    /// In proportion to the weights.
    Weighted,
    /// The server with the fewest active calls.
    LeastConnections,
}

/// One server of a load balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerReference {
    /// The target server's name.
    pub name: ByteString,
    /// Its share of the calls.
    pub weight: u32,
    /// Whether it is used only when all others are out of rotation.
    pub is_fallback: bool,
    /// Whether it is used.
    pub is_enabled: bool,
    /// The position in the document.
    pub position: Position,
}

/// The default time that a server stays out of rotation: five minutes.
const DEFAULT_DISABLED_FOR: Duration = Duration::from_secs(300);

impl LoadBalancer {
    /// Reads the `LoadBalancer` of an HTTPTargetConnection with the `Path` of the connection. `None` when the path has
    /// errors. Every problem is in the diagnostics.
    pub fn parse(
        balancer: Element<'_, '_>,
        connection: Element<'_, '_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<LoadBalancer> {
        let known =
            ["Algorithm", "Server", "MaxFailures", "RetryEnabled", "ServerUnhealthyResponse", "TargetDisableSecs"];
        warn_unknown_attributes(balancer, &[], diagnostics);
        warn_unknown_children(balancer, &known, diagnostics);
        let algorithm = algorithm(balancer, diagnostics);
        let servers: Vec<ServerReference> = balancer
            .children_named("Server")
            .filter_map(|server| ServerReference::parse(server, algorithm, diagnostics))
            .collect();
        if balancer.children_named("Server").next().is_none() {
            diagnostics.error(Code::MissingElement, balancer.position(), "LoadBalancer has no Server");
        }
        if let Some(second) = servers.iter().filter(|server| server.is_fallback).nth(1) {
            diagnostics.error(
                Code::SecondFallback,
                second.position,
                "only one Server of a LoadBalancer can be the fallback",
            );
        }
        let max_failures = number(balancer, "MaxFailures", diagnostics).unwrap_or(0);
        let unhealthy_statuses = single_child(balancer, "ServerUnhealthyResponse", diagnostics)
            .into_iter()
            .flat_map(|responses| responses.children_named("ResponseCode"))
            .filter_map(|code| status(code, diagnostics))
            .collect();
        let interval = health_check_interval(connection, max_failures, diagnostics);
        let disabled_for = number(balancer, "TargetDisableSecs", diagnostics).or(interval);
        let path = single_child(connection, "Path", diagnostics).filter(|path| !path.text().is_empty());
        Some(LoadBalancer {
            algorithm,
            max_failures,
            retry: boolean_child(balancer, "RetryEnabled", true, diagnostics),
            unhealthy_statuses,
            disabled_for: disabled_for.map_or(DEFAULT_DISABLED_FOR, |seconds| Duration::from_secs(seconds.into())),
            path: match path {
                Some(path) => Some(template_of(path, &path.text(), Syntax::URL, diagnostics)?),
                None => None,
            },
            servers,
            position: balancer.position(),
        })
    }

    /// Whether a status means an unhealthy server.
    pub fn is_unhealthy(&self, status: u16) -> bool {
        self.unhealthy_statuses.contains(&status)
    }
}

fn algorithm(balancer: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Algorithm {
    let Some(element) = single_child(balancer, "Algorithm", diagnostics) else { return Algorithm::default() };
    match element.text().as_str() {
        "" | "RoundRobin" => Algorithm::RoundRobin,
        "Weighted" => Algorithm::Weighted,
        "LeastConnections" => Algorithm::LeastConnections,
        other => {
            let message = format!("Algorithm must be RoundRobin, Weighted or LeastConnections, got {other:?}");
            diagnostics.error(Code::InvalidElement, element.position(), message);
            Algorithm::default()
        }
    }
}

/// A child with a non-negative integer. `None` when it is absent or empty; other texts are errors.
fn number(parent: Element<'_, '_>, name: &str, diagnostics: &mut Diagnostics) -> Option<u32> {
    let element = single_child(parent, name, diagnostics).filter(|element| !element.text().is_empty())?;
    let text = element.text();
    let number = text.parse().ok();
    if number.is_none() {
        diagnostics.error(
            Code::InvalidElement,
            element.position(),
            format!("{name} must be a non-negative integer, got {text:?}"),
        );
    }
    number
}

fn status(code: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<u16> {
    let text = code.text();
    let status = text.parse().ok().filter(|status| (100..=599).contains(status));
    if status.is_none() {
        diagnostics.error(
            Code::InvalidElement,
            code.position(),
            format!("ResponseCode must be a status code, got {text:?}"),
        );
    }
    status
}

/// Reads HealthMonitor. The cluster's health checks replace it; its interval is the time that a server stays out of
/// rotation. `[inferred]`
fn health_check_interval(connection: Element<'_, '_>, max_failures: u32, diagnostics: &mut Diagnostics) -> Option<u32> {
    let monitor = single_child(connection, "HealthMonitor", diagnostics)?;
    if !boolean_child(monitor, "IsEnabled", false, diagnostics) {
        return None;
    }
    let message = match max_failures {
        0 => "HealthMonitor has no effect without MaxFailures: no server is removed from the rotation",
        _ => "HealthMonitor has no effect: configure health checks in the clusters of the target servers",
    };
    diagnostics.warning(Code::NoEffect, monitor.position(), message);
    number(monitor, "IntervalInSec", diagnostics)
}

impl ServerReference {
    fn parse(server: Element<'_, '_>, algorithm: Algorithm, diagnostics: &mut Diagnostics) -> Option<ServerReference> {
        warn_unknown_attributes(server, &["name"], diagnostics);
        warn_unknown_children(server, &["Weight", "IsFallback", "IsEnabled"], diagnostics);
        let name = server.attribute("name").unwrap_or_default().trim();
        if name.is_empty() {
            diagnostics.error(
                Code::MissingName,
                server.position(),
                "Required attribute name is missing in Server of LoadBalancer",
            );
            return None;
        }
        let is_fallback = boolean_child(server, "IsFallback", false, diagnostics);
        let weight = number(server, "Weight", diagnostics);
        if algorithm == Algorithm::Weighted && weight.is_none() && !is_fallback {
            diagnostics.error(
                Code::MissingElement,
                server.position(),
                format!("Server {name} needs a Weight for Algorithm Weighted"),
            );
        }
        Some(ServerReference {
            name: name.into(),
            weight: weight.unwrap_or(1),
            is_fallback,
            is_enabled: boolean_child(server, "IsEnabled", true, diagnostics),
            position: server.position(),
        })
    }
}
