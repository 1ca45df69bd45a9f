//! An ordered channel from the runtime to another thread; this is the sending side.
//!
//! Everything that an operation sends to JavaScript (log lines, requests for a token, entries, its outcome) goes
//! through the [`Channel`] of its environment. Messages queue up, and one wake-up delivers all that are ready. So a
//! settled promise is cheap, and the reports of an operation arrive before its promise settles.

mod wake;
mod window;

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, OnceLock, PoisonError};

use crate::sync::{Mutex, MutexGuard};

pub use wake::Wake;
pub use window::{ChunkAck, Closed, Window};

/// Number of queued messages at which the thread is woken at once.
const WAKE_AT: usize = 64;

/// A queue of messages `M`, and one of chunks `C` of long lists.
pub struct Channel<M, C> {
    // A std mutex: both sides hold it for a few instructions only.
    queues: Mutex<Queues<M, C>>,
    waker: OnceLock<Arc<dyn Wake>>,
}

struct Queues<M, C> {
    messages: VecDeque<M>,
    /// Apart from the messages, because a long list must not delay a promise.
    chunks: VecDeque<C>,
    /// The thread was woken, and has not seen the queues empty since.
    awake: bool,
    closed: bool,
}

/// The next thing to deliver.
pub enum Item<M, C> {
    Message(M),
    Chunk(C),
}

impl<M, C> Default for Channel<M, C> {
    fn default() -> Self {
        let (messages, chunks) = (VecDeque::new(), VecDeque::new());
        Self {
            queues: Mutex::new(Queues { messages, chunks, awake: false, closed: false }),
            waker: OnceLock::new(),
        }
    }
}

impl<M, C> Channel<M, C> {
    fn queues(&self) -> MutexGuard<'_, Queues<M, C>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the waker of the thread: once, when its environment begins. Later calls change nothing.
    pub fn set_waker(&self, waker: Arc<dyn Wake>) {
        self.waker.set(waker).ok();
    }

    /// Queues a message. After [`close`](Self::close) the message is dropped.
    pub fn send(&self, message: M) {
        self.put(|queues: &mut Queues<M, C>| queues.messages.push_back(message)).ok();
    }

    /// Queues a chunk of a list. Messages are delivered before chunks. After [`close`](Self::close) the chunk is
    /// dropped, and the result is an error.
    pub fn send_chunk(&self, chunk: C) -> Result<(), Closed> {
        self.put(|queues: &mut Queues<M, C>| queues.chunks.push_back(chunk))
    }

    fn put(&self, put: impl FnOnce(&mut Queues<M, C>)) -> Result<(), Closed> {
        let (asleep, wake_now) = {
            let mut queues = self.queues();
            if queues.closed {
                return Err(Closed);
            }
            put(&mut queues);
            (!mem::replace(&mut queues.awake, true), queues.messages.len() == WAKE_AT)
        };
        match self.waker.get() {
            Some(waker) if wake_now => waker.wake(),
            Some(waker) if asleep => wake::wake_soon(waker),
            _ => {}
        }
        Ok(())
    }

    /// Takes the next item. After a `None`, the next item that is sent wakes the thread again.
    pub fn next(&self) -> Option<Item<M, C>> {
        let mut queues = self.queues();
        let next = match queues.messages.pop_front() {
            Some(message) => Some(Item::Message(message)),
            None => queues.chunks.pop_front().map(Item::Chunk),
        };
        queues.awake = next.is_some();
        next
    }

    /// Closes the channel when its environment ends. All that is queued is dropped, and a request for a token gets
    /// none.
    pub fn close(&self) {
        let queued = {
            let mut queues = self.queues();
            queues.closed = true;
            (mem::take(&mut queues.messages), mem::take(&mut queues.chunks))
        };
        drop(queued);
    }

    pub fn is_closed(&self) -> bool {
        self.queues().closed
    }
}
