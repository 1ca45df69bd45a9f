//! Reading a session's log.

use super::caller::Caller;
use super::entry_uuid::EntryUuid;
use super::error::{Error, Operation};
use super::loglines::{Cutter, Piece, Skeleton};
use super::members::{members, string};
use super::report::Diagnostic;
use super::slice::Slice;
use crate::http::{Body, Failure, Request, Response, Transport};

/// Where the entries of a read go, in order and by the slice.
pub(crate) trait Sink: Send {
    /// Takes the next entries. Waits while the taker is behind, so that a body is never held whole.
    fn accept(&mut self, slice: Slice) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Drops all but the first `entries` of those accepted.
    fn truncate(&mut self, entries: usize) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Waits until all that was accepted was looked at.
    fn complete(&mut self) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// Why a sink takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// An entry is not JSON.
    NotJson,
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
    let no_answer = |failure, status| {
        caller.error(Error::NoAnswer(Operation::ReadLog, failure));
        caller.diagnostic(Diagnostic::GetStatus { status });
    };
    let sent = match request {
        Ok(request) => transport.send(request).await,
        Err(failure) => Err(failure),
    };
    let mut response = match sent {
        Ok(response) => response,
        Err(failure) => {
            no_answer(failure, None);
            return None;
        }
    };
    match response.status {
        200 => {
            let mut log = Log::default();
            let mut sink = LastUuid { sink, log: &mut log };
            let read = match read_list(&mut response, "loglines", 0, &mut sink).await {
                Ok(_) => sink.complete().await.map_err(Broken::from),
                Err(broken) => Err(broken),
            };
            match read {
                Ok(()) => {
                    caller.debug(|| format!("Fetched {} entries of the session log", log.entries));
                    Some(log)
                }
                Err(Broken::NoAnswer(failure)) => {
                    no_answer(failure, Some(200));
                    None
                }
                Err(Broken::WrongShape) => {
                    let what = "the answer is no JSON object with an array `loglines`";
                    caller.error(Error::WrongShape(Operation::ReadLog, what));
                    caller.diagnostic(Diagnostic::GetInvalidResponse);
                    None
                }
                Err(Broken::Gone) => None,
            }
        }
        404 => {
            response.discard().await;
            caller.debug(|| "The server has no log for the session".into());
            caller.diagnostic(Diagnostic::GetNoLogs);
            Some(Log::default())
        }
        401 => {
            response.discard().await;
            caller.debug(|| "The server refused the token".into());
            caller.diagnostic(Diagnostic::GetBadToken);
            caller.error(Error::SessionExpired);
            caller.diagnostic(Diagnostic::GetStatus { status: None });
            None
        }
        status => {
            response.discard().await;
            caller.debug(|| format!("Reading the session log failed: the server answered {status}"));
            if status >= 500 {
                caller.error(Error::Status(Operation::ReadLog, status));
            }
            caller.diagnostic(Diagnostic::GetStatus { status: Some(status) });
            None
        }
    }
}

/// The uuid of an entry, or `None` where it has none.
pub(crate) fn uuid_of(entry: &[u8]) -> Result<Option<EntryUuid>, Refused> {
    let text = String::from_utf8_lossy(entry);
    match members(&text, ["uuid"]) {
        Some([uuid]) => Ok(uuid.and_then(string).and_then(EntryUuid::new)),
        // No object: it has no uuid, provided that it is JSON at all.
        None => match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(None),
            Err(_) => Err(Refused::NotJson),
        },
    }
}

/// Counts what passes to a log's sink, and keeps the last uuid.
struct LastUuid<'a, S> {
    sink: &'a mut S,
    log: &'a mut Log,
}

impl<S: Sink> Sink for LastUuid<'_, S> {
    async fn accept(&mut self, slice: Slice) -> Result<(), Refused> {
        self.log.entries += slice.len();
        self.log.last_uuid = match slice.entries().next_back() {
            Some(entry) => uuid_of(entry)?,
            None => None,
        };
        self.sink.accept(slice).await
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), Refused> {
        self.log.entries = entries;
        self.log.last_uuid = None;
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), Refused> {
        self.sink.complete().await
    }
}

/// Why the body of a 200 gives no list.
#[derive(Debug)]
pub(crate) enum Broken {
    NoAnswer(Failure),
    WrongShape,
    Gone,
}

impl From<Refused> for Broken {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotJson => Self::WrongShape,
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
    response: &mut Response<B>,
    key: &'static str,
    before: usize,
    sink: &mut impl Sink,
) -> Result<Skeleton, Broken> {
    let mut cutter = Cutter::new(key);
    while let Some(chunk) = response.body.chunk().await.map_err(Broken::NoAnswer)? {
        cutter.push(&chunk);
        while let Some(piece) = cutter.next_piece() {
            let taken = match piece {
                Piece::Slice(slice) => sink.accept(slice).await,
                Piece::StartOver => sink.truncate(before).await,
            };
            match taken {
                Ok(()) => {}
                Err(Refused::NotJson) => cutter.refuse(),
                Err(Refused::Gone) => return Err(Broken::Gone),
            }
        }
    }
    cutter.finish().ok_or(Broken::WrongShape)
}
