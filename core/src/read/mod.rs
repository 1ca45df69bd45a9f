//! Reading a session's log.

mod cancel;
mod progress;
mod search;
mod teleport;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::Arc;

use reqwest::Url;

use crate::channel::Closed;
use crate::http::{self, Body, Request, Response, Transport};
use crate::json::{ArraySplitter, EntryBatch, Envelope, SplitEvent, is_json, pick_fields, string};
use crate::protocol::EntryUuid;
use crate::report::{Diagnostic, Error, Operation, Reporter, ReporterExt};
use crate::session::Session;
use crate::test_hooks::panic_point;

use turns::Turns;

pub use cancel::{Cancel, Cancelled, cancellation};
pub use progress::{Progress, ProgressThrottle};
pub use search::{SearchError, search_log};
pub use teleport::{Events, read_teleport_events, report_unsendable_events};

/// The key of a log's entries.
const LOGLINES: &str = "loglines";

/// The receiver of the entries of a read, in order and batch by batch.
pub trait Sink: Send {
    /// Takes the next entries. Waits while the taker is behind, so that a body is never held whole.
    fn accept(&mut self, batch: EntryBatch) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Drops all but the first `entries` of those accepted.
    fn truncate(&mut self, entries: usize) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Waits until all that was accepted was looked at.
    fn complete(&mut self) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Notes that more bytes of the response have arrived.
    fn received(&mut self, _bytes: usize) {}

    /// Notes that a response was read to its end.
    fn page_read(&mut self) {}
}

/// The reason for which a sink takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkError {
    /// An entry is not JSON.
    NotJson,
    /// An entry is longer than a string of JavaScript can be: its characters, and those of a few before it.
    TooLong(usize),
    /// The entries are not wanted any more.
    Gone,
}

/// A log that was read; its entries went to the sink.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How many entries it has.
    pub entries: usize,
    /// The uuid of the last entry, where that has one.
    pub last_uuid: Option<EntryUuid>,
}

/// A read that is to be done.
pub struct ReadJob<T, S, R> {
    pub transport: T,
    pub sink: S,
    pub reporter: R,
    /// Says that nobody wants the result any more.
    pub cancelled: Cancelled,
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
    let ReadJob { transport, mut sink, reporter, cancelled } = job;
    let before = of.as_ref().and_then(|SessionLog { session, url, .. }| session.head(url));
    let read = read_log(&transport, request, &mut sink, &reporter);
    let log = cancel::unless_cancelled(cancelled, read, Operation::ReadLog, &reporter).await.flatten();
    if let (Some(SessionLog { session, url, is_whole }), Some(log)) = (of, &log) {
        match &log.last_uuid {
            Some(last) => session.set_head(&url, last.clone()),
            None if log.entries == 0 && is_whole => session.forget_head(&url, before.as_ref()),
            None => {}
        }
    }
    log.is_some()
}

/// Reports a read whose request cannot be sent at all.
pub fn report_unsendable_log(failure: http::Error, reporter: &dyn Reporter) {
    report_error(ReadError::NoResponse { failure, status: None }, reporter);
}

/// Sends `request` and hands the entries of the response's `loglines` to `sink`, with the outcomes and
/// diagnostics of specification.md, section 4. `None` where there is no result, which has been reported.
pub async fn read_log<T: Transport>(
    transport: &T,
    request: Request,
    sink: &mut impl Sink,
    reporter: &dyn Reporter,
) -> Option<Log> {
    panic_point!("read");
    let mut log = Log::default();
    let read = match fetch(transport, request).await {
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

fn report_error(error: ReadError, reporter: &dyn Reporter) {
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
fn other_status(status: u16, reporter: &dyn Reporter) -> Option<Log> {
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

/// The outcome of a read's request.
pub enum Fetched<B> {
    /// A 200, whose body is to be read.
    Ok(Response<B>),
    /// Another status; its body was read, because a response that breaks off does not count.
    Other(u16),
}

/// Sends the request of a read.
pub async fn fetch<T: Transport>(transport: &T, request: Request) -> Result<Fetched<T::Body>, ReadError> {
    match transport.send(request).await {
        Ok(response) if response.status == 200 => Ok(Fetched::Ok(response)),
        Ok(response) => {
            let status = response.status;
            match response.drain().await {
                // What does not fit is not wanted anyway.
                Ok(()) | Err(http::Error::TooLarge(_)) => Ok(Fetched::Other(status)),
                Err(failure) => Err(ReadError::NoResponse { failure, status: Some(status) }),
            }
        }
        Err(failure) => Err(ReadError::NoResponse { failure, status: None }),
    }
}

/// The body of a 200 that broke off.
fn broken_off(failure: http::Error) -> ReadError {
    match failure {
        http::Error::TooLarge(limit) => ReadError::TooLarge(limit),
        failure => ReadError::NoResponse { failure, status: Some(200) },
    }
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

/// The reason for which a read's request gives no list.
#[derive(Debug)]
pub enum ReadError {
    /// No response, or one whose body broke off; then with its status.
    NoResponse { failure: http::Error, status: Option<u16> },
    /// A 200 of another shape.
    WrongShape,
    /// A 200 with a body beyond this limit of the host, in bytes.
    TooLarge(u64),
    /// A 200 with an entry of about this many characters, too many for a string of JavaScript.
    EntryTooLong(usize),
    /// The read is not wanted any more.
    Gone,
}

impl From<Closed> for SinkError {
    fn from(_: Closed) -> Self {
        Self::Gone
    }
}

impl From<SinkError> for ReadError {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::NotJson => Self::WrongShape,
            SinkError::TooLong(characters) => Self::EntryTooLong(characters),
            SinkError::Gone => Self::Gone,
        }
    }
}

/// Reads a body to its end and hands the elements of the array under `key` to `sink`, which has taken
/// `before` elements already; returns what stands around the array.
///
/// A body that turns out to be of another shape is still read to its end: whether the connection holds
/// until then decides between "wrong shape" and "no response".
pub async fn read_list<B: Body>(
    mut response: Response<B>,
    key: &'static str,
    before: usize,
    sink: &mut impl Sink,
) -> Result<Envelope, ReadError> {
    let mut splitter = ArraySplitter::new(key);
    let mut turns = Turns::default();
    while let Some(chunk) = response.body.chunk().await.map_err(broken_off)? {
        panic_point!("chunk");
        sink.received(chunk.len());
        splitter.push(&chunk);
        turns.count(chunk.len());
        while let Some(event) = splitter.next_event() {
            let taken = match event {
                SplitEvent::Batch(batch) => sink.accept(batch).await,
                SplitEvent::StartOver => sink.truncate(before).await,
            };
            match taken {
                Ok(()) => {}
                Err(SinkError::NotJson) => splitter.refuse(),
                Err(error) => return Err(error.into()),
            }
            turns.give().await;
        }
        // A long entry gives no batch for long.
        turns.give_if_due().await;
    }
    let envelope = splitter.finish().ok_or(ReadError::WrongShape)?;
    sink.page_read();
    Ok(envelope)
}
