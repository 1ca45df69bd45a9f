//! Reading a session's log.

use super::caller::Caller;
use super::entry_uuid::EntryUuid;
use super::error::{Error, Operation};
use super::loglines::{Cutter, Piece};
use super::members::{is_json, members, string};
use super::report::Diagnostic;
use super::skeleton::Skeleton;
use super::slice::Slice;
use crate::http::{Body, Failure, Request, Response, Transport};
use crate::test_hooks::panic_point;

/// Where the entries of a read go, in order and by the slice.
pub(crate) trait Sink: Send {
    /// Takes the next entries. Waits while the taker is behind, so that a body is never held whole.
    fn accept(&mut self, slice: Slice) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Drops all but the first `entries` of those accepted.
    fn truncate(&mut self, entries: usize) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Waits until all that was accepted was looked at.
    fn complete(&mut self) -> impl Future<Output = Result<(), Refused>> + Send;

    /// So many more bytes of the answer are there.
    fn received(&mut self, _bytes: usize) {}

    /// An answer was read to its end.
    fn page_read(&mut self) {}
}

/// Why a sink takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// An entry is not JSON.
    NotJson,
    /// An entry is longer than a string of JavaScript can be: its characters, and those of a few before it.
    TooLong(usize),
    /// Nobody waits for the entries any more.
    Gone,
}

/// A log that was read; its entries went to the sink.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    /// How many entries it has.
    pub(crate) entries: usize,
    /// The uuid of the last entry, where that has one.
    pub(crate) last_uuid: Option<EntryUuid>,
}

/// Sends `request` and hands the entries of the answer's `loglines` to `sink`, with the outcomes and
/// diagnostics of SPEC section 4. `None` where there is no result, which has been reported.
pub(crate) async fn read_log<T: Transport>(
    transport: &T,
    request: Result<Request, Failure>,
    sink: &mut impl Sink,
    caller: &dyn Caller,
) -> Option<Log> {
    panic_point!("read");
    let mut log = Log::default();
    let read = match fetch(transport, request).await {
        Ok(Answer::Ok(response)) => {
            let mut sink = LastUuid { sink, log: &mut log, last: Vec::new() };
            match read_list(response, "loglines", 0, &mut sink).await {
                Ok(_) => sink.complete().await.map_err(Broken::from),
                Err(broken) => Err(broken),
            }
        }
        Ok(Answer::Other(status)) => return other_status(status, caller),
        Err(broken) => Err(broken),
    };
    match read {
        Ok(()) => {
            caller.debug(|| format!("Fetched {} entries of the session log", log.entries));
            return Some(log);
        }
        Err(Broken::NoAnswer { failure, status }) => {
            caller.error(Error::NoAnswer(Operation::ReadLog, failure));
            caller.diagnostic(Diagnostic::GetStatus { status });
        }
        Err(Broken::WrongShape) => {
            let what = "the answer is no JSON object with an array `loglines`";
            caller.error(Error::WrongShape(Operation::ReadLog, what));
            caller.diagnostic(Diagnostic::GetInvalidResponse);
        }
        Err(Broken::TooLarge(limit)) => {
            caller.error(Error::TooLarge(Operation::ReadLog, limit));
            caller.diagnostic(Diagnostic::GetInvalidResponse);
        }
        Err(Broken::EntryTooLong(characters)) => {
            caller.error(Error::EntryTooLong(Operation::ReadLog, characters));
            caller.diagnostic(Diagnostic::GetInvalidResponse);
        }
        Err(Broken::Gone) => {}
    }
    None
}

/// A complete answer that is no 200.
fn other_status(status: u16, caller: &dyn Caller) -> Option<Log> {
    match status {
        404 => {
            caller.debug(|| "The server has no log for the session".into());
            caller.diagnostic(Diagnostic::GetNoLogs);
            return Some(Log::default());
        }
        401 => {
            caller.debug(|| "The server refused the token".into());
            caller.diagnostic(Diagnostic::GetBadToken);
            caller.error(Error::SessionExpired);
            caller.diagnostic(Diagnostic::GetStatus { status: None });
        }
        _ => {
            caller.debug(|| format!("Reading the session log failed: the server answered {status}"));
            if status >= 500 {
                caller.error(Error::Status(Operation::ReadLog, status));
            }
            caller.diagnostic(Diagnostic::GetStatus { status: Some(status) });
        }
    }
    None
}

