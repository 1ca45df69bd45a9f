//! Reads the log of a session.

use std::sync::Arc;

use reqwest::Url;

use super::cancel::unless_cancelled;
use super::chain::CheckedChain;
use super::list::{Fetched, ReadError, fetch_noted, read_list};
use super::{ReadJob, Sink, SinkError};
use crate::http::{self, Request, Transport};
use crate::json::{EntryBatch, is_json, pick_fields, string};
use crate::protocol::EntryUuid;
use crate::report::{Diagnostic, Error, Operation, Reporter, ReporterExt};
use crate::session::Session;
use crate::test_hooks::panic_point;

/// The key of a log's entries.
pub(super) const LOGLINES: &str = "loglines";

/// A log that was read; its entries went to the sink.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// How many entries it has.
    pub entries: usize,
    /// The uuid of the last entry, where that has one.
    pub last_uuid: Option<EntryUuid>,
}

/// A session whose log is read.
pub struct SessionLog {
    pub session: Arc<Session>,
    /// The URL of the log.
    pub url: Url,
    /// All of it is read, and not what came after its last compaction.
    pub is_whole: bool,
}

/// Reads a log by `request`; gives whether there is a result. The uuid of the last entry becomes the head of `of`. Where
/// the whole log has no entry, the session's head is forgotten, unless it has changed since the read began.
pub async fn read_session_log<T: Transport, S: Sink, R: Reporter>(
    job: ReadJob<T, S, R>,
    request: Request,
    of: Option<SessionLog>,
) -> bool {
    let ReadJob { transport, sink, reporter, cancelled, check_chain } = job;
    let mut sink = CheckedChain::new(sink, check_chain);
    let before = of.as_ref().and_then(|SessionLog { session, url, .. }| session.head(url));
    let read = read_log(&transport, request, &mut sink, &reporter);
    let log = unless_cancelled(cancelled, read, Operation::ReadLog, &reporter).await.flatten();
    if let (Some(SessionLog { session, url, is_whole }), Some(log)) = (of, &log) {
        match &log.last_uuid {
            Some(last) => session.set_head(&url, last.clone()),
            None if log.entries == 0 && is_whole => session.forget_head(&url, before.as_ref()),
            None => {}
        }
    }
    if log.is_some() {
        sink.report(&reporter);
    }
    log.is_some()
}

/// Reports a read whose request cannot be sent at all.
pub fn report_unsendable_log(failure: http::Error, reporter: &dyn Reporter) {
    report_error(ReadError::NoResponse { failure, status: None }, reporter);
}

/// Sends `request` and hands the entries of the response's `loglines` to `sink`, with the outcomes and
/// diagnostics of specification.md, section 4. `None` where there is no result, which has been reported.
pub(super) async fn read_log<T: Transport>(
    transport: &T,
    request: Request,
    sink: &mut impl Sink,
    reporter: &dyn Reporter,
) -> Option<Log> {
    panic_point!("read");
    let mut log = Log::default();
    let read = match fetch_noted(transport, request, reporter).await {
        Ok(Fetched::Ok(response)) => {
            let mut sink = LastUuid { sink, log: &mut log, last: Vec::new() };
            match read_list(response, LOGLINES, 0, &mut sink).await {
                Ok(_) => sink.complete().await.map_err(ReadError::from),
                Err(error) => Err(error),
            }
        }
        Ok(Fetched::Other(status)) => return other_status(status, reporter),
        Err(error) => Err(error),
    };
    match read {
        Ok(()) => {
            reporter.debug(|| format!("Fetched {} entries of the session log", log.entries));
            Some(log)
        }
        Err(error) => {
            report_error(error, reporter);
            None
        }
    }
}

pub(super) fn report_error(error: ReadError, reporter: &dyn Reporter) {
    let (error, diagnostic) = match error {
        ReadError::NoResponse { failure, status } => {
            (Error::NoResponse(Operation::ReadLog, failure), Diagnostic::GetStatus { status })
        }
        ReadError::WrongShape => {
            let what = "the response is not a JSON object with an array `loglines`";
            (Error::WrongShape(Operation::ReadLog, what), Diagnostic::GetInvalidResponse)
        }
        ReadError::TooLarge(limit) => {
            (Error::TooLarge(Operation::ReadLog, limit), Diagnostic::GetInvalidResponse)
        }
        ReadError::EntryTooLong(characters) => {
            (Error::EntryTooLong(Operation::ReadLog, characters), Diagnostic::GetInvalidResponse)
        }
        ReadError::Gone => return,
    };
    reporter.error(error);
    reporter.diagnostic(diagnostic);
}

/// Reports a complete response of another status than 200.
pub(super) fn other_status(status: u16, reporter: &dyn Reporter) -> Option<Log> {
    match status {
        404 => {
            reporter.debug(|| "The server has no log for the session".into());
            reporter.diagnostic(Diagnostic::GetNoLogs);
            return Some(Log::default());
        }
        401 => {
            reporter.debug(|| "The server refused the token".into());
            reporter.diagnostic(Diagnostic::GetBadToken);
            reporter.error(Error::SessionExpired);
            reporter.diagnostic(Diagnostic::GetStatus { status: None });
        }
        _ => {
            reporter.debug(|| format!("Reading the session log failed: the server answered {status}"));
            if status >= 500 {
                reporter.error(Error::Status(Operation::ReadLog, status));
            }
            reporter.diagnostic(Diagnostic::GetStatus { status: Some(status) });
        }
    }
    None
}

/// The uuid of an entry, or `None` where it has none.
fn uuid_of(entry: &[u8]) -> Result<Option<EntryUuid>, SinkError> {
    let text = String::from_utf8_lossy(entry);
    match pick_fields(&text, ["uuid"]) {
        Some([uuid]) => Ok(uuid.and_then(string).and_then(EntryUuid::new)),
        // No object: it has no uuid, provided that it is JSON at all.
        None if is_json(&text) => Ok(None),
        None => Err(SinkError::NotJson),
    }
}

/// Counts what passes to a log's sink, and keeps the last uuid.
struct LastUuid<'a, S> {
    sink: &'a mut S,
    log: &'a mut Log,
    /// The last entry so far; empty where there is none.
    last: Vec<u8>,
}

impl<S: Sink> Sink for LastUuid<'_, S> {
    async fn accept(&mut self, batch: EntryBatch) -> Result<(), SinkError> {
        self.log.entries += batch.len();
        if let Some(entry) = batch.entries().next_back() {
            self.last.clear();
            self.last.extend_from_slice(entry);
        }
        self.sink.accept(batch).await
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), SinkError> {
        self.log.entries = entries;
        self.last.clear();
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        if !self.last.is_empty() {
            self.log.last_uuid = uuid_of(&self.last)?;
        }
        self.sink.complete().await
    }

    fn received(&mut self, bytes: usize) {
        self.sink.received(bytes);
    }

    fn page_read(&mut self) {
        self.sink.page_read();
    }
}
