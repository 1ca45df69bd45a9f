//! The deliveries of an instance: one for each session that it uses.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::look::BETWEEN_LOOKS;
use super::queue::{Means, Queue};
use super::session::Delivery;
use super::sessions::Sessions;
use super::shared::{Figures, Shared};
use super::{AskForToken, Settle};
use crate::append::{Cause, Random};
use crate::http::Transport;
use crate::outbox::{Discarded, ListedSession, Outbox};
use crate::panic::catch_panic_async;
use crate::protocol::EntryUuid;
use crate::report::{Operation, Reporter, ReporterExt};
use crate::session::{PendingEntry, Session};

/// The first look after a host can give tokens for all sessions.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// For so long a shutdown waits for the disk.
const LONGEST_SYNC: Duration = Duration::from_secs(1);
/// For so long a read waits for what is pending.
const LONGEST_READ_WAIT: Duration = Duration::from_secs(10);

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
    sessions: Arc<Sessions<T, R>>,
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
        let shared = Shared::new(outbox, runtime, reporter, random, ask_for_token);
        Self { sessions: Arc::new(Sessions::new(shared)) }
    }

    pub fn outbox(&self) -> &Outbox {
        &self.sessions.shared.outbox
    }

    pub fn figures(&self) -> &Figures {
        &self.sessions.shared.figures
    }

    fn delivery(&self, session: &Arc<Session>, session_id: &str) -> Arc<Delivery<T, R>> {
        let mut known = self.sessions.known();
        if let Some(delivery) = known.by_id.get(session_id)
            && Arc::ptr_eq(&delivery.session, session)
        {
            return Arc::clone(delivery);
        }
        let delivery =
            Delivery::new(Arc::clone(&self.sessions.shared), Arc::clone(session), session_id, false);
        if let Some(old) = known.by_id.insert(session_id.into(), Arc::clone(&delivery)) {
            // It goes on beside its successor.
            known.others.retain(|other| !other.queue().entries.is_empty());
            known.others.push(old);
        }
        self.sessions.start_looking(&mut known, BETWEEN_LOOKS.mul_f64(0.5 + (self.sessions.shared.random)()));
        delivery
    }

    /// Delivers what other processes left, now that the host can give a token for any session.
    pub fn deliver_all(&self) {
        let wait = FIRST_LOOK.mul_f64((self.sessions.shared.random)());
        self.sessions.start_looking(&mut self.sessions.known(), wait);
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
        let delivery = self.sessions.known().by_id.get(session_id).cloned();
        delivery
            .filter(|delivery| Arc::ptr_eq(&delivery.session, session))
            .is_some_and(|delivery| delivery.withdraw(entry.uuid(), entry.body()))
    }

    fn others_of(&self, session_id: &str) -> Vec<Arc<Delivery<T, R>>> {
        let known = self.sessions.known();
        // Mostly there are none.
        known.others.iter().filter(|other| *other.session_id == *session_id).cloned().collect()
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
                let is_over = self.sessions.shared.has_ended() || delivery.queue().failed_tries != failed;
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
        &self.sessions.shared.outbox.options().dir
    }

    /// The token that a session had last, or any other.
    pub fn last_token(&self, session_id: &str) -> Option<String> {
        let known = self.sessions.known();
        let own = known.by_id.get(session_id);
        let mut all = own.into_iter().chain(known.by_id.values());
        let means = all.find_map(|delivery| delivery.queue().means.clone())?;
        String::from_utf8(means.endpoint.token().to_vec()).ok()
    }

    /// Has the dead letters of a session tried again; how many they are.
    pub async fn requeue(&self, session_id: String) -> usize {
        let entries = self.sessions.shared.outbox.requeue(session_id).await;
        if entries > 0 {
            self.sessions.look().await;
        }
        entries
    }

    /// Waits until nothing is left to deliver, of a session or of all.
    pub async fn until_delivered(&self, session_id: Option<&str>) {
        let mut changed = self.sessions.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if !self.has_undelivered(session_id)
                || self.sessions.shared.has_ended()
                || changed.changed().await.is_err()
            {
                return;
            }
        }
    }

    /// Whether something is left to deliver, of a session or of all.
    pub fn has_undelivered(&self, session_id: Option<&str>) -> bool {
        let known = self.sessions.known();
        let all = known.all();
        let mut of = all.filter(|delivery| session_id.is_none_or(|id| *delivery.session_id == *id));
        of.any(|delivery| !delivery.queue().entries.is_empty())
    }

    /// Fails to be upgraded once nothing of it is left.
    #[cfg(test)]
    pub(super) fn downgrade(&self) -> std::sync::Weak<impl Sized + use<T, R>> {
        Arc::downgrade(&self.sessions.shared)
    }

    /// Bytes of a session's entries in memory.
    #[cfg(test)]
    pub(super) fn memory(&self, session_id: &str) -> u64 {
        self.sessions.known().by_id[session_id].queue().memory
    }

    /// Deferred entries of a session, their bytes, and how many have been delivered since.
    pub fn deferred(&self, session_id: &str) -> (u64, u64, u64) {
        let known = self.sessions.known();
        let all = known.all();
        let of = all.filter(|delivery| *delivery.session_id == *session_id);
        of.fold((0, 0, 0), |sum, delivery| {
            let queue = delivery.queue();
            (sum.0 + queue.deferred, sum.1 + queue.deferred_bytes, sum.2 + queue.all_recovered)
        })
    }

    /// What this instance has, and what is in the folder besides.
    pub async fn list(&self) -> (Vec<OwnSession>, Vec<ListedSession>) {
        let deliveries: Vec<_> = {
            let known = self.sessions.known();
            known.all().cloned().collect()
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
        (own, self.sessions.shared.outbox.list().await)
    }

    /// Gives up what is not delivered of a session, or of all.
    pub async fn discard(&self, session_id: Option<String>) -> Discarded {
        let deliveries: Vec<_> = {
            let known = self.sessions.known();
            let all = known.all();
            all.filter(|delivery| session_id.as_deref().is_none_or(|id| *delivery.session_id == *id))
                .cloned()
                .collect()
        };
        let own: usize = deliveries.iter().map(|delivery| delivery.discard()).sum();
        self.sessions.shared.outbox.settled().await;
        let Discarded { entries, held } = self.sessions.shared.outbox.discard(session_id).await;
        Discarded { entries: entries + own, held }
    }

    /// Defers all that is pending, and ends: gives the session and the uuid of each entry that is on the disk. Promises
    /// settle as those of deferred entries do.
    pub async fn shut_down(&self) -> Vec<(Arc<str>, EntryUuid)> {
        let deliveries: Vec<_> = {
            let known = self.sessions.known();
            known.all().filter(|one| !one.is_foreign).cloned().collect()
        };
        let until = tokio::time::Instant::now() + LONGEST_SYNC;
        let mut kept = Vec::new();
        for delivery in deliveries {
            // Where one session is lost, the others are kept, and the shutdown ends.
            match catch_panic_async(delivery.keep_all(until)).await {
                Ok(of_session) => kept.extend(of_session),
                Err(panic) => self.sessions.shared.report_panic(Operation::Shutdown, panic),
            }
        }
        self.end();
        kept
    }

    /// Ends with the instance: what is queued is written, and the files are given up once no request is under way.
    pub fn end(&self) {
        self.sessions.shared.outbox.write_now();
        self.sessions.shared.ended.store(true, Ordering::Relaxed);
        let known = self.sessions.known();
        for delivery in known.all() {
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
