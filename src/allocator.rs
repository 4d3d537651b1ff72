//! The module's allocator: small blocks come from lists of free blocks of the same size, everything else from the
//! standard library's allocator.
//!
//! A request makes and frees some eighty small blocks, and the code and the bookkeeping of a general allocator are too
//! large to stay in the processor's caches between Envoy's other work. A freed block stays in the list of its size
//! until an allocation of that size takes it. The lists keep a limited number of bytes: a document of a million small
//! values would otherwise leave blocks of one size that nothing of another size can use.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

/// Sizes are rounded up to a multiple of this; it is also the alignment of every block in the lists.
const STEP: usize = 16;

/// Blocks of up to `CLASSES * STEP` bytes are kept in lists.
const CLASSES: usize = 64;

/// Maximum bytes in the free blocks of all lists: the small blocks of some hundred requests.
const MAX_FREE_BYTES: usize = 4 << 20;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

/// The memory in bytes that is left of a budget for bodies and values. The SDK's allocation export cannot reject, so
/// this is checked before the filter fetches a body from Envoy.
#[cfg(target_arch = "wasm32")]
pub(crate) fn left_of(budget: usize) -> usize {
    ALLOCATOR.left_of(budget)
}

/// Runs a function that loads a configuration, and returns its result with the bytes that stay in use. They do not
/// count for [`left_of`] until [`end_configured`].
#[cfg(target_arch = "wasm32")]
pub(crate) fn configured<T>(load: impl FnOnce() -> T) -> (T, usize) {
    ALLOCATOR.configured(load)
}

/// Removes the bytes of [`configured`] from the count when the configuration is dropped.
#[cfg(target_arch = "wasm32")]
pub(crate) fn end_configured(bytes: usize) {
    ALLOCATOR.end_configured(bytes);
}

struct Allocator {
    /// The first free block of each size; every free block contains the address of the next one.
    lists: [UnsafeCell<*mut u8>; CLASSES],
    /// The bytes in the blocks of the lists.
    free: Cell<usize>,
    /// The bytes in all blocks of the standard library's allocator, including those in the lists.
    taken: Cell<usize>,
    /// The bytes in use for configurations.
    configured: Cell<usize>,
}

// SAFETY: a proxy-wasm VM has one thread.
#[cfg(target_arch = "wasm32")]
unsafe impl Sync for Allocator {}

impl Allocator {
    const fn new() -> Allocator {
        Allocator {
            lists: [const { UnsafeCell::new(null_mut()) }; CLASSES],
            free: Cell::new(0),
            taken: Cell::new(0),
            configured: Cell::new(0),
        }
    }

    /// The bytes in blocks that are in use.
    fn in_use(&self) -> usize {
        self.taken.get().saturating_sub(self.free.get())
    }

    fn left_of(&self, budget: usize) -> usize {
        budget.saturating_sub(self.in_use().saturating_sub(self.configured.get()))
    }

    fn configured<T>(&self, load: impl FnOnce() -> T) -> (T, usize) {
        let before = self.in_use();
        let loaded = load();
        let bytes = self.in_use().saturating_sub(before);
        self.configured.set(self.configured.get().saturating_add(bytes));
        (loaded, bytes)
    }

    fn end_configured(&self, bytes: usize) {
        self.configured.set(self.configured.get().saturating_sub(bytes));
    }

    /// The list for a layout, with the size of its blocks.
    #[inline(always)]
    fn list(&self, layout: Layout) -> Option<(*mut *mut u8, usize)> {
        let class = layout.size().wrapping_sub(1) / STEP;
        let list = self.lists.get(class).filter(|_| layout.align() <= STEP)?;
        Some((list.get(), class.wrapping_add(1).wrapping_mul(STEP)))
    }

    /// A block of the standard library's allocator.
    ///
    /// # Safety
    /// The size is not zero.
    unsafe fn take(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            self.taken.set(self.taken.get().saturating_add(layout.size()));
        }
        block
    }

    /// Returns a block to the standard library's allocator.
    ///
    /// # Safety
    /// The block is of that allocator, under this layout, and free.
    unsafe fn give_back(&self, block: *mut u8, layout: Layout) {
        self.taken.set(self.taken.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) };
    }

    /// A block that no list has yet.
    #[cold]
    #[inline(never)]
    fn fresh(&self, size: usize) -> *mut u8 {
        match Layout::from_size_align(size, STEP) {
            // SAFETY: the size is not zero.
            Ok(layout) => unsafe { self.take(layout) },
            Err(_) => null_mut(),
        }
    }

    /// Returns a block that does not fit into the lists.
    ///
    /// # Safety
    /// The block is free and of the list of that size.
    #[cold]
    #[inline(never)]
    unsafe fn release(&self, block: *mut u8, size: usize) {
        if let Ok(layout) = Layout::from_size_align(size, STEP) {
            // SAFETY: `fresh` took the block under this layout.
            unsafe { self.give_back(block, layout) };
        }
    }
}

