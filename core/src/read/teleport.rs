//! Reads the events of a teleported session, page by page.

use serde_json::value::RawValue;

use super::cancel::unless_cancelled;
use super::chain::CheckedChain;
use super::list::{Fetched, ReadError, fetch_noted, read_list};
use super::{ReadJob, Sink, SinkError};
use crate::http::{self, Transport};
use crate::json::{EntryBatch, is_json, pick_fields, string};
use crate::protocol::TeleportPages;
use crate::report::{Diagnostic, Error, Operation, Reporter, ReporterExt};
use crate::test_hooks::panic_point;

/// Maximum number of pages that are read.
const MAX_PAGES: u32 = 100;

/// The result of a read of teleport events.
#[derive(Debug, PartialEq, Eq)]
pub enum Events {
    /// The payloads went to the sink.
    Read,
    /// There are no events, which was reported. The host falls back to the session's log.
    None,
    /// The server refused the token with a 401.
    SessionExpired,
}

/// Reads all pages and hands the payloads of the events to the job's sink.
pub async fn read_teleport_events<T: Transport, S: Sink, R: Reporter>(
    job: ReadJob<T, S, R>,
    pages: TeleportPages,
) -> Events {
    let ReadJob { transport, sink, reporter, cancelled, check_chain } = job;
    let mut sink = CheckedChain::new(sink, check_chain);
    let read = read_events(&transport, &pages, &mut sink, &reporter);
    let events = unless_cancelled(cancelled, read, Operation::ReadTeleportEvents, &reporter).await;
    if events == Some(Events::Read) {
        sink.report(&reporter);
    }
    events.unwrap_or(Events::None)
}

/// Reports a read whose requests cannot be sent.
pub fn report_unsendable_events(failure: http::Error, reporter: &dyn Reporter) {
    report_error(ReadError::NoResponse { failure, status: None }.into(), reporter);
}

/// Reads all pages and hands the payloads of the events to `sink`, with the outcomes and diagnostics of
/// specification.md, section 5. The next page is requested while the sink still processes the last one.
pub(super) async fn read_events<T: Transport>(
    transport: &T,
    pages: &TeleportPages,
    sink: &mut impl Sink,
    reporter: &dyn Reporter,
) -> Events {
    panic_point!("read");
    let mut payloads = Payloads::new(sink);
    let read = match read_pages(transport, pages, &mut payloads, reporter).await {
        Ok(()) => payloads.complete().await.map_err(|error| ReadError::from(error).into()),
        Err(error) => Err(error),
    };
    match read {
        Ok(()) => {
            reporter.debug(|| format!("Fetched {} teleport events", payloads.delivered));
            Events::Read
        }
        Err(error) => report_error(error, reporter),
    }
}

/// Reports why there are no events, and returns the result of the read.
fn report_error(error: PageError, reporter: &dyn Reporter) -> Events {
    const OPERATION: Operation = Operation::ReadTeleportEvents;
    let (error, diagnostic) = match error {
        PageError::Status(404) => {
            reporter.debug(|| "The server has no events for the session".into());
            reporter.diagnostic(Diagnostic::TeleportNotFound);
            return Events::None;
        }
        PageError::Status(401) => {
            reporter.diagnostic(Diagnostic::TeleportBadToken);
            return Events::SessionExpired;
        }
        PageError::Status(status @ 500..) => {
            (Error::Status(OPERATION, status), Diagnostic::TeleportFetchFail)
        }
        PageError::Status(status) => (Error::Status(OPERATION, status), Diagnostic::TeleportBadStatus),
        PageError::Read(ReadError::NoResponse { failure, .. }) => {
            (Error::NoResponse(OPERATION, failure), Diagnostic::TeleportFetchFail)
        }
        PageError::Read(ReadError::WrongShape) => {
            let what = "the response is not a page of events";
            (Error::WrongShape(OPERATION, what), Diagnostic::TeleportInvalidShape)
        }
        PageError::Read(ReadError::TooLarge(limit)) => {
            (Error::TooLarge(OPERATION, limit), Diagnostic::TeleportInvalidShape)
        }
        PageError::Read(ReadError::EntryTooLong(characters)) => {
            (Error::EntryTooLong(OPERATION, characters), Diagnostic::TeleportInvalidShape)
        }
        PageError::Read(ReadError::Gone) => return Events::None,
    };
    reporter.error(error);
    reporter.diagnostic(diagnostic);
    Events::None
}

