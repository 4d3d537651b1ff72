//! JSON Web Tokens: their form, and the keys of a worker (docs/apigee-semantics.md 12.2). Nothing here depends on a
//! transaction.

pub(in crate::flow) mod key_sets;
pub(in crate::flow) mod keys;
pub(in crate::flow) mod token;
