//! The errors that hosts get through `logError`, or as the rejection of a promise.

use std::fmt;

use crate::http;

/// The operation that failed; messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Append,
    ReadLog,
    ReadTeleportEvents,
    Flush,
    Shutdown,
    Clear,
    /// A look into the outbox.
    Outbox,
    /// A call of one of the host's logging functions.
    Report,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Append => "appending a session entry",
            Self::ReadLog => "reading a session log",
            Self::ReadTeleportEvents => "reading teleport events",
            Self::Flush => "waiting for appends",
            Self::Shutdown => "shutting down",
            Self::Clear => "clearing sessions",
            Self::Outbox => "looking into the outbox",
            Self::Report => "reporting to the host",
        })
    }
}

/// Messages never hold a token: they are made of statuses, limits and the causes that the network gives, and of what a
/// server says where that holds none.
#[derive(Clone, Debug)]
pub enum Error {
    /// No response, or one that could not be used (specification.md, sections 3 to 5).
    NoResponse(Operation, http::Error),
    /// A status that fails the operation.
    Status(Operation, u16),
    /// The status that an append ended with, and the server's message: after this number of attempts, or at once.
    Refused { status: u16, attempts: Option<u32>, message: Option<String> },
    /// A 200 whose body is not what the endpoint promises.
    WrongShape(Operation, &'static str),
    /// A 200 whose body is larger than the host's limit, in bytes.
    TooLarge(Operation, u64),
    /// An entry that is too long for a string of JavaScript, with its approximate length in UTF-16 units.
    EntryTooLong(Operation, usize),
    /// A conflict that names no head, where the log has no head either.
    NoHeadToAdopt,
    /// The attempts ran out while the entry was in doubt.
    StillInDoubt,
    /// The attempts ran out while the log, in which to find the head to continue from, could not be read.
    LogNotRead,
    /// As many conflicts as `retry.maxConflicts` allows.
    ConflictsExhausted(u32),
    /// A 401 of a read.
    SessionExpired,
    /// A header of the host that does not go along, or none because its function failed: why.
    BadHeader(String),
    /// More pages of teleport events than the maximum, which is given.
    PageCap(u32),
    /// The server refuses an entry for what it is, which is not tried any more.
    DeadLetter { status: u16, uuid: String },
    /// The text of an entry cannot be read from the outbox any more: why.
    OutboxUnreadable(String),
    /// So many bytes of a file of the outbox cannot be read.
    OutboxCorrupt(u64),
    /// A panic in the addon, with its text.
    Panicked(Operation, String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoResponse(operation, failure) => write!(f, "Error {operation}: {failure}"),
            Self::Status(operation, status) => {
                write!(f, "Error {operation}: the server answered {status}")
            }
            Self::Refused { status, attempts, message } => {
                write!(f, "Error appending a session entry: the server answered {status}")?;
                match attempts {
                    Some(attempts) => write!(f, " to the last of {attempts} attempts")?,
                    None => f.write_str(" (retry.giveUpOn)")?,
                }
                message.as_ref().map_or(Ok(()), |message| write!(f, ": {message}"))
            }
            Self::WrongShape(operation, what) => write!(f, "Error {operation}: {what}"),
            Self::TooLarge(operation, limit) => {
                write!(
                    f,
                    "Error {operation}: the response has more than {limit} bytes (limits.maxResponseBytes)"
                )
            }
            Self::EntryTooLong(operation, characters) => write!(
                f,
                "Error {operation}: an entry is longer than a JavaScript string can be ({characters} characters)"
            ),
            Self::NoHeadToAdopt => f.write_str(
                "Error appending a session entry: conflict with another writer, and the server named no head",
            ),
            Self::StillInDoubt => f.write_str(
                "Error appending a session entry: the session log did not show whether the entry was stored",
            ),
            Self::LogNotRead => f.write_str(
                "Error appending a session entry: conflict with another writer, and the session log could not be read",
            ),
            Self::ConflictsExhausted(conflicts) => write!(
                f,
                "Error appending a session entry: other writers were faster {conflicts} times (retry.maxConflicts)"
            ),
            Self::SessionExpired => {
                f.write_str("Your session has expired. Please run /login to sign in again.")
            }
            Self::BadHeader(why) => write!(f, "Error in the headers of configure: {why}"),
            Self::PageCap(pages) => {
                write!(f, "Error reading teleport events: stopped after {pages} pages, and there are more")
            }
            Self::DeadLetter { status, uuid } => write!(
                f,
                "Error appending a session entry: the server refuses {uuid} with {status}; it is kept apart in the outbox"
            ),
            Self::OutboxUnreadable(why) => {
                write!(f, "Error appending a session entry: it cannot be read from the outbox any more: {why}")
            }
            Self::OutboxCorrupt(bytes) => {
                write!(f, "Error in the outbox: {bytes} bytes of a file cannot be read; they are kept in quarantine")
            }
            Self::Panicked(operation, text) => write!(f, "Error {operation}: internal error: {text}"),
        }
    }
}

impl std::error::Error for Error {}
