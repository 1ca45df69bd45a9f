//! A pending operation that is traced.

use std::sync::Arc;
use std::time::Instant;

use crate::channel::Trace;
use crate::js::Persistent;

/// An operation that is traced.
pub(crate) struct TracedOperation {
    /// The object that subscribers get at each event.
    pub(crate) context: Persistent,
    pub(crate) trace: Arc<Trace>,
    pub(crate) begun: Instant,
}
