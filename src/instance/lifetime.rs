//! How long an instance lives whose host has let go of it: until nothing of it is pending.

use super::Instance;
use crate::channel::Message;
use crate::environment::Environment;

impl Instance {
    /// Keeps the instance from being collected, because an operation is pending.
    pub(super) fn keep_alive(&self) {
        self.handle.hold(true);
    }

    /// Lets the instance be collected, as no operation is pending any more; where entries are deferred, later.
    pub(super) fn let_go(&self) {
        if !self.is_default && !self.waits_for_delivery.get() && self.outboxes.has_deferred() {
            self.wait_for_delivery();
        }
        self.handle.hold(false);
    }

    /// Nothing was deferred any more, a moment ago.
    pub(crate) fn note_delivered(&self) {
        self.waits_for_delivery.set(false);
        if self.outboxes.has_deferred() {
            self.wait_for_delivery();
        }
        self.handle.hold(false);
    }

    /// Keeps the instance from being collected until nothing is deferred.
    fn wait_for_delivery(&self) {
        let Ok(runtime) = Environment::runtime() else { return };
        self.waits_for_delivery.set(true);
        self.handle.hold(true);
        let (outboxes, channel) = (self.outboxes.list(), self.channel.clone());
        runtime.spawn(async move {
            for outbox in outboxes {
                outbox.until_delivered(None).await;
            }
            channel.send(Message::Delivered);
        });
    }
}
