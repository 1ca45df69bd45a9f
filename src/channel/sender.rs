//! The sending end of the channel, for the reports of operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ingress_core::report::{About, ErrorReport, Report, Reporter};
use tokio::sync::oneshot;

use super::{Channel, Message};

/// The sending end of the channel, as operations hold it.
#[derive(Clone)]
pub(crate) struct ChannelSender {
    channel: Arc<Channel>,
    wants_debug: Arc<AtomicBool>,
    /// What the errors of an operation are about that do not say it themselves.
    about: Option<Arc<About>>,
}

impl ChannelSender {
    pub(crate) fn new(channel: Arc<Channel>, wants_debug: Arc<AtomicBool>) -> Self {
        Self { channel, wants_debug, about: None }
    }

    /// The same for an operation about this.
    pub(crate) fn about(self, about: About) -> Self {
        Self { about: Some(Arc::new(about)), ..self }
    }
}

impl Reporter for ChannelSender {
    fn wants_debug(&self) -> bool {
        self.wants_debug.load(Ordering::Relaxed)
    }

    fn report(&self, report: Report) {
        let report = match (report, &self.about) {
            (Report::Error(ErrorReport { error, about }), Some(of_all)) if about == About::default() => {
                Report::Error(ErrorReport { error, about: About::clone(of_all) })
            }
            (report, _) => report,
        };
        self.channel.send(Message::Report(report));
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        let (token, renewed) = oneshot::channel();
        self.channel.send(Message::RenewToken(token));
        renewed
    }
}
