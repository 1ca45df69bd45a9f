//! The near end of the one ordered way from the runtime to another thread.
//!
//! Whatever an operation has for JavaScript (log lines, questions, entries, its outcome) goes through the
//! [`Channel`] of its environment: it queues up, and one wake-up delivers all that is ready. That makes a settled
//! promise cheap, and keeps reports before the promise that they belong to.

mod wake;
mod window;

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, OnceLock, PoisonError};

use crate::sync::{Mutex, MutexGuard};

pub use wake::{RUNTIME_HOOKS, RuntimeHooks, Wake};
pub use window::{ChunkAck, Closed, Window};

/// Number of queued messages at which the thread is woken at once, before the runtime is idle.
const MANY: usize = 64;

/// Messages `M`, and chunks `C` of long lists.
pub struct Channel<M, C> {
    // A std mutex: it is held for a few instructions, on either side.
    queues: Mutex<Queues<M, C>>,
    waker: OnceLock<Arc<dyn Wake>>,
}

struct Queues<M, C> {
    messages: VecDeque<M>,
    /// Apart from the messages: lists are long, and must not hold up anyone's promise.
    chunks: VecDeque<C>,
    /// The thread knows that there is something.
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

    /// Sets what wakes the thread: once, when its environment begins.
    pub fn set_waker(&self, waker: Arc<dyn Wake>) {
        self.waker.set(waker).ok();
    }

    /// Queues a message. After [`close`](Self::close) it is dropped.
    pub fn send(&self, message: M) {
        self.put(|queues: &mut Queues<M, C>| queues.messages.push_back(message)).ok();
    }

    /// Queues a chunk of a list, behind all messages.
    pub fn send_chunk(&self, chunk: C) -> Result<(), Closed> {
        self.put(|queues: &mut Queues<M, C>| queues.chunks.push_back(chunk))
    }

    fn put(&self, put: impl FnOnce(&mut Queues<M, C>)) -> Result<(), Closed> {
        let (asleep, many) = {
            let mut queues = self.queues();
            if queues.closed {
                return Err(Closed);
            }
            put(&mut queues);
            (!mem::replace(&mut queues.awake, true), queues.messages.len() == MANY)
        };
        if let Some(waker) = self.waker.get()
            && (many || (asleep && !wake::when_idle(waker)))
        {
            waker.wake();
        }
        Ok(())
    }

    /// Takes the next item. After a `None` the next one that is sent wakes the thread anew.
    pub fn next(&self) -> Option<Item<M, C>> {
        let mut queues = self.queues();
        let next = match queues.messages.pop_front() {
            Some(message) => Some(Item::Message(message)),
            None => queues.chunks.pop_front().map(Item::Chunk),
        };
        queues.awake = next.is_some();
        next
    }

    /// Ends the channel with its environment: nothing is delivered any more, and questions have no answer.
    pub fn close(&self) {
        let left = {
            let mut queues = self.queues();
            queues.closed = true;
            (mem::take(&mut queues.messages), mem::take(&mut queues.chunks))
        };
        drop(left);
    }

    pub fn is_closed(&self) -> bool {
        self.queues().closed
    }
}
