//! The channel to the JavaScript thread: nothing that is sent is left lying, and nobody is left waiting, whether
//! the environment goes on or ends.

#[path = "../../../src/binding/settle.rs"]
mod settle;
#[path = "../../../src/binding/text.rs"]
mod text;
#[path = "../../../src/binding/wake.rs"]
mod wake;
mod waker;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use crate::ingress::{Caller, Refused, Report, Sessions, Sink, Slice, Ticket};
use crate::{Model, every_order, two_interruptions};
use settle::{Channel, Delivery, Line, ListSink, Message, Outcome};
use waker::Waker;

pub(crate) const MODELS: &[Model] = &[
    every_order("channel: each message wakes its thread or is seen by it, in order", wakes),
    two_interruptions("channel: messages of two threads all arrive", wakes_from_two),
    two_interruptions("channel: appends of a queue settle, and nothing stays pending", settles),
    every_order("channel: a question is answered", asks),
    every_order("channel: who asks goes on when the environment ends", asker_ends),
    two_interruptions("channel: a queue ends with its environment, and nothing of it is left", queue_ends),
    two_interruptions("channel: a list arrives whole", lists),
    every_order("channel: who reads a list ends with the environment", list_ends),
];

fn channel() -> Arc<Channel> {
    let channel = Arc::<Channel>::default();
    channel.set_waker(Waker::default());
    channel
}

/// A thread of the runtime: it wakes JavaScript threads before it sleeps.
fn runtime(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        (wake::HOOKS.on_start)();
        let mut work = pin!(work);
        block_on(std::future::poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            (wake::HOOKS.when_idle)();
            polled
        }));
    })
}

/// What the JavaScript thread does each time that it is woken, until `take` has what it waited for.
fn deliver(channel: &Channel, mut take: impl FnMut(Delivery) -> bool) {
    loop {
        channel.waker().unwrap().wait();
        let mut done = false;
        while let Some(delivery) = channel.next() {
            done |= take(delivery);
        }
        if done {
            return;
        }
    }
}

/// Takes messages until the operation `last` settles; says which settled, in order.
fn settled(channel: &Channel, mut operations: usize) -> Vec<u64> {
    let mut settled = Vec::new();
    deliver(channel, |delivery| {
        match delivery {
            Delivery::Message(Message::Settle(id, outcome)) => {
                settled.push(id);
                operations -= 1;
                if let Outcome::Appended(appended, ticket) = outcome {
                    ticket.settle(appended);
                }
            }
            Delivery::Message(Message::RenewToken(answer)) => answer.send(Some("token".into())).unwrap(),
            Delivery::Message(_) | Delivery::Batch(_) => {}
        }
        operations == 0
    });
    settled
}

fn wakes() {
    let channel = channel();
    let of_runtime = channel.clone();
    let thread = runtime(async move {
        for id in 1..=3 {
            of_runtime.send(Message::Settle(id, Outcome::Null));
        }
    });
    assert_eq!(settled(&channel, 3), [1, 2, 3]);
    thread.join().unwrap();
}

fn wakes_from_two() {
    let channel = channel();
    let threads = [1, 2].map(|id| {
        let channel = channel.clone();
        runtime(async move { channel.send(Message::Settle(id, Outcome::Null)) })
    });
    // From the JavaScript thread itself, as where an append is not queued.
    channel.send(Message::Settle(3, Outcome::Null));
    assert_eq!(settled(&channel, 3).len(), 3);
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Appends `id` to the session `a`; says what becomes of it through the channel.
fn append(sessions: &mut Sessions, channel: &Arc<Channel>, id: u64) -> Option<JoinHandle<()>> {
    let (ticket, channel) = (sessions.ticket("a"), channel.clone());
    let job = Box::new(move || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { channel.send(Message::Settle(id, Outcome::Appended(true, ticket))) })
    });
    sessions.get("a").enqueue(job).map(runtime)
}

