//! The place of an entry in the queue of its session, which it can leave before its turn.

use std::sync::{Arc, PoisonError};

use super::Entry;
use crate::sync::Mutex;

/// The place of an entry that waits for its turn.
#[derive(Clone)]
pub struct Place(Arc<Mutex<Option<Entry>>>);

impl Place {
    pub(super) fn of(entry: Entry) -> Self {
        Self(Arc::new(Mutex::new(Some(entry))))
    }

    /// Takes the entry out of the queue; false where its turn has come, and something may be sent of it.
    pub fn leave(&self) -> bool {
        self.take().is_some()
    }

    /// The entry, whose turn has come; `None` where it has left.
    pub(super) fn take(&self) -> Option<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
