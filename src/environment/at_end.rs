//! The end of an environment, which may come on another thread than its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::channel::{Channel, Deliveries};

/// The channels and the outboxes of an environment, for its end.
#[derive(Default)]
pub(crate) struct AtEnd {
    channels: Mutex<Vec<Weak<Channel>>>,
    deliveries: Mutex<Vec<Weak<Deliveries>>>,
}

impl AtEnd {
    pub(crate) fn add_channel(&self, channel: &Arc<Channel>) {
        add(&self.channels, channel);
    }

    pub(crate) fn add_deliveries(&self, deliveries: &Arc<Deliveries>) {
        add(&self.deliveries, deliveries);
    }

    /// Writes what is queued for the folders on this thread, and what is appended from now on at once.
    pub(super) fn write_outboxes(&self) {
        let deliveries: Vec<_> = lock(&self.deliveries).iter().filter_map(Weak::upgrade).collect();
        for deliveries in deliveries {
            deliveries.outbox().write_now();
        }
    }

    /// Ends with what is in the folders (it is written, and given up), and then the channels.
    pub(super) fn end(&self) {
        let deliveries = std::mem::take(&mut *lock(&self.deliveries));
        for deliveries in deliveries.iter().filter_map(Weak::upgrade) {
            deliveries.end();
        }
        let channels = std::mem::take(&mut *lock(&self.channels));
        for channel in channels.iter().filter_map(Weak::upgrade) {
            channel.close();
        }
    }
}

/// Adds one, and forgets those of instances that are gone.
fn add<T>(list: &Mutex<Vec<Weak<T>>>, item: &Arc<T>) {
    let mut list = lock(list);
    list.retain(|item| item.strong_count() > 0);
    list.push(Arc::downgrade(item));
}

fn lock<T>(list: &Mutex<Vec<Weak<T>>>) -> MutexGuard<'_, Vec<Weak<T>>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