fn settles() {
    let (mut sessions, channel) = (Sessions::default(), channel());
    let first = append(&mut sessions, &channel, 1);
    let second = append(&mut sessions, &channel, 2);
    sessions.clear("a");
    let third = append(&mut sessions, &channel, 3);
    assert_eq!(sessions.stats("a").pending, 3);
    let settled = settled(&channel, 3);
    assert!(settled.iter().position(|id| *id == 1) < settled.iter().position(|id| *id == 2));
    let all = sessions.all().stats(None);
    assert_eq!((all.pending, all.appended, sessions.stats("a").appended), (0, 3, 1));
    for worker in [first, second, third].into_iter().flatten() {
        worker.join().unwrap();
    }
}

/// Asks for a token and settles with whether there was one.
fn asking(channel: &Arc<Channel>, ticket: Ticket) -> JoinHandle<()> {
    let channel = channel.clone();
    runtime(async move {
        let token = Line(channel.clone()).renew_token().await;
        let appended = matches!(token, Ok(Some(_)));
        channel.send(Message::Settle(1, Outcome::Appended(appended, ticket)));
    })
}

fn asks() {
    let (mut sessions, channel) = (Sessions::default(), channel());
    let thread = asking(&channel, sessions.ticket("a"));
    assert_eq!(settled(&channel, 1), [1]);
    assert_eq!(sessions.stats("a").appended, 1);
    thread.join().unwrap();
}

/// The environment ends, at any moment.
fn end(sessions: Sessions, channel: Arc<Channel>, threads: impl IntoIterator<Item = JoinHandle<()>>) {
    // Whatever is there already may be delivered; nothing is waited for any more.
    drop(channel.next());
    channel.close();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(channel.next().is_none(), "something is left lying");
    assert_eq!(Arc::strong_count(&channel), 1, "somebody still holds the channel");
    // Figures mean nothing any more: tickets were dropped on several threads. But they are gone.
    let all = sessions.all().clone();
    drop(sessions);
    assert_eq!(Arc::strong_count(&all), 1, "a worker or an append is left");
}

fn asker_ends() {
    let (mut sessions, channel) = (Sessions::default(), channel());
    let thread = asking(&channel, sessions.ticket("a"));
    end(sessions, channel, [thread]);
}

fn queue_ends() {
    let (mut sessions, channel) = (Sessions::default(), channel());
    let workers = [1, 2].map(|id| append(&mut sessions, &channel, id));
    end(sessions, channel, workers.into_iter().flatten());
}

/// Reads ten slices, which are more than may be on their way at once.
fn reading(channel: &Arc<Channel>) -> JoinHandle<()> {
    let channel = channel.clone();
    runtime(async move {
        let mut sink = ListSink::new(channel.clone(), 1, None);
        let mut read = Ok(());
        for _ in 0..10 {
            let mut slice = Slice::default();
            slice.push(b"1");
            if read.is_ok() {
                read = sink.accept(slice).await;
            }
        }
        if read.is_ok() {
            read = sink.complete().await;
        }
        assert!(matches!(read, Ok(()) | Err(Refused::Gone)));
        channel.send(Message::Settle(1, if read.is_ok() { Outcome::List } else { Outcome::Null }));
    })
}

fn lists() {
    let channel = channel();
    let thread = reading(&channel);
    let mut batches = 0;
    deliver(&channel, |delivery| {
        match delivery {
            Delivery::Batch(_) => batches += 1,
            Delivery::Message(Message::Settle(_, outcome)) => {
                assert!(matches!(outcome, Outcome::List) && batches == 10, "{batches} slices of 10");
                return true;
            }
            Delivery::Message(_) => {}
        }
        false
    });
    thread.join().unwrap();
}

fn list_ends() {
    let channel = channel();
    let thread = reading(&channel);
    drop(channel.next());
    channel.close();
    thread.join().unwrap();
    assert!(channel.next().is_none(), "something is left lying");
    assert_eq!(Arc::strong_count(&channel), 1, "somebody still holds the channel");
}
