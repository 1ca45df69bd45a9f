//! Requests that are sent again without a word, because nothing came of them.

use std::time::Duration;

use reqwest::Method;
use tokio::time::Instant;

use super::failure::Fate;

/// The waits before a request is sent again that a server refused: half a second in all.
const REFUSED_WAITS: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(70),
    Duration::from_millis(140),
    Duration::from_millis(250),
];

/// How often, and for how long after the first time, a request is sent again whose connection closed before
/// the request was written.
const NOT_SENT_TIMES: u32 = 3;
const NOT_SENT_WITHIN: Duration = Duration::from_millis(500);

/// The repetitions of one request.
#[derive(Default)]
pub(super) struct Repeats {
    refused: usize,
    not_sent: u32,
    first_not_sent: Option<Instant>,
    lost: bool,
    by_http1: bool,
}

impl Repeats {
    /// How long to wait before the request is sent again; `None` where its failure counts.
    ///
    /// `reused`: it went over a connection that had been idle, and that the server may have closed for that.
    pub(super) fn after(&mut self, fate: Fate, method: &Method, reused: bool) -> Option<Duration> {
        match fate {
            Fate::Refused => {
                let wait = REFUSED_WAITS.get(self.refused).copied()?;
                self.refused += 1;
                Some(wait)
            }
            Fate::NotSent => {
                let first = *self.first_not_sent.get_or_insert_with(Instant::now);
                self.not_sent += 1;
                (self.not_sent <= NOT_SENT_TIMES && first.elapsed() < NOT_SENT_WITHIN)
                    .then_some(Duration::ZERO)
            }
            Fate::Http1Required if !self.by_http1 => {
                self.by_http1 = true;
                Some(Duration::ZERO)
            }
            // What reads changes nothing, so that it may well have been processed.
            Fate::Lost if reused && *method == Method::GET && !self.lost => {
                self.lost = true;
                Some(Duration::ZERO)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(fate: Fate, method: &Method, reused: bool) -> (usize, Duration) {
        let mut repeats = Repeats::default();
        let waits: Vec<_> = std::iter::from_fn(|| repeats.after(fate, method, reused)).collect();
        (waits.len(), waits.iter().sum())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_is_sent_again_5_times_within_half_a_second() {
        assert_eq!(times(Fate::Refused, &Method::PUT, true), (5, Duration::from_millis(500)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_sent_is_sent_again_at_once_a_few_times() {
        assert_eq!(times(Fate::NotSent, &Method::PUT, true), (3, Duration::ZERO));
        let mut repeats = Repeats::default();
        assert!(repeats.after(Fate::NotSent, &Method::PUT, true).is_some());
        tokio::time::advance(NOT_SENT_WITHIN).await;
        assert!(repeats.after(Fate::NotSent, &Method::PUT, true).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_must_come_by_http1_is_sent_again_once() {
        assert_eq!(times(Fate::Http1Required, &Method::PUT, true), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_was_lost_only_a_read_is_sent_again_once_and_over_an_idle_connection() {
        assert_eq!(times(Fate::Lost, &Method::GET, true).0, 1);
        assert_eq!(times(Fate::Lost, &Method::GET, false).0, 0);
        assert_eq!(times(Fate::Lost, &Method::PUT, true).0, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn other_failures_count() {
        for fate in [Fate::Unsendable, Fate::NotConnected, Fate::NotProcessed, Fate::Broken] {
            assert_eq!(times(fate, &Method::GET, true).0, 0, "{fate:?}");
        }
    }
}
