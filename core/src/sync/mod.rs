//! The locks and atomics of all state that threads share.
//!
//! Re-exported so that the models of `tests/model` can substitute loom's types (feature `loom`): loom runs the threads
//! in every possible order. State that only one thread touches, or that is set once, does not need these types.

#[cfg(feature = "loom")]
mod loom;

#[cfg(feature = "loom")]
pub(crate) use self::loom::{AtomicU64, Mutex, MutexGuard, thread_local};
#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    sync::atomic::AtomicU64,
    sync::{Mutex, MutexGuard},
    thread_local,
};
