//! ProxyEndpoint, TargetEndpoint and SharedFlow documents (docs/apigee-semantics.md 9.1).

mod base_path;
mod children;
mod fault_rules;
mod flow;
mod integration_endpoint;
mod route_rule;
mod sap;

pub use base_path::BasePath;
pub use fault_rules::{DefaultFaultRule, FaultRule, FaultRules, Order};
pub use flow::{Flow, StepReference};
pub use integration_endpoint::IntegrationEndpoint;
pub use route_rule::{Route, RouteRule};

use super::attributes::single_child;
use super::authentication::Authentication;
use super::read_document;
use super::success_codes::SuccessCodes;
use super::template::{Syntax, Template};
use super::template_of;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::language::xml::Element;

/// The flows and fault rules that a ProxyEndpoint and a TargetEndpoint have alike. `S` is a step: a reference by name
/// in a document, a place in the plan once it is resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint<S> {
    /// The endpoint's name.
    pub name: String,
    /// `PreFlow`.
    pub pre_flow: Flow<S>,
    /// `Flows`; the first whose condition holds runs.
    pub flows: Vec<Flow<S>>,
    /// `PostFlow`.
    pub post_flow: Flow<S>,
    /// `FaultRules` and `DefaultFaultRule`.
    pub fault_rules: FaultRules<S>,
}

/// A ProxyEndpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyEndpoint {
    /// Flows and fault rules.
    pub endpoint: Endpoint<StepReference>,
    /// `PostClientFlow`.
    pub post_client_flow: Flow<StepReference>,
    /// `HTTPProxyConnection/BasePath`.
    pub base_path: Option<BasePath>,
    /// `RouteRule`s in order.
    pub route_rules: Vec<RouteRule>,
}

/// A TargetEndpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetEndpoint {
    /// Flows and fault rules.
    pub endpoint: Endpoint<StepReference>,
    /// The statuses of the target that are no fault.
    pub success_codes: SuccessCodes,
    /// The token that goes to the target.
    pub authentication: Option<TargetAuthentication>,
}

/// `Authentication` of a target endpoint's HTTPTargetConnection.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetAuthentication {
    /// The token and its header.
    pub authentication: Authentication,
    /// `URL`, which may be the audience.
    pub url: Option<Template>,
}

/// A SharedFlow.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedFlow {
    /// The name that FlowCallout policies use.
    pub name: String,
    /// Its steps.
    pub steps: Vec<StepReference>,
}

/// Reads a document whose root has one of those names. Every problem is in the diagnostics.
fn read<T>(
    text: &str,
    place: &str,
    roots: &[&str],
    read: impl FnOnce(Element<'_, '_>, String, &mut Diagnostics) -> T,
) -> (Option<T>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::of_document(place);
    let read = read_document(text, &mut diagnostics, |root, diagnostics| {
        check_root(root, roots, diagnostics)?;
        children::warn_of_unknown(root, diagnostics);
        let name = sap::name(root);
        if !name.is_empty() {
            diagnostics.set_subject(format!("{} {name}", root.name()));
        }
        Some(read(root, name, diagnostics))
    });
    (read, diagnostics.into_vec())
}

/// The first child of that name or SAP's, with a warning when there are more.
fn single<'a, 'input>(
    element: Element<'a, 'input>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Element<'a, 'input>> {
    let actual = sap::children(element, name).next()?.name();
    single_child(element, actual, diagnostics)
}

/// Whether a document is what it should be: the names that its root may have, the usual one first.
fn check_root(root: Element<'_, '_>, names: &[&str], diagnostics: &mut Diagnostics) -> Option<()> {
    if !names.contains(&root.name()) {
        let (expected, found) = (names.first().unwrap_or(&""), root.name());
        diagnostics.error(root.position(), format!("the root element is {found}, not {expected}"));
        return None;
    }
    Some(())
}

impl Endpoint<StepReference> {
    fn parse(root: Element<'_, '_>, name: String, order: Order, diagnostics: &mut Diagnostics) -> Self {
        let flow = |name: &'static str, diagnostics: &mut Diagnostics| match single(root, name, diagnostics) {
            Some(flow) => Flow::parse(flow, name, diagnostics),
            None => Flow::empty(name),
        };
        let pre_flow = flow("PreFlow", diagnostics);
        let post_flow = flow("PostFlow", diagnostics);
        let mut flows = Vec::new();
        let apigees = root.children_named("Flows").flat_map(|flows| flows.children_named("Flow"));
        for element in apigees.chain(sap::listed(root, "conditionalFlows", "conditionalFlow")) {
            let name = sap::name(element);
            flows.push(Flow::parse(element, if name.is_empty() { "Flow" } else { &name }, diagnostics));
        }
        let rules = single_child(root, "FaultRules", diagnostics);
        for unread in root.children_named("faultRules").filter(|rules| rules.children().next().is_some()) {
            diagnostics.warning(unread.position(), "faultRules in SAP's form are ignored; use FaultRules");
        }
        let default = single_child(root, "DefaultFaultRule", diagnostics);
        let fault_rules = FaultRules {
            rules: rules.map(|rules| FaultRule::parse_all(rules, order, diagnostics)).unwrap_or_default(),
            default: default.map(|default| DefaultFaultRule::parse(default, diagnostics)),
        };
        Endpoint { name, pre_flow, flows, post_flow, fault_rules }
    }
}

