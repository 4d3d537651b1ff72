//! Targets whose URL contains variables (docs/guide/configuration.md, `variable_targets`).

use super::{Constant, TargetAddress};
use crate::policy::endpoint::{TargetConnection, TargetKind, UrlTemplate};
use crate::policy::target_url::fixed_origin;
use crate::policy::template::Template;
use bytestring::ByteString;
use std::collections::BTreeMap;

/// The segment between the base path and the path of the target in requests to a variable target. Envoy's routes
/// remove it with the base path.
pub const PATH_MARKER: &str = "callout-url";

/// The request header with the name of the cluster of a variable host.
pub const CLUSTER_HEADER: &str = "x-callout-cluster";

/// A target whose URL the filter expands for Envoy's routes.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableTarget {
    /// The name of the target.
    pub name: String,
    /// The URL, or the path of a load balancer.
    pub template: Template,
    /// The part of the URL that the filter writes.
    pub part: VariablePart,
}

/// The part of a URL that contains variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariablePart {
    /// The template is a URL with a variable host: the filter writes the host, the path and the query.
    Host,
    /// The template is a URL with a fixed host: the filter writes the path and the query.
    PathOfUrl,
    /// The template is a path.
    Path,
}

impl VariableTarget {
    /// The target of a target endpoint, if it has a URL or a path.
    pub fn of_connection(name: &str, connection: &TargetConnection) -> Option<VariableTarget> {
        match connection.target.as_ref()? {
            TargetKind::Url(url) => Some(VariableTarget::of_url(name, url)),
            TargetKind::LoadBalancer(balancer) => {
                let template = balancer.path.clone()?;
                Some(VariableTarget { name: name.to_owned(), template, part: VariablePart::Path })
            }
            TargetKind::Local(_) | TargetKind::Program(..) | TargetKind::Provider(..) => None,
        }
    }

    /// The target of a URL.
    pub fn of_url(name: &str, url: &UrlTemplate) -> VariableTarget {
        VariableTarget { name: name.to_owned(), template: url.template.clone(), part: VariablePart::Host }.known()
    }

    /// The target with constants in place of their variables.
    pub fn fold(&self, constants: &BTreeMap<ByteString, Constant>) -> VariableTarget {
        self.fold_with(|name| constants.get(name).and_then(Constant::as_text).cloned())
    }

    /// The target with the values of constants in place of variables.
    pub fn fold_with<T: Into<ByteString>>(&self, constant: impl Fn(&str) -> Option<T>) -> VariableTarget {
        VariableTarget { template: self.template.fold(constant), ..self.clone() }.known()
    }

    /// The address of the target with an expanded text. `None` when the text is not a URL of HTTP.
    pub fn address(&self, text: &str) -> Option<TargetAddress> {
        match self.part {
            VariablePart::Path => Some(TargetAddress::of_path(text)),
            VariablePart::Host | VariablePart::PathOfUrl => TargetAddress::of_url(text),
        }
    }

    /// Whether a route of Envoy cannot express the target. Routes cannot add a query.
    pub fn is_variable(&self) -> bool {
        self.template.as_literal().is_none_or(|text| text.contains('?'))
    }

    fn known(self) -> VariableTarget {
        let part = match self.part {
            VariablePart::Path => VariablePart::Path,
            _ if fixed_origin(&self.template).is_some() => VariablePart::PathOfUrl,
            _ => VariablePart::Host,
        };
        VariableTarget { part, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::template::Syntax;

    #[test]
    fn constants_decide_which_part_is_variable() {
        let position = crate::diagnostic::Position { line: 1, column: 1 };
        let target = |text: &str| {
            let template = Template::parse(text, Syntax::URL).unwrap();
            let url = UrlTemplate { text: text.to_owned(), template, position };
            let constants = [("host", "a.test"), ("url", "https://b.test/x"), ("path", "y?z=1")];
            VariableTarget::of_url("t", &url)
                .fold_with(|name| constants.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        let cases = [
            ("https://{host}/x", VariablePart::PathOfUrl, false),
            ("{url}", VariablePart::PathOfUrl, false),
            ("https://{host}/{path}", VariablePart::PathOfUrl, true),
            ("https://{host}/{other}", VariablePart::PathOfUrl, true),
            ("https://{host}.{other}/x", VariablePart::Host, true),
            ("{url}{other}", VariablePart::PathOfUrl, true),
            ("{other}", VariablePart::Host, true),
            ("https://{host}:{port}", VariablePart::Host, true),
        ];
        for (text, part, is_variable) in cases {
            let target = target(text);
            assert_eq!((target.part, target.is_variable()), (part, is_variable), "{text}");
        }
    }
}
