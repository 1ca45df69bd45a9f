//! The locks and atomics of what threads share and hand to each other.
//!
//! Re-exported so that the models of `tests/model` can substitute loom's types (feature `loom`), which run every
//! order in which threads can take their turns. What only one thread touches, or what is set once, needs none of this.

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
