//! The source of random numbers.

use std::hash::{BuildHasher, RandomState};

/// A source of numbers from 0 to 1, by which clients that wait do not do so in step.
pub type Random = fn() -> f64;

/// The source of the standard library's hash maps: seeded by the system once for each thread, and different at each call.
pub fn random() -> f64 {
    // As many bits as an f64 holds exactly.
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_evenly_from_0_to_1() {
        let mut tenths = [0_u32; 10];
        for _ in 0..10_000 {
            let number = random();
            assert!((0.0..1.0).contains(&number), "{number}");
            tenths[(number * 10.0) as usize] += 1;
        }
        // Expected are 1,000; the bounds are ten standard deviations away.
        assert!(tenths.iter().all(|tenth| (700..1300).contains(tenth)), "{tenths:?}");
    }
}
