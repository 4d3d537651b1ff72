//! The module's allocator: Envoy's own, with a count of the bytes that each thread has allocated.
//!
//! The count limits the memory for bodies of a worker. Blocks that one thread allocates and another one frees would make
//! the counts of both wrong, so the data that threads exchange travels in a [`Parcel`].
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

thread_local! {
    /// The bytes that this thread allocated and did not free.
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    /// The bytes in use for configurations.
    static CONFIGURED: Cell<isize> = const { Cell::new(0) };
}

#[inline]
fn count(change: isize) {
    // No value of the module lives longer than the count, because it has no destructor.
    let _ = IN_USE.try_with(|bytes| bytes.set(bytes.get().wrapping_add(change)));
}

// SAFETY: every block is a block of `System` with the same layout.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count((layout.size() as isize).wrapping_neg());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count((size as isize).wrapping_sub(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// The bytes of this thread that are left of a budget for bodies and values.
pub(crate) fn left_of(budget: usize) -> usize {
    let used = IN_USE.get().wrapping_sub(CONFIGURED.get());
    budget.saturating_sub(usize::try_from(used).unwrap_or(0))
}

/// Runs a function that loads a configuration, and returns its result with the bytes that stay in use. They do not
/// count for [`left_of`] until [`end_configured`].
pub(crate) fn configured<T>(load: impl FnOnce() -> T) -> (T, isize) {
    let before = IN_USE.get();
    let loaded = load();
    let bytes = IN_USE.get().wrapping_sub(before);
    CONFIGURED.set(CONFIGURED.get().wrapping_add(bytes));
    (loaded, bytes)
}

/// Removes the bytes of [`configured`] from the count when the configuration is dropped.
pub(crate) fn end_configured(bytes: isize) {
    CONFIGURED.set(CONFIGURED.get().wrapping_sub(bytes));
}

/// Runs a function whose changes of memory count for no thread: those of a table that several threads change.
pub(crate) fn uncounted<T>(act: impl FnOnce() -> T) -> T {
    let before = IN_USE.get();
    let result = act();
    IN_USE.set(before);
    result
}

/// A value that goes to another thread, whose memory counts for neither on its way.
#[derive(Debug)]
pub(crate) struct Parcel<T> {
    value: Option<T>,
    bytes: isize,
}

impl<T> Parcel<T> {
    /// Packs a value that shares no memory with other values.
    pub(crate) fn pack(make: impl FnOnce() -> T) -> Parcel<T> {
        let before = IN_USE.get();
        let value = make();
        let bytes = IN_USE.get().wrapping_sub(before);
        count(bytes.wrapping_neg());
        Parcel { value: Some(value), bytes }
    }

    /// The value, which stays in the parcel.
    pub(crate) fn content(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The value, whose memory counts for this thread from now on.
    pub(crate) fn unpack(mut self) -> Option<T> {
        count(self.bytes);
        self.value.take()
    }
}

impl<T> Drop for Parcel<T> {
    fn drop(&mut self) {
        if self.value.is_some() {
            count(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_what_is_left_of_its_budget() {
        let before = left_of(1 << 30);
        let body = vec![1_u8; 1000];
        assert_eq!(left_of(1 << 30), before - 1000);
        drop(body);
        let (configuration, bytes) = configured(|| vec![1_u8; 500]);
        assert_eq!((bytes, left_of(1 << 30)), (500, before));
        drop(configuration);
        end_configured(bytes);
        assert_eq!((left_of(1 << 30), left_of(0)), (before, 0));
    }

    #[test]
    fn a_parcel_counts_for_the_thread_that_unpacks_it() {
        let before = left_of(1 << 30);
        let parcel = Parcel::pack(|| vec![1_u8; 700]);
        assert_eq!(left_of(1 << 30), before);
        let value = parcel.unpack();
        assert_eq!(left_of(1 << 30), before - 700);
        drop(value);
        assert_eq!(left_of(1 << 30), before);
        drop(Parcel::pack(|| vec![1_u8; 700]));
        assert_eq!(left_of(1 << 30), before);
    }
}
