//! Key value maps.

use bytestring::ByteString;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A key value map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyValueMap {
    /// Whether only private variables can get its values.
    pub is_encrypted: bool,
    /// The values of each key.
    pub entries: BTreeMap<ByteString, Rc<[ByteString]>>,
}
