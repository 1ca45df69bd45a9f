//! The sending end of the channel, for the reports of operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ingress_core::report::{About, ErrorReport, Report, Reporter};
use tokio::sync::oneshot;

use super::{Channel, Message, Trace};

/// The sending end of the channel, as operations hold it.
#[derive(Clone)]
pub(crate) struct ChannelSender {
    channel: Arc<Channel>,
    wants_debug: Arc<AtomicBool>,
    /// What the errors of an operation are about that do not say it themselves.
    about: Option<Arc<About>>,
    trace: Option<Arc<Trace>>,
}

impl ChannelSender {
    pub(crate) fn new(channel: Arc<Channel>, wants_debug: Arc<AtomicBool>) -> Self {
        Self { channel, wants_debug, about: None, trace: None }
    }

    /// The same, noting in `trace` what the operation comes to.
    pub(crate) fn traced(self, trace: Option<Arc<Trace>>) -> Self {
        Self { trace, ..self }
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
        if let Some(trace) = &self.trace {
            trace.reported(&report);
        }
        self.channel.send(Message::Report(report));
    }

    fn tried(&self, status: Option<u16>) {
        if let Some(trace) = &self.trace {
            trace.tried(status);
        }
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        let (token, renewed) = oneshot::channel();
        self.channel.send(Message::RenewToken(token));
        renewed
    }
}
