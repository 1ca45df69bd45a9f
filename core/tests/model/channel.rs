//! Models of the channel to the JavaScript thread: every message is delivered or dropped, and no thread waits forever,
//! whether the environment lives or ends.

use std::pin::Pin;
use std::sync::Arc;

use loom::future::block_on;
use loom::thread::{self, JoinHandle};
use session_ingress_core::channel::{self, ChunkAck, Closed, Item, Window};
use session_ingress_core::session::Sessions;
use tokio::sync::oneshot;

use crate::waker::Waker;
use crate::{Model, every_order, two_interruptions};

pub(crate) const MODELS: &[Model] = &[
    every_order("channel: each message wakes its thread or is seen by it, in order", wakes),
    two_interruptions("channel: messages of two threads all arrive", wakes_from_two),
    two_interruptions("channel: appends of a queue settle, and nothing stays pending", settles),
    every_order("channel: a request for a token gets one", renews_token),
    every_order("channel: a request for a token ends with the environment", token_request_ends),
    two_interruptions(
        "channel: a queue ends with its environment, and no reference to it is left",
        queue_ends,
    ),
    two_interruptions("channel: a list arrives with all its chunks", lists),
    every_order("channel: a read of a list ends with the environment", list_ends),
];

enum Message {
    Settle(u64, bool),
    RenewToken(oneshot::Sender<Option<String>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gone;

impl From<Closed> for Gone {
    fn from(_: Closed) -> Self {
        Self
    }
}

type Channel = channel::Channel<Message, ChunkAck<Gone>>;

/// A channel, and the waker by which its JavaScript thread waits.
fn channel() -> (Arc<Channel>, Arc<Waker>) {
    let (channel, waker) = (Arc::<Channel>::default(), Arc::<Waker>::default());
    channel.set_waker(waker.clone());
    (channel, waker)
}

/// A thread of the runtime.
fn runtime(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || block_on(work))
}

/// Runs the JavaScript thread: delivers all items each time that it is woken, until `receive` returns true.
fn deliver(channel: &Channel, waker: &Waker, mut receive: impl FnMut(Item<Message, ChunkAck<Gone>>) -> bool) {
    loop {
        waker.wait();
        let mut done = false;
        while let Some(item) = channel.next() {
            done |= receive(item);
        }
        if done {
            return;
        }
    }
}

/// Delivers messages until `operations` operations have settled; returns their ids and outcomes, in order.
fn settled(channel: &Channel, waker: &Waker, operations: usize) -> Vec<(u64, bool)> {
    let mut settled = Vec::new();
    deliver(channel, waker, |item| {
        match item {
            Item::Message(Message::Settle(id, appended)) => settled.push((id, appended)),
            Item::Message(Message::RenewToken(token)) => token.send(Some("token".into())).unwrap(),
            Item::Chunk(_) => {}
        }
        settled.len() == operations
    });
    settled
}

fn wakes() {
    let (channel, waker) = channel();
    let of_runtime = channel.clone();
    let thread = runtime(async move {
        for id in 1..=3 {
            of_runtime.send(Message::Settle(id, true));
        }
    });
    assert_eq!(settled(&channel, &waker, 3), [1, 2, 3].map(|id| (id, true)));
    thread.join().unwrap();
}

fn wakes_from_two() {
    let (channel, waker) = channel();
    let threads = [1, 2].map(|id| {
        let channel = channel.clone();
        runtime(async move { channel.send(Message::Settle(id, true)) })
    });
    // From the JavaScript thread itself, as for an append that is not queued.
    channel.send(Message::Settle(3, true));
    assert_eq!(settled(&channel, &waker, 3).len(), 3);
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Queues the append `id` in the session `a`; it settles itself.
fn append(sessions: &mut Sessions, channel: &Arc<Channel>, id: u64) -> Option<JoinHandle<()>> {
    let channel = channel.clone();
    let job = Box::new(move || -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { channel.send(Message::Settle(id, true)) })
    });
    sessions.get("a").enqueue(job).map(runtime)
}

fn settles() {
    let (mut sessions, (channel, waker)) = (Sessions::default(), channel());
    let mut guards = Vec::new();
    let mut begin = |sessions: &mut Sessions, id| {
        guards.push(sessions.get("a").count_append(1));
        append(sessions, &channel, id)
    };
    let first = begin(&mut sessions, 1);
    let second = begin(&mut sessions, 2);
    sessions.clear("a");
    let third = begin(&mut sessions, 3);
    assert_eq!(sessions.stats("a").pending, 3);
    let settled = settled(&channel, &waker, 3);
    let position = |id| settled.iter().position(|(settled, _)| *settled == id);
    assert!(position(1) < position(2));
    guards.into_iter().for_each(|guard| guard.settle(true));
    let all = sessions.all().stats(None);
    assert_eq!((all.pending, all.appended, sessions.stats("a").appended), (0, 3, 1));
    for worker in [first, second, third].into_iter().flatten() {
        worker.join().unwrap();
    }
}

/// Asks for a token, and settles with whether there was one.
fn renewing(channel: &Arc<Channel>) -> JoinHandle<()> {
    let channel = channel.clone();
    runtime(async move {
        let (token, renewed) = oneshot::channel();
        channel.send(Message::RenewToken(token));
        let appended = matches!(renewed.await, Ok(Some(_)));
        channel.send(Message::Settle(1, appended));
    })
}

fn renews_token() {
    let (channel, waker) = channel();
    let thread = renewing(&channel);
    assert_eq!(settled(&channel, &waker, 1), [(1, true)]);
    thread.join().unwrap();
}

/// Ends the environment, at any moment.
fn end(channel: &Arc<Channel>, threads: impl IntoIterator<Item = JoinHandle<()>>) {
    // A message that is queued already may be delivered; after that, nothing is.
    drop(channel.next());
    channel.close();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(channel.next().is_none(), "an item is left in the queue");
    assert_eq!(Arc::strong_count(channel), 1, "the channel is still referenced");
}

fn token_request_ends() {
    let (channel, _waker) = channel();
    end(&channel, [renewing(&channel)]);
}

fn queue_ends() {
    let (mut sessions, (channel, _waker)) = (Sessions::default(), channel());
    let workers = [1, 2].map(|id| append(&mut sessions, &channel, id));
    end(&channel, workers.into_iter().flatten());
    let session = sessions.get("a");
    drop(sessions);
    assert_eq!(Arc::strong_count(&session), 1, "a worker or an append is left");
}

/// Sends ten chunks, which are more than the window allows at once.
fn reading(channel: &Arc<Channel>) -> JoinHandle<()> {
    let channel = channel.clone();
    runtime(async move {
        let window = Window::<Gone>::default();
        let send = async {
            for _ in 0..10 {
                channel.send_chunk(window.acquire().await?)?;
            }
            window.drained().await?;
            if channel.is_closed() { Err(Gone) } else { Ok(()) }
        };
        let read = send.await;
        channel.send(Message::Settle(1, read.is_ok()));
    })
}

fn lists() {
    let (channel, waker) = channel();
    let thread = reading(&channel);
    let mut chunks = 0;
    deliver(&channel, &waker, |item| {
        match item {
            Item::Chunk(_) => chunks += 1,
            Item::Message(Message::Settle(_, read)) => {
                assert!(read && chunks == 10, "{chunks} chunks of 10");
                return true;
            }
            Item::Message(_) => {}
        }
        false
    });
    thread.join().unwrap();
}

fn list_ends() {
    let (channel, _waker) = channel();
    let thread = reading(&channel);
    end(&channel, [thread]);
}
