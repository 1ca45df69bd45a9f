//! One session: its heads, its ordered queue, and its figures.

mod counters;
mod given_up;
mod heads;
mod in_doubt;
mod last_error;
mod latency;
mod pending_entries;
mod registry;
mod token_renewals;

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use reqwest::Url;

use crate::http;
use crate::panic::catch_panic_async;
use crate::protocol::{EntryUuid, LogEndpoint};
use crate::report::ErrorReport;
use crate::sync::{Mutex, MutexGuard};
use pending_entries::PendingEntries;

use heads::Heads;

pub use counters::{AppendCounters, PendingCounters, PendingGuard, Stats};
pub use given_up::GivenUp;
pub use in_doubt::{EntriesInDoubt, InDoubt};
pub use last_error::LastError;
pub use latency::Latency;
pub use pending_entries::PendingEntry;
pub use registry::{Forgotten, Sessions};
pub use token_renewals::TokenRenewals;

/// Work in a session's queue.
pub type Job = Box<dyn FnOnce() -> Running + Send>;

/// A job whose turn has come.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One append-only log on the server, as one instance knows it.
///
/// A worker task lives only while there are jobs: an idle session costs no more than an entry of a map. [`Sessions`]
/// forgets a session that is cleared. Its jobs then still run with its own head, and do not change the head of its
/// successor.
#[derive(Default)]
pub struct Session {
    /// As the host names it; `None` where it is of none of the host's calls.
    id: Option<Arc<str>>,
    counters: Arc<AppendCounters>,
    renewals: Arc<TokenRenewals>,
    given_up: Arc<GivenUp>,
    pending: Mutex<PendingEntries>,
    // A std mutex: it is held for a few instructions, and never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    heads: Heads,
    in_doubt: EntriesInDoubt,
    jobs: VecDeque<Job>,
    working: bool,
    endpoint: Option<CachedEndpoint>,
}

/// The last endpoint, with the URL that it was made from. It is used again while URL and token stay the same.
struct CachedEndpoint {
    url: String,
    endpoint: Arc<LogEndpoint>,
}

impl Session {
    fn new(
        id: Arc<str>,
        counters: Arc<AppendCounters>,
        renewals: Arc<TokenRenewals>,
        given_up: Arc<GivenUp>,
    ) -> Self {
        Self { id: Some(id), counters, renewals, given_up, ..Self::default() }
    }

    /// A session of that name beside those of the instance.
    pub fn apart(id: &str) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// The name that the host gave it.
    pub fn id(&self) -> Option<&Arc<str>> {
        self.id.as_ref()
    }

    /// Keeps an error of an append, for `sessionStats`.
    pub fn note_error(&self, report: &ErrorReport) {
        self.counters.note_error(report);
    }

