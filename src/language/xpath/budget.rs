//! The limit on the work of an evaluation.

use super::XPathError;

/// Maximum number of nodes that an evaluation visits. This limits memory too, because sets contain visited nodes.
const MAX_VISITS: usize = 2_000_000;
/// Text of this many bytes counts as a visited node.
const TEXT: usize = 32;
/// Maximum number of operations, such as steps and calls, that an evaluation runs.
const MAX_OPERATIONS: usize = 10_000_000;

/// The remaining work.
#[derive(Debug)]
pub(super) struct Budget {
    visits: usize,
    operations: usize,
}

impl Budget {
    pub(super) const fn new() -> Budget {
        Budget { visits: MAX_VISITS, operations: MAX_OPERATIONS }
    }

    /// Counts visited nodes.
    pub(super) fn visit(&mut self, nodes: usize) -> Result<(), XPathError> {
        self.visits = self
            .visits
            .checked_sub(nodes)
            .ok_or_else(|| XPathError::Evaluation(format!("it visits more than {MAX_VISITS} nodes")))?;
        Ok(())
    }

    /// Counts text that is read or copied.
    pub(super) fn read(&mut self, bytes: usize) -> Result<(), XPathError> {
        self.visit(bytes / TEXT)
    }

    /// Counts an operation, which may visit no node.
    pub(super) fn operate(&mut self) -> Result<(), XPathError> {
        self.operations = self
            .operations
            .checked_sub(1)
            .ok_or_else(|| XPathError::Evaluation(format!("it runs more than {MAX_OPERATIONS} operations")))?;
        Ok(())
    }
}
