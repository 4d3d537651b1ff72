//! The work that an evaluation may do.

use super::XPathError;

/// The most nodes that an evaluation looks at.
const MOST_VISITS: usize = 1_000_000;
/// Text of this many bytes counts as a node.
const TEXT: usize = 64;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) const fn new() -> Budget {
        Budget(MOST_VISITS)
    }

    /// Counts nodes that are looked at.
    pub(super) fn visit(&mut self, nodes: usize) -> Result<(), XPathError> {
        match self.0.checked_sub(nodes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(XPathError::Evaluation(format!("it looks at more than {MOST_VISITS} nodes"))),
        }
    }

    /// Counts text that is read or copied.
    pub(super) fn read(&mut self, bytes: usize) -> Result<(), XPathError> {
        self.visit(bytes / TEXT)
    }
}