    /// Whether it knows nothing, and nothing that is under way could change that. Entries in doubt are those of appends
    /// that have failed, which its counters show.
    fn is_unused(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1
            && Arc::strong_count(&self.counters) == 1
            && self.counters.are_zero()
            && self.state().heads.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The uuid of the last entry known to be in the log at `url`.
    pub fn head(&self, url: &Url) -> Option<EntryUuid> {
        self.state().heads.of(url).cloned()
    }

    /// The same for a `PUT`: the log at `url` is now the one that was used last.
    pub fn head_to_append_to(&self, url: &Url) -> Option<EntryUuid> {
        self.state().heads.use_url(url).clone()
    }

    /// The head of the log that was used last.
    pub fn last_used_head(&self) -> Option<EntryUuid> {
        self.state().heads.last_used().cloned()
    }

    pub fn set_head(&self, url: &Url, head: EntryUuid) {
        *self.state().heads.use_url(url) = Some(head);
    }

    /// Forgets the head of a log that is gone, unless it is another one than `head` by now.
    pub fn forget_head(&self, url: &Url, head: Option<&EntryUuid>) {
        self.state().heads.forget(url, head);
    }

    /// The renewals of tokens that all sessions of the instance share.
    pub fn renewals(&self) -> &TokenRenewals {
        &self.renewals
    }

    /// Whether the appends of the instance are given up.
    pub fn given_up(&self) -> &GivenUp {
        &self.given_up
    }

    /// Counts an append of `bytes` bytes as pending, until the guard is settled or dropped.
    pub fn count_append(&self, bytes: usize) -> PendingGuard {
        PendingGuard::new(self.counters.clone(), bytes)
    }

    /// Joins `operation` to the pending append of the same entry, and gives that of the first call; `None` where there is
    /// none.
    pub fn join(&self, entry: &PendingEntry, operation: u64) -> Option<u64> {
        self.pending_entries().join(entry, operation)
    }

    /// Lets later appends of `entry` join `operation`, which begins now, until [`end`](Self::end).
    pub fn begin(&self, entry: Arc<PendingEntry>, operation: u64) {
        self.pending_entries().add(entry, operation);
    }

    /// Ends the append of `entry`, which settles; returns the operations that joined it, in order.
    pub fn end(&self, entry: &PendingEntry) -> Vec<u64> {
        self.pending_entries().remove(entry)
    }

    /// The operations that joined the append of `entry`, in order.
    pub fn joined(&self, entry: &PendingEntry) -> Vec<u64> {
        self.pending_entries().joined(entry)
    }

    fn pending_entries(&self) -> MutexGuard<'_, PendingEntries> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt beyond the first of an append.
    pub fn count_retry(&self) {
        self.counters.count_retry();
    }

    #[cfg(test)]
    pub(crate) fn retries(&self) -> u64 {
        self.counters.stats(None).retries
    }

    /// Calls `work` with the entries in doubt, under the session's lock.
    pub fn with_in_doubt<T>(&self, work: impl FnOnce(&mut EntriesInDoubt) -> T) -> T {
        work(&mut self.state().in_doubt)
    }

    /// The endpoint of the log at `url`, authorized by `token`; an error where either cannot be sent.
    pub fn endpoint(&self, url: String, token: &str) -> Result<Arc<LogEndpoint>, http::Error> {
        let mut state = self.state();
        match &state.endpoint {
            Some(cached) if cached.url == url && cached.endpoint.has_token(token) => {
                Ok(Arc::clone(&cached.endpoint))
            }
            _ => {
                let endpoint = Arc::new(LogEndpoint::new(&url, token)?);
                state.endpoint = Some(CachedEndpoint { url, endpoint: Arc::clone(&endpoint) });
                Ok(endpoint)
            }
        }
    }

    /// Puts `job` at the end of the queue: jobs run in the order of these calls, one at a time. Where the session was
    /// idle, returns its worker, which the caller must spawn.
    #[must_use]
    pub fn enqueue(self: &Arc<Self>, job: Job) -> Option<impl Future<Output = ()> + Send + use<>> {
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
        // A job that panics drops its completion, which reports the panic. The jobs behind it still run.
        catch_panic_async(async { job().await }).await.ok();
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
    fn an_endpoint_is_made_again_when_the_url_or_the_token_changes() {
        let session = session();
        let endpoint = |url: &str, token: &str| session.endpoint(url.into(), token);
        let first = endpoint("http://a.test/1", "t").unwrap();
        assert!(Arc::ptr_eq(&first, &endpoint("http://a.test/1", "t").unwrap()));
        for (url, token) in [("http://b.test/2#x", "t"), ("http://b.test/2#x", "u"), ("http://a.test/1", "u")]
        {
            assert_eq!(*endpoint(url, token).unwrap(), LogEndpoint::new(url, token).unwrap());
        }
        assert!(endpoint("nonsense", "t").is_err() && endpoint("http://a.test/1", "a\nb").is_err());
        assert!(endpoint("http://a.test/1", "t").is_ok());
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
    async fn the_jobs_behind_one_that_panics_still_run() {
        let session = session();
        let worker = session.enqueue(Box::new(|| panic!("no future")));
        enqueue(&session, async { panic!("no result") });
        let (done, finished) = oneshot::channel();
        enqueue(&session, async move { done.send(()).unwrap() });
        tokio::spawn(worker.unwrap());
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn sessions_run_concurrently() {
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
