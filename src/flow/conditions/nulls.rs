//! Comparisons with null, by the published table (docs/apigee-semantics.md 7.5). A variable that does not resolve is
//! null.

use crate::policy::condition::{Comparison, Matching};

/// The result of a comparison with null on at least one side.
pub(super) fn compare(left_is_null: bool, comparison: Comparison, right_is_null: bool) -> bool {
    let are_both = left_is_null && right_is_null;
    match comparison {
        Comparison::Equal | Comparison::EqualIgnoringCase => are_both,
        Comparison::NotEqual => !are_both,
        Comparison::StartsWith => false,
        // In the published table, null is both greater and less than any value, and no value is greater or less than
        // null.
        Comparison::Greater | Comparison::Less => !right_is_null,
        Comparison::GreaterOrEqual => right_is_null,
        Comparison::LessOrEqual => left_is_null,
    }
}

/// The result of matching with null on at least one side.
pub(super) fn matches(left_is_null: bool, matching: Matching, right_is_null: bool) -> bool {
    matching == Matching::NotMatches && left_is_null && !right_is_null
}
