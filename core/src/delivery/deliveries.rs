//! The deliveries of an instance: one for each session that it uses.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::look::is_same_server;
use super::queue::{Means, Queue};
use super::session::Delivery;
use super::{AskForToken, Grant, Settle};
use crate::append::{Cause, Random};
use crate::http::Transport;
use crate::outbox::{Discarded, ListedSession, Look, Origin, Outbox};
use crate::panic::catch_panic_async;
use crate::protocol::{EntryUuid, LogEndpoint};
use crate::report::{Error, Operation, Reporter, ReporterExt};
use crate::session::{PendingEntry, Session};
use crate::sync::{Mutex, MutexGuard};
use crate::test_hooks::panic_point;

/// Between two looks at the folder: this, half more or half less.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
/// The first look after a host can give tokens for all sessions.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// For so long a shutdown waits for the disk.
const LONGEST_SYNC: Duration = Duration::from_secs(1);
/// Sessions of others that are delivered at the same time.
const MAX_FOREIGN: usize = 4;
/// For so long a read waits for what is pending.
const LONGEST_READ_WAIT: Duration = Duration::from_secs(10);

/// The figures of what is deferred.
#[derive(Default)]
pub struct Figures {
    /// Entries whose promises have settled, and that are not delivered.
    pub deferred: AtomicU64,
    pub deferred_bytes: AtomicU64,
    /// Of them, delivered since.
    pub recovered: AtomicU64,
}

/// What an instance has of a session that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    pub session_id: String,
    pub url: String,
    pub entries: usize,
    pub bytes: u64,
    /// When its file was made, in milliseconds since 1970; `None` where it has none.
    pub since: Option<u64>,
    /// Why it is deferred; `None` where it is being sent.
    pub deferred: Option<Cause>,
}

/// Delivers the entries of an instance's sessions by way of its outbox.
pub struct Deliveries<T, R> {
    shared: Arc<Shared<T, R>>,
}

pub(super) struct Shared<T, R> {
    pub(super) outbox: Outbox,
    pub(super) runtime: Handle,
    pub(super) random: Random,
    pub(super) ask_for_token: AskForToken<T>,
    pub(super) figures: Figures,
    reporter: R,
    sessions: Mutex<Sessions<T, R>>,
    /// Deferred entries, and their bytes, by delivery. Locked under a delivery's queue, and under `sessions`.
    deferred: Mutex<HashMap<u64, (u64, u64)>>,
    /// Signals every change of the figures.
    changed: watch::Sender<u64>,
    ended: AtomicBool,
}

struct Sessions<T, R> {
    by_id: HashMap<Arc<str>, Arc<Delivery<T, R>>>,
    /// Those that are of a cleared session, or of none, as long as they have entries.
    others: Vec<Arc<Delivery<T, R>>>,
    is_looking: bool,
}

