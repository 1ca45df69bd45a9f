//! What the core asks of whoever called it.

use tokio::sync::oneshot;

use super::report::{Diagnostic, Report};
use crate::ingress::error::Error;

/// The environment on whose behalf an operation runs.
///
/// Reports of one operation reach the host in the order in which they are made here, and all of them
/// before the operation settles.
pub(crate) trait Caller: Send + Sync + 'static {
    /// Whether the host listens to debug lines: where it does not, none are worded.
    fn wants_debug(&self) -> bool;

    fn report(&self, report: Report);

    /// Asks the host for its token again, after a 401. A closed channel means that there is none.
    fn renew_token(&self) -> oneshot::Receiver<Option<String>>;
}

impl dyn Caller {
    pub(crate) fn debug(&self, line: impl FnOnce() -> String) {
        if self.wants_debug() {
            self.report(Report::Debug(line()));
        }
    }

    pub(crate) fn diagnostic(&self, diagnostic: Diagnostic) {
        self.report(Report::Diagnostic(diagnostic));
    }

    pub(crate) fn error(&self, error: Error) {
        self.report(Report::Error(error));
    }
}
