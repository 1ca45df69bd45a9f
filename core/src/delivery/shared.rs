//! What the deliveries of an instance have in common.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::AskForToken;
use crate::append::Random;
use crate::outbox::Outbox;
use crate::report::{Error, Operation, Reporter, ReporterExt};
use crate::sync::{Mutex, MutexGuard};

/// The figures of what is deferred.
#[derive(Default)]
pub struct Figures {
    /// Entries whose promises have settled, and that are not delivered.
    pub deferred: AtomicU64,
    pub deferred_bytes: AtomicU64,
    /// Of them, delivered since.
    pub recovered: AtomicU64,
}

/// What all deliveries of an instance use.
pub(super) struct Shared<T, R> {
    pub(super) outbox: Outbox,
    pub(super) runtime: Handle,
    pub(super) random: Random,
    pub(super) ask_for_token: AskForToken<T>,
    pub(super) figures: Figures,
    pub(super) reporter: R,
    /// Deferred entries, and their bytes, by delivery. Locked under a delivery's queue.
    deferred: Mutex<HashMap<u64, (u64, u64)>>,
    /// Signals every change of the figures.
    pub(super) changed: watch::Sender<u64>,
    pub(super) ended: AtomicBool,
}

impl<T, R> Shared<T, R> {
    pub(super) fn new(
        outbox: Outbox,
        runtime: Handle,
        reporter: R,
        random: Random,
        ask_for_token: AskForToken<T>,
    ) -> Self {
        Self {
            outbox,
            runtime,
            random,
            ask_for_token,
            figures: Figures::default(),
            reporter,
            deferred: Mutex::default(),
            changed: watch::Sender::new(0),
            ended: AtomicBool::new(false),
        }
    }

    fn deferred(&self) -> MutexGuard<'_, HashMap<u64, (u64, u64)>> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Notes how much a session has deferred.
    pub(super) fn count(&self, id: u64, entries: u64, bytes: u64) {
        let old = {
            let mut deferred = self.deferred();
            if entries > 0 { deferred.insert(id, (entries, bytes)) } else { deferred.remove(&id) }
        };
        let (old_entries, old_bytes) = old.unwrap_or_default();
        let add = |figure: &AtomicU64, old: u64, new: u64| {
            figure.fetch_add(new.wrapping_sub(old), Ordering::Relaxed);
        };
        add(&self.figures.deferred, old_entries, entries);
        add(&self.figures.deferred_bytes, old_bytes, bytes);
        if self.changed.receiver_count() > 0 {
            self.changed.send_modify(|count| *count += 1);
        }
    }
}

impl<T, R: Reporter> Shared<T, R> {
    /// Reports a panic that belongs to no call.
    pub(super) fn report_panic(&self, operation: Operation, panic: String) {
        self.reporter.error(Error::Panicked(operation, panic));
    }
}
