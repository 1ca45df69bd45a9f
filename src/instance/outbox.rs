//! The outboxes of an instance: the one that is configured now, and those of sessions that began with another.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ingress_core::append::random;
use session_ingress_core::delivery::Granted;
use session_ingress_core::http::Client;
use session_ingress_core::outbox::{Disk, Outbox, OutboxOptions};
use session_ingress_core::report::{Diagnostic, Error, ReporterExt};
use session_ingress_core::runtime::runtime;
use tokio::sync::oneshot;

use crate::channel::{Channel, ChannelSender, Deliveries, Message};
use crate::environment::AtEnd;

#[derive(Default)]
pub(crate) struct Outboxes {
    current: RefCell<Option<(OutboxOptions, Arc<Deliveries>)>>,
    /// Whether any was there at any time: without, nothing is looked up.
    is_used: Cell<bool>,
    by_session: RefCell<HashMap<String, Option<Arc<Deliveries>>>>,
    /// Every one that has not ended.
    all: RefCell<Vec<Arc<Deliveries>>>,
    /// Whether the host can give a token for any session.
    can_grant: Arc<AtomicBool>,
}

impl Outboxes {
    /// Every one that has not ended.
    pub(crate) fn list(&self) -> Vec<Arc<Deliveries>> {
        self.all.borrow().clone()
    }

    /// Whether entries are deferred in one of them.
    pub(super) fn has_deferred(&self) -> bool {
        self.is_used.get()
            && self.all.borrow().iter().any(|all| all.figures().deferred.load(Ordering::Relaxed) > 0)
    }

    /// Forgets those that ended with a shutdown.
    pub(crate) fn forget_ended(&self) {
        self.current.replace(None);
        self.by_session.borrow_mut().clear();
        self.all.borrow_mut().clear();
    }

    /// Uses other options from now on; sessions that have begun keep theirs.
    pub(super) fn configure(
        &self,
        options: Option<(&OutboxOptions, bool)>,
        channel: &Arc<Channel>,
        reporter: ChannelSender,
        at_end: &AtEnd,
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
            at_end.add_deliveries(&deliveries);
            self.all.borrow_mut().push(Arc::clone(&deliveries));
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

impl Drop for Outboxes {
    fn drop(&mut self) {
        // Nothing is left in them but what other processes had left.
        for deliveries in self.all.borrow().iter() {
            deliveries.end();
        }
    }
}
