//! The breakers of the process, one for each server.

use std::collections::HashMap;
// Not loom's: it lives as long as the process.
use std::sync::Mutex;
use std::sync::{Arc, LazyLock, PoisonError};

use reqwest::Url;

use super::Breaker;
use crate::append::random;

static BREAKERS: LazyLock<Mutex<HashMap<String, Arc<Breaker>>>> = LazyLock::new(Mutex::default);

/// The breaker of the server of a URL: its scheme, host and port. An open one is kept although nobody uses it.
pub(super) fn breaker_of(url: &Url) -> Arc<Breaker> {
    let origin = url.origin().ascii_serialization();
    let mut breakers = BREAKERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(breaker) = breakers.get(&origin) {
        return Arc::clone(breaker);
    }
    breakers.retain(|_, breaker| Arc::strong_count(breaker) > 1 || breaker.is_open());
    let breaker = Arc::new(Breaker::new(random));
    breakers.insert(origin, Arc::clone(&breaker));
    breaker
}

/// Forgets the breaker of a server, as the end of a process does.
#[cfg(test)]
pub(super) fn forget(url: &Url) {
    BREAKERS.lock().unwrap_or_else(PoisonError::into_inner).remove(&url.origin().ascii_serialization());
}
