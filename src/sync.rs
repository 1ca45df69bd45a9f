//! The locks and atomics of what threads share and hand to each other.
//!
//! Named here so that `tests/model` can put loom's in their place, which go through the orders in which
//! threads can take their turns. What only one thread touches, or what is set once, needs none of this.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use std::sync::{Mutex, MutexGuard};
pub(crate) use std::thread_local;
