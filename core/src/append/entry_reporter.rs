//! The reports of an entry's attempts: each error says which entry it is about.

use tokio::sync::oneshot;

use super::Entry;
use crate::report::{About, ErrorReport, Report, Reporter};
use crate::session::Session;

/// Passes the reports of an entry on.
#[derive(Clone, Copy)]
pub(super) struct EntryReporter<'a> {
    pub(super) reporter: &'a dyn Reporter,
    pub(super) session: &'a Session,
    pub(super) entry: &'a Entry,
}

impl Reporter for EntryReporter<'_> {
    fn wants_debug(&self) -> bool {
        self.reporter.wants_debug()
    }

    fn report(&self, report: Report) {
        let Report::Error(ErrorReport { error, .. }) = report else { return self.reporter.report(report) };
        let Entry { uuid, endpoint, .. } = self.entry;
        let about = About::new(self.session.id().cloned(), Some(uuid.to_string()), endpoint.url());
        let report = ErrorReport { error, about };
        self.session.note_error(&report);
        self.reporter.report(Report::Error(report));
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        self.reporter.renew_token()
    }
}
