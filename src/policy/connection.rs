//! The target of a ServiceCallout: `HTTPTargetConnection` or `LocalTargetConnection` (docs/apigee-semantics.md 2.4 to
//! 2.12).

mod load_balancer;
mod local_target;
mod properties;
mod ssl_info;

pub use load_balancer::{Algorithm, LoadBalancer, ServerReference};
pub use local_target::{LocalDestination, LocalTarget};
pub use properties::{Properties, Retained};

use super::attributes::{single_child, warn_unknown_attributes, warn_unknown_children};
use super::authentication::Authentication;
use super::target_url::TargetUrl;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;

/// A checked connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// The target.
    pub target: Target,
    /// The transport properties with an effect.
    pub properties: Properties,
    /// The token that is sent with the call.
    pub authentication: Option<Authentication>,
}

/// The kinds of target of a callout.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// `URL`.
    Url(TargetUrl),
    /// `LoadBalancer` over target servers.
    LoadBalancer(LoadBalancer),
    /// `LocalTargetConnection`.
    Local(LocalTarget),
}

impl Connection {
    /// Reads the connection of a policy. `None` when it is missing or has errors.
    pub fn parse(policy: Element<'_, '_>, name: &str, diagnostics: &mut Diagnostics) -> Option<Connection> {
        let local = single_child(policy, "LocalTargetConnection", diagnostics);
        let http = single_child(policy, "HTTPTargetConnection", diagnostics)
            .or_else(|| single_child(policy, "HttpTargetConnection", diagnostics));
        let connection = match (http, local) {
            (Some(http), None) => Connection::http(http, name, diagnostics),
            (Some(http), Some(local)) => {
                let message = "LocalTargetConnection is ignored: there is an HTTPTargetConnection";
                diagnostics.warning(Code::IgnoredElement, local.position(), message);
                Connection::http(http, name, diagnostics)
            }
            (None, Some(local)) => Connection::local(local, diagnostics),
            (None, None) => {
                let message = format!("Connection information is missing in Step {name}.");
                diagnostics.error(Code::MissingConnection, policy.position(), message);
                None
            }
        };
        connection.map(|connection| connection.with_outer_authentication(policy, diagnostics))
    }

    /// Reads an `Authentication` directly under the policy, as Apigee's syntax blocks show it.
    fn with_outer_authentication(mut self, policy: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Connection {
        let Some(element) = single_child(policy, "Authentication", diagnostics) else { return self };
        if self.authentication.is_some() {
            let message = "Authentication is ignored: there is one in HTTPTargetConnection";
            diagnostics.warning(Code::IgnoredElement, element.position(), message);
            return self;
        }
        let message = "Authentication belongs in HTTPTargetConnection; it has the same effect here";
        diagnostics.warning(Code::MisplacedElement, element.position(), message);
        self.authentication = Authentication::parse(element, diagnostics);
        self
    }

    fn http(http: Element<'_, '_>, name: &str, diagnostics: &mut Diagnostics) -> Option<Connection> {
        let known = ["URL", "Path", "LoadBalancer", "SSLInfo", "Properties", "Authentication", "HealthMonitor"];
        warn_unknown_attributes(http, &["name"], diagnostics);
        warn_unknown_children(http, &known, diagnostics);
        let properties = Properties::parse(single_child(http, "Properties", diagnostics), diagnostics);
        let authentication = single_child(http, "Authentication", diagnostics);
        let authentication = authentication.and_then(|element| Authentication::parse(element, diagnostics));
        let url = single_child(http, "URL", diagnostics).filter(|url| !url.text().is_empty());
        // The user interface's template contains empty elements, which have no effect.
        let balancer = single_child(http, "LoadBalancer", diagnostics).filter(|lb| lb.children().next().is_some());
        if let Some(ssl_info) = single_child(http, "SSLInfo", diagnostics) {
            let url = url.filter(|_| balancer.is_none()).map(Element::text);
            ssl_info::check(ssl_info, url.as_deref(), diagnostics);
        }
        let target = match (balancer, url) {
            (Some(balancer), url) => {
                if let Some(url) = url {
                    diagnostics.warning(
                        Code::IgnoredElement,
                        url.position(),
                        "URL is ignored: there is a LoadBalancer",
                    );
                }
                Target::LoadBalancer(LoadBalancer::parse(balancer, http, diagnostics)?)
            }
            (None, Some(url)) => {
                if let Some(path) = single_child(http, "Path", diagnostics).filter(|path| !path.text().is_empty()) {
                    diagnostics.warning(
                        Code::IgnoredElement,
                        path.position(),
                        "Path is ignored: it belongs to a LoadBalancer",
                    );
                }
                Target::Url(TargetUrl::parse(url, diagnostics)?)
            }
            (None, None) => {
                let message = format!("URL is missing in Step {name}.");
                let position = http.child("URL").unwrap_or(http).position();
                diagnostics.error(Code::MissingUrl, position, message);
                return None;
            }
        };
        Some(Connection { target, properties, authentication })
    }

    fn local(local: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Connection> {
        let properties = Properties::parse(single_child(local, "Properties", diagnostics), diagnostics);
        let target = Target::Local(LocalTarget::parse(local, diagnostics)?);
        Some(Connection { target, properties, authentication: None })
    }

    /// Whether it reads the body of the message with one of these names in its flow.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        let target = match &self.target {
            Target::Url(url) => url.template.uses_body(names),
            Target::LoadBalancer(balancer) => balancer.path.as_ref().is_some_and(|path| path.uses_body(names)),
            Target::Local(local) => local.uses_body(names),
        };
        target || self.authentication.as_ref().is_some_and(|authentication| authentication.uses_body(names))
    }
}

#[cfg(test)]
mod tests;