/// The reason for which a read ended before the last page.
enum PageError {
    /// A complete response with another status than 200.
    Status(u16),
    Read(ReadError),
}

impl From<ReadError> for PageError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

async fn read_pages<T: Transport, S: Sink>(
    transport: &T,
    pages: &TeleportPages,
    payloads: &mut Payloads<'_, S>,
    reporter: &dyn Reporter,
) -> Result<(), PageError> {
    let mut cursor: Option<String> = None;
    for page in 1..=MAX_PAGES {
        let response = match fetch_noted(transport, pages.page(cursor.as_deref()), reporter).await? {
            Fetched::Ok(response) => response,
            Fetched::Other(404) if page > 1 => {
                // The session was deleted meanwhile: the events of the pages before count.
                reporter.debug(|| format!("The server has no page {page} of the events any more"));
                reporter.diagnostic(Diagnostic::TeleportNotFound);
                return Ok(());
            }
            Fetched::Other(status) => return Err(PageError::Status(status)),
        };
        let envelope = read_list(response, "data", payloads.delivered, payloads).await?;
        payloads.end_page().await.map_err(ReadError::from)?;
        cursor = next_cursor(envelope.field("next_cursor"))?;
        if cursor.is_none() {
            return Ok(());
        }
    }
    reporter.error(Error::PageCap(MAX_PAGES));
    reporter.diagnostic(Diagnostic::TeleportPageCap);
    Ok(())
}

/// The cursor of the next page from its raw text. A number is sent back as its text.
fn next_cursor(raw: Option<&RawValue>) -> Result<Option<String>, ReadError> {
    let Some(raw) = raw else { return Ok(None) };
    match raw.get().as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'-' | b'0'..=b'9') => Ok(Some(raw.get().to_owned())),
        Some(b'"') => string(raw).map(Some).ok_or(ReadError::WrongShape),
        _ => Err(ReadError::WrongShape),
    }
}

/// Accepts events and hands their payloads to another sink.
struct Payloads<'a, S> {
    sink: &'a mut S,
    batch: EntryBatch,
    /// Number of payloads that the sink has accepted.
    delivered: usize,
    /// An event of this page is JSON, but not an object.
    has_non_object: bool,
}

impl<'a, S: Sink> Payloads<'a, S> {
    fn new(sink: &'a mut S) -> Self {
        Self { sink, batch: EntryBatch::default(), delivered: 0, has_non_object: false }
    }

    /// Hands the rest of the page to the sink. Only now it is known that no duplicate of the array follows.
    async fn end_page(&mut self) -> Result<(), SinkError> {
        if self.has_non_object {
            return Err(SinkError::NotJson);
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), SinkError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.delivered += batch.len();
        self.sink.accept(batch).await
    }
}

impl<S: Sink> Sink for Payloads<'_, S> {
    async fn accept(&mut self, events: EntryBatch) -> Result<(), SinkError> {
        for event in events.entries() {
            let event = String::from_utf8_lossy(event);
            let payload = match pick_fields(&event, ["payload"]) {
                Some([payload]) => payload.map(RawValue::get),
                None if is_json(&event) => {
                    self.has_non_object = true;
                    None
                }
                None => return Err(SinkError::NotJson),
            };
            match payload {
                None | Some("null") => {}
                Some(payload) => self.batch.push(payload.as_bytes()),
            }
            if self.batch.is_full() {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), SinkError> {
        self.batch = EntryBatch::default();
        self.delivered = entries;
        self.has_non_object = false;
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        self.sink.complete().await
    }

    fn received(&mut self, bytes: usize) {
        self.sink.received(bytes);
    }

    fn page_read(&mut self) {
        self.sink.page_read();
    }
}
