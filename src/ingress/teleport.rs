//! Reading the events of a session that was teleported, page by page.

use serde_json::value::RawValue;

use super::caller::Caller;
use super::error::{Error, Operation};
use super::members::{members, string};
use super::read::{Broken, Refused, Sink, read_list};
use super::report::Diagnostic;
use super::request::{Account, Timeouts};
use super::slice::Slice;
use crate::http::{Failure, Transport};

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

/// Reads all pages and hands the events' payloads to `sink`, with the outcomes and diagnostics of SPEC
/// section 5. While the sink still works on a page, the next one is on its way.
pub(crate) async fn read_events<T: Transport>(
    transport: &T,
    account: Result<Account, Failure>,
    session: &str,
    timeouts: &Timeouts,
    sink: &mut impl Sink,
    caller: &dyn Caller,
) -> Events {
    let no_answer = |failure| {
        caller.error(Error::NoAnswer(Operation::ReadTeleportEvents, failure));
        caller.diagnostic(Diagnostic::TeleportFetchFail);
        Events::None
    };
    let wrong_shape = || {
        let what = "the answer is no page of events";
        caller.error(Error::WrongShape(Operation::ReadTeleportEvents, what));
        caller.diagnostic(Diagnostic::TeleportInvalidShape);
        Events::None
    };
    let account = match account {
        Ok(account) => account,
        Err(failure) => return no_answer(failure),
    };
    let mut payloads = Payloads::new(sink);
    let mut cursor: Option<String> = None;
    let mut pages = 0;
    loop {
        let sent = match account.read_events(session, cursor.as_deref(), timeouts) {
            Ok(request) => transport.send(request).await,
            Err(failure) => Err(failure),
        };
        let mut response = match sent {
            Ok(response) => response,
            Err(failure) => return no_answer(failure),
        };
        match response.status {
            200 => {}
            404 => {
                response.discard().await;
                caller.debug(|| format!("The server has no events for the session (page {})", pages + 1));
                caller.diagnostic(Diagnostic::TeleportNotFound);
                if pages == 0 {
                    return Events::None;
                }
                // Deleted meanwhile: what was read stands.
                break;
            }
            401 => {
                response.discard().await;
                caller.diagnostic(Diagnostic::TeleportBadToken);
                return Events::SessionExpired;
            }
            status => {
                response.discard().await;
                caller.error(Error::Status(Operation::ReadTeleportEvents, status));
                caller.diagnostic(if status < 500 {
                    Diagnostic::TeleportBadStatus
                } else {
                    Diagnostic::TeleportFetchFail
                });
                return Events::None;
            }
        }
        let before = payloads.delivered;
        let page = match read_list(&mut response, "data", before, &mut payloads).await {
            Ok(page) => payloads.hand_on().await.map(|()| page).map_err(Broken::from),
            Err(broken) => Err(broken),
        };
        // Its place among the requests under way is free for the next page.
        drop(response);
        cursor = match page.and_then(|page| next_cursor(page.member("next_cursor"))) {
            Ok(cursor) => cursor,
            Err(Broken::NoAnswer(failure)) => return no_answer(failure),
            Err(Broken::WrongShape) => return wrong_shape(),
            Err(Broken::Gone) => return Events::None,
        };
        pages += 1;
        if cursor.is_none() {
            break;
        }
        if pages == MAX_PAGES {
            caller.error(Error::PageCap(MAX_PAGES));
            caller.diagnostic(Diagnostic::TeleportPageCap);
            break;
        }
    }
    match payloads.sink.complete().await {
        Ok(()) => {
            let entries = payloads.delivered;
            caller.debug(|| format!("Fetched {entries} teleport events on {pages} pages"));
            Events::Read
        }
        Err(Refused::NotJson) => wrong_shape(),
        Err(Refused::Gone) => Events::None,
    }
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
}

impl<'a, S: Sink> Payloads<'a, S> {
    fn new(sink: &'a mut S) -> Self {
        Self { sink, slice: Slice::default(), delivered: 0 }
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
            let [payload] = members(&event, ["payload"]).ok_or(Refused::NotJson)?;
            match payload.map(|raw| raw.get()) {
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
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), Refused> {
        self.sink.complete().await
    }
}
