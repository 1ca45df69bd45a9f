//! The one ordered way from the runtime to a JavaScript thread.
//!
//! Whatever an operation has for JavaScript (log lines, questions, entries, its end) goes through the
//! [`Channel`] of its environment: it queues up, and one wake-up delivers all that is ready. That is what
//! makes a settled promise cheap, and what keeps reports before the promise they belong to.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::text::JsonText;
use super::wake;
use super::waker::Waker;
use crate::ingress::{Caller, Meter, Progress, Refused, Report, Sink, Slice, Ticket};
use crate::sync::{AtomicBool, Mutex, MutexGuard};

/// Names an operation within its environment.
pub(super) type OperationId = u64;

/// What goes to JavaScript.
pub(super) enum Message {
    Report(Report),
    /// V8 refused to serialise the entry of this operation: `logError` with V8's own error.
    NotSerialisable(OperationId),
    RenewToken(oneshot::Sender<Option<String>>),
    /// A read has got further.
    Progress(OperationId),
    Settle(OperationId, Outcome),
}

/// How an operation ends.
#[derive(Debug)]
pub(super) enum Outcome {
    Boolean(bool),
    /// An append's, counted when its promise settles.
    Appended(bool, Ticket),
    Null,
    /// The entries that were delivered.
    List,
    Rejected(String),
    /// By a panic: as the operation says that it failed.
    Failed,
}

/// Entries on their way into the list of an operation.
pub(super) struct Batch {
    pub(super) operation: OperationId,
    pub(super) change: Change,
    pub(super) receipt: Receipt,
}

pub(super) enum Change {
    /// A JSON array of entries to add.
    Add(JsonText),
    /// Drops all but the first so many.
    Truncate(usize),
}

/// Lets the reader go on when dropped: the batch was looked at.
pub(super) struct Receipt {
    refused: Arc<OnceLock<Refused>>,
    _place: OwnedSemaphorePermit,
}

impl Receipt {
    /// The batch cannot be taken, or is not wanted any more: nor is the list.
    pub(super) fn refuse(self, why: Refused) {
        self.refused.set(why).ok();
    }
}

pub(super) enum Delivery {
    Message(Message),
    Batch(Batch),
}

impl Delivery {
    /// The operation that has failed where this is lost.
    pub(super) fn is_of(&self) -> Option<OperationId> {
        match self {
            Self::Message(Message::Settle(id, _)) => Some(*id),
            Self::Message(_) => None,
            Self::Batch(batch) => Some(batch.operation),
        }
    }
}

/// So many messages do not wait for the runtime to have nothing else to do.
const MANY: usize = 64;

#[derive(Default)]
pub(super) struct Channel {
    // A std mutex: it is held for a few instructions, on either side.
    queues: Mutex<Queues>,
    waker: OnceLock<Waker>,
    wants_debug: AtomicBool,
}

#[derive(Default)]
struct Queues {
    messages: VecDeque<Message>,
    /// Apart from the messages: lists are long, and must not hold up anyone's promise.
    batches: VecDeque<Batch>,
    /// The JavaScript thread knows that there is something.
    awake: bool,
    closed: bool,
}

impl Channel {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_waker(&self, waker: Waker) {
        // Set once, when the environment is made.
        self.waker.set(waker).ok();
    }

    pub(super) fn waker(&self) -> Option<&Waker> {
        self.waker.get()
    }

    pub(super) fn set_wants_debug(&self, wants: bool) {
        self.wants_debug.store(wants, Ordering::Relaxed);
    }

    pub(super) fn send(self: &Arc<Self>, message: Message) {
        self.put(|queues| queues.messages.push_back(message));
    }

    fn put(self: &Arc<Self>, put: impl FnOnce(&mut Queues)) -> bool {
        let (asleep, many) = {
            let mut queues = self.queues();
            if queues.closed {
                return false;
            }
            put(&mut queues);
            (!mem::replace(&mut queues.awake, true), queues.messages.len() == MANY)
        };
        if many || (asleep && !wake::later(self)) {
            self.wake();
        }
        true
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker() {
            waker.wake();
        }
    }

    /// The next thing to deliver. After a `None` the next one that is sent wakes the thread anew.
    pub(super) fn next(&self) -> Option<Delivery> {
        let mut queues = self.queues();
        let next = match queues.messages.pop_front() {
            Some(message) => Some(Delivery::Message(message)),
            None => queues.batches.pop_front().map(Delivery::Batch),
        };
        queues.awake = next.is_some();
        next
    }

    /// The environment ends: nothing is delivered any more, and who waits for an answer has none.
    pub(super) fn close(&self) {
        let left = {
            let mut queues = self.queues();
            queues.closed = true;
            (mem::take(&mut queues.messages), mem::take(&mut queues.batches))
        };
        drop(left);
    }
}

/// An operation's end of the channel.
#[derive(Clone)]
pub(super) struct Line(pub(super) Arc<Channel>);

impl Caller for Line {
    fn wants_debug(&self) -> bool {
        self.0.wants_debug.load(Ordering::Relaxed)
    }

    fn report(&self, report: Report) {
        self.0.send(Message::Report(report));
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Message::RenewToken(answer));
        answered
    }
}

/// So many batches of a list are on their way at once. It bounds the memory of a read whose JavaScript
/// thread is busy: past that, the server waits.
const WINDOW: usize = 8;

/// Hands entries to the list of an operation.
pub(super) struct ListSink {
    channel: Arc<Channel>,
    operation: OperationId,
    window: Arc<Semaphore>,
    refused: Arc<OnceLock<Refused>>,
    /// Where the host wants to know how far the read is.
    meter: Option<Arc<Meter>>,
}

impl ListSink {
    pub(super) fn new(channel: Arc<Channel>, operation: OperationId, meter: Option<Arc<Meter>>) -> Self {
        Self { channel, operation, window: Arc::new(Semaphore::new(WINDOW)), refused: Arc::default(), meter }
    }

    fn advance(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(meter) = &self.meter
            && meter.advance(change)
        {
            self.channel.send(Message::Progress(self.operation));
        }
    }

    async fn change(&self, change: Change) -> Result<(), Refused> {
        let place = self.window.clone().acquire_owned().await.map_err(|_| Refused::Gone)?;
        self.check()?;
        let receipt = Receipt { refused: self.refused.clone(), _place: place };
        let batch = Batch { operation: self.operation, change, receipt };
        if self.channel.put(|queues| queues.batches.push_back(batch)) { Ok(()) } else { Err(Refused::Gone) }
    }

    fn check(&self) -> Result<(), Refused> {
        self.refused.get().map_or(Ok(()), |why| Err(*why))
    }
}

impl Sink for ListSink {
    async fn accept(&mut self, slice: Slice) -> Result<(), Refused> {
        let entries = slice.len();
        // Before they are handed over: what a host is told of includes what it has.
        self.advance(|progress| progress.entries += entries);
        self.change(Change::Add(JsonText::from_utf8(slice.into_json()))).await
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), Refused> {
        self.advance(|progress| progress.entries = entries);
        self.change(Change::Truncate(entries)).await
    }

    async fn complete(&mut self) -> Result<(), Refused> {
        // Every place is free again when every batch was looked at.
        let all = self.window.acquire_many(WINDOW as u32).await;
        drop(all.map_err(|_| Refused::Gone)?);
        if self.channel.queues().closed {
            return Err(Refused::Gone);
        }
        self.check()
    }

    fn received(&mut self, bytes: usize) {
        self.advance(|progress| progress.bytes += bytes as u64);
    }

    fn page_read(&mut self) {
        if let Some(meter) = &self.meter {
            meter.end_page();
        }
    }
}
