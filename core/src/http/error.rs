//! The reasons for which a request has no response.

use std::error::Error as StdError;
use std::fmt;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::yield_now;

use crate::http::reason::Reason;

/// The reason for which a request has no response that counts.
#[derive(Clone, Debug)]
pub enum Error {
    /// The request cannot be sent as it is: its URL, or a header.
    Unsendable(String),
    /// No connection was established, so that nothing was sent.
    NotConnected(Reason),
    /// No connection was established in time.
    ConnectTimedOut(Timeout),
    /// A connection was there, but the request was not written to it.
    NotSent(Reason),
    /// A time limit ran out before there was a permit to send the request.
    NoPermitInTime(Timeout),
    /// A time limit ran out before the request was sent.
    NotSentInTime(Timeout),
    /// A time limit ran out.
    TimedOut(Timeout),
    /// The body went on for longer than it may, which is given.
    Unfinished(Timeout),
    /// The connection broke, or the response is not HTTP, or not what its `Content-Encoding` says.
    Broken(Reason),
    /// A redirect that is not followed.
    Redirect(String),
    /// The body has more bytes than this limit of the request.
    TooLarge(u64),
}

impl Error {
    /// Whether the server may have acted on the request.
    pub fn may_have_reached_the_server(&self) -> bool {
        match self {
            Self::Unsendable(_)
            | Self::NotConnected(_)
            | Self::ConnectTimedOut(_)
            | Self::NotSent(_)
            | Self::NoPermitInTime(_)
            | Self::NotSentInTime(_) => false,
            Self::TimedOut(_)
            | Self::Unfinished(_)
            | Self::Broken(_)
            | Self::Redirect(_)
            | Self::TooLarge(_) => true,
        }
    }

    /// The code of the error, by which a host can tell it from others: the network's own, as Node names it, or one that
    /// begins with `ERR_SESSION_INGRESS_`. docs/specification.md, section 6, lists them.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsendable(_) => "ERR_SESSION_INGRESS_UNSENDABLE",
            Self::NotConnected(why) => why.code().unwrap_or("ERR_SESSION_INGRESS_NO_CONNECTION"),
            Self::NotSent(why) => why.code().unwrap_or("ECONNRESET"),
            Self::NoPermitInTime(_) => "ERR_SESSION_INGRESS_BUSY",
            Self::ConnectTimedOut(_) | Self::NotSentInTime(_) | Self::TimedOut(_) | Self::Unfinished(_) => {
                "ETIMEDOUT"
            }
            Self::Broken(why) => why.code().unwrap_or("ERR_SESSION_INGRESS_BAD_RESPONSE"),
            Self::Redirect(_) => "ERR_SESSION_INGRESS_REDIRECT",
            Self::TooLarge(_) => "ERR_SESSION_INGRESS_TOO_LARGE",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsendable(why) => write!(f, "the request cannot be sent: {why}"),
            Self::NotConnected(why) => write!(f, "no connection: {why}"),
            Self::ConnectTimedOut(Timeout { name, duration }) => {
                write!(f, "no connection within {} ms (timeouts.{name})", duration.as_millis())
            }
            Self::NotSent(why) => write!(f, "the server did not take the request: {why}"),
            Self::NoPermitInTime(Timeout { name, duration }) => {
                let (ms, permits) = (duration.as_millis(), "limits.maxConcurrentRequests");
                write!(f, "nothing was sent within {ms} ms (timeouts.{name}): all of {permits} were in use")
            }
            Self::NotSentInTime(Timeout { name, duration }) => {
                write!(f, "nothing was sent within {} ms (timeouts.{name})", duration.as_millis())
            }
            Self::TimedOut(Timeout { name, duration }) => {
                write!(f, "nothing came within {} ms (timeouts.{name})", duration.as_millis())
            }
            Self::Unfinished(Timeout { name, duration }) => {
                write!(f, "the response did not end within {} ms (timeouts.{name})", duration.as_millis())
            }
            Self::Broken(why) => write!(f, "the response broke off: {why}"),
            Self::Redirect(why) => f.write_str(why),
            Self::TooLarge(limit) => write!(f, "the response has more than {limit} bytes"),
        }
    }
}

impl StdError for Error {}

/// A time limit under the name by which a host sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    pub name: &'static str,
    pub duration: Duration,
}

/// Turns of the runtime in which what came meanwhile gets from a socket through its connection's task to its request.
const LAST_TURNS: usize = 4;

/// Runs `work` within a time limit.
///
/// A process may be stopped for longer than the limit (a closed laptop, SIGSTOP). When it goes on, the limit has run out
/// and what came meanwhile is in the socket: that is taken first.
pub(super) async fn with_timeout<T>(
    timeout: Option<Timeout>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(timeout) = timeout else { return work.await };
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(timeout.duration, &mut work).await {
        return done;
    }
    for _ in 0..LAST_TURNS {
        yield_now().await;
    }
    work.now_or_never().unwrap_or(Err(Error::TimedOut(timeout)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use tokio::sync::oneshot;

    const LIMIT: Timeout = Timeout { name: "fetchMs", duration: Duration::from_millis(10) };

    #[tokio::test]
    async fn what_is_ready_when_the_time_has_run_out_is_taken() {
        let (sender, receiver) = oneshot::channel();
        let (sent, pass_on) = oneshot::channel();
        // Two tasks on the way, as between a socket and a request.
        tokio::spawn(async move { sender.send(pass_on.await.unwrap()) });
        tokio::spawn(async move {
            yield_now().await;
            // The process stands still, and all its limits run out.
            thread::sleep(LIMIT.duration * 3);
            sent.send(7)
        });
        let work = async { receiver.await.map_err(|_| Error::Broken("closed".into())) };
        assert_eq!(with_timeout(Some(LIMIT), work).await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_ready_when_the_time_has_run_out_times_out() {
        let never = with_timeout(Some(LIMIT), std::future::pending::<Result<(), Error>>());
        assert!(matches!(never.await, Err(Error::TimedOut(LIMIT))));
    }
}
