//! The body of a response: timed as it comes from the network, and decompressed.
//!
//! Decompression is done here and not by reqwest, because the limit between two chunks is one of the network:
//! a slow body that is well compressed moves, long before there is something to decompress to. And it takes
//! what Node's clients take: any letter case, `x-gzip`, several members, zeros behind them, and `deflate` with or without the
//! header that it should have.

mod gzip;
mod limit;
mod timeouts;

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use crate::http::causes::describe;
use crate::http::concurrency::Permit;
use crate::http::error::Error;
use crate::http::message::Body;
use crate::http::reason::Reason;
use gzip::GzipMembers;
use limit::BodyLimit;
pub(super) use timeouts::BodyTimeouts;

/// Number of bytes that are decompressed at a time: a few bytes can expand without bound.
const DECODED_CHUNK: usize = 64 * 1024;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>> + Send>>;
type Decoder = Pin<Box<dyn AsyncRead + Send>>;

/// A body that is still arriving; holds its permit until dropped.
pub struct ResponseBody {
    raw: Raw,
    encoding: Encoding,
    /// Made when the first bytes have shown their format.
    decoder: Option<Decoder>,
    /// Limits the decompressed bytes.
    limit: BodyLimit,
    _permit: Option<Permit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    None,
    /// Gzip or zlib by what the bytes say, else as named.
    Gzip,
    Deflate,
    Brotli,
}

impl Encoding {
    /// An unknown encoding is left alone.
    fn of(headers: &HeaderMap) -> Self {
        let name = headers.get(CONTENT_ENCODING).and_then(|name| name.to_str().ok()).unwrap_or_default();
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" | "compress" | "x-compress" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            _ => Self::None,
        }
    }
}

/// The body as it comes from the network.
struct Raw {
    /// `None` once it feeds a decoder.
    response: Option<reqwest::Response>,
    timeouts: BodyTimeouts,
    limit: BodyLimit,
}

impl Raw {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(response) = &mut self.response else { return Ok(None) };
        let chunk = async { response.chunk().await.map_err(broken_off) };
        let chunk = self.timeouts.wait_for(chunk).await?;
        self.limit.take(chunk.as_ref())?;
        Ok(chunk)
    }
}

impl ResponseBody {
    pub(super) fn new(
        response: reqwest::Response,
        headers: &HeaderMap,
        timeouts: BodyTimeouts,
        at_most: Option<u64>,
        permit: Option<Permit>,
    ) -> Self {
        let encoding = Encoding::of(headers);
        let limit = BodyLimit::new(at_most);
        let raw = Raw { response: Some(response), timeouts, limit };
        Self { raw, encoding, decoder: None, limit, _permit: permit }
    }

    /// Begins to decompress; false where the body is empty.
    async fn begin(&mut self) -> Result<bool, Error> {
        let Some(first) = self.raw.chunk().await? else { return Ok(false) };
        let raw = Raw { response: self.raw.response.take(), ..self.raw };
        self.decoder = Some(decoder(self.encoding, first, raw));
        Ok(true)
    }
}

impl Body for ResponseBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.encoding == Encoding::None {
            return self.raw.chunk().await;
        }
        if self.decoder.is_none() && !self.begin().await? {
            return Ok(None);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        self.raw.timeouts.check()?;
        let mut chunk = BytesMut::with_capacity(DECODED_CHUNK);
        match decoder.read_buf(&mut chunk).await {
            Ok(0) => Ok(None),
            Ok(_) => {
                let chunk = chunk.freeze();
                self.limit.take(Some(&chunk))?;
                Ok(Some(chunk))
            }
            Err(error) => Err(match error.downcast::<Error>() {
                Ok(failure) => failure,
                Err(error) => Error::Broken(format!("it cannot be decompressed: {error}").into()),
            }),
        }
    }
}

fn broken_off(error: reqwest::Error) -> Error {
    Error::Broken(Reason::of(&error, describe(&error), false))
}

fn decoder(encoding: Encoding, first: Bytes, raw: Raw) -> Decoder {
    let (gzip, zlib) = (first.starts_with(&[0x1f, 0x8b]), first.starts_with(&[0x78]));
    let rest = stream::unfold(raw, |mut raw| async {
        let chunk = raw.chunk().await.transpose()?;
        Some((chunk.map_err(io::Error::other), raw))
    });
    let chunks: Chunks = Box::pin(stream::once(async { Ok(first) }).chain(rest));
    let reader = StreamReader::new(chunks);
    match encoding {
        Encoding::Brotli => Box::pin(BrotliDecoder::new(reader)),
        Encoding::Gzip | Encoding::Deflate if zlib => Box::pin(ZlibDecoder::new(reader)),
        Encoding::Deflate if !gzip => Box::pin(DeflateDecoder::new(reader)),
        _ => Box::pin(GzipMembers::new(reader)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::Timeout;
    use async_compression::tokio::bufread::GzipEncoder;
    use std::time::Duration;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn a_search_ends_at_its_limit_while_a_few_bytes_expand() {
        let mut compressed = Vec::new();
        GzipEncoder::new(&[0; 1024 * 1024][..]).read_to_end(&mut compressed).await.unwrap();
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, "gzip".parse().unwrap())]);
        let response = reqwest::Response::from(hyper::http::Response::new(compressed));
        let second = Timeout { name: "fetchMs", duration: Duration::from_secs(1) };
        let timeouts = BodyTimeouts::new(None, Some(second));
        let mut body = ResponseBody::new(response, &headers, timeouts, None, None);
        assert!(matches!(body.chunk().await, Ok(Some(_))));
        sleep(second.duration).await;
        assert!(matches!(body.chunk().await, Err(Error::Unfinished(_))));
    }

    #[test]
    fn encodings_are_known_by_any_of_their_names() {
        let of =
            |name: &str| Encoding::of(&HeaderMap::from_iter([(CONTENT_ENCODING, name.parse().unwrap())]));
        for name in ["gzip", "GZIP", " x-gzip ", "compress", "x-compress"] {
            assert_eq!(of(name), Encoding::Gzip, "{name}");
        }
        assert_eq!((of("deflate"), of("Br")), (Encoding::Deflate, Encoding::Brotli));
        for name in ["identity", "", "zstd", "gzip, br"] {
            assert_eq!(of(name), Encoding::None, "{name}");
        }
    }
}
