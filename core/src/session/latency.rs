//! How long appends took: a histogram of fixed size.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The first buckets are of one unit each, in microseconds.
const UNIT: u128 = 64;
/// The buckets to each doubling: a bucket is at most an eighth of its times wide.
const STEPS: usize = 8;
const STEPS_LOG2: u32 = STEPS.ilog2();
/// Up to about 18 minutes; whatever takes longer counts as that.
const DOUBLINGS: usize = 21;
const BUCKETS: usize = STEPS * (DOUBLINGS + 1);

/// Times of the appends that were stored, as `sessionStats` gives them. 704 bytes from the first one on. One thread
/// counts; reads are lock-free.
#[derive(Default)]
pub(super) struct Latencies(OnceLock<Box<[AtomicU32; BUCKETS]>>);

/// The summary of a histogram: how many, and the times in milliseconds that 50, 95 and 99 of 100 did not exceed, each
/// at most a sixteenth off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    pub count: u64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Latencies {
    pub(super) fn count(&self, time: Duration) {
        let buckets = self.0.get_or_init(|| Box::new([const { AtomicU32::new(0) }; BUCKETS]));
        let bucket = &buckets[bucket_of(time)];
        // A load and a store: only one thread counts.
        bucket.store(bucket.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
    }

    pub(super) fn summary(&self) -> Latency {
        let Some(buckets) = self.0.get() else { return Latency::default() };
        let counts = buckets.each_ref().map(|bucket| u64::from(bucket.load(Ordering::Relaxed)));
        let count: u64 = counts.iter().sum();
        let percentile = |percent: u64| {
            let rank = (count * percent).div_ceil(100).max(1);
            let mut before = 0;
            let bucket = counts.iter().position(|count| {
                before += count;
                before >= rank
            });
            bucket.map_or(0.0, middle_of)
        };
        Latency { count, p50: percentile(50), p95: percentile(95), p99: percentile(99) }
    }
}

fn bucket_of(time: Duration) -> usize {
    let units = usize::try_from(time.as_micros() / UNIT).unwrap_or(usize::MAX);
    if units < STEPS {
        return units;
    }
    let doubling = units.ilog2() - STEPS_LOG2;
    let step = (units >> doubling) - STEPS;
    (STEPS * (doubling as usize + 1) + step).min(BUCKETS - 1)
}

/// The middle of a bucket, in milliseconds.
fn middle_of(bucket: usize) -> f64 {
    let units = match (bucket / STEPS).checked_sub(1) {
        None => bucket as f64 + 0.5,
        Some(doubling) => ((STEPS + bucket % STEPS) as f64 + 0.5) * (1_u64 << doubling) as f64,
    };
    units * UNIT as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fuzz::fuzz;

    #[test]
    fn nothing_was_counted_at_first() {
        assert_eq!(Latencies::default().summary(), Latency::default());
    }

    #[test]
    fn percentiles_are_at_most_a_sixteenth_and_half_a_unit_off() {
        fuzz("latencies", |random| {
            let latencies = Latencies::default();
            let mut times = Vec::new();
            for _ in 0..random.int_in_range(1..=200)? {
                let bits = random.int_in_range(0..=29)?;
                let time = random.int_in_range(0..=1_u64 << bits)?;
                times.push(time);
                latencies.count(Duration::from_micros(time));
            }
            times.sort_unstable();
            let summary = latencies.summary();
            assert_eq!(summary.count, times.len() as u64);
            for (percent, given) in [(50, summary.p50), (95, summary.p95), (99, summary.p99)] {
                let exact = times[(times.len() * percent).div_ceil(100) - 1] as f64 / 1000.0;
                let off = (given - exact).abs();
                assert!(off <= exact / 16.0 + 0.033, "{given} for {exact}");
            }
            Ok(())
        });
    }

    #[test]
    fn whatever_takes_longer_than_the_last_bucket_counts_in_it() {
        let latencies = Latencies::default();
        latencies.count(Duration::MAX);
        let Latency { count, p50, .. } = latencies.summary();
        assert!(count == 1 && p50 > 1_000_000.0);
    }
}
