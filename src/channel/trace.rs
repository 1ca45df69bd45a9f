//! What a traced operation has come to, as the runtime notes it.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use session_ingress_core::report::{ErrorReport, Level, Report};

/// What a traced operation has come to so far.
#[derive(Default)]
pub(crate) struct Trace {
    attempts: AtomicU32,
    /// That of the last response; 0 where none came.
    status: AtomicU16,
    bytes: AtomicU64,
    failure: Mutex<Failure>,
}

/// Why the operation may fail: what was reported last.
#[derive(Default)]
struct Failure {
    error: Option<ErrorReport>,
    /// The last diagnostic of the level `error`.
    event: Option<&'static str>,
}

impl Trace {
    /// Notes a request, and the status of its response.
    pub(crate) fn tried(&self, status: Option<u16>) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.status.store(status.unwrap_or(0), Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn reported(&self, report: &Report) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match report {
            Report::Error(report) => failure.error = Some(report.clone()),
            Report::Diagnostic(diagnostic) if diagnostic.level() == Level::Error => {
                failure.event = Some(diagnostic.event());
            }
            Report::Diagnostic(_) | Report::Debug(_) => {}
        }
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn status(&self) -> Option<u16> {
        Some(self.status.load(Ordering::Relaxed)).filter(|status| *status != 0)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The last error and the last diagnostic of an error.
    pub(crate) fn failure(&self) -> (Option<ErrorReport>, Option<&'static str>) {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        (failure.error.clone(), failure.event)
    }
}
