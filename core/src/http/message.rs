//! Requests and responses, apart from how they are carried.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use crate::http::concurrency::Share;
use crate::http::error::{Error, Timeout};
use crate::http::headers::Headers;

/// Maximum length of a URL: that of reqwest's.
pub(super) const MAX_URL_BYTES: usize = u16::MAX as usize - 1;

/// A request as it goes out. Cloning is cheap: the body is shared.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Headers,
    pub body: Bytes,
    /// The permits that the request takes one of.
    pub share: Share,
    /// Limit for the response's status and headers to arrive, redirects included; for those that take a permit of
    /// appends, the wait for it too.
    pub response_timeout: Option<Timeout>,
    /// Limit between two chunks of the response's body, which bounds the whole body too: see `body::timeouts`.
    pub read_timeout: Option<Timeout>,
    /// Limit for the end of the response's body, however much came: that of a search in the log.
    pub search_timeout: Option<Timeout>,
    /// Maximum size of the response's body in bytes, both as it is sent and decompressed.
    pub max_body_bytes: Option<u64>,
}

impl Request {
    /// The same with a limit for the response's body.
    pub fn at_most(self, bytes: Option<u64>) -> Self {
        Self { max_body_bytes: bytes, ..self }
    }
}

/// Carries requests: [`super::Client`], or a script in the core's tests.
pub trait Transport: Send + Sync + 'static {
    type Body: Body;

    fn send(&self, request: Request) -> impl Future<Output = Result<Response<Self::Body>, Error>> + Send;
}

/// A response whose body is still arriving.
pub struct Response<B> {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: B,
}

/// The body of a response, decompressed.
pub trait Body: Send {
    /// The next bytes, `None` at the end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;
}

/// Maximum size of a body that is not needed and read to keep its connection alive.
const DRAIN_BYTES: usize = 64 * 1024;
/// Maximum time to read one to know whether it is complete.
const DRAIN_WITHIN: Duration = Duration::from_secs(1);
/// The same where that does not matter.
const DISCARD_WITHIN: Duration = Duration::from_millis(100);

impl<B: Body> Response<B> {
    /// Reads a body that is not needed, within limits. A response whose body breaks off meanwhile does not count.
    pub async fn drain(self) -> Result<(), Error> {
        // At the limit the response counts; only the connection is lost.
        tokio::time::timeout(DRAIN_WITHIN, read_some(self.body)).await.unwrap_or(Ok(()))
    }
}

/// Reads the body of a response of which only the status counts, within limits: a connection whose response was
/// read can carry the next request. A failure does not matter.
pub async fn discard(body: impl Body) {
    tokio::time::timeout(DISCARD_WITHIN, read_some(body)).await.ok();
}

async fn read_some(mut body: impl Body) -> Result<(), Error> {
    let mut left = DRAIN_BYTES;
    while let Some(chunk) = body.chunk().await? {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    /// An endless body whose chunks, of this many bytes, come with these pauses.
    struct Endless {
        pause: Duration,
        bytes: usize,
        read: usize,
    }

    impl Body for &mut Endless {
        async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
            sleep(self.pause).await;
            self.read += self.bytes;
            Ok(Some(vec![0; self.bytes].into()))
        }
    }

    fn response<B: Body>(body: B) -> Response<B> {
        Response { status: 500, headers: HeaderMap::new(), body }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_body_that_is_not_needed_is_read_for_64_kib() {
        let mut body = Endless { pause: Duration::ZERO, bytes: 10_000, read: 0 };
        assert!(response(&mut body).drain().await.is_ok());
        assert_eq!(body.read, 70_000);
        discard(&mut body).await;
        assert_eq!(body.read, 140_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_not_needed_and_trickles_is_read_for_a_second() {
        let mut body = Endless { pause: Duration::from_millis(30), bytes: 1, read: 0 };
        let begun = Instant::now();
        assert!(response(&mut body).drain().await.is_ok());
        assert_eq!((begun.elapsed(), body.read), (Duration::from_secs(1), 33));
        discard(&mut body).await;
        assert_eq!(begun.elapsed(), Duration::from_millis(1100), "where it does not matter how it ends");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_not_needed_and_breaks_off_in_time_makes_the_response_count_for_nothing() {
        struct Broken;
        impl Body for Broken {
            async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
                Err(Error::Broken("reset".into()))
            }
        }
        assert!(response(Broken).drain().await.is_err());
    }
}