impl<T, R> Shared<T, R> {
    fn sessions(&self) -> MutexGuard<'_, Sessions<T, R>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deferred(&self) -> MutexGuard<'_, HashMap<u64, (u64, u64)>> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Notes how much a session has deferred.
    pub(super) fn count(&self, id: u64, entries: u64, bytes: u64) {
        let old = {
            let mut deferred = self.deferred();
            if entries > 0 { deferred.insert(id, (entries, bytes)) } else { deferred.remove(&id) }
        };
        let (old_entries, old_bytes) = old.unwrap_or_default();
        let add = |figure: &AtomicU64, old: u64, new: u64| {
            figure.fetch_add(new.wrapping_sub(old), Ordering::Relaxed);
        };
        add(&self.figures.deferred, old_entries, entries);
        add(&self.figures.deferred_bytes, old_bytes, bytes);
        if self.changed.receiver_count() > 0 {
            self.changed.send_modify(|count| *count += 1);
        }
    }
}

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Shared<T, R> {
    /// Reports a panic that belongs to no call.
    pub(super) fn report_panic(&self, operation: Operation, panic: String) {
        self.reporter.error(Error::Panicked(operation, panic));
    }

    /// Looks for orphans of a session. Where some owners live, it is looked for again.
    pub(super) async fn look_for(self: &Arc<Self>, delivery: &Arc<Delivery<T, R>>) {
        panic_point!("look");
        let Some(means) = delivery.queue().means.clone() else { return };
        let url = means.endpoint.url().clone();
        let session_id = delivery.session_id.to_string();
        let Look { adopted, held, .. } =
            self.outbox.adopt(Some(session_id), move |origin| is_same_server(origin, &url)).await;
        if !adopted.is_empty() {
            delivery.take(adopted);
        }
        if held > 0 {
            let (shared, delivery) = (Arc::downgrade(self), Arc::downgrade(delivery));
            self.runtime.spawn(look_again(shared, delivery));
        }
    }

    /// Looks for orphans of all sessions that are in use, and of others, where the host has tokens for them.
    async fn look(self: &Arc<Self>) {
        panic_point!("look");
        let wanted: HashMap<String, reqwest::Url> = {
            let sessions = self.sessions();
            let of = |delivery: &Arc<Delivery<T, R>>| {
                let queue = delivery.queue();
                let means = queue.means.as_ref()?;
                Some((delivery.session_id.to_string(), means.endpoint.url().clone()))
            };
            sessions.by_id.values().filter_map(of).collect()
        };
        let is_wanted = move |origin: &Origin| {
            wanted.get(&origin.session_id).is_some_and(|url| is_same_server(origin, url))
        };
        let Look { adopted, left, .. } = self.outbox.adopt(None, is_wanted).await;
        for adopted in adopted {
            let delivery = self.sessions().by_id.get(&*adopted.origin.session_id).cloned();
            match delivery {
                Some(delivery) => delivery.take(vec![adopted]),
                None => adopted.spool.end(),
            }
        }
        for origin in left {
            if self.has_ended() {
                return;
            }
            self.deliver_foreign(origin).await;
        }
    }

    /// Delivers what is left of a session that this instance does not use, where the host has a token for it.
    async fn deliver_foreign(self: &Arc<Self>, origin: Origin) {
        let busy = {
            let mut sessions = self.sessions();
            sessions.others.retain(|delivery| !delivery.queue().entries.is_empty());
            sessions.others.iter().filter(|delivery| delivery.is_foreign).count()
        };
        if busy >= MAX_FOREIGN || self.sessions().by_id.contains_key(&*origin.session_id) {
            return;
        }
        let Some(granted) = (self.ask_for_token)(&origin.session_id, &origin.url) else { return };
        let Ok(Some(Grant { token, transport, retry, timeouts })) = granted.await else { return };
        let Ok(endpoint) = LogEndpoint::new(&origin.url, &token) else { return };
        let reporter = self.reporter.clone();
        let means =
            Means { transport, reporter, endpoint: Arc::new(endpoint), retry, timeouts, has_token: true };
        let of = origin.clone();
        let is_this = move |other: &Origin| other.url == of.url;
        let look = self.outbox.adopt(Some(origin.session_id.clone()), is_this).await;
        if look.adopted.is_empty() {
            return;
        }
        let delivery = Delivery::new(
            Arc::clone(self),
            Arc::new(Session::apart(&origin.session_id)),
            &origin.session_id,
            true,
        );
        delivery.queue().means = Some(means);
        self.sessions().others.push(Arc::clone(&delivery));
        delivery.take(look.adopted);
    }
}

/// Looks for orphans of a session whose owners lived at the first look.
async fn look_again<T: Transport + Clone, R: Reporter + Clone + 'static>(
    shared: Weak<Shared<T, R>>,
    delivery: Weak<Delivery<T, R>>,
) {
    let mut wait = Duration::from_secs(1);
    while wait < BETWEEN_LOOKS {
        sleep(wait).await;
        wait *= 2;
        let (Some(shared), Some(delivery)) = (shared.upgrade(), delivery.upgrade()) else { return };
        if shared.has_ended() {
            return;
        }
        let Some(means) = delivery.queue().means.clone() else { return };
        let url = means.endpoint.url().clone();
        let session_id = delivery.session_id.to_string();
        let look = shared.outbox.adopt(Some(session_id), move |origin| is_same_server(origin, &url)).await;
        if !look.adopted.is_empty() {
            delivery.take(look.adopted);
        }
        if look.held == 0 {
            return;
        }
    }
}

