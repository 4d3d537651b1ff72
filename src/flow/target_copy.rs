//! The parts of the client's URL that the target does not get. Policies set `target.copy.pathsuffix` and
//! `target.copy.queryparams` to `false` for that (docs/apigee-semantics.md 8.4).

use crate::flow::message::Message;
use crate::flow::store::Store;
use crate::flow::value::Value;
use crate::policy::endpoint::BasePath;
use bytestring::ByteString;

/// The parts that are removed, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TargetCopy {
    path_suffix: bool,
    query: bool,
}

impl TargetCopy {
    /// The parts by the variables. `None` when the whole URL is copied, which is the default.
    pub(super) fn of(variables: &Store) -> Option<TargetCopy> {
        let is_off = |name: &str| match variables.get(name) {
            Some(Value::Boolean(value)) => !value,
            Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("false"),
            _ => false,
        };
        let target_copy =
            TargetCopy { path_suffix: is_off("target.copy.pathsuffix"), query: is_off("target.copy.queryparams") };
        (target_copy.path_suffix || target_copy.query).then_some(target_copy)
    }

    /// The client's request without the parts.
    pub(super) fn without(self, request: &Message, base_path: &BasePath) -> Message {
        let mut request = request.clone();
        let Some(line) = request.as_request_mut() else { return request };
        if self.path_suffix {
            let suffix = base_path.suffix(&line.path).unwrap_or_default();
            let kept = line.path.strip_suffix(suffix).filter(|kept| !kept.is_empty()).unwrap_or("/");
            line.path = ByteString::from(kept);
        }
        if self.query {
            line.query.clear();
        }
        request
    }
}
