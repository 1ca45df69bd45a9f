//! Panics on demand, for tests. Without the feature `test-hooks`, which no shipped binary has, a panic point compiles
//! to nothing.

/// A point at which tests can make the code panic.
#[macro_export]
macro_rules! panic_point {
    ($point:literal) => {
        #[cfg(feature = "test-hooks")]
        $crate::test_hooks::reach($point);
    };
}

pub use crate::panic_point;

#[cfg(feature = "test-hooks")]
pub use armed::{arm, reach};

#[cfg(feature = "test-hooks")]
mod armed {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, PoisonError};

    /// Panics left, by point.
    static ARMED: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

    /// Makes the next `times` executions of `point` panic.
    pub fn arm(point: String, times: u32) {
        ARMED.lock().unwrap_or_else(PoisonError::into_inner).insert(point, times);
    }

    /// Panics where `point` is armed.
    #[track_caller]
    #[allow(clippy::panic, reason = "the purpose of this function")]
    pub fn reach(point: &str) {
        let panics = {
            let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
            let left = armed.get_mut(point).filter(|left| **left > 0);
            left.map(|left| *left -= 1).is_some()
        };
        if panics {
            panic!("panic point {point}");
        }
    }
}
