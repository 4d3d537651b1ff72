//! The InvalidateCache policy: removes stored values (docs/apigee-semantics.md 12.2).

use super::PolicyData;
use super::attributes::{Attributes, boolean_child, warn_unknown_children};
use super::cache::{COMMON, CacheKey, CacheUse};
use super::usage::Read;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked InvalidateCache.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidateCache {
    /// Name and switches.
    pub attributes: Attributes,
    /// The key of the entry.
    pub key: CacheKey,
    /// Whether it removes all entries with the prefix or the scope.
    pub purges_children: bool,
    /// `invalidatecache.NAME.cachename` and `invalidatecache.NAME.cachekey`.
    pub variables: [ByteString; 2],
}

impl InvalidateCache {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<InvalidateCache> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [&COMMON[..], &["CacheContext", "PurgeChildEntries"]].concat();
        warn_unknown_children(root, &known, diagnostics);
        let purges_children = boolean_child(root, "PurgeChildEntries", false, diagnostics);
        let key = CacheKey::parse(root, diagnostics)?;
        let variables =
            ["cachename", "cachekey"].map(|name| format!("invalidatecache.{}.{name}", attributes.name).into());
        Some(InvalidateCache { attributes, key, purges_children, variables })
    }
}

impl PolicyData for InvalidateCache {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        self.key.uses_body(names)
    }

    fn cache_use(&self) -> Option<CacheUse<'_>> {
        Some(CacheUse::Invalidate(self))
    }

    fn reads(&self) -> Vec<Read<'_>> {
        self.key.reads().collect()
    }
}
