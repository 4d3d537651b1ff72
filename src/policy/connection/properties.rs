//! `HTTPTargetConnection/Properties`: the transport properties of a callout (docs/apigee-semantics.md 2.6).

use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::warn_unknown_attributes;
use crate::policy::success_codes::SuccessCodes;
use crate::suggestion;
use std::time::Duration;

/// The properties with an effect in Envoy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// `success.codes`.
    pub success_codes: SuccessCodes,
    /// `io.timeout.millis`.
    pub io_timeout: Option<Duration>,
    /// `request.retain.headers…`.
    pub request_headers: Retained,
    /// `response.retain.headers…`.
    pub response_headers: Retained,
    /// `retain.queryparams…`.
    pub query_params: Retained,
}

/// The names that are kept in a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Retained {
    /// All names.
    #[default]
    All,
    /// Only the listed names.
    Only(Vec<String>),
}

/// The properties with an effect in Envoy.
const EFFECTIVE: [&str; 8] = [
    "success.codes",
    "io.timeout.millis",
    "request.retain.headers",
    "request.retain.headers.enabled",
    "response.retain.headers",
    "response.retain.headers.enabled",
    "retain.queryparams",
    "retain.queryparams.enabled",
];

/// Known properties without effect: Envoy's clusters have the setting, or callouts always work that way.
const INERT: [&str; 14] = [
    "keepalive.timeout.millis",
    "request.streaming.enabled",
    "response.streaming.enabled",
    "supports.http10",
    "supports.http11",
    "allow.http10",
    "allow.post.without.content.length",
    "allow.put.without.content.length",
    "use.proxy",
    "use.proxy.tunneling",
    "use.proxy.host.header.with.target.uri",
    "allow.tls.session.resumption",
    "ignore.allow.header.for.405",
    "request.queryparams.ignore.content.type.charset",
];

/// Properties without effect that users may rely on, with the setting that replaces each.
const REPLACED_BY: [(&str, &str); 3] = [
    ("connect.timeout.millis", "the cluster's connect_timeout decides"),
    ("response.payload.parse.limit", "the configuration's max_response_bytes decides"),
    ("compression.algorithm", "the body is sent uncompressed"),
];

impl Properties {
    pub(in crate::policy) fn parse(properties: Option<Element<'_, '_>>, diagnostics: &mut Diagnostics) -> Properties {
        let mut parsed = Properties::default();
        let Some(properties) = properties else { return parsed };
        let value = |name: &str| {
            let named = |property: &Element<'_, '_>| property.attribute("name").map(str::trim) == Some(name);
            let property = properties.children_named("Property").find(named)?;
            Some((property, property.text()))
        };
        if let Some((property, text)) = value("success.codes").filter(|(_, text)| !text.is_empty()) {
            let (codes, invalid) = SuccessCodes::parse(&text);
            parsed.success_codes = codes;
            for item in invalid {
                let message = format!("success.codes: {item:?} is neither a status code nor a class such as 2xx");
                diagnostics.warning(Code::InvalidProperty, property.position(), message);
            }
        }
        if let Some((property, text)) = value("io.timeout.millis") {
            parsed.io_timeout = text.parse().ok().filter(|millis| *millis > 0).map(Duration::from_millis);
            if parsed.io_timeout.is_none() {
                let message =
                    format!("io.timeout.millis: {text:?} is not a positive number of milliseconds and is ignored");
                diagnostics.warning(Code::InvalidProperty, property.position(), message);
            }
        }
        let retained = |prefix: &str| {
            let is_off =
                value(&format!("{prefix}.enabled")).is_some_and(|(_, text)| text.eq_ignore_ascii_case("false"));
            let listed = value(prefix).map(|(_, text)| text).unwrap_or_default();
            let names = listed.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
            if is_off { Retained::Only(names.collect()) } else { Retained::All }
        };
        parsed.request_headers = retained("request.retain.headers");
        parsed.response_headers = retained("response.retain.headers");
        parsed.query_params = retained("retain.queryparams");
        for property in properties.children_named("Property") {
            warn_unknown_attributes(property, &["name"], diagnostics);
            let name = property.attribute("name").unwrap_or_default().trim();
            let elsewhere = REPLACED_BY.iter().find(|(known, _)| *known == name);
            if let Some((_, instead)) = elsewhere {
                diagnostics.warning(Code::NoEffect, property.position(), format!("{name} has no effect: {instead}"));
            } else if !is_known(name) {
                diagnostics.warning(
                    Code::UnknownProperty,
                    property.position(),
                    format!("unknown property {name:?} is ignored{}", suggestion::hint(name, known())),
                );
            }
        }
        parsed
    }
}

fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

/// The names of all properties.
fn known() -> impl Iterator<Item = &'static str> {
    EFFECTIVE.into_iter().chain(INERT).chain(REPLACED_BY.map(|(name, _)| name))
}

impl Retained {
    /// Whether a name is kept. Header names are case-insensitive, parameter names case-sensitive.
    pub fn keeps(&self, name: &str, ignore_case: bool) -> bool {
        match self {
            Retained::All => true,
            Retained::Only(names) if ignore_case => names.iter().any(|kept| kept.eq_ignore_ascii_case(name)),
            Retained::Only(names) => names.iter().any(|kept| kept == name),
        }
    }
}
