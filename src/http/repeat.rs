//! Requests that are sent again without a word, because nothing came of them.

use std::mem;
use std::time::Duration;

use reqwest::Method;
use tokio::time::Instant;

use super::failure::Fate;

/// How often, and for how long after the first time, a request is sent again whose connection closed before
/// the request was written.
const NOT_SENT_TIMES: u32 = 3;
const NOT_SENT_WITHIN: Duration = Duration::from_millis(500);

/// The repetitions of one request.
#[derive(Default)]
pub(super) struct Repeats {
    not_sent: u32,
    first_not_sent: Option<Instant>,
    lost: bool,
}

impl Repeats {
    /// Whether the request is sent again, at once; else its failure counts.
    ///
    /// `reused`: it went over a connection that had been idle, and that the server may have closed for that.
    pub(super) fn allow(&mut self, fate: Fate, method: &Method, reused: bool) -> bool {
        match fate {
            Fate::NotSent => {
                let first = *self.first_not_sent.get_or_insert_with(Instant::now);
                self.not_sent += 1;
                self.not_sent <= NOT_SENT_TIMES && first.elapsed() < NOT_SENT_WITHIN
            }
            // What reads changes nothing, so that it may well have been processed.
            Fate::Lost => reused && *method == Method::GET && !mem::replace(&mut self.lost, true),
            Fate::Unsendable | Fate::NotConnected | Fate::Broken => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(fate: Fate, method: &Method, reused: bool) -> usize {
        let mut repeats = Repeats::default();
        std::iter::repeat_with(|| repeats.allow(fate, method, reused)).take_while(|&again| again).count()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_sent_is_sent_again_at_once_a_few_times() {
        assert_eq!(times(Fate::NotSent, &Method::PUT, true), 3);
        let mut repeats = Repeats::default();
        assert!(repeats.allow(Fate::NotSent, &Method::PUT, true));
        tokio::time::advance(NOT_SENT_WITHIN).await;
        assert!(!repeats.allow(Fate::NotSent, &Method::PUT, true));
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_was_lost_only_a_read_is_sent_again_once_and_over_an_idle_connection() {
        assert_eq!(times(Fate::Lost, &Method::GET, true), 1);
        assert_eq!(times(Fate::Lost, &Method::GET, false), 0);
        assert_eq!(times(Fate::Lost, &Method::PUT, true), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn other_failures_count() {
        for fate in [Fate::Unsendable, Fate::NotConnected, Fate::Broken] {
            assert_eq!(times(fate, &Method::GET, true), 0, "{fate:?}");
        }
    }
}
