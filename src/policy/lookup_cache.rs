//! The LookupCache policy: reads a stored value (docs/apigee-semantics.md 12.2).

use super::PolicyData;
use super::attributes::{Attributes, text_child, warn_unknown_children};
use super::cache::{COMMON, CacheKey, CacheUse, check_lookup_timeout};
use super::usage::Read;
use super::variable::Variable;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked LookupCache.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupCache {
    /// Name and switches.
    pub attributes: Attributes,
    /// The key of the entry.
    pub key: CacheKey,
    /// The variable that gets the value.
    pub assign_to: Variable,
    /// The names of the variables that it sets.
    pub variables: LookupVariables,
}

/// The variables of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupVariables {
    /// `lookupcache.NAME.cachename`
    pub cache_name: ByteString,
    /// `lookupcache.NAME.cachekey`
    pub cache_key: ByteString,
    /// `lookupcache.NAME.cachehit`
    pub cache_hit: ByteString,
    /// `lookupcache.NAME.assignto`
    pub assign_to: ByteString,
}

impl LookupCache {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<LookupCache> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [&COMMON[..], &["CacheLookupTimeoutInSeconds", "AssignTo"]].concat();
        warn_unknown_children(root, &known, diagnostics);
        check_lookup_timeout(root, diagnostics);
        let key = CacheKey::parse(root, diagnostics);
        let assign_to = text_child(root, "AssignTo", diagnostics).filter(|name| !name.is_empty());
        if assign_to.is_none() {
            diagnostics.error(Code::MissingElement, root.position(), "AssignTo is missing");
        }
        let variable = |name: &str| ByteString::from(format!("lookupcache.{}.{name}", attributes.name));
        let variables = LookupVariables {
            cache_name: variable("cachename"),
            cache_key: variable("cachekey"),
            cache_hit: variable("cachehit"),
            assign_to: variable("assignto"),
        };
        Some(LookupCache { key: key?, assign_to: Variable::new(&assign_to?), variables, attributes })
    }
}

impl PolicyData for LookupCache {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        self.assign_to.is_body_of(names) || self.key.uses_body(names)
    }

    fn extracted(&self) -> Vec<&Variable> {
        vec![&self.assign_to]
    }

    fn cache_use(&self) -> Option<CacheUse<'_>> {
        Some(CacheUse::Lookup(self))
    }

    fn reads(&self) -> Vec<Read<'_>> {
        self.key.reads().collect()
    }
}
