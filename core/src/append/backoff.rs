//! The waits between the attempts of an append.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{Random, Statuses};

/// The longest wait that a server's `Retry-After` can ask for.
pub(super) const RETRY_AFTER_CAP: Duration = Duration::from_secs(30);

/// Number of attempts of an append, and the waits between them. The defaults are those of specification.md, section 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Maximum number of attempts, from 1. Default: 10.
    pub max_attempts: u32,
    /// The wait after the first attempt; it doubles with each further one. Default: 500 ms.
    pub base_delay: Duration,
    /// Maximum of these waits. Default: 8 seconds.
    pub max_delay: Duration,
    /// Maximum number of conflicts, which count apart from the attempts. 0: they count as attempts. Default: 50.
    pub max_conflicts: u32,
    /// The log is searched for the entry before any head is adopted that a conflict names. For where something on the
    /// way repeats a PUT by itself: the conflict may be that of the second copy.
    pub verify_conflicts: bool,
    /// Statuses that end an append at once. Those of success, 401 and 409 have rules of their own.
    pub give_up_on: Statuses,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_millis(8000),
            max_conflicts: 50,
            verify_conflicts: false,
            give_up_on: Statuses::default(),
        }
    }
}

impl Retry {
    /// The wait after attempt `attempt`, from 1, where the server asked for `asked`.
    ///
    /// Three to five quarters of the schedule, so that clients that failed in the same moment do not come back in the
    /// same moment. What the server asks for is a lower bound, by which they would: up to half of the schedule is added
    /// to it, as long as the sum is within [`RETRY_AFTER_CAP`].
    pub(crate) fn wait(&self, attempt: u32, asked: Option<Duration>, random: Random) -> Duration {
        let schedule = self.scheduled(attempt);
        let more = times(schedule, random() / 2.0);
        let asked = asked.map_or(Duration::ZERO, |asked| asked.saturating_add(more).min(RETRY_AFTER_CAP));
        times(schedule, 0.75).saturating_add(more).max(asked)
    }

    /// `min(base × 2^(attempt−1), max)`.
    pub(super) fn scheduled(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base_delay.saturating_mul(factor).min(self.max_delay)
    }
}

/// At most as long as a duration can be.
fn times(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// The wait that the `Retry-After` header of a 429 or 503 asks for, in seconds or as an HTTP date; at most
/// [`RETRY_AFTER_CAP`].
///
/// `None` for other statuses, and where the header is absent or neither of the two.
pub(super) fn retry_after(status: u16, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if status != 429 && status != 503 {
        return None;
    }
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_CAP))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retry: Retry) -> Vec<u128> {
        (1..=retry.max_attempts).map(|attempt| retry.wait(attempt, None, || 0.5).as_millis()).collect()
    }

    #[test]
    fn the_default_waits_are_500_1000_2000_4000_and_then_8000_ms() {
        assert_eq!(waits(Retry::default()), [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000]);
    }

    #[test]
    fn attempts_base_delay_and_max_delay_can_be_set() {
        let retry = Retry {
            max_attempts: 4,
            base_delay: Duration::from_millis(3),
            max_delay: Duration::from_millis(10),
            ..Retry::default()
        };
        assert_eq!(waits(retry), [3, 6, 10, 10]);
    }

    #[test]
    fn many_attempts_and_long_waits_do_not_overflow() {
        for delay in [Duration::MAX, Duration::ZERO] {
            let retry = Retry { base_delay: delay, max_delay: Duration::MAX, ..Retry::default() };
            for attempt in [100, u32::MAX] {
                assert_eq!(retry.wait(attempt, Some(Duration::MAX), || 1.0), delay.max(RETRY_AFTER_CAP));
            }
        }
    }

    /// The wait after the first attempt in milliseconds, at the least and at the most.
    fn range(asked: Option<u64>) -> [u128; 2] {
        let asked = asked.map(Duration::from_millis);
        [|| 0.0, || 1.0].map(|random| Retry::default().wait(1, asked, random).as_millis())
    }

    #[test]
    fn waits_are_spread_from_three_to_five_quarters() {
        assert_eq!(range(None), [375, 625]);
    }

    #[test]
    fn what_the_server_asks_for_is_a_lower_bound_and_spread_too() {
        assert_eq!(range(Some(0)), [375, 625]);
        assert_eq!(range(Some(300)), [375, 625]);
        assert_eq!(range(Some(500)), [500, 750]);
        assert_eq!(range(Some(3000)), [3000, 3250]);
        assert_eq!(range(Some(29_900)), [29_900, 30_000]);
        assert_eq!(range(Some(30_000)), [30_000, 30_000]);
    }

    #[test]
    fn what_the_server_asks_for_never_shortens_a_longer_schedule() {
        let minute = Duration::from_secs(60);
        let retry = Retry { base_delay: minute, max_delay: minute, ..Retry::default() };
        assert_eq!(retry.wait(1, Some(Duration::from_secs(1)), || 0.5), minute);
    }

    fn now() -> SystemTime {
        httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap()
    }

    fn requested_wait(status: u16, value: &str) -> Option<u128> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        retry_after(status, &headers, now()).map(|wait| wait.as_millis())
    }

    #[test]
    fn retry_after_is_read_as_seconds() {
        assert_eq!(requested_wait(429, "7"), Some(7000));
        assert_eq!(requested_wait(503, " 0 "), Some(0));
    }

    #[test]
    fn retry_after_is_read_as_an_http_date() {
        assert_eq!(requested_wait(503, "Sun, 06 Nov 1994 08:49:46 GMT"), Some(9000));
        assert_eq!(requested_wait(429, "Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
    }

    #[test]
    fn retry_after_never_asks_for_more_than_30_seconds() {
        assert_eq!(requested_wait(429, "31"), Some(30_000));
        assert_eq!(requested_wait(429, "99999999999999999999999999"), Some(30_000));
        assert_eq!(requested_wait(503, "Fri, 01 Jan 2100 00:00:00 GMT"), Some(30_000));
    }

    #[test]
    fn retry_after_counts_on_429_and_503_only() {
        for status in [200, 400, 408, 409, 500, 502, 504] {
            assert_eq!(requested_wait(status, "7"), None, "{status}");
        }
    }

    #[test]
    fn a_retry_after_that_is_neither_seconds_nor_a_date_is_ignored() {
        for value in ["", "soon", "-1", "1.5", "+3"] {
            assert_eq!(requested_wait(429, value), None, "{value:?}");
        }
        assert_eq!(retry_after(429, &HeaderMap::new(), now()), None);
    }
}
