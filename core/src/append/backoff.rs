//! The waits between the attempts of an append.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Maximum wait that a `Retry-After` header can ask for.
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
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_millis(8000),
        }
    }
}

impl Retry {
    /// The wait after each attempt, first to last: `min(base × 2^(n−1), max)` after the n-th.
    pub fn waits(&self) -> impl Iterator<Item = Duration> + use<> {
        let Self { max_attempts, base_delay, max_delay } = *self;
        (0..max_attempts).map(move |doublings| {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            base_delay.saturating_mul(factor).min(max_delay)
        })
    }
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
        retry.waits().map(|wait| wait.as_millis()).collect()
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
        };
        assert_eq!(waits(retry), [3, 6, 10, 10]);
    }

    #[test]
    fn many_attempts_and_long_waits_do_not_overflow() {
        let retry = Retry { max_attempts: 100, base_delay: Duration::MAX, max_delay: Duration::MAX };
        assert_eq!(retry.waits().last(), Some(Duration::MAX));
        let retry = Retry { max_attempts: 100, base_delay: Duration::ZERO, max_delay: Duration::MAX };
        assert_eq!(retry.waits().last(), Some(Duration::ZERO));
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
