//! The reports of operations, sent to their host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ingress_core::report::{Report, Reporter};
use tokio::sync::oneshot;

use super::{Channel, Message};

/// An operation's end of the channel.
#[derive(Clone)]
pub(crate) struct ChannelSender {
    channel: Arc<Channel>,
    wants_debug: Arc<AtomicBool>,
}

impl ChannelSender {
    pub(crate) fn new(channel: Arc<Channel>, wants_debug: Arc<AtomicBool>) -> Self {
        Self { channel, wants_debug }
    }
}

impl Reporter for ChannelSender {
    fn wants_debug(&self) -> bool {
        self.wants_debug.load(Ordering::Relaxed)
    }

    fn report(&self, report: Report) {
        self.channel.send(Message::Report(report));
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        let (token, renewed) = oneshot::channel();
        self.channel.send(Message::RenewToken(token));
        renewed
    }
}
