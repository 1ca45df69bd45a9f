//! The sessions of an instance, and the looks for what other owners left of them and of others.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::time::sleep;

use super::Grant;
use super::look::{BETWEEN_LOOKS, is_same_server};
use super::queue::Means;
use super::session::Delivery;
use super::shared::Shared;
use crate::http::Transport;
use crate::outbox::{Look, Origin};
use crate::panic::catch_panic_async;
use crate::protocol::LogEndpoint;
use crate::report::{Operation, Reporter};
use crate::session::Session;
use crate::sync::{Mutex, MutexGuard};
use crate::test_hooks::panic_point;

/// Sessions of others that are delivered at the same time.
const MAX_FOREIGN: usize = 4;

/// The deliveries of an instance, by session.
pub(super) struct Sessions<T, R> {
    pub(super) shared: Arc<Shared<T, R>>,
    known: Mutex<Known<T, R>>,
}

pub(super) struct Known<T, R> {
    pub(super) by_id: HashMap<Arc<str>, Arc<Delivery<T, R>>>,
    /// Those that are of a cleared session, or of none, as long as they have entries.
    pub(super) others: Vec<Arc<Delivery<T, R>>>,
    is_looking: bool,
}

impl<T, R> Sessions<T, R> {
    pub(super) fn new(shared: Shared<T, R>) -> Self {
        let known = Known { by_id: HashMap::new(), others: Vec::new(), is_looking: false };
        Self { shared: Arc::new(shared), known: Mutex::new(known) }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known<T, R>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, R> Known<T, R> {
    /// Every delivery.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Delivery<T, R>>> {
        self.by_id.values().chain(&self.others)
    }
}

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Sessions<T, R> {
    /// Has the folder looked at after a while, and from then on.
    pub(super) fn start_looking(self: &Arc<Self>, known: &mut Known<T, R>, wait: Duration) {
        if !std::mem::replace(&mut known.is_looking, true) {
            self.shared.runtime.spawn(keep_looking(Arc::downgrade(self), wait));
        }
    }

    /// Looks for orphans of all sessions that are in use, and of others, where the host has tokens for them.
    pub(super) async fn look(self: &Arc<Self>) {
        panic_point!("look");
        let wanted: HashMap<String, reqwest::Url> = {
            let known = self.known();
            let of = |delivery: &Arc<Delivery<T, R>>| {
                let queue = delivery.queue();
                let means = queue.means.as_ref()?;
                Some((delivery.session_id.to_string(), means.endpoint.url().clone()))
            };
            known.by_id.values().filter_map(of).collect()
        };
        let is_wanted = move |origin: &Origin| {
            wanted.get(&origin.session_id).is_some_and(|url| is_same_server(origin, url))
        };
        let Look { adopted, left, .. } = self.shared.outbox.adopt(None, is_wanted).await;
        for adopted in adopted {
            let delivery = self.known().by_id.get(&*adopted.origin.session_id).cloned();
            match delivery {
                Some(delivery) => delivery.take(vec![adopted]),
                None => adopted.spool.end(),
            }
        }
        for origin in left {
            if self.shared.has_ended() {
                return;
            }
            self.deliver_foreign(origin).await;
        }
    }

    /// Delivers what is left of a session that this instance does not use, where the host has a token for it.
    async fn deliver_foreign(self: &Arc<Self>, origin: Origin) {
        let busy = {
            let mut known = self.known();
            known.others.retain(|delivery| !delivery.queue().entries.is_empty());
            known.others.iter().filter(|delivery| delivery.is_foreign).count()
        };
        if busy >= MAX_FOREIGN || self.known().by_id.contains_key(&*origin.session_id) {
            return;
        }
        let Some(granted) = (self.shared.ask_for_token)(&origin.session_id, &origin.url) else { return };
        let Ok(Some(Grant { token, transport, retry, timeouts })) = granted.await else { return };
        let Ok(endpoint) = LogEndpoint::new(&origin.url, &token) else { return };
        let reporter = self.shared.reporter.clone();
        let means =
            Means { transport, reporter, endpoint: Arc::new(endpoint), retry, timeouts, has_token: true };
        let of = origin.clone();
        let is_this = move |other: &Origin| other.url == of.url;
        let look = self.shared.outbox.adopt(Some(origin.session_id.clone()), is_this).await;
        if look.adopted.is_empty() {
            return;
        }
        let delivery = Delivery::new(
            Arc::clone(&self.shared),
            Arc::new(Session::apart(&origin.session_id)),
            &origin.session_id,
            true,
        );
        delivery.queue().means = Some(means);
        self.known().others.push(Arc::clone(&delivery));
        delivery.take(look.adopted);
    }
}

/// Looks at the folder again and again, as long as the instance lives.
async fn keep_looking<T: Transport + Clone, R: Reporter + Clone + 'static>(
    sessions: Weak<Sessions<T, R>>,
    mut wait: Duration,
) {
    loop {
        sleep(wait).await;
        let Some(sessions) = sessions.upgrade() else { return };
        if sessions.shared.has_ended() {
            return;
        }
        if let Err(panic) = catch_panic_async(sessions.look()).await {
            sessions.shared.report_panic(Operation::Outbox, panic);
        }
        wait = BETWEEN_LOOKS.mul_f64(0.5 + (sessions.shared.random)());
    }
}
