//! Mistakes that the model must find, made on purpose by its tests.

/// A mistake in the exchange for the entries of an earlier owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// They are sent like new ones.
    NoDoubt,
    /// The doubt ends as soon as one of them is found to be stored.
    DoubtEndsWhenSeen,
    /// The head of the log, in the place of the entry itself, is kept as the last one that was delivered.
    KeepsHeadOfLog,
}

#[cfg(test)]
thread_local! {
    pub(super) static MADE: std::cell::Cell<Option<Mistake>> = const { std::cell::Cell::new(None) };
}

/// Whether a test makes it.
pub(super) fn is_made(_mistake: Mistake) -> bool {
    #[cfg(test)]
    return MADE.get() == Some(_mistake);
    #[cfg(not(test))]
    false
}
