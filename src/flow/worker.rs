//! The state that a worker of Envoy keeps between the requests of one plan.

use crate::flow::balancing::Balancer;
use crate::flow::cache::Cache;
use crate::flow::functions::random::uuid;
use crate::flow::google::Tokens;
use crate::flow::jwt::key_sets::KeySets;
use crate::flow::jwt::keys::Keys;
use crate::flow::key_values::MapChanges;
use crate::plan::PolicyId;
use bytestring::ByteString;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The state that all transactions of a plan on one worker share.
#[derive(Debug, Default)]
pub struct Worker {
    /// The balancers of the policies that have one.
    pub(super) balancers: RefCell<BTreeMap<PolicyId, Balancer>>,
    /// Google tokens.
    pub(super) tokens: Rc<Tokens>,
    /// The keys for JSON Web Tokens that were read from texts.
    pub(super) keys: Keys,
    /// The sets of keys that were fetched.
    pub(super) key_sets: Rc<KeySets>,
    /// The entries of caches.
    pub(super) cache: Cache,
    /// The changes of key value maps.
    pub(super) map_changes: MapChanges,
    /// Whether a warning of a body that was not sent is in the log.
    pub(super) has_warned_of_body: Cell<bool>,
    /// The UUID of this worker, once it was read.
    uuid: OnceCell<ByteString>,
}

impl Worker {
    /// A random UUID, which stays the same for this worker.
    pub(super) fn uuid(&self, random: &dyn Fn(&mut [u8])) -> &ByteString {
        self.uuid.get_or_init(|| uuid(random).into())
    }
}
