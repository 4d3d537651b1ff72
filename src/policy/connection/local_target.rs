//! `<LocalTargetConnection>`: another proxy of the same organization and environment (docs/apigee-semantics.md 2.11).

use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::attributes::{single_child, warn_unknown_attributes, warn_unknown_children};
use crate::policy::template::{Syntax, Template};
use crate::policy::template_of;

/// A checked LocalTargetConnection.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalTarget {
    /// The called proxy.
    pub destination: LocalDestination,
    /// The position in the document.
    pub position: Position,
}

/// The ways to name a local proxy.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalDestination {
    /// `APIProxy` and `ProxyEndpoint`.
    Proxy {
        /// The proxy's name.
        api_proxy: Template,
        /// The name of its endpoint.
        proxy_endpoint: Template,
    },
    /// `Path`: the base path and the rest, with an optional query.
    Path(Template),
}

/// Another spelling of `APIProxy` in Apigee's documentation (docs/apigee-semantics.md 1.2).
const MISSPELT: &str = "ApiProxy";

/// The default endpoint. `[inferred]`
const DEFAULT_ENDPOINT: &str = "default";

impl LocalTarget {
    pub(in crate::policy) fn parse(local: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<LocalTarget> {
        let known = ["APIProxy", MISSPELT, "ProxyEndpoint", "Path", "Properties", "VirtualHost"];
        warn_unknown_attributes(local, &[], diagnostics);
        warn_unknown_children(local, &known, diagnostics);
        let position = local.position();
        let proxy = if local.child("APIProxy").is_none() { MISSPELT } else { "APIProxy" };
        let mut template = |name: &str| {
            let element = single_child(local, name, diagnostics).filter(|element| !element.text().is_empty())?;
            let syntax = if name == "Path" { Syntax::URL } else { Syntax::BRACES };
            Some((element.position(), template_of(element, &element.text(), syntax, diagnostics)))
        };
        let (proxy, endpoint, path) = (template(proxy), template("ProxyEndpoint"), template("Path"));
        let destination = match (proxy, path) {
            (Some((_, proxy)), path) => {
                if let Some((position, _)) = path {
                    diagnostics.warning(Code::IgnoredElement, position, "Path is ignored: there is an APIProxy");
                }
                let endpoint = endpoint.map_or_else(|| Some(Template::literal(DEFAULT_ENDPOINT)), |(_, name)| name);
                LocalDestination::Proxy { api_proxy: proxy?, proxy_endpoint: endpoint? }
            }
            (None, Some((_, path))) => LocalDestination::Path(path?),
            (None, None) => {
                diagnostics.error(Code::MissingElement, position, "LocalTargetConnection needs an APIProxy or a Path");
                return None;
            }
        };
        Some(LocalTarget { destination, position })
    }

    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        match &self.destination {
            LocalDestination::Proxy { api_proxy, proxy_endpoint } => {
                api_proxy.uses_body(names) || proxy_endpoint.uses_body(names)
            }
            LocalDestination::Path(path) => path.uses_body(names),
        }
    }
}