impl<S> Endpoint<S> {
    /// An endpoint of two lists of steps, as the configuration has without a ProxyEndpoint.
    pub fn of_steps(request: Vec<S>, response: Vec<S>, fault_rules: FaultRules<S>) -> Endpoint<S> {
        Endpoint {
            name: "default".to_owned(),
            pre_flow: Flow { request, response, ..Flow::empty("PreFlow") },
            flows: Vec::new(),
            post_flow: Flow::empty("PostFlow"),
            fault_rules,
        }
    }

    /// The same endpoint with every step turned into another, or left out.
    pub fn map<T>(self, resolve: &mut impl FnMut(S) -> Option<T>) -> Endpoint<T> {
        Endpoint {
            name: self.name,
            pre_flow: self.pre_flow.map(resolve),
            flows: self.flows.into_iter().map(|flow| flow.map(resolve)).collect(),
            post_flow: self.post_flow.map(resolve),
            fault_rules: self.fault_rules.map(resolve),
        }
    }

    /// The flows in the order in which they are looked at.
    pub fn all_flows(&self) -> impl Iterator<Item = &Flow<S>> {
        std::iter::once(&self.pre_flow).chain(&self.flows).chain(std::iter::once(&self.post_flow))
    }
}

impl ProxyEndpoint {
    /// One without name and flows.
    pub fn empty() -> ProxyEndpoint {
        ProxyEndpoint {
            endpoint: Endpoint { name: String::new(), ..Endpoint::of_steps(vec![], vec![], FaultRules::default()) },
            post_client_flow: Flow::empty("PostClientFlow"),
            base_path: None,
            route_rules: Vec::new(),
        }
    }

    /// Reads a ProxyEndpoint document; `place` is what it is called while it has no name.
    pub fn parse(text: &str, place: &str) -> (Option<ProxyEndpoint>, Vec<Diagnostic>) {
        read(text, place, &["ProxyEndpoint", "ProxyEndPoint"], |root, name, diagnostics| {
            let connection = single_child(root, "HTTPProxyConnection", diagnostics);
            let base_path = connection
                .and_then(|connection| single_child(connection, "BasePath", diagnostics))
                .or_else(|| root.child("base_path"));
            ProxyEndpoint {
                endpoint: Endpoint::parse(root, name, Order::BottomToTop, diagnostics),
                post_client_flow: match single_child(root, "PostClientFlow", diagnostics) {
                    Some(flow) => Flow::parse(flow, "PostClientFlow", diagnostics),
                    None => Flow::empty("PostClientFlow"),
                },
                base_path: base_path.map(|base_path| BasePath::new(&base_path.text())),
                route_rules: RouteRule::parse_all(root, diagnostics),
            }
        })
    }
}

impl TargetEndpoint {
    /// Reads a TargetEndpoint document; `place` is what it is called while it has no name.
    pub fn parse(text: &str, place: &str) -> (Option<TargetEndpoint>, Vec<Diagnostic>) {
        read(text, place, &["TargetEndpoint", "TargetEndPoint"], |root, name, diagnostics| {
            if name.is_empty() {
                let message = "Required attribute name is missing in TargetEndpoint";
                diagnostics.named_error("MissingName", root.position(), message);
            }
            let connection = root.child("HTTPTargetConnection");
            let properties = connection.and_then(|connection| connection.child("Properties"));
            let success_codes = properties
                .into_iter()
                .flat_map(|properties| properties.children_named("Property"))
                .find(|property| property.attribute("name") == Some("success.codes"))
                .map(|property| SuccessCodes::parse(&property.text()).0);
            TargetEndpoint {
                endpoint: Endpoint::parse(root, name, Order::TopToBottom, diagnostics),
                success_codes: success_codes.unwrap_or_default(),
                authentication: connection.and_then(|connection| TargetAuthentication::parse(connection, diagnostics)),
            }
        })
    }
}

impl TargetAuthentication {
    fn parse(connection: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TargetAuthentication> {
        let authentication = single_child(connection, "Authentication", diagnostics)?;
        let authentication = Authentication::parse(authentication, diagnostics)?;
        let url = connection.child("URL").and_then(|url| template_of(url, &url.text(), Syntax::URL, diagnostics));
        Some(TargetAuthentication { authentication, url })
    }
}

impl SharedFlow {
    /// Reads a SharedFlow document; `place` is what it is called while it has no name.
    pub fn parse(text: &str, place: &str) -> (Option<SharedFlow>, Vec<Diagnostic>) {
        read(text, place, &["SharedFlow"], |root, name, diagnostics| {
            if name.is_empty() {
                let message = "Required attribute name is missing in SharedFlow";
                diagnostics.named_error("MissingName", root.position(), message);
            }
            let place = format!("SharedFlow {name}");
            SharedFlow { name, steps: StepReference::parse_all(root, &place, diagnostics) }
        })
    }
}

#[cfg(test)]
mod tests;
