//! The parts of the client's URL that the target does not get. Policies set `target.copy.pathsuffix` and
//! `target.copy.queryparams` to `false` for that (docs/apigee-semantics.md 8.4). Values from before the target endpoint
//! have no effect.

use crate::flow::store::Store;
use crate::flow::value::Value;
use crate::policy::endpoint::BasePath;

const PATH_SUFFIX: &str = "target.copy.pathsuffix";
const QUERY_PARAMS: &str = "target.copy.queryparams";

/// The parts that are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TargetCopy {
    removes_path_suffix: bool,
    removes_query: bool,
}

impl TargetCopy {
    /// The parts by the variables. By default, the whole URL is copied.
    pub(super) fn from_variables(variables: &Store) -> TargetCopy {
        let is_off = |name: &str| match variables.get(name) {
            Some(Value::Boolean(value)) => !value,
            Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("false"),
            _ => false,
        };
        TargetCopy { removes_path_suffix: is_off(PATH_SUFFIX), removes_query: is_off(QUERY_PARAMS) }
    }

    /// Removes the variables where a target endpoint starts.
    pub(super) fn reset(variables: &mut Store) {
        variables.remove(PATH_SUFFIX);
        variables.remove(QUERY_PARAMS);
    }

    /// Whether no part is removed.
    pub(super) fn is_whole(self) -> bool {
        !(self.removes_path_suffix || self.removes_query)
    }

    /// Whether the target gets the query.
    pub(super) fn copies_query(self) -> bool {
        !self.removes_query
    }

    /// The part of the client's path that the target gets.
    pub(super) fn path<'p>(self, path: &'p str, base_path: &BasePath) -> &'p str {
        if !self.removes_path_suffix {
            return path;
        }
        let suffix = base_path.suffix(path).unwrap_or_default();
        path.strip_suffix(suffix).filter(|kept| !kept.is_empty()).unwrap_or("/")
    }
}
