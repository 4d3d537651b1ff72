//! The memory that the results of steps may take.

use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use std::fmt::{self, Write};

/// A result would be larger than the memory that is left for bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl<H: Host> Transaction<'_, H> {
    /// The size in bytes that a result may have: the memory that is left for bodies. Small results are always made, so
    /// that requests without a body do not fail when others have large ones.
    pub(super) fn room(&self) -> usize {
        self.host.memory_left().max(SMALL)
    }

    /// Checks that so many bytes fit into the memory that is left. Where they do not, the step that runs fails, even when
    /// its code goes on without the result.
    ///
    /// # Errors
    /// They do not fit.
    pub(super) fn check_room(&self, bytes: usize) -> Result<(), TooLarge> {
        if bytes <= self.room() {
            return Ok(());
        }
        Err(self.too_large())
    }

    /// That a result does not fit, which makes the step that runs fail.
    #[cold]
    pub(super) fn too_large(&self) -> TooLarge {
        self.set_out_of_room();
        TooLarge
    }

    /// Makes the step that runs fail because a result did not fit into the memory that is left.
    #[cold]
    pub(super) fn set_out_of_room(&self) {
        self.is_out_of_room.set(true);
    }

    /// A result, unless something on the way to it did not fit into the memory that is left. A long fault string does not
    /// fit either: it becomes a variable and a body.
    ///
    /// # Errors
    /// The fault of the result, or that of the memory.
    pub(super) fn within_memory<T>(&self, kind: &str, name: &str, result: Result<T, Fault>) -> Result<T, Fault> {
        let is_too_long = |fault: &Fault| {
            let length = fault.reason.len();
            length.saturating_mul(MOST_PER_BYTE) > self.room()
        };
        if self.is_out_of_room.take() || result.as_ref().is_err_and(is_too_long) {
            return Err(Fault::too_large(kind, name));
        }
        result
    }
}

/// A result of up to so many bytes fits always.
pub(super) const SMALL: usize = 8 << 10;

/// The largest number of bytes that one byte of a fault string becomes in a body and in variables.
const MOST_PER_BYTE: usize = 8;

/// Checks a size in bytes against the most that it may be.
///
/// # Errors
/// It is larger.
pub(super) fn check(bytes: usize, most: usize) -> Result<(), TooLarge> {
    if bytes <= most { Ok(()) } else { Err(TooLarge) }
}

/// The text that a function writes, which has at most so many bytes. The function runs twice, first to measure the text:
/// nothing is allocated for one that is too large, and nothing is allocated twice for one that grows.
///
/// # Errors
/// The text would be larger.
pub(super) fn text(most: usize, write: impl Fn(&mut dyn Write) -> fmt::Result) -> Result<String, TooLarge> {
    let mut measure = Measure { length: 0, most };
    write(&mut measure).map_err(|fmt::Error| TooLarge)?;
    let mut text = String::with_capacity(measure.length);
    write(&mut text).map_err(|fmt::Error| TooLarge)?;
    Ok(text)
}

/// Counts bytes, up to the most that there may be.
struct Measure {
    length: usize,
    most: usize,
}

impl Write for Measure {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.length = self.length.saturating_add(text.len());
        if self.length <= self.most { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_at_the_limit() {
        let written = |most| text(most, |text| write!(text, "é{}", 12));
        assert_eq!(written(4).as_deref(), Ok("é12"));
        assert_eq!(written(3), Err(TooLarge));
        assert_eq!(text(0, |_| Ok(())).as_deref(), Ok(""));
    }
}
