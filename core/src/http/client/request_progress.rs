//! The progress of a request, which decides what its failure means.

use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The progress of a request that is being sent.
#[derive(Debug, Default)]
pub(super) struct RequestProgress {
    body_started: AtomicBool,
}

impl RequestProgress {
    /// Notes that the request is sent again, or on to where a redirect leads.
    pub(super) fn begin(&self) {
        self.body_started.store(false, Ordering::Relaxed);
    }

    /// Whether the body was taken to be written: some of it may have reached the server. Before that, the server has
    /// a part of the head at most, and no request.
    pub(super) fn body_started(&self) -> bool {
        self.body_started.load(Ordering::Relaxed)
    }

    /// The body of the request, whose start is noted.
    pub(super) fn track(self: &Arc<Self>, body: Bytes) -> TrackedBody {
        TrackedBody { rest: body, progress: Arc::clone(self) }
    }
}

/// A body in one piece that notes when it is taken.
pub(super) struct TrackedBody {
    rest: Bytes,
    progress: Arc<RequestProgress>,
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        self.progress.body_started.store(true, Ordering::Relaxed);
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
    async fn a_body_has_started_when_it_is_asked_for() {
        let progress = Arc::new(RequestProgress::default());
        let body = progress.track("body".into());
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
        assert!(!progress.body_started());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "body");
        assert!(progress.body_started());
        progress.begin();
        assert!(!progress.body_started());
    }
}
