//! Reads: what one keeps until its promise settles, how it is cancelled, and how far it is.

use std::rc::Rc;
use std::sync::Arc;

use napi::{Env, ValueType};

use super::arguments::optional_object;
use super::environment;
use super::host::Host;
use super::js::{self, Persistent, Value};
use super::options::Rejection;
use super::settle::{Line, ListSink, OperationId, Outcome};
use super::signal;
use crate::http::{Client, Failure};
use crate::ingress::{Account, Cancel, Cancelled, Meter, Operation, Progress, Reading, cancellation};

/// A read that is pending. Dropped with its environment, it is cancelled.
pub(super) struct Reader {
    /// The entries that were read so far.
    pub(super) list: Option<Persistent>,
    cancel: Option<Cancel>,
    signal: Option<Persistent>,
    aborted: bool,
    on_progress: Option<(Persistent, Arc<Meter>)>,
}

impl Reader {
    /// Whether the host still wants what is read.
    pub(super) fn is_wanted(&self) -> bool {
        !self.aborted
    }

    /// What the promise is to be rejected with, where the host has aborted the read.
    pub(super) fn abort_reason<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        self.signal.as_ref().filter(|_| self.aborted).map(|signal| signal::reason(env, signal.get(env)))
    }

    /// The host wants no more of it.
    pub(super) fn abort(&mut self) {
        self.aborted = true;
        self.list = None;
        if let Some(cancel) = self.cancel.take() {
            // One that has just ended needs no telling.
            cancel.send(()).ok();
        }
    }
}

/// What a host can ask of a read.
pub(super) struct ReadOptions<'e> {
    signal: Option<Value<'e>>,
    on_progress: Option<Value<'e>>,
}

impl<'e> ReadOptions<'e> {
    /// Reads and checks the last argument of the readers.
    pub(super) fn read(env: &'e Env, options: Value<'e>) -> Result<Self, Rejection<'e>> {
        let Some(options) = optional_object(env, options, &["signal", "onProgress"])? else {
            return Ok(Self { signal: None, on_progress: None });
        };
        let given =
            |key| Ok::<_, Rejection<'e>>(Some(js::get(env, options, key)?).filter(|v| !js::is_nullish(*v)));
        let signal = match given("signal")? {
            Some(value) => Some(signal::signal(env, value, "options.signal")?),
            None => None,
        };
        let on_progress = given("onProgress")?;
        if on_progress.is_some_and(|function| js::kind(function) != ValueType::Function) {
            return Err(Rejection::Type("options.onProgress must be a function".into()));
        }
        Ok(Self { signal, on_progress })
    }
}

/// A read's ends of what its [`Reader`] holds.
pub(super) struct Begun {
    cancelled: Cancelled,
    meter: Option<Arc<Meter>>,
}

impl Host {
    /// Begins a read as the host asks for it; one whose signal has aborted already rejects with the reason.
    pub(super) fn begin_read<'e>(
        self: &Rc<Self>,
        env: &'e Env,
        id: OperationId,
        options: ReadOptions<'e>,
    ) -> Result<Begun, Rejection<'e>> {
        let (cancel, cancelled) = cancellation();
        let meter = options.on_progress.map(|_| Arc::new(Meter::start()));
        let on_progress = options
            .on_progress
            .zip(meter.clone())
            .map(|(function, meter)| (Persistent::new(env, function), meter));
        let signal = options.signal.map(|signal| Persistent::new(env, signal));
        self.set_reader(id, Reader { list: None, cancel: Some(cancel), signal, aborted: false, on_progress });
        if let Some(signal) = options.signal {
            if signal::is_aborted(env, signal)? {
                return Err(Rejection::Thrown(signal::reason(env, signal)));
            }
            self.watch_signal(env, signal, id)?;
        }
        Ok(Begun { cancelled, meter })
    }

    fn set_reader(&self, id: OperationId, reader: Reader) {
        if let Some(pending) = self.operations.borrow_mut().get_mut(&id) {
            pending.reader = Some(Box::new(reader));
        }
    }

    /// Calls `work` with a read that is pending. `work` must not run JavaScript.
    pub(super) fn with_reader<T>(&self, id: OperationId, work: impl FnOnce(&mut Reader) -> T) -> Option<T> {
        let mut operations = self.operations.borrow_mut();
        operations.get_mut(&id)?.reader.as_deref_mut().map(work)
    }

    /// What every read needs.
    pub(super) fn reading(
        &self,
        env: &Env,
        id: OperationId,
        Begun { cancelled, meter }: Begun,
    ) -> Reading<Client, ListSink, Line> {
        let numbers = self.options.borrow().numbers;
        Reading {
            transport: self.client(env),
            sink: ListSink::new(self.channel.clone(), id, meter),
            caller: self.line(),
            after_last_compact: environment::is_truthy(env, "CLAUDE_AFTER_LAST_COMPACT"),
            timeouts: numbers.timeouts,
            answer_at_most: numbers.limits.max_response_bytes,
            cancelled,
        }
    }

    pub(super) fn settle_list(&self, id: OperationId) -> impl FnOnce(bool) + Send + use<> {
        let completion = self.completion(Operation::ReadLog, id);
        move |read| completion.settle(if read { Outcome::List } else { Outcome::Null })
    }

    /// The server of a read by account, and who asks: what the host's bindings say.
    pub(super) fn account<'e>(
        &self,
        env: &'e Env,
        access_token: Value<'e>,
        organization: &str,
    ) -> Result<Result<Account, Failure>, Rejection<'e>> {
        let base = self.base_api_url(env)?;
        let headers = self.oauth_headers(env, access_token)?;
        Ok(Account::new(base, headers, organization))
    }

    /// Tells the host how far a read is, where it wants to know. What that throws is its own affair.
    pub(super) fn tell_progress(
        &self,
        env: &Env,
        id: OperationId,
        figures: impl FnOnce(&Meter) -> Option<Progress>,
    ) {
        let told = self.with_reader(id, |reader| {
            let (function, meter) = reader.on_progress.as_ref().filter(|_| !reader.aborted)?;
            Some((function.get(env), figures(meter)?))
        });
        if let Some((function, Progress { entries, bytes, pages })) = told.flatten() {
            let progress = js::object(env);
            js::set(env, progress, "entries", js::number(env, entries as f64));
            js::set(env, progress, "bytes", js::number(env, bytes as f64));
            js::set(env, progress, "pages", js::number(env, pages.into()));
            self.notify(env, function, &[progress]);
        }
    }
}
