//! The memory limit of the results of steps.

use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use std::fmt::{self, Write};

/// A result is larger than the memory left for bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl<H: Host> Transaction<'_, H> {
    /// Maximum size of a result in bytes: the memory left for bodies, but at least [`ALWAYS_ALLOWED_BYTES`], so that
    /// requests without a body do not fail while others have large ones.
    pub(super) fn max_result_bytes(&self) -> usize {
        self.host.memory_left().max(ALWAYS_ALLOWED_BYTES)
    }

    /// Checks that a number of bytes fits into the memory left. If not, the running step fails, even when its code
    /// continues without the result.
    ///
    /// # Errors
    /// The bytes do not fit.
    pub(super) fn check_memory(&self, bytes: usize) -> Result<(), TooLarge> {
        if bytes <= self.max_result_bytes() {
            return Ok(());
        }
        Err(self.too_large())
    }

    /// Makes the running step fail and returns the error.
    #[cold]
    pub(super) fn too_large(&self) -> TooLarge {
        self.set_out_of_memory();
        TooLarge
    }

    /// Makes the running step fail because a result did not fit into the memory left.
    #[cold]
    pub(super) fn set_out_of_memory(&self) {
        self.is_out_of_memory.set(true);
    }

    /// Returns the result of a step unless an intermediate result did not fit into the memory left. A fault string
    /// counts too, because it becomes a variable and a body.
    ///
    /// # Errors
    /// The fault of the result, or the fault for missing memory.
    pub(super) fn within_memory<T>(&self, kind: &str, name: &str, result: Result<T, Fault>) -> Result<T, Fault> {
        let is_too_long = |fault: &Fault| {
            let length = fault.reason.len();
            length.saturating_mul(MAX_EXPANSION) > self.max_result_bytes()
        };
        if self.is_out_of_memory.take() || result.as_ref().is_err_and(is_too_long) {
            return Err(Fault::too_large(kind, name));
        }
        result
    }
}

/// Maximum size in bytes of a result that always fits.
pub(super) const ALWAYS_ALLOWED_BYTES: usize = 8 << 10;

/// Maximum number of bytes in a body and in variables for one byte of a fault string.
const MAX_EXPANSION: usize = 8;

/// Checks a size in bytes against a maximum.
///
/// # Errors
/// The size is larger.
pub(super) fn check(bytes: usize, max_bytes: usize) -> Result<(), TooLarge> {
    if bytes <= max_bytes { Ok(()) } else { Err(TooLarge) }
}

/// The text that a function writes, of at most `most` bytes. The function runs twice. The first run measures the text,
/// so that a text that is too large allocates nothing and any other text is allocated once.
///
/// # Errors
/// The text is larger.
pub(super) fn text(max_bytes: usize, write: impl Fn(&mut dyn Write) -> fmt::Result) -> Result<String, TooLarge> {
    let mut measure = Measure { length: 0, max_bytes };
    write(&mut measure).map_err(|fmt::Error| TooLarge)?;
    let mut text = String::with_capacity(measure.length);
    write(&mut text).map_err(|fmt::Error| TooLarge)?;
    Ok(text)
}

/// A writer that counts bytes up to a maximum.
struct Measure {
    length: usize,
    max_bytes: usize,
}

impl Write for Measure {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.length = self.length.saturating_add(text.len());
        if self.length <= self.max_bytes { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_at_the_limit() {
        let written = |max_bytes| text(max_bytes, |text| write!(text, "é{}", 12));
        assert_eq!(written(4).as_deref(), Ok("é12"));
        assert_eq!(written(3), Err(TooLarge));
        assert_eq!(text(0, |_| Ok(())).as_deref(), Ok(""));
    }
}
