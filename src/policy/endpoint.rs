//! ProxyEndpoint, TargetEndpoint and SharedFlow documents (docs/apigee-semantics.md 9.1).

mod base_path;
mod children;
mod fault_rules;
mod flow;
mod integration_endpoint;
mod route_rule;
mod sap;
mod target_connection;

pub use base_path::BasePath;
pub use fault_rules::{DefaultFaultRule, FaultRule, FaultRules, Order};
pub use flow::{Flow, StepReference};
pub use integration_endpoint::IntegrationEndpoint;
pub use route_rule::{Route, RouteRule, TARGET_HEADER, URL_HAS_NO_EFFECT};
pub use target_connection::{TargetConnection, TargetKind, UrlTemplate};

use super::attributes::single_child;
use super::authentication::Authentication;
use super::read_document;
use super::template::{Syntax, Template};
use super::template_of;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::language::xml::Element;
use crate::suggestion;

/// The flows and fault rules of a ProxyEndpoint or a TargetEndpoint. `S` is a step: a reference by name
/// in a document, an index in the plan after it is resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint<S> {
    /// The endpoint's name.
    pub name: String,
    /// `PreFlow`.
    pub pre_flow: Flow<S>,
    /// `Flows`; the first one whose condition is true runs.
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
    /// `request.queryparams.ignore.content.type.charset`.
    pub ignores_charset: bool,
    /// `RouteRule`s in order.
    pub route_rules: Vec<RouteRule>,
}

/// A TargetEndpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetEndpoint {
    /// Flows and fault rules.
    pub endpoint: Endpoint<StepReference>,
    /// The target.
    pub connection: TargetConnection,
    /// `request.queryparams.ignore.content.type.charset`.
    pub ignores_charset: bool,
    /// The token that is sent to the target.
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

/// Reads a document whose root has one of the names. The diagnostics contain every problem.
fn read<T>(
    text: &str,
    key: &str,
    roots: &[&str],
    read: impl FnOnce(Element<'_, '_>, String, &mut Diagnostics) -> T,
) -> (Option<T>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::of_document(key);
    let read = read_document(text, &mut diagnostics, |root, diagnostics| {
        check_root(root, roots, diagnostics)?;
        children::report_unknown(root, diagnostics);
        let name = sap::name(root);
        if !name.is_empty() {
            diagnostics.set_subject(format!("{} {name}", root.name()));
        }
        Some(read(root, name, diagnostics))
    });
    (read, diagnostics.into_vec())
}

