//! The locks and atomics of all state that threads share.
//!
//! Re-exported so that the models of `tests/model` can substitute loom's types (feature `loom`): loom runs the threads
//! in every possible order. State that only one thread touches, or that is set once, does not need these types.

#[cfg(feature = "loom")]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic::AtomicU64};
#[cfg(not(feature = "loom"))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};
