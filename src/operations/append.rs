//! A pending append that the host may abort.

use std::sync::Arc;

use napi::Env;
use session_ingress_core::append::Place;

use super::signals;
use crate::channel::{Deliveries, OperationId};
use crate::js::{Persistent, Value};

/// An append that the host may abort.
pub(crate) struct AbortableAppend {
    signal: Persistent,
    pub(crate) aborted: bool,
    /// Its entry was taken out of its queue: the promise rejects.
    pub(crate) withdrawn: bool,
    /// The append that it joined.
    pub(crate) joined: Option<OperationId>,
    pub(crate) queue: Option<QueueOfEntry>,
}

/// Where an entry waits for its turn.
pub(crate) enum QueueOfEntry {
    Session(Place),
    Outbox(Arc<Deliveries>),
}

impl AbortableAppend {
    pub(crate) fn new(signal: Persistent) -> Self {
        Self { signal, aborted: false, withdrawn: false, joined: None, queue: None }
    }

    /// The reason to reject the promise with; `None` where the append goes on.
    pub(crate) fn reason<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        self.withdrawn.then(|| signals::reason(env, self.signal.get(env)))
    }
}
