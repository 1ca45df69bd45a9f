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
    pub(super) fn allow(&mut self, fate: Fate, method: &Method) -> bool {
        match fate {
            Fate::NotSent => {
                let first = *self.first_not_sent.get_or_insert_with(Instant::now);
                self.not_sent += 1;
                self.not_sent <= NOT_SENT_TIMES && first.elapsed() < NOT_SENT_WITHIN
            }
            // Mostly a connection that had been idle, and that the server closed for that. What reads changes
            // nothing, so that it may well have been processed.
            Fate::Lost => *method == Method::GET && !mem::replace(&mut self.lost, true),
            Fate::Unsendable | Fate::NotConnected | Fate::Broken => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(fate: Fate, method: &Method) -> usize {
        let mut repeats = Repeats::default();
        std::iter::repeat_with(|| repeats.allow(fate, method)).take_while(|&again| again).count()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_sent_is_sent_again_at_once_a_few_times() {
        assert_eq!(times(Fate::NotSent, &Method::PUT), 3);
        let mut repeats = Repeats::default();
        assert!(repeats.allow(Fate::NotSent, &Method::PUT));
        tokio::time::advance(NOT_SENT_WITHIN).await;
        assert!(!repeats.allow(Fate::NotSent, &Method::PUT));
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_was_lost_only_a_read_is_sent_again_and_once() {
        assert_eq!(times(Fate::Lost, &Method::GET), 1);
        assert_eq!(times(Fate::Lost, &Method::PUT), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn other_failures_count() {
        for fate in [Fate::Unsendable, Fate::NotConnected, Fate::Broken] {
            assert_eq!(times(fate, &Method::GET), 0, "{fate:?}");
        }
    }
}
