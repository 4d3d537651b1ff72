//! What the elements of endpoints, shared flows and fault rules may hold, so that one that is misspelt does not vanish
//! without a word (semantics section 1.2).

use crate::diagnostic::Diagnostics;
use crate::policy::attributes::warn_ignored;
use crate::policy::xml::Element;

/// The elements that hold others, each with the names of its children. Connections are read elsewhere, and SAP's
/// documents, whose elements have other names, are not looked at.
const CHILDREN: [(&str, &[&str]); 16] = [
    (
        "ProxyEndpoint",
        &[
            "DefaultFaultRule",
            "Description",
            "DisplayName",
            "EventFlow",
            "FaultRules",
            "Flows",
            "HTTPProxyConnection",
            "PostClientFlow",
            "PostFlow",
            "PreFlow",
            "Properties",
            "RouteRule",
        ],
    ),
    (
        "TargetEndpoint",
        &[
            "DefaultFaultRule",
            "Description",
            "DisplayName",
            "EventFlow",
            "FaultRules",
            "Flows",
            "HTTPTargetConnection",
            "HttpTargetConnection",
            "LocalTargetConnection",
            "PostFlow",
            "PreFlow",
            "Properties",
            "ScriptTarget",
            "SSLInfo",
        ],
    ),
    ("SharedFlow", &["Description", "DisplayName", "Policy", "Step"]),
    ("HTTPProxyConnection", &["BasePath", "Properties", "SSLInfo", "VirtualHost"]),
    ("Flows", &["Flow"]),
    ("PreFlow", FLOW),
    ("PostFlow", FLOW),
    ("PostClientFlow", FLOW),
    ("Flow", FLOW),
    ("Request", STEPS),
    ("Response", STEPS),
    ("Step", &["Condition", "Description", "DisplayName", "FaultRules", "Name"]),
    ("FaultRules", &["FaultRule"]),
    ("FaultRule", &["Condition", "Description", "DisplayName", "Name", "Policy", "Step"]),
    ("DefaultFaultRule", &["AlwaysEnforce", "Condition", "Description", "DisplayName", "Name", "Policy", "Step"]),
    ("RouteRule", &["Condition", "Description", "DisplayName", "IntegrationEndpoint", "TargetEndpoint", "URL"]),
];

const FLOW: &[&str] = &["Condition", "Description", "DisplayName", "FaultRules", "Request", "Response"];
const STEPS: &[&str] = &["Policy", "Step"];

/// Warns of every element inside that is none of Apigee's, and of text beside elements.
pub(super) fn warn_of_unknown(element: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some((_, known)) = CHILDREN.iter().find(|(name, _)| *name == element.name()) else { return };
    if !element.text().is_empty() {
        let message = format!("text means nothing inside {} and is ignored", element.name());
        diagnostics.warning(element.position(), message);
    }
    for child in element.children() {
        match known.contains(&child.name()) {
            // Its TargetEndpoint is a name.
            true if element.name() == "RouteRule" => {}
            true => warn_of_unknown(child, diagnostics),
            false => warn_ignored(child, element, diagnostics),
        }
    }
}
