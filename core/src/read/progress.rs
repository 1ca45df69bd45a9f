//! The progress of a read, and the pace at which it is reported.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Minimum time between two reports: at most 20 reports a second.
const INTERVAL: Duration = Duration::from_millis(50);

/// The progress of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries of the list so far.
    pub entries: usize,
    /// Bytes of the response bodies so far, decompressed.
    pub bytes: u64,
    /// Responses that were read to their end.
    pub pages: u32,
}

/// Counts the progress of a read, and limits how often it is reported.
///
/// The runtime changes the figures; the JavaScript thread reports the latest. At most one report is under way, so that
/// a host that was busy gets one report, and not one for each that it missed.
pub struct ProgressThrottle(Mutex<State>);

struct State {
    progress: Progress,
    reported: Option<Progress>,
    reported_at: Instant,
    under_way: bool,
}

impl ProgressThrottle {
    /// Begins to count. The first report is due after one interval.
    pub fn start() -> Self {
        let progress = Progress::default();
        Self(Mutex::new(State { progress, reported: None, reported_at: Instant::now(), under_way: false }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the figures; true where a [`report`](Self::report) is due, which the caller must bring about.
    pub fn advance(&self, change: impl FnOnce(&mut Progress)) -> bool {
        let mut state = self.state();
        change(&mut state.progress);
        let due = !state.under_way && state.reported_at.elapsed() >= INTERVAL;
        state.under_way |= due;
        due
    }

    /// Counts a response that was read to its end. No report is due: that of the last page comes with the result.
    pub fn end_page(&self) {
        self.state().progress.pages += 1;
    }

    /// The figures for the host, which counts as reported.
    pub fn report(&self) -> Progress {
        let mut state = self.state();
        state.under_way = false;
        state.reported_at = Instant::now();
        state.reported = Some(state.progress);
        state.progress
    }

    /// The figures at the end; `None` where the last report had the same.
    pub fn finish(&self) -> Option<Progress> {
        let last = self.state().reported;
        Some(self.report()).filter(|progress| last != Some(*progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn progress_is_reported_20_times_a_second() {
        let (throttle, mut reports) = (ProgressThrottle::start(), 0);
        for _ in 0..10_000 {
            advance(Duration::from_micros(100)).await;
            if throttle.advance(|progress| progress.bytes += 1) {
                throttle.report();
                reports += 1;
            }
        }
        assert_eq!((reports, throttle.report().bytes), (20, 10_000));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_progress_is_reported_once() {
        let throttle = ProgressThrottle::start();
        assert_eq!(throttle.finish(), Some(Progress::default()));
        assert_eq!(throttle.finish(), None);
        throttle.end_page();
        assert_eq!(throttle.report(), Progress { pages: 1, ..Progress::default() });
        assert_eq!(throttle.finish(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_is_busy_gets_one_report_with_the_latest_progress() {
        let (throttle, mut due) = (ProgressThrottle::start(), 0);
        for _ in 0..1000 {
            advance(Duration::from_millis(10)).await;
            due += u32::from(throttle.advance(|progress| progress.entries += 1));
        }
        assert_eq!(due, 1);
        assert_eq!(throttle.report(), Progress { entries: 1000, ..Progress::default() });
        assert!(!throttle.advance(|_| {}), "reported just now");
        advance(INTERVAL).await;
        assert!(throttle.advance(|_| {}));
    }
}
