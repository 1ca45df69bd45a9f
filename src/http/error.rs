//! Why a request has no answer.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

/// Why a request has no answer that counts.
#[derive(Debug)]
pub(crate) enum Failure {
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
    pub(crate) fn may_have_reached_the_server(&self) -> bool {
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

impl Error for Failure {}

/// A time limit under the name by which a host sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    pub(crate) duration: Duration,
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

/// The causes of an error, down to the one that says what happened. No URL: it may hold secrets.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        // rustls refers to its manual, which is of no use to who reads this.
        let text = text.split(": https://docs.rs/").next().unwrap_or_default().to_owned();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        texts.push(if error.is_timeout() { "timed out".into() } else { "unknown error".into() });
    }
    texts.join(": ")
}

/// The errors beneath `error`, down to the one that says what happened.
pub(super) fn causes(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        // The source of an `io::Error` is the source of what it wraps, and not that itself.
        let wrapped = cause.downcast_ref().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| -> &(dyn Error + 'static) { wrapped }).or_else(|| cause.source());
    }
    causes
}
