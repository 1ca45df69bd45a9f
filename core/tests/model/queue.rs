//! Models of a session's queue: no job is lost, jobs run one at a time, and no worker stays behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use reqwest::Url;
use session_ingress_core::protocol::EntryUuid;
use session_ingress_core::session::Sessions;

use crate::{Model, every_order};

pub(crate) const MODELS: &[Model] = &[
    every_order(
        "queue: jobs run one at a time, in the order of the calls, and leave no worker behind",
        in_order,
    ),
    every_order("queue: a cleared session ends its jobs, and changes no head but its own", cleared),
    every_order("queue: two sessions work concurrently", concurrent),
];

/// The entries of jobs that have run, in order. A lock of `std`, because loom does not have to explore it.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Vec<&'static str>>>);

struct Queues {
    sessions: Sessions,
    done: Done,
    workers: Vec<JoinHandle<()>>,
}

impl Queues {
    fn new() -> Self {
        Self { sessions: Sessions::default(), done: Done::default(), workers: Vec::new() }
    }

    /// Appends `entry` to the session `id`, in two steps, and makes it the head.
    fn append(&mut self, id: &str, entry: &'static str, running: &Arc<AtomicBool>) {
        let session = self.sessions.get(id);
        let (of_session, done, running) = (session.clone(), self.done.clone(), running.clone());
        let worker = session.enqueue(Box::new(move || {
            Box::pin(async move {
                assert!(!running.swap(true, Ordering::Relaxed), "another job is running");
                step().await;
                of_session.set_head(&url(), EntryUuid::new(entry).unwrap());
                running.store(false, Ordering::Relaxed);
                done.0.lock().unwrap().push(entry);
            })
        }));
        self.workers.extend(worker.map(|worker| thread::spawn(move || block_on(worker))));
    }

    /// Waits for all workers to end; returns the entries of the jobs that have run.
    fn end(&mut self) -> Vec<&'static str> {
        for worker in self.workers.drain(..) {
            worker.join().unwrap();
        }
        self.done.0.lock().unwrap().clone()
    }

    fn head(&mut self, id: &str) -> Option<String> {
        self.sessions.get(id).head(&url()).map(|head| head.to_string())
    }
}

fn url() -> Url {
    Url::parse("http://a.test/").unwrap()
}

/// Lets the worker be polled again, and others go first.
async fn step() {
    let mut stepped = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut stepped, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn in_order() {
    let mut model = Queues::new();
    let running = Arc::default();
    for entry in ["one", "two", "three"] {
        model.append("a", entry, &running);
    }
    assert_eq!(model.end(), ["one", "two", "three"]);
    assert_eq!(model.head("a").as_deref(), Some("three"));
    // One reference of the map, and one of this call.
    assert_eq!(Arc::strong_count(&model.sessions.get("a")), 2, "a worker stayed behind");
    model.append("a", "four", &running);
    assert_eq!(model.workers.len(), 1, "the next job has no worker");
    assert_eq!(model.end().last(), Some(&"four"));
}

fn cleared() {
    let mut model = Queues::new();
    let (old, new) = (Arc::default(), Arc::default());
    model.append("a", "one", &old);
    model.append("a", "two", &old);
    let cleared = model.sessions.get("a");
    model.sessions.clear("a");
    assert_eq!(model.head("a"), None);
    model.append("a", "three", &new);
    let mut done = model.end();
    assert_eq!(model.head("a").as_deref(), Some("three"));
    assert_eq!(cleared.head(&url()).map(|head| head.to_string()).as_deref(), Some("two"));
    assert!(done.iter().position(|entry| *entry == "one") < done.iter().position(|entry| *entry == "two"));
    done.sort_unstable();
    assert_eq!(done, ["one", "three", "two"]);
    assert_eq!(Arc::strong_count(&cleared), 1, "a worker stayed behind");
}

fn concurrent() {
    let mut model = Queues::new();
    let (a, b) = (Arc::default(), Arc::default());
    model.append("a", "one", &a);
    model.append("b", "two", &b);
    model.append("a", "three", &a);
    drop(model.sessions.clear_all());
    assert_eq!(model.end().len(), 3);
}
