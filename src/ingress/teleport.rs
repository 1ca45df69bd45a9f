//! Reading the events of a session that was teleported, page by page.

use serde_json::value::RawValue;

use super::caller::Caller;
use super::error::{Error, Operation};
use super::members::{is_json, members, string};
use super::read::{Answer, Broken, Refused, Sink, fetch, read_list};
use super::report::Diagnostic;
use super::slice::Slice;
use crate::http::{Failure, Request, Transport};
use crate::test_hooks::panic_point;

/// So many pages are read, and no more.
const MAX_PAGES: u32 = 100;

/// How a read of teleport events ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// The payloads went to the sink.
    Read,
    /// There is no result, which has been reported. The host falls back to the session's log.
    None,
    /// The token was refused.
    SessionExpired,
}

/// Reads all pages, each by the `request` of its cursor, and hands the events' payloads to `sink`, with the
/// outcomes and diagnostics of SPEC section 5. While the sink still works on a page, the next one is on its way.
pub(crate) async fn read_events<T: Transport>(
    transport: &T,
    request: Result<impl Fn(Option<&str>) -> Result<Request, Failure>, Failure>,
    sink: &mut impl Sink,
    caller: &dyn Caller,
) -> Events {
    panic_point!("read");
    let mut payloads = Payloads::new(sink);
    let read = match request {
        Ok(request) => read_pages(transport, request, &mut payloads, caller).await,
        Err(failure) => Err(Broken::NoAnswer { failure, status: None }.into()),
    };
    let read = match read {
        Ok(()) => payloads.complete().await.map_err(|refused| Broken::from(refused).into()),
        Err(ended) => Err(ended),
    };
    match read {
        Ok(()) => {
            caller.debug(|| format!("Fetched {} teleport events", payloads.delivered));
            return Events::Read;
        }
        Err(Ended::Status(404)) => {
            caller.debug(|| "The server has no events for the session".into());
            caller.diagnostic(Diagnostic::TeleportNotFound);
        }
        Err(Ended::Status(401)) => {
            caller.diagnostic(Diagnostic::TeleportBadToken);
            return Events::SessionExpired;
        }
        Err(Ended::Status(status)) => {
            caller.error(Error::Status(Operation::ReadTeleportEvents, status));
            caller.diagnostic(match status {
                500.. => Diagnostic::TeleportFetchFail,
                _ => Diagnostic::TeleportBadStatus,
            });
        }
        Err(Ended::Broken(Broken::NoAnswer { failure, .. })) => {
            caller.error(Error::NoAnswer(Operation::ReadTeleportEvents, failure));
            caller.diagnostic(Diagnostic::TeleportFetchFail);
        }
        Err(Ended::Broken(Broken::WrongShape)) => {
            let what = "the answer is no page of events";
            caller.error(Error::WrongShape(Operation::ReadTeleportEvents, what));
            caller.diagnostic(Diagnostic::TeleportInvalidShape);
        }
        Err(Ended::Broken(Broken::TooLarge(limit))) => {
            caller.error(Error::TooLarge(Operation::ReadTeleportEvents, limit));
            caller.diagnostic(Diagnostic::TeleportInvalidShape);
        }
        Err(Ended::Broken(Broken::EntryTooLong(characters))) => {
            caller.error(Error::EntryTooLong(Operation::ReadTeleportEvents, characters));
            caller.diagnostic(Diagnostic::TeleportInvalidShape);
        }
        Err(Ended::Broken(Broken::Gone)) => {}
    }
    Events::None
}

/// Why reading ended before the last page.
enum Ended {
    /// A complete answer that is no 200.
    Status(u16),
    Broken(Broken),
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

async fn read_pages<T: Transport, S: Sink>(
    transport: &T,
    request: impl Fn(Option<&str>) -> Result<Request, Failure>,
    payloads: &mut Payloads<'_, S>,
    caller: &dyn Caller,
) -> Result<(), Ended> {
    let mut cursor: Option<String> = None;
    for page in 1..=MAX_PAGES {
        let response = match fetch(transport, request(cursor.as_deref())).await? {
            Answer::Ok(response) => response,
            Answer::Other(404) if page > 1 => {
                // Deleted meanwhile: what was read stands.
                caller.debug(|| format!("The server has no page {page} of the events any more"));
                caller.diagnostic(Diagnostic::TeleportNotFound);
                return Ok(());
            }
            Answer::Other(status) => return Err(Ended::Status(status)),
        };
        let skeleton = read_list(response, "data", payloads.delivered, payloads).await?;
        payloads.end_page().await.map_err(Broken::from)?;
        cursor = next_cursor(skeleton.member("next_cursor"))?;
        if cursor.is_none() {
            return Ok(());
        }
    }
    caller.error(Error::PageCap(MAX_PAGES));
    caller.diagnostic(Diagnostic::TeleportPageCap);
    Ok(())
}

/// The cursor of the next page from the raw member. A number is echoed as its text.
fn next_cursor(raw: Option<&RawValue>) -> Result<Option<String>, Broken> {
    let Some(raw) = raw else { return Ok(None) };
    match raw.get().as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'-' | b'0'..=b'9') => Ok(Some(raw.get().to_owned())),
        Some(b'"') => string(raw).map(Some).ok_or(Broken::WrongShape),
        _ => Err(Broken::WrongShape),
    }
}

/// Takes events and hands their payloads on.
struct Payloads<'a, S> {
    sink: &'a mut S,
    slice: Slice,
    /// Payloads that the sink has accepted.
    delivered: usize,
    /// An event of this page is JSON, but no object.
    no_object: bool,
}

impl<'a, S: Sink> Payloads<'a, S> {
    fn new(sink: &'a mut S) -> Self {
        Self { sink, slice: Slice::default(), delivered: 0, no_object: false }
    }

    /// Hands on what is left; only now it is known which array was the page's last.
    async fn end_page(&mut self) -> Result<(), Refused> {
        if self.no_object {
            return Err(Refused::NotJson);
        }
        self.hand_on().await
    }

    async fn hand_on(&mut self) -> Result<(), Refused> {
        if self.slice.is_empty() {
            return Ok(());
        }
        let slice = std::mem::take(&mut self.slice);
        self.delivered += slice.len();
        self.sink.accept(slice).await
    }
}

impl<S: Sink> Sink for Payloads<'_, S> {
    async fn accept(&mut self, events: Slice) -> Result<(), Refused> {
        for event in events.entries() {
            let event = String::from_utf8_lossy(event);
            let payload = match members(&event, ["payload"]) {
                Some([payload]) => payload.map(RawValue::get),
                None if is_json(&event) => {
                    self.no_object = true;
                    None
                }
                None => return Err(Refused::NotJson),
            };
            match payload {
                None | Some("null") => {}
                Some(payload) => self.slice.push(payload.as_bytes()),
            }
            if self.slice.is_full() {
                self.hand_on().await?;
            }
        }
        Ok(())
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), Refused> {
        self.slice = Slice::default();
        self.delivered = entries;
        self.no_object = false;
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), Refused> {
        self.sink.complete().await
    }

    fn received(&mut self, bytes: usize) {
        self.sink.received(bytes);
    }

    fn page_read(&mut self) {
        self.sink.page_read();
    }
}
