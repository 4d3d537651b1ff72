//! Route rules: which target a request goes to.

use super::flow::condition;
use super::sap;
use crate::diagnostic::{Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::condition::Condition;

/// One rule. The first whose condition holds is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteRule {
    /// The value of `route.name`.
    pub name: String,
    /// When it is taken; always, when absent.
    pub condition: Option<Condition>,
    /// Where it leads.
    pub route: Route,
    /// `URL` of a rule without a target endpoint. The name of the rule is the name of its target.
    pub url: Option<String>,
}

/// Where a route rule leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A target endpoint, by name.
    Target(String),
    /// An integration endpoint, by name, and where the rule names it.
    Integration(String, Position),
    /// Nowhere: the response flow answers.
    Null,
}

impl RouteRule {
    pub(super) fn parse_all(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Vec<RouteRule> {
        let rules = root.children_named("RouteRule").chain(sap::listed(root, "routeRules", "routeRule"));
        rules.map(|rule| RouteRule::parse(rule, diagnostics)).collect()
    }

    fn parse(rule: Element<'_, '_>, diagnostics: &mut Diagnostics) -> RouteRule {
        let name = sap::name(rule);
        let target = sap::children(rule, "TargetEndpoint").next().map(Element::text);
        if let Some(url) = rule.child("URL") {
            let message =
                "the URL of a route rule is Envoy's to reach: its route for the header x-callout-target decides";
            diagnostics.warning(url.position(), message);
        }
        let integration = rule.child("IntegrationEndpoint").filter(|integration| !integration.text().is_empty());
        let target = target.filter(|target| !target.is_empty());
        let url = rule.child("URL").filter(|_| target.is_none()).map(Element::text).filter(|url| !url.is_empty());
        let route = match target {
            Some(target) => Route::Target(target),
            None if rule.child("URL").is_some() => Route::Target(name.clone()),
            None => integration.map_or(Route::Null, |found| Route::Integration(found.text(), found.position())),
        };
        let place = format!("RouteRule {name}");
        RouteRule { condition: condition(rule, &place, diagnostics), name, route, url }
    }
}