/// Looks at the folder again and again, as long as the instance lives.
async fn keep_looking<T: Transport + Clone, R: Reporter + Clone + 'static>(
    shared: Weak<Shared<T, R>>,
    mut wait: Duration,
) {
    loop {
        sleep(wait).await;
        let Some(shared) = shared.upgrade() else { return };
        if shared.has_ended() {
            return;
        }
        if let Err(panic) = catch_panic_async(shared.look()).await {
            shared.report_panic(Operation::Outbox, panic);
        }
        wait = BETWEEN_LOOKS.mul_f64(0.5 + (shared.random)());
    }
}

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Deliveries<T, R> {
    /// `reporter` is for what belongs to no call.
    pub fn new(
        outbox: Outbox,
        runtime: Handle,
        reporter: R,
        random: Random,
        ask_for_token: AskForToken<T>,
    ) -> Self {
        let sessions = Sessions { by_id: HashMap::new(), others: Vec::new(), is_looking: false };
        Self {
            shared: Arc::new(Shared {
                outbox,
                runtime,
                random,
                ask_for_token,
                figures: Figures::default(),
                reporter,
                sessions: Mutex::new(sessions),
                deferred: Mutex::default(),
                changed: watch::Sender::new(0),
                ended: AtomicBool::new(false),
            }),
        }
    }

    pub fn outbox(&self) -> &Outbox {
        &self.shared.outbox
    }

    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    fn delivery(&self, session: &Arc<Session>, session_id: &str) -> Arc<Delivery<T, R>> {
        let mut sessions = self.shared.sessions();
        if let Some(delivery) = sessions.by_id.get(session_id)
            && Arc::ptr_eq(&delivery.session, session)
        {
            return Arc::clone(delivery);
        }
        let delivery = Delivery::new(Arc::clone(&self.shared), Arc::clone(session), session_id, false);
        if let Some(old) = sessions.by_id.insert(session_id.into(), Arc::clone(&delivery)) {
            // It goes on beside its successor.
            sessions.others.retain(|other| !other.queue().entries.is_empty());
            sessions.others.push(old);
        }
        self.start_looking(&mut sessions, BETWEEN_LOOKS.mul_f64(0.5 + (self.shared.random)()));
        delivery
    }

    fn start_looking(&self, sessions: &mut Sessions<T, R>, wait: Duration) {
        if !std::mem::replace(&mut sessions.is_looking, true) {
            self.shared.runtime.spawn(keep_looking(Arc::downgrade(&self.shared), wait));
        }
    }

    /// Delivers what other processes left, now that the host can give a token for any session.
    pub fn deliver_all(&self) {
        let wait = FIRST_LOOK.mul_f64((self.shared.random)());
        self.start_looking(&mut self.shared.sessions(), wait);
    }

    /// Appends an entry; `settle` is called once its promise is to settle.
    pub fn append(
        &self,
        (session, session_id): (&Arc<Session>, &str),
        (uuid, body): (EntryUuid, Bytes),
        means: Means<T, R>,
        mut settle: Settle,
    ) {
        let delivery = self.delivery(session, session_id);
        // Queues of the same session that was cleared go on: what is pending there is not sent from here, too.
        for other in self.others_of(session_id) {
            match other.join((&uuid, &body), &means, settle) {
                Some(not_there) => settle = not_there,
                None => return,
            }
        }
        delivery.append(uuid, body, means, settle);
    }

    /// Takes an entry of a session out, of which nothing was sent; false where something may have been. Its `settle` is
    /// called with `false`.
    pub fn withdraw(&self, (session, session_id): (&Arc<Session>, &str), entry: &PendingEntry) -> bool {
        let delivery = self.shared.sessions().by_id.get(session_id).cloned();
        delivery
            .filter(|delivery| Arc::ptr_eq(&delivery.session, session))
            .is_some_and(|delivery| delivery.withdraw(entry.uuid(), entry.body()))
    }

    fn others_of(&self, session_id: &str) -> Vec<Arc<Delivery<T, R>>> {
        let sessions = self.shared.sessions();
        // Mostly there are none.
        sessions.others.iter().filter(|other| *other.session_id == *session_id).cloned().collect()
    }

    /// Waits until a read of the session shows what is pending: until that is delivered, a try fails, or 10 seconds have
    /// passed.
    pub async fn before_read(&self, session: Arc<Session>, session_id: &str, means: Means<T, R>) {
        let delivery = self.delivery(&session, session_id);
        {
            let mut queue = delivery.queue();
            delivery.use_means(&mut queue, &means);
        }
        let wait = async {
            delivery.look_once().await;
            let failed = delivery.queue().failed_tries;
            loop {
                let progressed = delivery.progressed.notified();
                let mut progressed = std::pin::pin!(progressed);
                progressed.as_mut().enable();
                let is_over = self.shared.has_ended() || delivery.queue().failed_tries != failed;
                if is_over || !delivery.ask_for_try() {
                    return;
                }
                progressed.await;
            }
        };
        timeout(LONGEST_READ_WAIT, wait).await.ok();
        let left = delivery.queue().entries.len();
        if left > 0 {
            means
                .reporter
                .debug(|| format!("{left} entries of {session_id} are not in the log that is read"));
        }
    }

    /// The folder.
    pub fn folder(&self) -> &str {
        &self.shared.outbox.options().dir
    }

    /// The token that a session had last, or any other.
    pub fn last_token(&self, session_id: &str) -> Option<String> {
        let sessions = self.shared.sessions();
        let own = sessions.by_id.get(session_id);
        let mut all = own.into_iter().chain(sessions.by_id.values());
        let means = all.find_map(|delivery| delivery.queue().means.clone())?;
        String::from_utf8(means.endpoint.token().to_vec()).ok()
    }

    /// Has the dead letters of a session tried again; how many they are.
    pub async fn requeue(&self, session_id: String) -> usize {
        let entries = self.shared.outbox.requeue(session_id).await;
        if entries > 0 {
            self.shared.look().await;
        }
        entries
    }

    /// Waits until nothing is left to deliver, of a session or of all.
    pub async fn until_delivered(&self, session_id: Option<&str>) {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if !self.has_undelivered(session_id)
                || self.shared.has_ended()
                || changed.changed().await.is_err()
            {
                return;
            }
        }
    }

    /// Whether something is left to deliver, of a session or of all.
    pub fn has_undelivered(&self, session_id: Option<&str>) -> bool {
        let sessions = self.shared.sessions();
        let all = sessions.by_id.values().chain(&sessions.others);
        let mut of = all.filter(|delivery| session_id.is_none_or(|id| *delivery.session_id == *id));
        of.any(|delivery| !delivery.queue().entries.is_empty())
    }

    /// Bytes of a session's entries in memory.
    #[cfg(test)]
    pub(super) fn memory(&self, session_id: &str) -> u64 {
        self.shared.sessions().by_id[session_id].queue().memory
    }

    /// Deferred entries of a session, their bytes, and how many have been delivered since.
    pub fn deferred(&self, session_id: &str) -> (u64, u64, u64) {
        let sessions = self.shared.sessions();
        let all = sessions.by_id.values().chain(&sessions.others);
        let of = all.filter(|delivery| *delivery.session_id == *session_id);
        of.fold((0, 0, 0), |sum, delivery| {
            let queue = delivery.queue();
            (sum.0 + queue.deferred, sum.1 + queue.deferred_bytes, sum.2 + queue.all_recovered)
        })
    }

    /// What this instance has, and what is in the folder besides.
    pub async fn list(&self) -> (Vec<OwnSession>, Vec<ListedSession>) {
        let deliveries: Vec<_> = {
            let sessions = self.shared.sessions();
            sessions.by_id.values().chain(&sessions.others).cloned().collect()
        };
        let mut own = Vec::new();
        for delivery in deliveries {
            let queue = delivery.queue();
            if let (false, Some(means)) = (queue.entries.is_empty(), &queue.means) {
                let mut url = means.endpoint.url().clone();
                url.set_query(None);
                own.push(OwnSession {
                    session_id: delivery.session_id.to_string(),
                    url: url.into(),
                    entries: queue.entries.len(),
                    since: since(&queue),
                    bytes: queue.entries.iter().map(|entry| u64::from(entry.bytes)).sum(),
                    deferred: queue.deferral.map(|deferral| deferral.cause),
                });
            }
        }
        (own, self.shared.outbox.list().await)
    }

    /// Gives up what is not delivered of a session, or of all.
    pub async fn discard(&self, session_id: Option<String>) -> Discarded {
        let deliveries: Vec<_> = {
            let sessions = self.shared.sessions();
            let all = sessions.by_id.values().chain(&sessions.others);
            all.filter(|delivery| session_id.as_deref().is_none_or(|id| *delivery.session_id == *id))
                .cloned()
                .collect()
        };
        let own: usize = deliveries.iter().map(|delivery| delivery.discard()).sum();
        self.shared.outbox.settled().await;
        let Discarded { entries, held } = self.shared.outbox.discard(session_id).await;
        Discarded { entries: entries + own, held }
    }

    /// Defers all that is pending, and ends: gives the session and the uuid of each entry that is on the disk. Promises
    /// settle as those of deferred entries do.
    pub async fn shut_down(&self) -> Vec<(Arc<str>, EntryUuid)> {
        let deliveries: Vec<_> = {
            let sessions = self.shared.sessions();
            sessions.by_id.values().chain(&sessions.others).filter(|one| !one.is_foreign).cloned().collect()
        };
        let until = tokio::time::Instant::now() + LONGEST_SYNC;
        let mut kept = Vec::new();
        for delivery in deliveries {
            // Where one session is lost, the others are kept, and the shutdown ends.
            match catch_panic_async(delivery.keep_all(until)).await {
                Ok(of_session) => kept.extend(of_session),
                Err(panic) => self.shared.report_panic(Operation::Shutdown, panic),
            }
        }
        self.end();
        kept
    }

    /// Ends with the instance: what is queued is written, and the files are given up once no request is under way.
    pub fn end(&self) {
        self.shared.outbox.write_now();
        self.shared.ended.store(true, Ordering::Relaxed);
        let sessions = self.shared.sessions();
        for delivery in sessions.by_id.values().chain(&sessions.others) {
            if !delivery.queue().is_working {
                delivery.close();
            }
            delivery.changed.notify_one();
            delivery.progressed.notify_waiters();
        }
    }
}

/// When the oldest file of a queue was made.
fn since<T, R>(queue: &Queue<T, R>) -> Option<u64> {
    let spools = queue.entries.iter().filter_map(|entry| entry.source.spool.as_ref());
    spools.take(1).find_map(|spool| spool.created())
}
