//! How far a read is, and how often its host is told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A host is told at most so often: 20 times a second.
const PACE: Duration = Duration::from_millis(50);

/// How far a read is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries of the list so far.
    pub entries: usize,
    /// Bytes of the answers so far, decompressed.
    pub bytes: u64,
    /// Answers that were read to their end.
    pub pages: u32,
}

/// Counts a read's progress, and says when it is time to tell it.
///
/// Who reads changes the figures; who tells them takes the latest. At most one telling is on its way, so
/// that a host that was busy is told once and not for every one that it missed.
pub struct ProgressThrottle(Mutex<State>);

struct State {
    progress: Progress,
    told: Option<Progress>,
    told_at: Instant,
    underway: bool,
}

impl ProgressThrottle {
    /// The first telling is not due before one pace has passed.
    pub fn start() -> Self {
        let progress = Progress::default();
        Self(Mutex::new(State { progress, told: None, told_at: Instant::now(), underway: false }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the figures; true where the host is to be told, by [`tell`](Self::tell).
    pub fn advance(&self, change: impl FnOnce(&mut Progress)) -> bool {
        let mut state = self.state();
        change(&mut state.progress);
        let due = !state.underway && state.told_at.elapsed() >= PACE;
        state.underway |= due;
        due
    }

    /// An answer was read to its end. No time to tell it: the last one is told with the result.
    pub fn end_page(&self) {
        self.state().progress.pages += 1;
    }

    /// The figures for the host, which is told them now.
    pub fn tell(&self) -> Progress {
        let mut state = self.state();
        state.underway = false;
        state.told_at = Instant::now();
        state.told = Some(state.progress);
        state.progress
    }

    /// The figures at the end; `None` where the host was told just those.
    pub fn finish(&self) -> Option<Progress> {
        let last = self.state().told;
        Some(self.tell()).filter(|progress| last != Some(*progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn the_host_is_told_20_times_a_second() {
        let (meter, mut told) = (ProgressThrottle::start(), 0);
        for _ in 0..10_000 {
            advance(Duration::from_micros(100)).await;
            if meter.advance(|progress| progress.bytes += 1) {
                meter.tell();
                told += 1;
            }
        }
        assert_eq!((told, meter.tell().bytes), (20, 10_000));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_told_once() {
        let meter = ProgressThrottle::start();
        assert_eq!(meter.finish(), Some(Progress::default()));
        assert_eq!(meter.finish(), None);
        meter.end_page();
        assert_eq!(meter.tell(), Progress { pages: 1, ..Progress::default() });
        assert_eq!(meter.finish(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_is_busy_is_told_once_with_the_latest_figures() {
        let (meter, mut due) = (ProgressThrottle::start(), 0);
        for _ in 0..1000 {
            advance(Duration::from_millis(10)).await;
            due += u32::from(meter.advance(|progress| progress.entries += 1));
        }
        assert_eq!(due, 1);
        assert_eq!(meter.tell(), Progress { entries: 1000, ..Progress::default() });
        assert!(!meter.advance(|_| {}), "just told");
        advance(PACE).await;
        assert!(meter.advance(|_| {}));
    }
}
