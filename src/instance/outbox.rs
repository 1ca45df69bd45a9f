//! The outboxes of an instance: the one that is configured now, and those of sessions that began with another.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use session_ingress_core::append::random;
use session_ingress_core::delivery::{self, Granted};
use session_ingress_core::http::Client;
use session_ingress_core::outbox::{Disk, Outbox, OutboxOptions};
use session_ingress_core::report::{Diagnostic, Error, ReporterExt};
use session_ingress_core::runtime::runtime;
use tokio::sync::oneshot;

use crate::channel::{Channel, ChannelSender, Message};

/// The deliveries of an instance by way of one folder.
pub(crate) type Deliveries = delivery::Deliveries<Client, ChannelSender>;

/// All of an environment, for its end, which may come on another thread than its own.
pub(crate) type AllDeliveries = Arc<Mutex<Vec<Arc<Deliveries>>>>;

#[derive(Default)]
pub(crate) struct Outboxes {
    current: RefCell<Option<(OutboxOptions, Arc<Deliveries>)>>,
    /// Whether any was there at any time: without, nothing is looked up.
    is_used: Cell<bool>,
    by_session: RefCell<HashMap<String, Option<Arc<Deliveries>>>>,
    all: AllDeliveries,
    /// Whether the host can give a token for any session.
    can_grant: Arc<AtomicBool>,
}

impl Outboxes {
    pub(crate) fn all(&self) -> AllDeliveries {
        Arc::clone(&self.all)
    }

    /// Every one that has not ended.
    pub(crate) fn list(&self) -> Vec<Arc<Deliveries>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets those that ended with a shutdown.
    pub(crate) fn forget_ended(&self) {
        self.current.replace(None);
        self.by_session.borrow_mut().clear();
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Uses other options from now on; sessions that have begun keep theirs.
    pub(super) fn configure(
        &self,
        options: Option<(&OutboxOptions, bool)>,
        channel: &Arc<Channel>,
        reporter: ChannelSender,
    ) {
        let Some((options, can_grant)) = options else {
            self.current.replace(None);
            return;
        };
        self.can_grant.store(can_grant, Ordering::Relaxed);
        let is_same = self.current.borrow().as_ref().is_some_and(|(old, _)| old == options);
        if !is_same {
            // Where the system refuses the runtime a thread, nothing can be sent either.
            let Ok(runtime) = runtime() else { return };
            let of_events = reporter.clone();
            let on_event = move |event| {
                if let session_ingress_core::outbox::Event::Corrupt { bytes } = event {
                    of_events.error(Error::OutboxCorrupt(bytes));
                }
                of_events.diagnostic(Diagnostic::from(event));
            };
            let outbox = Outbox::new(options.clone(), Arc::new(Disk), runtime.clone(), on_event);
            let (channel, may_ask) = (Arc::clone(channel), Arc::clone(&self.can_grant));
            let ask = Box::new(move |session_id: &str, url: &str| -> Option<Granted<Client>> {
                if !may_ask.load(Ordering::Relaxed) {
                    return None;
                }
                let (grant, granted) = oneshot::channel();
                let (session_id, url) = (session_id.to_owned(), url.to_owned());
                channel.send(Message::GrantToken { session_id, url, grant });
                Some(granted)
            });
            let deliveries = Arc::new(Deliveries::new(outbox, runtime.clone(), reporter, random, ask));
            self.all.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&deliveries));
            self.current.replace(Some((options.clone(), deliveries)));
            self.is_used.set(true);
        }
        if can_grant && let Some((_, deliveries)) = &*self.current.borrow() {
            deliveries.deliver_all();
        }
    }

    /// The deliveries that a session uses, which are those of its first use.
    pub(crate) fn of(&self, session_id: &str) -> Option<Arc<Deliveries>> {
        if !self.is_used.get() {
            return None;
        }
        if let Some(bound) = self.by_session.borrow().get(session_id) {
            return bound.clone();
        }
        let current = self.current.borrow().as_ref().map(|(_, deliveries)| Arc::clone(deliveries));
        self.by_session.borrow_mut().insert(session_id.to_owned(), current.clone());
        current
    }

    /// Lets a session that is cleared begin with the options of then.
    pub(crate) fn forget(&self, session_id: Option<&str>) {
        match session_id {
            Some(session_id) => drop(self.by_session.borrow_mut().remove(session_id)),
            None => self.by_session.borrow_mut().clear(),
        }
    }
}

/// Ends with what is in the folders: it is written, and given up.
pub(crate) fn end_all(all: &AllDeliveries) {
    for deliveries in all.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        deliveries.end();
    }
}

/// Writes what is queued for the folders on this thread, and what is appended from now on at once.
pub(crate) fn write_all(all: &AllDeliveries) {
    let deliveries = all.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for deliveries in deliveries {
        deliveries.outbox().write_now();
    }
}
