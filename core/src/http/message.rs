//! Requests and responses, apart from how they are carried.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use crate::http::error::{Error, Timeout};
use crate::http::headers::Headers;

/// A request as it goes out. Cloning is cheap: the body is shared.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Headers,
    pub body: Bytes,
    /// Limit for the response's status and headers to arrive, redirects included.
    pub response_timeout: Option<Timeout>,
    /// Limit between two chunks of the response's body.
    pub read_timeout: Option<Timeout>,
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

/// Limits for reading a body that is not needed, to keep its connection alive.
const DISCARD_BYTES: usize = 64 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_millis(100);

impl<B: Body> Response<B> {
    /// Reads a body that is not needed to its end. A response whose body breaks off does not count.
    pub async fn drain(mut self) -> Result<(), Error> {
        while self.body.chunk().await?.is_some() {}
        Ok(())
    }
}

/// Reads the body of a response of which only the status counts, within limits: a connection whose response was
/// read can carry the next request. A failure does not matter.
pub async fn discard(mut body: impl Body) {
    let read = async {
        let mut left = DISCARD_BYTES;
        while let Ok(Some(chunk)) = body.chunk().await
            && chunk.len() <= left
        {
            left -= chunk.len();
        }
    };
    // Either way the response counts; only the connection is lost at the limit.
    tokio::time::timeout(DISCARD_WITHIN, read).await.ok();
}
