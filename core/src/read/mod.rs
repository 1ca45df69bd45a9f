//! Reads: of a session's log, of the pages of teleport events, and searches in a log.

mod cancel;
mod chain;
mod list;
mod progress;
mod search;
mod session_log;
mod sink;
mod teleport;
#[cfg(test)]
mod tests;
mod turns;

pub use cancel::{Cancel, Cancelled, cancellation};
pub use progress::{Progress, ProgressThrottle};
pub use search::{SearchError, search_log};
pub use session_log::{SessionLog, read_session_log, report_unsendable_log};
pub use sink::{Sink, SinkError};
pub use teleport::{Events, read_teleport_events, report_unsendable_events};

/// A read that is to be done.
pub struct ReadJob<T, S, R> {
    pub transport: T,
    pub sink: S,
    pub reporter: R,
    /// Says that nobody wants the result any more.
    pub cancelled: Cancelled,
    /// Gaps in the chain of the entries are looked for, and reported.
    pub check_chain: bool,
}

impl<T, S, R> ReadJob<T, S, R> {
    /// Waits for `work`, unless the read is cancelled meanwhile.
    pub async fn first(mut self, work: impl Future<Output = ()>) -> Self {
        if cancel::is_cancelled_during(&mut self.cancelled, work).await {
            // That was its only signal: another one says the same.
            self.cancelled = cancellation().1;
        }
        self
    }
}
