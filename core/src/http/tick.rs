//! A tick that runs while requests are under way.
//!
//! tokio wakes its own thread for a timer that is due before all others. Every request sets a time limit, so
//! that in a sequence of requests, each alone, every limit is the earliest timer, and costs a wake-up. With a
//! tick that is always due sooner, none is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// Shorter than any limit that matters, long enough to cost nothing.
const TICK: Duration = Duration::from_millis(50);

static TICKING: AtomicBool = AtomicBool::new(false);
static USED: AtomicBool = AtomicBool::new(false);

/// Keeps the tick going for at least one more.
pub(super) fn keep() {
    USED.store(true, Ordering::Relaxed);
    // Should it end just now, the next request starts it again.
    if !TICKING.swap(true, Ordering::Relaxed) {
        tokio::spawn(async {
            while USED.swap(false, Ordering::Relaxed) {
                sleep(TICK).await;
            }
            TICKING.store(false, Ordering::Relaxed);
        });
    }
}
