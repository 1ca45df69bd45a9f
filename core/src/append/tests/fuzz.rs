//! Property tests of backoff: no server and no option of a host makes an append wait longer than the maximum.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use crate::append::backoff::{RETRY_AFTER_CAP, Retry, retry_after};
use crate::testing::fuzz::{bytes, fuzz};

fn requested_wait(value: &[u8], now: SystemTime) -> Option<Option<Duration>> {
    let value = HeaderValue::from_bytes(value).ok()?;
    Some(retry_after(429, &HeaderMap::from_iter([(RETRY_AFTER, value)]), now))
}

#[test]
fn a_retry_after_of_any_kind_asks_for_at_most_30_seconds() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    fuzz("retry-after", |u| {
        let value = bytes(u)?;
        if let Some(Some(wait)) = requested_wait(&value, now) {
            assert!(wait <= RETRY_AFTER_CAP, "{value:?}");
        }
        let digits = u.arbitrary::<u64>()? >> u.int_in_range(0..=63)?;
        let wait = Duration::from_secs(digits).min(RETRY_AFTER_CAP);
        let zeros = "0".repeat(u.int_in_range(0..=30)?);
        assert_eq!(requested_wait(format!(" {zeros}{digits}").as_bytes(), now), Some(Some(wait)));
        for other in [format!("-{digits}"), format!("{digits}s"), format!("{digits}.0"), format!("+{digits}")]
        {
            assert_eq!(requested_wait(other.as_bytes(), now), Some(None), "{other}");
        }
        Ok(())
    });
}

#[test]
fn a_retry_after_date_asks_for_the_time_until_then() {
    fuzz("date", |u| {
        // Up to the year 9999, beyond which HTTP has no dates.
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u.int_in_range(0..=253_402_300_799)?);
        let off = Duration::from_secs(u.int_in_range(0..=100)?);
        let now = if u.arbitrary()? { date - off } else { date + off };
        let expected = date.duration_since(now).unwrap_or_default().min(RETRY_AFTER_CAP);
        assert_eq!(requested_wait(httpdate::fmt_http_date(date).as_bytes(), now), Some(Some(expected)));
        let mut corrupted = httpdate::fmt_http_date(date).into_bytes();
        let at = u.choose_index(corrupted.len())?;
        corrupted[at] = u.arbitrary()?;
        assert!(requested_wait(&corrupted, now).flatten().is_none_or(|wait| wait <= RETRY_AFTER_CAP));
        Ok(())
    });
}

#[test]
fn the_waits_between_attempts_double_up_to_the_maximum() {
    fuzz("waits", |u| {
        let mut delay = || Ok(Duration::from_nanos(u.arbitrary::<u64>()? >> u.int_in_range(0..=63)?));
        let (base_delay, max_delay) = (delay()?, delay()?);
        let max_attempts = u.int_in_range(1..=100)?;
        let retry = Retry { base_delay, max_delay, ..Retry::default() };
        let mut expected = base_delay;
        for attempt in 1..=max_attempts {
            let wait = retry.scheduled(attempt);
            // What 32 doublings have not brought there comes no further.
            if attempt <= 32 {
                assert_eq!(wait, expected.min(max_delay), "attempt {attempt}");
            }
            assert!(wait <= max_delay);
            let (least, most) = (retry.wait(attempt, None, || 0.0), retry.wait(attempt, None, || 1.0));
            let millisecond = Duration::from_millis(1);
            assert!(
                least <= wait + millisecond && wait <= most.saturating_add(millisecond),
                "{least:?} {most:?}"
            );
            assert!(most.as_secs_f64() <= max_delay.as_secs_f64() * 1.25 + 0.001, "{most:?}");
            expected = expected.saturating_mul(2);
        }
        Ok(())
    });
}
