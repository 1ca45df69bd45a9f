//! The list in a response: the request for it, and its elements as the body arrives.

use super::turns::Turns;
use super::{Sink, SinkError};
use crate::http::{self, Body, Request, Response, Transport};
use crate::json::{ArraySplitter, Envelope, SplitEvent};
use crate::report::Reporter;
use crate::test_hooks::panic_point;

/// The reason for which a read's request gives no list.
#[derive(Debug)]
pub(super) enum ReadError {
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

/// The outcome of a read's request.
pub(super) enum Fetched<B> {
    /// A 200, whose body is to be read.
    Ok(Response<B>),
    /// Another status; its body was read, because a response that breaks off does not count.
    Other(u16),
}

/// Sends the request of a read, and notes it for those who trace.
pub(super) async fn fetch_noted<T: Transport>(
    transport: &T,
    request: Request,
    reporter: &dyn Reporter,
) -> Result<Fetched<T::Body>, ReadError> {
    let fetched = fetch(transport, request).await;
    reporter.tried(match &fetched {
        Ok(Fetched::Ok(_)) => Some(200),
        Ok(Fetched::Other(status)) => Some(*status),
        Err(ReadError::NoResponse { status, .. }) => *status,
        Err(_) => None,
    });
    fetched
}

/// Sends the request of a read, or of a search.
pub(super) async fn fetch<T: Transport>(
    transport: &T,
    request: Request,
) -> Result<Fetched<T::Body>, ReadError> {
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
pub(super) fn broken_off(failure: http::Error) -> ReadError {
    match failure {
        http::Error::TooLarge(limit) => ReadError::TooLarge(limit),
        failure => ReadError::NoResponse { failure, status: Some(200) },
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
pub(super) async fn read_list<B: Body>(
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
