//! Looking for what other owners left behind.

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use reqwest::Url;
use tokio::time::sleep;

use super::queue::{Body, Doubt, Queued, Source};
use super::session::Delivery;
use crate::http::Transport;
use crate::outbox::{Adopted, Look, Origin, Removal};
use crate::protocol::EntryUuid;
use crate::report::{Diagnostic, Reporter, ReporterExt};
use crate::sync::Mutex;
use crate::test_hooks::panic_point;

/// Between two looks at the folder: this, half more or half less.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_secs(60);

/// Whether a file's entries may go to the server of a call: by its origin, the port of a loopback address aside, which a
/// server of tests changes at each start.
pub(super) fn is_same_server(file: &Origin, call: &Url) -> bool {
    let Ok(file) = Url::parse(&file.url) else { return false };
    let host = call.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    file.origin() == call.origin()
        || is_loopback && file.scheme() == call.scheme() && file.host_str() == call.host_str()
}

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Delivery<T, R> {
    /// Looks for orphans of the session. Where some owners live, it is looked for again.
    pub(super) async fn look_for_orphans(self: &Arc<Self>) {
        panic_point!("look");
        let Some(means) = self.queue().means.clone() else { return };
        let url = means.endpoint.url().clone();
        let session_id = self.session_id.to_string();
        let Look { adopted, held, .. } =
            self.shared.outbox.adopt(Some(session_id), move |origin| is_same_server(origin, &url)).await;
        if !adopted.is_empty() {
            self.take(adopted);
        }
        if held > 0 {
            self.shared.runtime.spawn(look_again(Arc::downgrade(self)));
        }
    }

    /// Takes the entries of files that are ours now: before its own ones where none of those was sent, else behind them.
    pub(super) fn take(self: &Arc<Self>, adopted: Vec<Adopted>) {
        let mut queue = self.queue();
        let Some(means) = queue.means.clone() else { return };
        let is_late = queue.has_sent && !queue.entries.is_empty();
        let (mut at, mut taken) = (if is_late { queue.entries.len() } else { 0 }, 0);
        for Adopted { spool, origin, entries, last_delivered } in adopted {
            let has_same_url = Url::parse(&origin.url).is_ok_and(|url| {
                let mut own = means.endpoint.url().clone();
                own.set_query(None);
                url == own
            });
            let first = entries.first().map(|entry| entry.from.clone());
            let head = last_delivered.or(first).filter(|_| has_same_url).and_then(EntryUuid::new);
            let source = Arc::new(Source {
                spool: Some(Arc::clone(&spool)),
                doubt: Mutex::new(Some(Doubt { head })),
                is_adopted: true,
            });
            let mut left = 0;
            for entry in entries {
                let Some(uuid) = EntryUuid::new(&entry.uuid) else { continue };
                let mut call = None;
                if let Some(known) = queue.position(&uuid) {
                    if queue.entries[known].source.is_adopted || is_late {
                        // The earlier one stands.
                        spool.removed(entry.seq, Removal::Discarded);
                        continue;
                    }
                    // Appended again by this process: it waits for what its last life left behind.
                    if let Some(again) = queue.remove(known) {
                        if let Some(own) = &again.source.spool {
                            own.removed(again.seq, Removal::Discarded);
                        }
                        call = again.call;
                    }
                }
                let bytes = u32::try_from(entry.bytes).unwrap_or(u32::MAX);
                let queued = Queued {
                    seq: entry.seq,
                    uuid,
                    body: Body::Disk,
                    bytes,
                    source: Arc::clone(&source),
                    was_deferred: call.is_some(),
                    call,
                    has_begun: false,
                };
                queue.insert(at, queued);
                at += 1;
                left += 1;
            }
            if left == 0 {
                spool.end();
            }
            taken += left;
        }
        if taken == 0 {
            return;
        }
        if is_late {
            means.reporter.diagnostic(Diagnostic::OutboxLate { entries: taken });
        }
        means
            .reporter
            .debug(|| format!("{taken} entries of {} were left by an earlier owner", self.session_id));
        self.count(&queue);
        self.start(&mut queue);
        drop(queue);
        self.changed.notify_one();
    }
}

/// Looks for orphans of a session whose owners lived at the first look.
async fn look_again<T: Transport + Clone, R: Reporter + Clone + 'static>(delivery: Weak<Delivery<T, R>>) {
    let mut wait = Duration::from_secs(1);
    while wait < BETWEEN_LOOKS {
        sleep(wait).await;
        wait *= 2;
        let Some(delivery) = delivery.upgrade() else { return };
        if delivery.shared.has_ended() {
            return;
        }
        let Some(means) = delivery.queue().means.clone() else { return };
        let url = means.endpoint.url().clone();
        let session_id = delivery.session_id.to_string();
        let look =
            delivery.shared.outbox.adopt(Some(session_id), move |origin| is_same_server(origin, &url)).await;
        if !look.adopted.is_empty() {
            delivery.take(look.adopted);
        }
        if look.held == 0 {
            return;
        }
    }
}
