//! The ResponseCache policy: replies with a stored response (docs/apigee-semantics.md 12.3).

use super::PolicyData;
use super::attributes::{Attributes, boolean_child, single_child, warn_unknown_attributes, warn_unknown_children};
use super::cache::{COMMON, CacheKey, CacheUse, Expiry, check_lookup_timeout};
use super::condition::Condition;
use super::usage::Read;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked ResponseCache.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseCache {
    /// Name and switches.
    pub attributes: Attributes,
    /// The key of the entry.
    pub key: CacheKey,
    /// The time when an entry expires.
    pub expiry: Expiry,
    /// Whether a lookup is skipped.
    pub skip_lookup: Option<Condition>,
    /// Whether a response is not stored.
    pub skip_population: Option<Condition>,
    /// Whether only responses with a status from 200 to 205 are stored.
    pub excludes_errors: bool,
    /// Whether the client's `Accept` headers are a part of the key.
    pub uses_accept: bool,
    /// Whether `Cache-Control` and `Expires` of the response limit the lifetime of an entry.
    pub uses_response_headers: bool,
    /// `responsecache.NAME.cachename`, `.cachekey`, `.cachehit` and `.invalidentry`.
    pub variables: [ByteString; 4],
}

impl ResponseCache {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<ResponseCache> {
        let attributes = Attributes::parse(root, diagnostics);
        let own = [
            "CacheLookupTimeoutInSeconds",
            "ExcludeErrorResponse",
            "ExpirySettings",
            "SkipCacheLookup",
            "SkipCachePopulation",
            "UseAcceptHeader",
            "UseResponseCacheHeaders",
        ];
        warn_unknown_children(root, &[&COMMON[..], &own].concat(), diagnostics);
        check_lookup_timeout(root, diagnostics);
        let variable = |name: &str| ByteString::from(format!("responsecache.{}.{name}", attributes.name));
        let variables = ["cachename", "cachekey", "cachehit", "invalidentry"].map(variable);
        let key = CacheKey::parse(root, diagnostics);
        Some(ResponseCache {
            expiry: Expiry::parse(root, diagnostics),
            skip_lookup: condition(root, "SkipCacheLookup", diagnostics),
            skip_population: condition(root, "SkipCachePopulation", diagnostics),
            excludes_errors: boolean_child(root, "ExcludeErrorResponse", false, diagnostics),
            uses_accept: boolean_child(root, "UseAcceptHeader", false, diagnostics),
            uses_response_headers: boolean_child(root, "UseResponseCacheHeaders", false, diagnostics),
            variables,
            key: key?,
            attributes,
        })
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.skip_lookup.iter().chain(&self.skip_population)
    }
}

/// The condition in an element; `None` when it is empty.
fn condition(root: Element<'_, '_>, name: &str, diagnostics: &mut Diagnostics) -> Option<Condition> {
    let element = single_child(root, name, diagnostics)?;
    warn_unknown_attributes(element, &[], diagnostics);
    match Condition::parse_published(&element.raw_text()) {
        Ok((parsed, tolerated)) => {
            for mistake in tolerated {
                let message = format!("{name}, column {}: {mistake}", mistake.column);
                diagnostics.warning(Code::ToleratedCondition, element.position(), message);
            }
            parsed.map(|parsed| parsed.at(element.position()))
        }
        Err(error) => {
            let message = format!("{name}, column {}: {error}", error.column);
            diagnostics.error(Code::InvalidCacheCondition, element.position(), message);
            None
        }
    }
}

impl PolicyData for ResponseCache {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    // In a response flow, it stores the response.
    fn uses_body(&self, names: &[&str]) -> bool {
        names.contains(&"response")
            || self.key.uses_body(names)
            || self.expiry.uses_body(names)
            || self.conditions().flat_map(Condition::variables).any(|variable| variable.is_body_of(names))
    }

    fn cache_use(&self) -> Option<CacheUse<'_>> {
        Some(CacheUse::Response(self))
    }

    fn reads(&self) -> Vec<Read<'_>> {
        self.key.reads().chain(self.expiry.reads()).chain(self.conditions().flat_map(Condition::reads)).collect()
    }
}
