//! One session: its head, and an ordered queue.

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use super::doubt::Unsure;
use super::entry_uuid::EntryUuid;
use super::guard::guarded;
use super::request::Target;
use super::tally::Tally;
use crate::http::Failure;
use crate::sync::{Mutex, MutexGuard};

/// Work that waits in a session's queue.
pub(crate) type Job = Box<dyn FnOnce() -> Running + Send>;

/// A job whose turn has come. It answers for its own panics.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One append-only log on the server, as one environment knows it.
///
/// A worker task lives while there are jobs, and no longer: an idle session costs an entry of a map. A
/// session that was cleared is merely forgotten by [`Sessions`](super::sessions::Sessions): jobs that it has go on chaining on the
/// heads that it had, and touch no other's.
#[derive(Default)]
pub(crate) struct Session {
    pub(super) tally: Arc<Tally>,
    // A std mutex: it is held for a few instructions, never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    head: Option<EntryUuid>,
    unsure: Unsure,
    jobs: VecDeque<Job>,
    working: bool,
    target: Option<Known>,
}

/// The last target, and the URL that it was made of: a session's log rarely moves, and its token is renewed rarely.
struct Known {
    url: String,
    target: Arc<Target>,
}

impl Session {
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self { tally, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The uuid of the last entry known to be on the server.
    pub(crate) fn head(&self) -> Option<EntryUuid> {
        self.state().head.clone()
    }

    pub(crate) fn set_head(&self, head: EntryUuid) {
        self.state().head = Some(head);
    }

    /// Entries whose append ended without success while they may have been stored.
    pub(crate) fn with_unsure<T>(&self, work: impl FnOnce(&mut Unsure) -> T) -> T {
        work(&mut self.state().unsure)
    }

    /// Where the session's log is, by what authority.
    pub(crate) fn target(&self, url: String, token: &str) -> Result<Arc<Target>, Failure> {
        let mut state = self.state();
        match &state.target {
            Some(known) if known.url == url && known.target.has_token(token) => Ok(Arc::clone(&known.target)),
            _ => {
                let target = Arc::new(Target::new(&url, token)?);
                state.target = Some(Known { url, target: Arc::clone(&target) });
                Ok(target)
            }
        }
    }

    /// Puts `job` at the end of the queue: jobs run in the order of these calls, one at a time. Where the
    /// session was idle, returns its worker, which is to be spawned.
    #[must_use]
    pub(crate) fn enqueue(self: &Arc<Self>, job: Job) -> Option<impl Future<Output = ()> + Send + use<>> {
        let idle = {
            let mut state = self.state();
            state.jobs.push_back(job);
            !mem::replace(&mut state.working, true)
        };
        idle.then(|| work(self.clone()))
    }

    fn next_job(&self) -> Option<Job> {
        let mut state = self.state();
        let job = state.jobs.pop_front();
        state.working = job.is_some();
        job
    }
}

async fn work(session: Arc<Session>) {
    while let Some(job) = session.next_job() {
        // Should one panic all the same, it must not take those behind it along.
        guarded(async { job().await }).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::runtime::Handle;
    use tokio::sync::{Barrier, mpsc, oneshot};

    fn session() -> Arc<Session> {
        Arc::default()
    }

    fn enqueue(session: &Arc<Session>, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(worker) = session.enqueue(Box::new(|| Box::pin(work))) {
            tokio::spawn(worker);
        }
    }

    #[test]
    fn a_target_is_made_anew_when_the_url_or_the_token_is_another_one() {
        let session = session();
        let target = |url: &str, token: &str| session.target(url.into(), token);
        let first = target("http://a.test/1", "t").unwrap();
        assert!(Arc::ptr_eq(&first, &target("http://a.test/1", "t").unwrap()));
        for (url, token) in [("http://b.test/2#x", "t"), ("http://b.test/2#x", "u"), ("http://a.test/1", "u")]
        {
            assert_eq!(*target(url, token).unwrap(), Target::new(url, token).unwrap());
        }
        assert!(target("nonsense", "t").is_err() && target("http://a.test/1", "a\nb").is_err());
        assert!(target("http://a.test/1", "t").is_ok());
    }

    #[tokio::test]
    async fn jobs_run_one_at_a_time_in_the_order_of_the_calls() {
        let (session, running) = (session(), Arc::new(AtomicUsize::new(0)));
        let (done, mut order) = mpsc::unbounded_channel();
        for number in 0..100 {
            let (done, running) = (done.clone(), running.clone());
            enqueue(&session, async move {
                assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                done.send(number).unwrap();
            });
        }
        for number in 0..100 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn a_job_that_panics_leaves_those_behind_it() {
        let session = session();
        let worker = session.enqueue(Box::new(|| panic!("no future")));
        enqueue(&session, async { panic!("no result") });
        let (done, finished) = oneshot::channel();
        enqueue(&session, async move { done.send(()).unwrap() });
        tokio::spawn(worker.unwrap());
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn sessions_run_beside_each_other() {
        let barrier = Arc::new(Barrier::new(11));
        for _ in 0..10 {
            let barrier = barrier.clone();
            enqueue(&session(), async move {
                barrier.wait().await;
            });
        }
        barrier.wait().await;
    }

    #[tokio::test]
    async fn an_idle_session_has_no_task() {
        let session = session();
        let (done, finished) = oneshot::channel();
        enqueue(&session, async move { done.send(()).unwrap() });
        finished.await.unwrap();
        while Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(Arc::strong_count(&session), 1);
        assert!(!session.state().working);
    }
}
