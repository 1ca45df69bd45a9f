//! Gzip in several members, and followed by zero bytes.
//!
//! Some servers fill the last block of what they send with zeros. Node ends a body there, and so does this; the
//! decoder's own reading of several members takes them for a broken one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};
use tokio::task::coop;

pub(super) struct GzipMembers<R>(State<R>);

enum State<R> {
    Member(GzipDecoder<R>),
    /// After a member: another one, zeros or the end.
    Between(R),
    /// The rest does not matter; it is read, so that the connection can be used again.
    Padding(R),
    End,
}

impl<R: AsyncBufRead + Unpin> GzipMembers<R> {
    pub(super) fn new(reader: R) -> Self {
        Self(State::Member(GzipDecoder::new(reader)))
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for GzipMembers<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        loop {
            let state = &mut self.0;
            match state {
                State::Member(decoder) => {
                    ready!(Pin::new(decoder).poll_read(context, into))?;
                    if into.filled().len() > before || into.remaining() == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
                State::Between(reader) => {
                    // Empty members, of 20 bytes each, would else keep the thread until the network has no more.
                    let turn = ready!(coop::poll_proceed(context));
                    let next = ready!(Pin::new(reader).poll_fill_buf(context))?.first().copied();
                    turn.made_progress();
                    if next.is_none() {
                        *state = State::End;
                        continue;
                    }
                    let State::Between(reader) = std::mem::replace(state, State::End) else { continue };
                    *state = match next {
                        Some(0) => State::Padding(reader),
                        _ => State::Member(GzipDecoder::new(reader)),
                    };
                    continue;
                }
                State::Padding(reader) => {
                    let length = ready!(Pin::new(&mut *reader).poll_fill_buf(context))?.len();
                    Pin::new(reader).consume(length);
                    if length == 0 {
                        *state = State::End;
                    }
                    continue;
                }
                State::End => return Poll::Ready(Ok(())),
            }
            // The member has ended.
            if let State::Member(decoder) = std::mem::replace(state, State::End) {
                *state = State::Between(decoder.into_inner());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::bufread::GzipEncoder;
    use futures_util::FutureExt;
    use std::pin::pin;
    use tokio::io::{AsyncReadExt, BufReader};

    async fn gzip(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        GzipEncoder::new(text.as_bytes()).read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    /// Reads through a buffer of this size, so that members end anywhere in it.
    async fn read(bytes: &[u8], buffer: usize) -> io::Result<String> {
        let mut text = String::new();
        let mut members = GzipMembers::new(BufReader::with_capacity(buffer, bytes));
        members.read_to_string(&mut text).await.map(|_| text)
    }

    #[tokio::test]
    async fn members_and_zeros_behind_them_are_read_however_the_bytes_come() {
        let (one, two, empty) = (gzip("one ").await, gzip("two").await, gzip("").await);
        for buffer in [1, 2, 7, 1000] {
            for (bytes, text) in [
                (one.clone(), "one "),
                ([&*one, &two].concat(), "one two"),
                ([&*one, &empty, &two].concat(), "one two"),
                ([&*empty, &two].concat(), "two"),
                ([&*one, &[0]].concat(), "one "),
                ([&*one, &two, &[0; 1000]].concat(), "one two"),
            ] {
                assert_eq!(read(&bytes, buffer).await.unwrap(), text);
            }
        }
    }

    #[tokio::test]
    async fn many_empty_members_give_way_to_other_tasks() {
        let bytes = gzip("").await.repeat(1000);
        let mut members = GzipMembers::new(&*bytes);
        let mut text = String::new();
        let mut reading = pin!(members.read_to_string(&mut text));
        assert!((&mut reading).now_or_never().is_none());
        assert_eq!(reading.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_member_that_is_broken_or_breaks_off_is_an_error() {
        let one = gzip("one").await;
        let cut = &one[..one.len() - 1];
        for bytes in [cut, &one[..5], b"", &[&*one, b"more"].concat(), &[&*one, &one[..5]].concat()] {
            assert!(read(bytes, 3).await.is_err(), "{bytes:?}");
        }
    }
}
