//! The module's allocator: small blocks come from lists of free blocks of the same size, everything else from the
//! standard library's allocator.
//!
//! A request makes and frees some eighty small blocks, and the code and the bookkeeping of a general allocator are too
//! large to stay in the processor's caches between Envoy's other work. A block that is freed waits for the next of its
//! size, so the lists together hold at most what was once in use.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

/// Sizes are rounded up to a multiple of this; it is also the alignment of every block in the lists.
const STEP: usize = 16;

/// Blocks of up to `CLASSES * STEP` bytes are kept in lists.
const CLASSES: usize = 64;

#[global_allocator]
static ALLOCATOR: Allocator =
    Allocator { lists: [const { UnsafeCell::new(null_mut()) }; CLASSES], large: Cell::new(0) };

/// The memory in bytes that is in use in blocks that are too large for the lists.
fn large_in_use() -> usize {
    ALLOCATOR.large.get()
}

/// The memory in bytes that is left of a budget for bodies and values. The SDK's allocation export cannot reject, so this
/// is checked before Envoy is asked for a body.
pub(super) fn left_of(budget: usize) -> usize {
    budget.saturating_sub(large_in_use())
}

struct Allocator {
    /// The first free block of each size; every free block holds the place of the next one.
    lists: [UnsafeCell<*mut u8>; CLASSES],
    /// The bytes in all other blocks.
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

// SAFETY: a block in a list is free, as large as its list says and aligned to `STEP`; it is taken out before it is
// handed over. `System` gets back what it gave, under the layout under which it gave it.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, size)) = self.list(layout) else {
            self.large.set(self.large.get().saturating_add(layout.size()));
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: the head of a list is null or a free block, which begins with the place of the next.
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
        // SAFETY: the caller's promise: the block is one of `alloc`'s under this layout, and free from now on.
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

/// A block that no list has yet.
#[cold]
#[inline(never)]
fn fresh(size: usize) -> *mut u8 {
    match Layout::from_size_align(size, STEP) {
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { System.alloc(layout) },
        Err(_) => null_mut(),
    }
}
