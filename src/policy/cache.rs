//! The elements that the cache policies have in common: the key, its scope, the cache and the expiry
//! (docs/apigee-semantics.md 12.2).

mod expiry;

pub use expiry::{Expiry, date, seconds_of_day};

use super::attributes::{single_child, text_child, warn_unknown_attributes, warn_unknown_children};
use super::invalidate_cache::InvalidateCache;
use super::lookup_cache::LookupCache;
use super::populate_cache::PopulateCache;
use super::response_cache::ResponseCache;
use super::text_or_variable::TextOrVariable;
use super::usage::Read;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use bytestring::ByteString;

/// The children that all cache policies have.
pub(super) const COMMON: [&str; 7] =
    ["DisplayName", "Description", "Properties", "FaultRules", "CacheKey", "CacheResource", "Scope"];

/// The name of the cache of a policy without `CacheResource`. `[inferred]`
pub const DEFAULT_CACHE: &str = "default";

/// The text between the parts of a key.
pub const KEY_SEPARATOR: &str = "__";

/// The key of an entry and its cache.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheKey {
    /// `Prefix`, which replaces the scope.
    pub prefix: Option<TextOrVariable>,
    /// `KeyFragment`, in order.
    pub fragments: Vec<TextOrVariable>,
    /// The scope.
    pub scope: Scope,
    /// `CacheContext`: other names in the scope.
    pub context: CacheContext,
    /// The name of the cache.
    pub cache: ByteString,
}

/// A policy that reads or writes entries.
#[derive(Clone, Copy, Debug)]
pub enum CacheUse<'p> {
    /// It stores a value.
    Populate(&'p PopulateCache),
    /// It reads a value.
    Lookup(&'p LookupCache),
    /// It removes values.
    Invalidate(&'p InvalidateCache),
    /// It stores responses and replies with them.
    Response(&'p ResponseCache),
}

/// The names that start the key of an entry (docs/apigee-semantics.md 12.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The names of the organization and the environment.
    Global,
    /// Those of `Global`, and the name of the proxy.
    Application,
    /// Those of `Application`, the revision, and the name of the proxy endpoint.
    Proxy,
    /// Those of `Application`, the revision, and the name of the target endpoint.
    Target,
    /// As `Target` in the flows of a target endpoint, and otherwise as `Proxy`.
    #[default]
    Exclusive,
}

/// `CacheContext`: the names of another proxy and its endpoints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheContext {
    /// The name of the proxy.
    pub api_proxy: Option<TextOrVariable>,
    /// The name of the proxy endpoint.
    pub proxy: Option<TextOrVariable>,
    /// The name of the target endpoint.
    pub target: Option<TextOrVariable>,
}

impl CacheKey {
    /// Reads the elements of a policy. `None` without `CacheKey`; the diagnostics contain the error.
    pub(super) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<CacheKey> {
        let scope = scope(root, diagnostics);
        let named = text_child(root, "CacheResource", diagnostics);
        let Some(key) = single_child(root, "CacheKey", diagnostics) else {
            diagnostics.error(Code::MissingElement, root.position(), "CacheKey is missing");
            return None;
        };
        warn_unknown_attributes(key, &[], diagnostics);
        warn_unknown_children(key, &["Prefix", "KeyFragment"], diagnostics);
        let context = single_child(root, "CacheContext", diagnostics);
        let mut name = |child: &str| TextOrVariable::parse(context?.child(child)?, diagnostics);
        let context =
            CacheContext { api_proxy: name("APIProxyName"), proxy: name("ProxyName"), target: name("TargetName") };
        let prefix = single_child(key, "Prefix", diagnostics);
        Some(CacheKey {
            prefix: prefix.and_then(|prefix| TextOrVariable::parse(prefix, diagnostics)),
            fragments: key.children_named("KeyFragment").filter_map(|part| fragment(part, diagnostics)).collect(),
            scope,
            context,
            cache: named
                .filter(|name| !name.is_empty())
                .map_or(ByteString::from_static(DEFAULT_CACHE), ByteString::from),
        })
    }

    /// The texts and variables that it consists of.
    fn values(&self) -> impl Iterator<Item = &TextOrVariable> {
        let context = [&self.context.api_proxy, &self.context.proxy, &self.context.target];
        self.prefix.iter().chain(&self.fragments).chain(context.into_iter().flatten())
    }

    /// Whether it reads the body of the message with one of these names in the flow where it is read.
    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        self.values().any(|value| value.uses_body(names))
    }

    /// The variables that it reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        // A fragment that does not resolve is left out.
        self.values().filter_map(|value| value.reference.as_ref()).map(Read::optional)
    }
}

fn fragment(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TextOrVariable> {
    let fragment = TextOrVariable::parse(element, diagnostics);
    if fragment.is_none() {
        let message = "KeyFragment has neither a text nor ref and is not a part of the key";
        diagnostics.warning(Code::EmptyElement, element.position(), message);
    }
    fragment
}

fn scope(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Scope {
    let Some(element) = single_child(root, "Scope", diagnostics) else { return Scope::default() };
    warn_unknown_attributes(element, &[], diagnostics);
    match &*element.text() {
        "Global" => Scope::Global,
        "Application" => Scope::Application,
        "Proxy" => Scope::Proxy,
        "Target" => Scope::Target,
        "Exclusive" | "" => Scope::Exclusive,
        other => {
            let message = format!("Scope must be Exclusive, Global, Application, Proxy or Target, got {other:?}");
            diagnostics.error(Code::InvalidElement, element.position(), message);
            Scope::default()
        }
    }
}

/// Checks `CacheLookupTimeoutInSeconds`, which has no effect: a lookup never waits.
pub(super) fn check_lookup_timeout(root: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some(element) = single_child(root, "CacheLookupTimeoutInSeconds", diagnostics) else { return };
    let text = element.text();
    if !text.is_empty() && text.parse::<u64>().is_err() {
        let message = format!("CacheLookupTimeoutInSeconds must be a number of seconds, got {text:?}");
        diagnostics.error(Code::InvalidCacheTimeout, element.position(), message);
    }
}

#[cfg(test)]
mod tests;
