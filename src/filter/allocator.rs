//! The module's allocator. Small blocks come from lists of free blocks of the same size, large blocks from the standard
//! library's allocator.
//!
//! A request allocates and frees about eighty small blocks. The code and the bookkeeping of a general allocator are too
//! large to stay in the processor's caches between Envoy's other work. A freed block stays in the list of its size, so
//! the lists never contain more than the largest amount that was in use.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

/// The step between block sizes, and the alignment of every block in the lists, in bytes.
const STEP: usize = 16;

/// The number of lists. Blocks of up to `CLASSES * STEP` bytes are in lists.
const CLASSES: usize = 64;

#[global_allocator]
static ALLOCATOR: Allocator =
    Allocator { lists: [const { UnsafeCell::new(null_mut()) }; CLASSES], large: Cell::new(0) };

/// The bytes in use in blocks that are too large for the lists.
fn large_in_use() -> usize {
    ALLOCATOR.large.get()
}

/// The bytes left of a budget for bodies and values. The SDK's allocation export cannot reject a size, so the filter
/// checks this before it asks Envoy for a body.
pub(super) fn left_of(budget: usize) -> usize {
    budget.saturating_sub(large_in_use())
}

struct Allocator {
    /// The first free block of each size. Every free block starts with the address of the next one.
    lists: [UnsafeCell<*mut u8>; CLASSES],
    /// The bytes in use in all other blocks.
    large: Cell<usize>,
}

// SAFETY: a proxy-wasm VM has one thread.
unsafe impl Sync for Allocator {}

impl Allocator {
    /// The list for a layout, with the size of its blocks.
    #[inline(always)]
    fn list(&self, layout: Layout) -> Option<(*mut *mut u8, usize)> {
        let class = layout.size().wrapping_sub(1) / STEP;
        let list = self.lists.get(class).filter(|_| layout.align() <= STEP)?;
        Some((list.get(), class.wrapping_add(1).wrapping_mul(STEP)))
    }
}

// SAFETY: a block in a list is free, has the size of its list and is aligned to `STEP`. It leaves the list before
// `alloc` returns it. `System` gets each of its blocks back with the layout that it was allocated with.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, size)) = self.list(layout) else {
            self.large.set(self.large.get().saturating_add(layout.size()));
            // SAFETY: the caller upholds the contract of `alloc`.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: the head of a list is null or a free block, which starts with the address of the next one.
        unsafe {
            let block = *list;
            if block.is_null() {
                return fresh(size);
            }
            *list = block.cast::<*mut u8>().read();
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller passes a block that `alloc` returned for this layout and does not use it again.
        unsafe {
            match self.list(layout) {
                Some((list, _)) => {
                    block.cast::<*mut u8>().write(*list);
                    *list = block;
                }
                None => {
                    self.large.set(self.large.get().saturating_sub(layout.size()));
                    System.dealloc(block, layout);
                }
            }
        }
    }
}

/// A new block from the standard library's allocator.
#[cold]
#[inline(never)]
fn fresh(size: usize) -> *mut u8 {
    match Layout::from_size_align(size, STEP) {
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { System.alloc(layout) },
        Err(_) => null_mut(),
    }
}
