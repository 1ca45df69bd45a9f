//! A set of HTTP statuses.

use std::ops::RangeInclusive;

/// Statuses that HTTP has, as a set that is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statuses([u64; 8]);

impl Statuses {
    pub const RANGE: RangeInclusive<u16> = 100..=599;

    /// Adds a status; one that HTTP does not have is not added.
    pub fn insert(&mut self, status: u16) {
        if let Some((word, bit)) = Self::place(status) {
            self.0[word] |= bit;
        }
    }

    pub fn contains(&self, status: u16) -> bool {
        Self::place(status).is_some_and(|(word, bit)| self.0[word] & bit != 0)
    }

    fn place(status: u16) -> Option<(usize, u64)> {
        let index = status.checked_sub(*Self::RANGE.start()).filter(|_| Self::RANGE.contains(&status))?;
        Some((usize::from(index / 64), 1 << (index % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_was_added_and_nothing_else() {
        let mut statuses = Statuses::default();
        let added = [100, 163, 164, 413, 599];
        added.into_iter().chain([0, 99, 600, u16::MAX]).for_each(|status| statuses.insert(status));
        let found: Vec<u16> = (0..=u16::MAX).filter(|&status| statuses.contains(status)).collect();
        assert_eq!(found, added);
    }
}
