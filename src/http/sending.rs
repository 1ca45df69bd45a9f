//! How far a request got, which decides what its failure means.

use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A request that is being sent.
#[derive(Debug, Default)]
pub(super) struct Sending {
    taken: AtomicBool,
}

impl Sending {
    /// The request is sent again, or on to where a redirect leads.
    pub(super) fn begin(&self) {
        self.taken.store(false, Ordering::Relaxed);
    }

    /// The body was taken to be written: some of it may have reached the server. Before that, the server has
    /// a part of the head at most, and no request.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    /// The body of the request, watched.
    pub(super) fn watch(self: &Arc<Self>, body: Bytes) -> Watched {
        Watched { rest: body, sending: Arc::clone(self) }
    }
}

/// A body in one piece that notes when it is taken.
pub(super) struct Watched {
    rest: Bytes,
    sending: Arc<Sending>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        self.sending.taken.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(mem::take(&mut self.rest)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_body_is_taken_when_it_is_asked_for() {
        let sending = Arc::new(Sending::default());
        let body = sending.watch("body".into());
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
        assert!(!sending.is_taken());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "body");
        assert!(sending.is_taken());
        sending.begin();
        assert!(!sending.is_taken());
    }
}
