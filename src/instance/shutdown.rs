//! Whether an instance has shut down, and what became of its appends since.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;

use napi::Env;
use session_ingress_core::protocol::EntryUuid;

use crate::channel::OperationId;
use crate::js::{Persistent, Value};

/// An entry of a session.
pub(crate) type EntryOf = (Arc<str>, EntryUuid);

/// What has become of the appends since a shutdown began.
pub(crate) struct Ended {
    pub(crate) id: OperationId,
    /// Appends that were stored.
    pub(crate) stored: u64,
    /// Entries that are not known to be stored.
    pub(crate) failed: Vec<EntryOf>,
}

/// The shutdown of an instance, where it has begun.
#[derive(Default)]
pub(crate) struct Shutdown(RefCell<Option<Begun>>);

struct Begun {
    id: OperationId,
    promise: Option<Persistent>,
    /// Appends that had been stored before.
    appended_before: u64,
    /// In the order in which their promises settled.
    failed: Vec<EntryOf>,
}

impl Shutdown {
    pub(crate) fn begin(&self, id: OperationId, appended_before: u64) {
        self.0.replace(Some(Begun { id, promise: None, appended_before, failed: Vec::new() }));
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Keeps the promise for later calls.
    pub(crate) fn keep_promise(&self, env: &Env, promise: Value<'_>) {
        if let Some(begun) = &mut *self.0.borrow_mut() {
            begun.promise = Some(Persistent::new(env, promise));
        }
    }

    /// The promise of the first call.
    pub(crate) fn promise<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        self.0.borrow().as_ref()?.promise.as_ref().map(|promise| promise.get(env))
    }

    /// Notes an entry whose append has failed.
    pub(crate) fn note_failed(&self, session_id: Option<&Arc<str>>, uuid: &EntryUuid) {
        if let (Some(begun), Some(session_id)) = (&mut *self.0.borrow_mut(), session_id) {
            begun.failed.push((Arc::clone(session_id), uuid.clone()));
        }
    }

    /// What has become of the appends, of which `appended` have been stored at any time.
    pub(crate) fn finish(&self, appended: u64) -> Option<Ended> {
        let mut begun = self.0.borrow_mut();
        let begun = begun.as_mut()?;
        let stored = appended.saturating_sub(begun.appended_before);
        Some(Ended { id: begun.id, stored, failed: mem::take(&mut begun.failed) })
    }

    /// Lets the instance append again; whether it had shut down.
    pub(crate) fn undo(&self) -> bool {
        self.0.replace(None).is_some()
    }
}
