//! What the readers have in common: their options, cancellation, progress and job.

use std::rc::Rc;
use std::sync::Arc;

use napi::{Env, ValueType};
use session_ingress_core::http::Client;
use session_ingress_core::read::{Cancelled, ProgressThrottle, ReadJob, cancellation};
use session_ingress_core::report::About;

use super::arguments::optional_object;
use crate::channel::{ChannelSender, ListSink, OperationId};
use crate::instance::Instance;
use crate::js::{self, Persistent, Value};
use crate::operations::{PendingRead, signal};
use crate::rejection::Rejection;

/// The options of a read.
pub(super) struct ReadOptions<'e> {
    signal: Option<Value<'e>>,
    on_progress: Option<Value<'e>>,
    check_chain: bool,
}

impl<'e> ReadOptions<'e> {
    /// Reads and checks the last argument of the readers.
    pub(super) fn read(env: &'e Env, options: Value<'e>) -> Result<Self, Rejection<'e>> {
        let Some(options) = optional_object(env, options, &["signal", "onProgress", "checkChain"])? else {
            return Ok(Self { signal: None, on_progress: None, check_chain: false });
        };
        let given =
            |key| Ok::<_, Rejection<'e>>(Some(js::get(env, options, key)?).filter(|v| !js::is_nullish(*v)));
        let signal = match given("signal")? {
            Some(value) => Some(signal(env, value, "options.signal")?),
            None => None,
        };
        let on_progress = given("onProgress")?;
        if on_progress.is_some_and(|function| js::kind(function) != ValueType::Function) {
            return Err(Rejection::Type("options.onProgress must be a function".into()));
        }
        let check_chain = match given("checkChain")? {
            Some(value) => js::as_boolean(value)
                .ok_or_else(|| Rejection::Type("options.checkChain must be a boolean".into()))?,
            None => false,
        };
        Ok(Self { signal, on_progress, check_chain })
    }
}

/// The ends of cancellation and progress that the job holds; the [`PendingRead`] holds the others.
pub(super) struct ReadHandles {
    cancelled: Cancelled,
    progress: Option<Arc<ProgressThrottle>>,
    check_chain: bool,
}

impl ReadHandles {
    /// The same for a read of a log: the parents of the first entries since a compaction stand before them.
    pub(super) fn for_log(self, after_last_compact: bool) -> Self {
        Self { check_chain: self.check_chain && !after_last_compact, ..self }
    }
}

/// Begins a read with its options. Where the signal has aborted already, rejects with its reason.
pub(super) fn begin_read<'e>(
    instance: &Rc<Instance>,
    env: &'e Env,
    id: OperationId,
    options: ReadOptions<'e>,
) -> Result<ReadHandles, Rejection<'e>> {
    let (cancel, cancelled) = cancellation();
    let progress = options.on_progress.map(|_| Arc::new(ProgressThrottle::start()));
    let on_progress = options
        .on_progress
        .zip(progress.clone())
        .map(|(function, progress)| (Persistent::new(env, function), progress));
    let persistent = options.signal.map(|signal| Persistent::new(env, signal));
    let read = PendingRead {
        list: None,
        cancel: Some(cancel),
        signal: persistent,
        aborted: false,
        session_id: None,
        on_progress,
    };
    instance.operations.with(id, |pending| pending.read = Some(Box::new(read)));
    if let Some(signal) = options.signal {
        instance.watch(env, signal, id)?;
    }
    Ok(ReadHandles { cancelled, progress, check_chain: options.check_chain })
}

/// The job of a read, with the ends that [`begin_read`] gave.
pub(super) fn job(
    instance: &Instance,
    env: &Env,
    id: OperationId,
    about: About,
    ReadHandles { cancelled, progress, check_chain }: ReadHandles,
) -> ReadJob<Client, ListSink, ChannelSender> {
    let trace = instance.trace_of(id);
    if let (Some(_), Some(url)) = (&trace, &about.url) {
        instance.trace_url(env, id, || url.clone());
    }
    ReadJob {
        transport: instance.client(env),
        sink: ListSink::new(instance.channel.clone(), id, progress, trace.clone()),
        reporter: instance.reporter().about(about).traced(trace),
        cancelled,
        check_chain,
    }
}
