//! The sending end of the channel, for the reports of operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ingress_core::report::{Report, Reporter};
use tokio::sync::oneshot;

use super::{Channel, Message};

/// The sending end of the channel, as operations hold it.
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
