//! The known children of the elements of endpoints, shared flows and fault rules, so that a misspelt element is
//! reported (docs/apigee-semantics.md 1.2). A flow in a misspelt element would silently not run: it is an error.

use super::sap;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{warn_ignored, warn_unknown_attributes};
use crate::suggestion;

/// The elements with children, each with the names of its children: the common ones and its own. Connections are read
/// elsewhere. SAP's documents are not checked, because their elements have other names.
const CHILDREN: [(&str, [&[&str]; 2]); 16] = [
    ("ProxyEndpoint", [ENDPOINT, &["HTTPProxyConnection", "PostClientFlow", "RouteRule"]]),
    (
        "TargetEndpoint",
        [
            ENDPOINT,
            &[
                "HTTPTargetConnection",
                "HttpTargetConnection",
                "HostedTarget",
                "LocalTargetConnection",
                "ScriptTarget",
                "SSLInfo",
            ],
        ],
    ),
    ("SharedFlow", [STEPS, NAMED]),
    ("HTTPProxyConnection", [&["BasePath", "Properties", "SSLInfo", "VirtualHost"], &[]]),
    ("Flows", [&["Flow"], &[]]),
    ("PreFlow", [FLOW, NAMED]),
    ("PostFlow", [FLOW, NAMED]),
    ("PostClientFlow", [FLOW, NAMED]),
    ("Flow", [FLOW, NAMED]),
    ("Request", [STEPS, &[]]),
    ("Response", [STEPS, &[]]),
    ("Step", [&["Condition", "FaultRules", "Name"], NAMED]),
    ("FaultRules", [&["FaultRule"], &[]]),
    ("FaultRule", [RULE, &[]]),
    ("DefaultFaultRule", [RULE, &["AlwaysEnforce"]]),
    ("RouteRule", [&["Condition", "IntegrationEndpoint", "TargetEndpoint", "URL"], NAMED]),
];

const NAMED: &[&str] = &["Description", "DisplayName"];
const STEPS: &[&str] = &["Policy", "Step"];
const FLOW: &[&str] = &["Condition", "FaultRules", "Request", "Response"];
const RULE: &[&str] = &["Condition", "Description", "DisplayName", "Name", "Policy", "Step"];
const ENDPOINT: &[&str] = &[
    "DefaultFaultRule",
    "Description",
    "DisplayName",
    "EventFlow",
    "FaultRules",
    "Flows",
    "PostFlow",
    "PreFlow",
    "Properties",
];

/// The attributes of these elements. Apigee's editor writes a name for some that do not need one.
const ATTRIBUTES: [&str; 1] = ["name"];

/// Reports every unknown element and attribute inside, and text next to elements.
pub(super) fn report_unknown(element: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some((_, known)) = CHILDREN.iter().find(|(name, _)| *name == element.name()) else { return };
    warn_unknown_attributes(element, &ATTRIBUTES, diagnostics);
    if !element.text().is_empty() {
        let message = format!("text in {} is ignored", element.name());
        diagnostics.warning(Code::IgnoredText, element.position(), message);
    }
    for child in element.children() {
        match known.iter().any(|names| names.contains(&child.name())) {
            // The TargetEndpoint of a RouteRule is a name.
            true if element.name() == "RouteRule" => {}
            true => report_unknown(child, diagnostics),
            false => report(child, element, &known.concat(), diagnostics),
        }
    }
}

/// Reports an unknown element: an error if it looks like a known one or contains elements, such as the steps of a flow.
/// Any other text has no effect in Apigee either.
fn report(child: Element<'_, '_>, parent: Element<'_, '_>, known: &[&str], diagnostics: &mut Diagnostics) {
    let suggestion = suggestion::nearest(child.name(), known.iter().copied());
    let is_harmless = suggestion.is_none() && child.children().next().is_none();
    if is_harmless || sap::is_element(child.name()) {
        return warn_ignored(child, parent, known, diagnostics);
    }
    let hint = match suggestion {
        Some(name) => format!("did you mean {name}?"),
        None => "what it contains would not run".to_owned(),
    };
    let message = format!("unknown element {} in {}; {hint}", child.name(), parent.name());
    diagnostics.error(Code::UnknownFlowElement, child.position(), message);
}
