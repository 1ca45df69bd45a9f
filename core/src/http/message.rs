//! Requests, answers and failures, apart from how they are carried.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::headers::Headers;

/// A request as it goes out. Cloning is cheap: the body is shared.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Headers,
    pub body: Bytes,
    /// For the answer's status and headers to arrive, redirects included.
    pub answer_within: Option<Limit>,
    /// Between two chunks of the answer's body.
    pub chunk_within: Option<Limit>,
    /// So many bytes the answer's body may have, as it is sent and decompressed.
    pub body_at_most: Option<u64>,
}

impl Request {
    /// The same with a limit for the answer's body.
    pub fn at_most(self, bytes: Option<u64>) -> Self {
        Self { body_at_most: bytes, ..self }
    }
}

/// A time limit under the name by which a host sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub name: &'static str,
    pub duration: Duration,
}

/// What carries requests: [`super::Client`], or a script in the core's tests.
pub trait Transport: Send + Sync + 'static {
    type Body: Body;

    fn send(&self, request: Request) -> impl Future<Output = Result<Response<Self::Body>, Failure>> + Send;
}

/// An answer whose body is still arriving.
pub struct Response<B> {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: B,
}

/// The body of an answer, decompressed.
pub trait Body: Send {
    /// The next bytes, `None` at the end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send;
}

/// Does `work` within a time limit.
pub(super) async fn within<T>(
    limit: Option<Limit>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match limit {
        Some(limit) => {
            tokio::time::timeout(limit.duration, work).await.unwrap_or(Err(Failure::TimedOut(limit)))
        }
        None => work.await,
    }
}

/// How much of a body that nobody wants is read, and for how long, to keep its connection alive.
const DISCARD_BYTES: usize = 64 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_millis(100);

impl<B: Body> Response<B> {
    /// Reads a body that nobody wants to its end. An answer whose body breaks off is none.
    pub async fn drain(mut self) -> Result<(), Failure> {
        while self.body.chunk().await?.is_some() {}
        Ok(())
    }
}

/// Reads a body of which only the status counts, within reason: a connection whose answer was read can carry
/// the next request. What becomes of the body does not matter.
pub async fn discard(mut body: impl Body) {
    let read = async {
        let mut left = DISCARD_BYTES;
        while let Ok(Some(chunk)) = body.chunk().await
            && chunk.len() <= left
        {
            left -= chunk.len();
        }
    };
    // Either way the answer counts; only the connection is lost at the limit.
    tokio::time::timeout(DISCARD_WITHIN, read).await.ok();
}

/// Why a request has no answer that counts.
#[derive(Debug)]
pub enum Failure {
    /// It cannot be sent as it is: its URL, or a header.
    Unsendable(String),
    /// No connection came to stand, so that nothing was sent.
    NotConnected(String),
    /// No connection came to stand in time.
    ConnectTimedOut(Limit),
    /// A connection stood, or had stood, but the server did not process the request.
    NotTaken(String),
    /// A time limit ran out before the request was sent.
    NotSentInTime(Limit),
    /// A time limit ran out.
    TimedOut(Limit),
    /// The connection broke, or what came is not HTTP, or not what its `Content-Encoding` says.
    Broken(String),
    /// A redirect that is not followed.
    Redirect(String),
    /// The body has more bytes than this limit of the request.
    TooLarge(u64),
}

impl Failure {
    /// Whether the server may have acted on the request.
    pub fn may_have_reached_the_server(&self) -> bool {
        match self {
            Self::Unsendable(_)
            | Self::NotConnected(_)
            | Self::ConnectTimedOut(_)
            | Self::NotTaken(_)
            | Self::NotSentInTime(_) => false,
            Self::TimedOut(_) | Self::Broken(_) | Self::Redirect(_) | Self::TooLarge(_) => true,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsendable(why) => write!(f, "the request cannot be sent: {why}"),
            Self::NotConnected(why) => write!(f, "no connection: {why}"),
            Self::ConnectTimedOut(Limit { name, duration }) => {
                write!(f, "no connection within {} ms (timeouts.{name})", duration.as_millis())
            }
            Self::NotTaken(why) => write!(f, "the server did not take the request: {why}"),
            Self::NotSentInTime(Limit { name, duration }) => {
                write!(f, "nothing was sent within {} ms (timeouts.{name})", duration.as_millis())
            }
            Self::TimedOut(limit) => {
                write!(f, "nothing came within {} ms (timeouts.{})", limit.duration.as_millis(), limit.name)
            }
            Self::Broken(why) => write!(f, "the answer broke off: {why}"),
            Self::Redirect(why) => f.write_str(why),
            Self::TooLarge(limit) => write!(f, "the answer has more than {limit} bytes"),
        }
    }
}

impl std::error::Error for Failure {}
