//! Where the addon's memory comes from: mimalloc.
//!
//! An append is some sixty small allocations, and 128 requests make theirs before the first one frees what it
//! has: more than the few blocks of a size that glibc keeps at hand for a thread. Bodies are allocated on one
//! thread and freed on another besides.
//!
//! Not the `mimalloc` crate, which neither sets options nor takes the short way to a block that needs no special
//! alignment.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, Ordering};

use libmimalloc_sys::{
    mi_free, mi_malloc, mi_malloc_aligned, mi_option_set, mi_option_t, mi_realloc, mi_realloc_aligned,
    mi_zalloc, mi_zalloc_aligned,
};

/// The alignment that every block has.
const ALIGNED: usize = 8;

/// `mi_option_arena_eager_commit` of mimalloc 3, for which the bindings have no name.
const ARENA_EAGER_COMMIT: mi_option_t = 4;

// Builds with debug assertions have the system's allocator, in which valgrind and the sanitizers see each block.
#[cfg_attr(not(debug_assertions), global_allocator)]
#[cfg_attr(debug_assertions, allow(dead_code))]
static ALLOCATOR: Allocator = Allocator { configured: AtomicBool::new(false) };

struct Allocator {
    configured: AtomicBool,
}

impl Allocator {
    /// Before the first allocation, which may be made while the library is loaded, before any code of ours runs.
    fn configure(&self) {
        if !self.configured.load(Ordering::Relaxed) {
            // Committed at once, an arena begins with a huge page: 2 MB for an addon that has done nothing yet.
            // SAFETY: sets a number; it allocates nothing and may be called twice.
            unsafe { mi_option_set(ARENA_EAGER_COMMIT, 0) };
            self.configured.store(true, Ordering::Relaxed);
        }
    }
}

// SAFETY: mimalloc's functions do what the trait asks for. Memory comes from and goes back to mimalloc alone, and
// whichever of its functions a block comes from, `mi_free` and both reallocations take it.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.configure();
        // SAFETY: any size and any alignment that a layout can have.
        unsafe {
            if layout.align() <= ALIGNED {
                mi_malloc(layout.size()).cast()
            } else {
                mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.configure();
        // SAFETY: as above.
        unsafe {
            if layout.align() <= ALIGNED {
                mi_zalloc(layout.size()).cast()
            } else {
                mi_zalloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller has it from this allocator.
        unsafe { mi_free(block.cast()) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller has it from this allocator.
        unsafe {
            if layout.align() <= ALIGNED {
                mi_realloc(block.cast(), size).cast()
            } else {
                mi_realloc_aligned(block.cast(), size, layout.align()).cast()
            }
        }
    }
}
