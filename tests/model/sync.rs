//! `src/sync.rs` for the models.

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// loom's takes no `const` blocks.
macro_rules! local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = const $init:block;)*) => {
        $(loom::thread_local! { $(#[$attribute])* static $name: $type = $init; })*
    };
}
pub(crate) use local as thread_local;