// SAFETY: a block in a list is free, as large as its list says and aligned to `STEP`; it is removed from the list
// before it is returned. Every block returns to `System` under the layout of its allocation.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, size)) = self.list(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { self.take(layout) };
        };
        // SAFETY: the head of a list is null or a free block, which starts with the address of the next.
        unsafe {
            let block = *list;
            if block.is_null() {
                return self.fresh(size);
            }
            *list = block.cast::<*mut u8>().read();
            self.free.set(self.free.get().wrapping_sub(size));
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise: the block is one of `alloc`'s under this layout, and free from now on.
        unsafe {
            match self.list(layout) {
                Some((list, size)) => {
                    let free = self.free.get().wrapping_add(size);
                    if free > MAX_FREE_BYTES {
                        return self.release(block, size);
                    }
                    self.free.set(free);
                    block.cast::<*mut u8>().write(*list);
                    *list = block;
                }
                None => self.give_back(block, layout),
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise: the size, rounded up to the alignment, does not overflow.
        let larger = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let lists = (self.list(layout), self.list(larger));
        if lists.0.is_some() && lists.0 == lists.1 {
            return block;
        }
        // SAFETY: the caller's promise; the block is the standard library's where it is in no list. Any other block is
        // copied into a new one.
        unsafe {
            if let (None, None) = lists {
                // A text that grows in place needs no memory for both of its sizes.
                let moved = System.realloc(block, layout, size);
                if !moved.is_null() {
                    self.taken.set(self.taken.get().saturating_sub(layout.size()).saturating_add(size));
                }
                return moved;
            }
            let copy = self.alloc(larger);
            if !copy.is_null() {
                copy.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            copy
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 1).unwrap()
    }

    fn alloc(allocator: &Allocator, size: usize) -> *mut u8 {
        // SAFETY: no test asks for a size of zero.
        let block = unsafe { allocator.alloc(layout(size)) };
        assert!(!block.is_null());
        block
    }

    fn free(allocator: &Allocator, blocks: Vec<*mut u8>, size: usize) {
        for block in blocks {
            // SAFETY: every test frees what it allocated, once, under the size of its allocation.
            unsafe { allocator.dealloc(block, layout(size)) };
        }
    }

    #[test]
    fn a_freed_block_is_the_next_of_its_size() {
        let allocator = Allocator::new();
        let block = alloc(&allocator, 33);
        assert_eq!((allocator.in_use(), allocator.taken.get()), (48, 48));
        free(&allocator, vec![block], 33);
        assert_eq!((allocator.in_use(), allocator.taken.get()), (0, 48));
        let [other, same] = [alloc(&allocator, 32), alloc(&allocator, 48)];
        assert!(other != block && same == block);
        assert_eq!((allocator.in_use(), allocator.taken.get()), (80, 80));
        free(&allocator, vec![other], 32);
        free(&allocator, vec![same], 48);
    }

    #[test]
    fn lists_keep_a_limited_number_of_bytes() {
        let allocator = Allocator::new();
        for size in [16, 64, 1024, 16] {
            let blocks: Vec<_> = (0..2 * MAX_FREE_BYTES / size).map(|_| alloc(&allocator, size)).collect();
            assert_eq!(allocator.in_use(), 2 * MAX_FREE_BYTES);
            free(&allocator, blocks, size);
            assert_eq!(allocator.in_use(), 0);
            assert!(allocator.taken.get() <= MAX_FREE_BYTES, "{size}");
        }
    }

    #[test]
    fn a_configuration_does_not_count() {
        let allocator = Allocator::new();
        let value = alloc(&allocator, 100);
        let (blocks, bytes) = allocator.configured(|| [alloc(&allocator, 50), alloc(&allocator, 5000)]);
        assert_eq!((bytes, allocator.left_of(10_000), allocator.left_of(100)), (5064, 9888, 0));
        free(&allocator, vec![blocks[0]], 50);
        free(&allocator, vec![blocks[1]], 5000);
        allocator.end_configured(bytes);
        assert_eq!(allocator.left_of(10_000), 9888);
        free(&allocator, vec![value], 100);
        assert_eq!(allocator.left_of(10_000), 10_000);
    }

    #[test]
    fn large_blocks_are_counted_and_returned() {
        let allocator = Allocator::new();
        let block = alloc(&allocator, 1025);
        assert_eq!((allocator.in_use(), allocator.taken.get()), (1025, 1025));
        free(&allocator, vec![block], 1025);
        assert_eq!((allocator.in_use(), allocator.taken.get()), (0, 0));
    }

    #[test]
    fn blocks_keep_their_content_when_their_size_changes() {
        let allocator = Allocator::new();
        let mut block = alloc(&allocator, 1);
        let mut size = 1;
        // SAFETY: every block has as many bytes as are written and read.
        unsafe { block.write(7) };
        for (next, in_use) in
            [(16, 16), (17, 32), (1024, 1024), (1025, 1025), (1 << 20, 1 << 20), (1500, 1500), (5, 16)]
        {
            // SAFETY: as above.
            unsafe {
                block = allocator.realloc(block, layout(size), next);
                assert_eq!((block.read(), allocator.in_use()), (7, in_use), "{size} {next}");
            }
            size = next;
        }
        free(&allocator, vec![block], size);
        assert_eq!(allocator.in_use(), 0);
    }
}
