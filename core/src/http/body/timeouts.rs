//! The time limits of a response's body.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::http::error::{Error, Timeout, with_timeout};

/// The whole body may take this many times the limit between two chunks.
const WHOLE: u32 = 10;

/// Each this many bytes give the body a second more.
const BYTES_PER_SECOND: u64 = 4 * 1024;

/// The limits of one body. `None` is no limit.
///
/// A body that trickles is never late with its next chunk, and yet has to end. What counts is the time in which
/// the network is waited for: a reader that is slow does not cut its own body.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct BodyTimeouts {
    /// Limit between two chunks.
    read: Option<Timeout>,
    /// The time that was waited for chunks.
    waited: Duration,
    bytes: u64,
    search: Option<SearchTime>,
}

/// The time of a search, which does not depend on what comes. Counted in steps of at most the limit between two chunks:
/// the time in which the process was stopped does not count.
#[derive(Clone, Copy, Debug)]
struct SearchTime {
    limit: Timeout,
    spent: Duration,
    counted_until: Instant,
}

impl BodyTimeouts {
    /// The limits of a body whose request begins now.
    pub(in crate::http) fn new(read: Option<Timeout>, search: Option<Timeout>) -> Self {
        let begun = Instant::now();
        let search = search.map(|limit| SearchTime { limit, spent: Duration::ZERO, counted_until: begun });
        Self { read, waited: Duration::ZERO, bytes: 0, search }
    }

    /// Ends a search whose time is over. Asked before each chunk, those that are decompressed included: a body that comes
    /// without a pause, or expands for long, ends too.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let Some(search) = &mut self.search else { return Ok(()) };
        let now = Instant::now();
        search.spent += at_most(now - search.counted_until, self.read);
        search.counted_until = now;
        if search.spent >= search.limit.duration { Err(Error::Unfinished(search.limit)) } else { Ok(()) }
    }

    /// Waits for the next chunk.
    pub(super) async fn wait_for(
        &mut self,
        chunk: impl Future<Output = Result<Option<Bytes>, Error>>,
    ) -> Result<Option<Bytes>, Error> {
        self.check()?;
        let begun = Instant::now();
        let chunk = match self.first_limit() {
            Some((left, error)) => {
                let timeout = Timeout { name: "fetchMs", duration: left };
                with_timeout(Some(timeout), chunk).await.map_err(|failure| match failure {
                    Error::TimedOut(_) => error,
                    failure => failure,
                })?
            }
            None => chunk.await?,
        };
        self.waited += at_most(begun.elapsed(), self.read);
        self.bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Ok(chunk)
    }

    /// The limit that runs out first: the time that is left, and the error that it ends in.
    fn first_limit(&self) -> Option<(Duration, Error)> {
        let between_chunks = self.read.map(|read| (read.duration, Error::TimedOut(read)));
        let of_all = self.read.map(|Timeout { name, duration }| {
            let more = Duration::from_millis(self.bytes.saturating_mul(1000) / BYTES_PER_SECOND);
            let duration = duration.saturating_mul(WHOLE).saturating_add(more);
            (duration.saturating_sub(self.waited), Error::Unfinished(Timeout { name, duration }))
        });
        let of_search = self.search.map(|SearchTime { limit, spent, .. }| {
            (limit.duration.saturating_sub(spent), Error::Unfinished(limit))
        });
        [between_chunks, of_all, of_search].into_iter().flatten().min_by_key(|(left, _)| *left)
    }
}

/// The part of `passed` that counts. Beyond `limit` there was no wait: the process was stopped.
fn at_most(passed: Duration, limit: Option<Timeout>) -> Duration {
    limit.map_or(passed, |limit| passed.min(limit.duration))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    fn timeout(duration: u64) -> Option<Timeout> {
        Some(Timeout { name: "fetchMs", duration: Duration::from_millis(duration) })
    }

    /// Reads an endless body whose chunks, of this many bytes, come with these pauses. The number of the chunks that
    /// came, the time in milliseconds, and the error.
    async fn read_endless(mut timeouts: BodyTimeouts, pause: u64, bytes: usize) -> (u32, u128, Error) {
        let begun = Instant::now();
        let mut chunks = 0;
        loop {
            let chunk = async {
                sleep(Duration::from_millis(pause)).await;
                Ok(Some(Bytes::from(vec![0; bytes])))
            };
            match timeouts.wait_for(chunk).await {
                Ok(_) => chunks += 1,
                Err(error) => return (chunks, begun.elapsed().as_millis(), error),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_ends_at_the_limit_between_two_chunks() {
        let (chunks, ms, error) = read_endless(BodyTimeouts::new(timeout(100), None), 101, 1).await;
        assert_eq!((chunks, ms), (0, 100));
        assert!(matches!(error, Error::TimedOut(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_ends_after_ten_times_that_limit() {
        let (chunks, ms, error) = read_endless(BodyTimeouts::new(timeout(100), None), 90, 1).await;
        assert_eq!((chunks, ms), (11, 1002), "1000, and 1 s for each 4 KiB of 11 bytes");
        assert!(error.to_string().contains("did not end within 1002 ms (timeouts.fetchMs)"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn each_4_kib_give_a_body_a_second_more() {
        let mut timeouts = BodyTimeouts::new(timeout(1000), None);
        for _ in 0..1000 {
            let chunk = async {
                sleep(Duration::from_millis(999)).await;
                Ok(Some(Bytes::from_static(&[0; 4 * 1024])))
            };
            assert!(timeouts.wait_for(chunk).await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_in_which_nobody_reads_does_not_count() {
        let mut timeouts = BodyTimeouts::new(timeout(100), None);
        for _ in 0..10 {
            sleep(Duration::from_secs(3600)).await;
            assert!(timeouts.wait_for(async { Ok(Some(Bytes::from_static(b"1"))) }).await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_ends_at_its_limit_however_much_comes() {
        let timeouts = BodyTimeouts::new(timeout(100), timeout(1000));
        let (chunks, ms, error) = read_endless(timeouts, 30, 1 << 20).await;
        assert_eq!((chunks, ms), (33, 1000));
        assert!(matches!(error, Error::Unfinished(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_whose_body_comes_without_a_pause_ends_too() {
        let mut timeouts = BodyTimeouts::new(timeout(100), timeout(1000));
        for _ in 0..9 {
            sleep(Duration::from_millis(100)).await;
            assert!(timeouts.check().is_ok());
        }
        sleep(Duration::from_millis(100)).await;
        let chunk = async { Ok(Some(Bytes::from_static(b"1"))) };
        assert!(matches!(timeouts.wait_for(chunk).await, Err(Error::Unfinished(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_goes_on_after_its_process_was_stopped_for_an_hour() {
        let mut timeouts = BodyTimeouts::new(timeout(100), timeout(1000));
        for _ in 0..4 {
            // Stopped while it waits for a chunk, and between two of them.
            let chunk = async {
                tokio::time::advance(Duration::from_secs(3600)).await;
                Ok(Some(Bytes::from_static(b"1")))
            };
            assert!(timeouts.wait_for(chunk).await.is_ok());
            tokio::time::advance(Duration::from_secs(3600)).await;
            assert!(timeouts.check().is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_limits_may_take_any_time() {
        let mut timeouts = BodyTimeouts::new(None, None);
        let chunk = async {
            sleep(Duration::from_secs(1_000_000)).await;
            Ok(None)
        };
        assert!(timeouts.wait_for(chunk).await.is_ok());
    }
}
