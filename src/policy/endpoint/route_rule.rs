//! Route rules: the choice of the target of a request.

use super::flow::condition;
use super::sap;
use super::target_connection::UrlTemplate;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::condition::Condition;

/// The request header that names the chosen target endpoint for Envoy's routes (docs/guide/configuration.md).
pub const TARGET_HEADER: &str = "x-callout-target";

/// The warning about `URL`.
pub const URL_HAS_NO_EFFECT: &str =
    "URL in a RouteRule has no effect: Envoy's route for the header x-callout-target selects the target";

/// One rule. The first one whose condition is true applies.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteRule {
    /// The value of `route.name`.
    pub name: String,
    /// The condition; without one the rule always applies.
    pub condition: Option<Condition>,
    /// The destination.
    pub route: Route,
    /// The position of the destination's element, or of the rule.
    pub position: Position,
    /// `URL` of a rule without a target endpoint. The name of the rule is the name of its target.
    pub url: Option<UrlTemplate>,
}

/// The destination of a route rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A target endpoint, by name.
    Target(String),
    /// An integration endpoint, by name, and the position of the name.
    Integration(String, Position),
    /// No target: the response flow makes the response.
    Null,
}

impl RouteRule {
    pub(super) fn parse_all(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Vec<RouteRule> {
        let rules = root.children_named("RouteRule").chain(sap::listed(root, "routeRules", "routeRule"));
        rules.map(|rule| RouteRule::parse(rule, diagnostics)).collect()
    }

    fn parse(rule: Element<'_, '_>, diagnostics: &mut Diagnostics) -> RouteRule {
        let name = sap::name(rule);
        let target = sap::children(rule, "TargetEndpoint").next().filter(|target| !target.text().is_empty());
        if let Some(url) = rule.child("URL") {
            diagnostics.warning(Code::NoEffect, url.position(), URL_HAS_NO_EFFECT);
        }
        let integration = rule.child("IntegrationEndpoint").filter(|integration| !integration.text().is_empty());
        let url = rule.child("URL").filter(|url| target.is_none() && !url.text().is_empty());
        let url = url.and_then(|url| UrlTemplate::parse(url, diagnostics));
        let route = match target {
            Some(target) => Route::Target(target.text()),
            None if rule.child("URL").is_some() => Route::Target(name.clone()),
            None => integration.map_or(Route::Null, |found| Route::Integration(found.text(), found.position())),
        };
        let position = target.or_else(|| rule.child("URL")).or(integration).unwrap_or(rule).position();
        let label = format!("RouteRule {name}");
        RouteRule { condition: condition(rule, &label, diagnostics), name, route, position, url }
    }
}
