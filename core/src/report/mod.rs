//! Reports of operations to their host, and the request for its token.

mod about;
mod code;
mod diagnostic;
mod error;

use tokio::sync::oneshot;

pub use about::{About, ErrorReport, without_secrets};
pub use diagnostic::{Data, Diagnostic, Level};
pub use error::{Error, Operation};

/// One call of one of the host's logging functions.
#[derive(Debug)]
pub enum Report {
    /// `logForDebugging`: free text, never with a token in it.
    Debug(String),
    /// `logForDiagnosticsNoPII`.
    Diagnostic(Diagnostic),
    /// `logError`.
    Error(ErrorReport),
}

/// Carries the reports of an operation to its host.
///
/// The reports of an operation reach the host in the order of these calls, and all of them before the operation
/// settles.
pub trait Reporter: Send + Sync {
    /// Whether the host wants debug lines. Where it does not, none are formatted.
    fn wants_debug(&self) -> bool;

    fn report(&self, report: Report);

    /// Asks the host for its token again, after a 401. The result is `None`, or the channel is closed, where the host
    /// has no token.
    fn renew_token(&self) -> oneshot::Receiver<Option<String>>;
}

/// Shorthands for reports.
pub trait ReporterExt {
    /// Reports a debug line, where the host wants any.
    fn debug(&self, line: impl FnOnce() -> String);

    fn diagnostic(&self, diagnostic: Diagnostic);

    fn error(&self, error: impl Into<ErrorReport>);
}

impl<R: Reporter + ?Sized> ReporterExt for R {
    fn debug(&self, line: impl FnOnce() -> String) {
        if self.wants_debug() {
            self.report(Report::Debug(line()));
        }
    }

    fn diagnostic(&self, diagnostic: Diagnostic) {
        self.report(Report::Diagnostic(diagnostic));
    }

    fn error(&self, error: impl Into<ErrorReport>) {
        self.report(Report::Error(error.into()));
    }
}
