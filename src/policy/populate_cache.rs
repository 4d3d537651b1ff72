//! The PopulateCache policy: stores a value (docs/apigee-semantics.md 12.2).

use super::PolicyData;
use super::attributes::{Attributes, text_child, warn_unknown_children};
use super::cache::{COMMON, CacheKey, CacheUse, Expiry};
use super::usage::Read;
use super::variable::Variable;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked PopulateCache.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulateCache {
    /// Name and switches.
    pub attributes: Attributes,
    /// The key of the entry.
    pub key: CacheKey,
    /// The time when the entry expires.
    pub expiry: Expiry,
    /// The variable or message with the value.
    pub source: Variable,
    /// `populatecache.NAME.cachename` and `populatecache.NAME.cachekey`.
    pub variables: [ByteString; 2],
}

impl PopulateCache {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<PopulateCache> {
        let attributes = Attributes::parse(root, diagnostics);
        warn_unknown_children(root, &[&COMMON[..], &["ExpirySettings", "Source"]].concat(), diagnostics);
        let key = CacheKey::parse(root, diagnostics);
        let expiry = Expiry::parse(root, diagnostics);
        let source = text_child(root, "Source", diagnostics).filter(|name| !name.is_empty());
        if source.is_none() {
            diagnostics.error(Code::MissingElement, root.position(), "Source is missing");
        }
        let variables =
            ["cachename", "cachekey"].map(|name| format!("populatecache.{}.{name}", attributes.name).into());
        Some(PopulateCache { attributes, key: key?, expiry, source: Variable::new(&source?), variables })
    }
}

impl PolicyData for PopulateCache {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        self.source.is_body_of(names) || self.key.uses_body(names) || self.expiry.uses_body(names)
    }

    fn cache_use(&self) -> Option<CacheUse<'_>> {
        Some(CacheUse::Populate(self))
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let source = std::iter::once(Read::optional(&self.source));
        self.key.reads().chain(self.expiry.reads()).chain(source).collect()
    }
}
