//! Turns of other tasks while a body is read that arrives faster than that, on the runtime that the addon uses.
#![cfg(unix)]

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;

use crate::channel::{Channel, Wake};
use crate::http::{self, Body, Request, Response, Transport};
use crate::json::{BATCH_BYTES, Elements, EntryBatch};
use crate::protocol::{LogEndpoint, Timeouts};
use crate::read::list::read_list;
use crate::read::{Sink, SinkError, search_log};
use crate::runtime::runtime;
use crate::testing::script::Recorder;

/// The first chunk of a body, and a number of further ones, which are all there.
#[derive(Clone)]
struct ReadyBody(Option<&'static str>, Bytes, usize);

impl Body for ReadyBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, http::Error> {
        let left = self.2.checked_sub(1);
        Ok(match self.0.take() {
            Some(first) => Some(first.into()),
            None => left.map(|left| {
                self.2 = left;
                self.1.clone()
            }),
        })
    }
}

impl ReadyBody {
    fn response(self) -> Response<Self> {
        Response { status: 200, headers: HeaderMap::new(), body: self }
    }
}

impl Transport for ReadyBody {
    type Body = Self;

    async fn send(&self, _request: Request) -> Result<Response<Self>, http::Error> {
        Ok(self.clone().response())
    }
}

/// Counts what was read: batches, or chunks.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Writes to a socket when it has counted ten.
struct Tenth {
    count: Count,
    socket: UnixStream,
}

impl Tenth {
    fn count(&mut self) {
        if self.count.0.fetch_add(1, Ordering::SeqCst) + 1 == 10 {
            self.socket.write_all(b"stored").unwrap();
        }
    }
}

struct CountingSink {
    tenth: Tenth,
    counts_chunks: bool,
}

impl Sink for CountingSink {
    async fn accept(&mut self, _batch: EntryBatch) -> Result<(), SinkError> {
        if !self.counts_chunks {
            self.tenth.count();
        }
        Ok(())
    }

    async fn truncate(&mut self, _entries: usize) -> Result<(), SinkError> {
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn received(&mut self, _bytes: usize) {
        if self.counts_chunks {
            self.tenth.count();
        }
    }
}

/// Counts the parts of the elements that a search passes.
struct CountingElements(Tenth);

impl Elements for CountingElements {
    const MAX_ENVELOPE_BYTES: usize = usize::MAX;

    fn begin(&mut self) {}

    fn extend(&mut self, _text: &[u8]) {
        self.0.count();
    }

    fn end(&mut self) {}

    fn start_over(&mut self) {}

    fn refuse(&mut self) {}
}

/// Takes the count at which the thread is woken first.
struct CountingWaker(Count, std::sync::Mutex<Option<oneshot::Sender<usize>>>);

impl Wake for CountingWaker {
    fn wake(&self) {
        if let Some(woken) = self.1.lock().unwrap().take() {
            woken.send(self.0.get()).unwrap();
        }
    }
}

/// The count at which the thread of a channel is woken, by a task that sends when it can read from a socket. That can be
/// read from ten on. `read` reads a body without end, and gives whether it found one.
async fn woken_at<F>(read: impl FnOnce(Tenth) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let (count, (near, far)) = (Count::default(), UnixStream::pair().unwrap());
    let (sender, woken) = oneshot::channel();
    let channel = Arc::<Channel<(), ()>>::default();
    channel.set_waker(Arc::new(CountingWaker(count.clone(), Some(sender).into())));
    let (begin, begun) = oneshot::channel();
    let runtime = runtime().unwrap();
    runtime.spawn(async move {
        far.set_nonblocking(true).unwrap();
        let mut far = tokio::net::UnixStream::from_std(far).unwrap();
        begin.send(()).unwrap();
        far.read_exact(&mut [0; 6]).await.unwrap();
        channel.send(());
    });
    begun.await.unwrap();
    let read = runtime.spawn(read(Tenth { count, socket: near }));
    let woken = woken.await.unwrap();
    assert!(!read.await.unwrap(), "the body has no end");
    woken
}

async fn woken_in_read_at(body: ReadyBody, counts_chunks: bool) -> usize {
    woken_at(move |tenth| async move {
        let mut sink = CountingSink { tenth, counts_chunks };
        read_list(body.response(), "loglines", 0, &mut sink).await.is_ok()
    })
    .await
}

async fn woken_in_search_at(body: ReadyBody) -> usize {
    let request = LogEndpoint::new("http://a.test/", "token").unwrap().search(&Timeouts::default());
    woken_at(move |tenth| async move {
        search_log(&body, request, CountingElements(tenth), &Recorder::default()).await.is_ok()
    })
    .await
}

#[tokio::test]
async fn what_another_task_sends_wakes_its_thread_before_the_third_batch() {
    let entry = format!(",\"{}\"", "x".repeat(BATCH_BYTES));
    let at = woken_in_read_at(ReadyBody(Some("{\"loglines\":[0"), entry.into(), 1000), false).await;
    assert!((10..13).contains(&at), "woken at batch {at}");
}

#[tokio::test]
async fn what_another_task_sends_wakes_its_thread_while_one_long_entry_is_read() {
    let part = Bytes::from("x".repeat(BATCH_BYTES));
    let at = woken_in_read_at(ReadyBody(Some("{\"loglines\":[\""), part, 1000), true).await;
    assert!((10..13).contains(&at), "woken at chunk {at}");
}

#[tokio::test]
async fn what_another_task_sends_wakes_its_thread_while_a_body_of_many_small_chunks_is_read() {
    let part = Bytes::from("x".repeat(BATCH_BYTES / 4));
    let at = woken_in_read_at(ReadyBody(Some("{\"loglines\":[\""), part, 1000), true).await;
    assert!((10..10 + 3 * 4).contains(&at), "woken at chunk {at}");
}

#[tokio::test]
async fn what_another_task_sends_wakes_its_thread_before_the_third_batch_of_a_searched_log() {
    let part = Bytes::from("x".repeat(BATCH_BYTES));
    let at = woken_in_search_at(ReadyBody(Some("{\"loglines\":[\""), part, 1000)).await;
    assert!((10..13).contains(&at), "woken at chunk {at}");
}
