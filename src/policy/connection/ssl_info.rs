//! `<SSLInfo>`: the TLS settings, which belong to Envoy's clusters (docs/apigee-semantics.md 2.10).
//!
//! The block is checked and not kept. A warning lists the settings that the cluster needs.

use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{boolean_child, single_child, warn_unknown_attributes, warn_unknown_children};
use crate::policy::origin::Scheme;

/// The elements whose settings belong in a cluster's `UpstreamTlsContext`.
const CLUSTER_SETTINGS: [&str; 9] =
    ["KeyStore", "KeyAlias", "TrustStore", "Ciphers", "Protocols", "CommonName", "CRLStore", "CertAlias", "KeyHsm"];

/// Checks the block. `url` is the text of `URL` if its scheme determines the use of TLS.
pub(super) fn check(ssl_info: Element<'_, '_>, url: Option<&str>, diagnostics: &mut Diagnostics) {
    let known = ["Enabled", "Enforce", "ClientAuthEnabled", "IgnoreValidationErrors"];
    warn_unknown_attributes(ssl_info, &[], diagnostics);
    warn_unknown_children(ssl_info, &[&known[..], &CLUSTER_SETTINGS].concat(), diagnostics);
    let text = |name: &str| ssl_info.child(name).map(Element::text).filter(|text| !text.is_empty());
    let mut flag = |name: &str| match ssl_info.child(name).filter(|element| element.text().contains('{')) {
        Some(element) => {
            let message = format!("{name} cannot come from a variable in a ServiceCallout and is ignored");
            diagnostics.warning(Code::IgnoredElement, element.position(), message);
            false
        }
        None => boolean_child(ssl_info, name, false, diagnostics),
    };
    let (is_enabled, is_enforced) = (flag("Enabled"), flag("Enforce"));
    let (has_client_certificate, ignores_errors) = (flag("ClientAuthEnabled"), flag("IgnoreValidationErrors"));
    match url.and_then(Scheme::split).map(|(scheme, _)| scheme) {
        Some(Scheme::Http) => {
            if is_enabled {
                let message = "SSLInfo is ignored: a URL that starts with http:// never uses TLS";
                diagnostics.warning(Code::IgnoredElement, ssl_info.position(), message);
            }
            return;
        }
        // Without Enabled the block has no effect, and https:// still uses TLS.
        Some(Scheme::Https) if !is_enabled => return,
        _ => {}
    }
    if has_client_certificate {
        for needed in ["KeyStore", "KeyAlias"].into_iter().filter(|needed| text(needed).is_none()) {
            let message = format!("SSLInfo with ClientAuthEnabled requires {needed}");
            diagnostics.error(Code::MissingElement, ssl_info.position(), message);
        }
    }
    if text("KeyAlias").is_some_and(|alias| alias.starts_with("ref://")) {
        let at = single_child(ssl_info, "KeyAlias", diagnostics).map(Element::position);
        diagnostics.error(
            Code::InvalidElement,
            at,
            "KeyAlias cannot be a reference: ref:// is for KeyStore and TrustStore",
        );
    }
    if is_enforced && ignores_errors {
        let message = "IgnoreValidationErrors is ignored: SSLInfo has Enforce";
        diagnostics.warning(Code::IgnoredElement, ssl_info.position(), message);
    }
    let settings = CLUSTER_SETTINGS.into_iter().filter(|name| {
        ssl_info.child(name).is_some_and(|element| !element.text().is_empty() || element.children().next().is_some())
    });
    let flags =
        [("ClientAuthEnabled", has_client_certificate), ("IgnoreValidationErrors", ignores_errors && !is_enforced)];
    let settings: Vec<&str> =
        flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).chain(settings).collect();
    if !settings.is_empty() {
        let message = format!(
            "SSLInfo has no effect in the filter: configure {} in the cluster's transport_socket",
            settings.join(", ")
        );
        diagnostics.warning(Code::NoEffect, ssl_info.position(), message);
    }
}