/// The first child with a name or SAP's name, with a warning when there are more.
fn single<'a, 'input>(
    element: Element<'a, 'input>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Element<'a, 'input>> {
    let actual = sap::children(element, name).next()?.name();
    single_child(element, actual, diagnostics)
}

/// The property of a connection that makes `+` in a query a plus (docs/apigee-semantics.md 8.2).
const IGNORES_CHARSET: &str = "request.queryparams.ignore.content.type.charset";

/// Whether `+` in a query is a plus, for every charset of the request.
fn ignores_charset(connection: Option<Element<'_, '_>>, diagnostics: &mut Diagnostics) -> bool {
    let properties = connection.and_then(|connection| connection.child("Properties"));
    let mut properties = properties.into_iter().flat_map(|properties| properties.children_named("Property"));
    let Some(property) = properties.find(|property| name_of(*property) == IGNORES_CHARSET) else { return false };
    let text = property.text();
    let is_true = text.eq_ignore_ascii_case("true");
    if !is_true && !text.eq_ignore_ascii_case("false") {
        let message = format!("{IGNORES_CHARSET}: {text:?} is neither true nor false and is ignored");
        diagnostics.warning(Code::InvalidProperty, property.position(), message);
    }
    is_true
}

/// Reports a misspelt name of the only property of a ProxyEndpoint with an effect.
fn warn_misspelt_property(connection: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    for property in connection.child("Properties").iter().flat_map(|list| list.children_named("Property")) {
        let name = name_of(property);
        if suggestion::is_typo(name, IGNORES_CHARSET) {
            let message = format!("unknown property {name:?} is ignored; did you mean {IGNORES_CHARSET}?");
            diagnostics.warning(Code::UnknownProperty, property.position(), message);
        }
    }
}

fn name_of<'a>(property: Element<'a, '_>) -> &'a str {
    property.attribute("name").unwrap_or_default().trim()
}

/// Checks the name of a root element against the allowed names, the usual one first.
fn check_root(root: Element<'_, '_>, names: &[&str], diagnostics: &mut Diagnostics) -> Option<()> {
    if !names.contains(&root.name()) {
        let (expected, found) = (names.first().unwrap_or(&""), root.name());
        diagnostics.error(
            Code::WrongRootElement,
            root.position(),
            format!("the root element is {found}, not {expected}"),
        );
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
            diagnostics.warning(
                Code::IgnoredElement,
                unread.position(),
                "faultRules in SAP's form are ignored; use FaultRules",
            );
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
    /// Makes an endpoint of two lists of steps, for a configuration without a ProxyEndpoint.
    pub fn of_steps(request: Vec<S>, response: Vec<S>, fault_rules: FaultRules<S>) -> Endpoint<S> {
        Endpoint {
            name: "default".to_owned(),
            pre_flow: Flow { request, response, ..Flow::empty("PreFlow") },
            flows: Vec::new(),
            post_flow: Flow::empty("PostFlow"),
            fault_rules,
        }
    }

    /// Converts or removes every step.
    pub fn map<T>(self, resolve: &mut impl FnMut(S) -> Option<T>) -> Endpoint<T> {
        Endpoint {
            name: self.name,
            pre_flow: self.pre_flow.map(resolve),
            flows: self.flows.into_iter().map(|flow| flow.map(resolve)).collect(),
            post_flow: self.post_flow.map(resolve),
            fault_rules: self.fault_rules.map(resolve),
        }
    }

    /// The flows in order of evaluation.
    pub fn all_flows(&self) -> impl Iterator<Item = &Flow<S>> {
        std::iter::once(&self.pre_flow).chain(&self.flows).chain(std::iter::once(&self.post_flow))
    }

    /// Like [`Endpoint::all_flows`], to change the flows.
    pub fn all_flows_mut(&mut self) -> impl Iterator<Item = &mut Flow<S>> {
        let (first, last) = (std::iter::once(&mut self.pre_flow), std::iter::once(&mut self.post_flow));
        first.chain(&mut self.flows).chain(last)
    }
}

impl ProxyEndpoint {
    /// A ProxyEndpoint without a name and flows.
    pub fn empty() -> ProxyEndpoint {
        ProxyEndpoint {
            endpoint: Endpoint { name: String::new(), ..Endpoint::of_steps(vec![], vec![], FaultRules::default()) },
            post_client_flow: Flow::empty("PostClientFlow"),
            base_path: None,
            ignores_charset: false,
            route_rules: Vec::new(),
        }
    }

    /// Reads a ProxyEndpoint document. `key` names it in diagnostics until its name is known.
    pub fn parse(text: &str, key: &str) -> (Option<ProxyEndpoint>, Vec<Diagnostic>) {
        read(text, key, &["ProxyEndpoint", "ProxyEndPoint"], |root, name, diagnostics| {
            let connection = single_child(root, "HTTPProxyConnection", diagnostics);
            if let Some(connection) = connection {
                warn_misspelt_property(connection, diagnostics);
            }
            let base_path = connection
                .and_then(|connection| single_child(connection, "BasePath", diagnostics))
                .or_else(|| root.child("base_path"));
            if let Some(base_path) = base_path.filter(|path| !path.text().is_empty() && !path.text().starts_with('/')) {
                let text = base_path.text();
                let message = format!("the base path must start with a slash, got {text:?}; /{text} is used");
                diagnostics.warning(Code::BasePathWithoutSlash, base_path.position(), message);
            }
            ProxyEndpoint {
                endpoint: Endpoint::parse(root, name, Order::BottomToTop, diagnostics),
                post_client_flow: match single_child(root, "PostClientFlow", diagnostics) {
                    Some(flow) => Flow::parse(flow, "PostClientFlow", diagnostics),
                    None => Flow::empty("PostClientFlow"),
                },
                base_path: base_path.map(|base_path| BasePath::of_document(&base_path.text())),
                ignores_charset: ignores_charset(connection, diagnostics),
                route_rules: RouteRule::parse_all(root, diagnostics),
            }
        })
    }
}

impl TargetEndpoint {
    /// Reads a TargetEndpoint document. `key` names it in diagnostics until its name is known.
    pub fn parse(text: &str, key: &str) -> (Option<TargetEndpoint>, Vec<Diagnostic>) {
        read(text, key, &["TargetEndpoint", "TargetEndPoint"], |root, name, diagnostics| {
            if name.is_empty() {
                let message = "Required attribute name is missing in TargetEndpoint";
                diagnostics.error(Code::MissingName, root.position(), message);
            }
            let http = root.child("HTTPTargetConnection");
            TargetEndpoint {
                endpoint: Endpoint::parse(root, name, Order::TopToBottom, diagnostics),
                connection: TargetConnection::parse(root),
                ignores_charset: ignores_charset(http, diagnostics),
                authentication: http.and_then(|http| TargetAuthentication::parse(http, diagnostics)),
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
    /// Reads a SharedFlow document. `key` names it in diagnostics until its name is known.
    pub fn parse(text: &str, key: &str) -> (Option<SharedFlow>, Vec<Diagnostic>) {
        SharedFlow::parse_named(text, key, None)
    }

    /// Like [`SharedFlow::parse`]. `name` replaces the name in the document.
    pub fn parse_named(text: &str, key: &str, name: Option<&str>) -> (Option<SharedFlow>, Vec<Diagnostic>) {
        read(text, key, &["SharedFlow"], |root, own, diagnostics| {
            let name = name.map_or(own, str::to_owned);
            if name.is_empty() {
                let message = "Required attribute name is missing in SharedFlow";
                diagnostics.error(Code::MissingName, root.position(), message);
            }
            let label = format!("SharedFlow {name}");
            if !name.is_empty() {
                diagnostics.set_subject(&label);
            }
            SharedFlow { name, steps: StepReference::parse_all(root, &label, diagnostics) }
        })
    }
}

#[cfg(test)]
mod tests;
