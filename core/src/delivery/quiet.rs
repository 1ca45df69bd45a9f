//! Reports of tries.

use tokio::sync::oneshot;

use crate::report::{Report, Reporter};

/// Passes debug lines, makes such of errors, and drops diagnostics.
pub(super) struct Quiet<R>(pub(super) R);

impl<R: Reporter> Reporter for Quiet<R> {
    fn wants_debug(&self) -> bool {
        self.0.wants_debug()
    }

    fn report(&self, report: Report) {
        match report {
            Report::Debug(_) => self.0.report(report),
            Report::Error(report) if self.wants_debug() => {
                self.0.report(Report::Debug(report.error.to_string()));
            }
            Report::Error(_) | Report::Diagnostic(_) => {}
        }
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        self.0.renew_token()
    }
}
