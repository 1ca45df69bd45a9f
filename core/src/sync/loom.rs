//! loom's types under the names of those of `std`.

pub(crate) use loom::sync::atomic::AtomicU64;
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// Strips the `const` of an initialiser, which loom's macro does not accept.
macro_rules! local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = const $init:block;)*) => {
        $(loom::thread_local! { $(#[$attribute])* static $name: $type = $init; })*
    };
}
pub(crate) use local as thread_local;