/// What came of a read's request.
pub(crate) enum Answer<B> {
    /// A 200, whose body is to be read.
    Ok(Response<B>),
    /// Another status; its body was read, because one that breaks off is no answer.
    Other(u16),
}

/// Sends the request of a read.
pub(crate) async fn fetch<T: Transport>(
    transport: &T,
    request: Result<Request, Failure>,
) -> Result<Answer<T::Body>, Broken> {
    let sent = match request {
        Ok(request) => transport.send(request).await,
        Err(failure) => Err(failure),
    };
    match sent {
        Ok(response) if response.status == 200 => Ok(Answer::Ok(response)),
        Ok(response) => {
            let status = response.status;
            match response.drain().await {
                // What does not fit is not wanted anyway.
                Ok(()) | Err(Failure::TooLarge(_)) => Ok(Answer::Other(status)),
                Err(failure) => Err(Broken::NoAnswer { failure, status: Some(status) }),
            }
        }
        Err(failure) => Err(Broken::NoAnswer { failure, status: None }),
    }
}

/// The uuid of an entry, or `None` where it has none.
pub(crate) fn uuid_of(entry: &[u8]) -> Result<Option<EntryUuid>, Refused> {
    let text = String::from_utf8_lossy(entry);
    match members(&text, ["uuid"]) {
        Some([uuid]) => Ok(uuid.and_then(string).and_then(EntryUuid::new)),
        // No object: it has no uuid, provided that it is JSON at all.
        None if is_json(&text) => Ok(None),
        None => Err(Refused::NotJson),
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
    async fn accept(&mut self, slice: Slice) -> Result<(), Refused> {
        self.log.entries += slice.len();
        if let Some(entry) = slice.entries().next_back() {
            self.last.clear();
            self.last.extend_from_slice(entry);
        }
        self.sink.accept(slice).await
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), Refused> {
        self.log.entries = entries;
        self.last.clear();
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), Refused> {
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

/// Why a read's request gives no list.
#[derive(Debug)]
pub(crate) enum Broken {
    /// No answer, or one whose body broke off; then with its status.
    NoAnswer { failure: Failure, status: Option<u16> },
    /// A 200 of another shape.
    WrongShape,
    /// A 200 with a body beyond the host's limit, of so many bytes.
    TooLarge(u64),
    /// A 200 with an entry of about this many characters, too many for a string of JavaScript.
    EntryTooLong(usize),
    /// Nobody waits for it any more.
    Gone,
}

impl From<Refused> for Broken {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotJson => Self::WrongShape,
            Refused::TooLong(characters) => Self::EntryTooLong(characters),
            Refused::Gone => Self::Gone,
        }
    }
}

/// Reads a body to its end and hands the elements of the array under `key` to `sink`, which has taken
/// `before` elements already; returns what stands around the array.
///
/// A body that turns out to be of another shape is still read to its end: whether the connection holds
/// until then decides between "wrong shape" and "no answer".
pub(crate) async fn read_list<B: Body>(
    mut response: Response<B>,
    key: &'static str,
    before: usize,
    sink: &mut impl Sink,
) -> Result<Skeleton, Broken> {
    let mut cutter = Cutter::new(key);
    let broken_off = |failure| match failure {
        Failure::TooLarge(limit) => Broken::TooLarge(limit),
        failure => Broken::NoAnswer { failure, status: Some(200) },
    };
    while let Some(chunk) = response.body.chunk().await.map_err(broken_off)? {
        panic_point!("chunk");
        sink.received(chunk.len());
        cutter.push(&chunk);
        while let Some(piece) = cutter.next_piece() {
            let taken = match piece {
                Piece::Slice(slice) => sink.accept(slice).await,
                Piece::StartOver => sink.truncate(before).await,
            };
            match taken {
                Ok(()) => {}
                Err(Refused::NotJson) => cutter.refuse(),
                Err(refused) => return Err(refused.into()),
            }
        }
    }
    let skeleton = cutter.finish().ok_or(Broken::WrongShape)?;
    sink.page_read();
    Ok(skeleton)
}
