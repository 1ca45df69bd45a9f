//! The conflicts of one append: how many there were, and how long to wait after one.

use std::time::Duration;

use super::Random;

/// Number of conflicts in a row that are met without a wait.
const AT_ONCE: u32 = 2;
/// The longest wait after the first conflict beyond these; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Conflicts {
    met: u32,
    in_a_row: u32,
    sent_without_head: bool,
}

impl Conflicts {
    /// Counts a conflict, and says how long to wait before it is dealt with. Writers that race each other draw apart by
    /// that: up to 20 ms, 40 ms, … and 1 s, from the third conflict in a row on.
    pub(super) fn count(&mut self, random: Random) -> Duration {
        self.met = self.met.saturating_add(1);
        self.in_a_row = self.in_a_row.saturating_add(1);
        let Some(doublings) = self.in_a_row.checked_sub(AT_ONCE + 1) else { return Duration::ZERO };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT).mul_f64(random())
    }

    /// Notes a response that is not a conflict.
    pub(super) fn end_row(&mut self) {
        self.in_a_row = 0;
    }

    pub(super) fn met(&self) -> u32 {
        self.met
    }

    /// Whether the entry may be sent without a head, where the log is gone: once.
    pub(super) fn take_chance_without_head(&mut self) -> bool {
        !std::mem::replace(&mut self.sent_without_head, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(conflicts: &mut Conflicts, random: Random) -> Vec<u128> {
        (0..10).map(|_| conflicts.count(random).as_millis()).collect()
    }

    #[test]
    fn from_the_third_in_a_row_on_they_wait_up_to_20_ms_doubling_to_1_s() {
        let longest = [0, 0, 20, 40, 80, 160, 320, 640, 1000, 1000];
        assert_eq!(waits(&mut Conflicts::default(), || 1.0), longest);
        assert_eq!(waits(&mut Conflicts::default(), || 0.5), longest.map(|wait| wait / 2));
        assert_eq!(waits(&mut Conflicts::default(), || 0.0), [0; 10]);
    }

    #[test]
    fn a_response_that_is_no_conflict_ends_the_row_and_not_the_count() {
        let mut conflicts = Conflicts::default();
        waits(&mut conflicts, || 1.0);
        conflicts.end_row();
        assert_eq!(waits(&mut conflicts, || 1.0)[..3], [0, 0, 20]);
        assert_eq!(conflicts.met(), 20);
    }

    #[test]
    fn any_number_of_conflicts_waits_a_second_at_most() {
        let mut conflicts = Conflicts { in_a_row: u32::MAX - 1, ..Conflicts::default() };
        assert_eq!(waits(&mut conflicts, || 1.0), [1000; 10]);
    }
}
