//! `flush`: waiting for what is queued, for hosts that are about to exit.

use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi_derive::napi;
use tokio::task::JoinHandle;

use super::arguments::{optional_object, session_key};
use super::host::Host;
use super::js::{self, Value};
use super::options::Rejection;
use super::settle::{Message, OperationId, Outcome};
use crate::ingress::{Operation, Pending};

/// Waits until nothing is pending: every append that this JavaScript environment began, or those of one
/// session, has settled. For hosts that are about to exit.
///
/// Resolves `true` as soon as nothing is pending, which may be at once, and `false` when `timeoutMs` have
/// passed before that; appends then go on as before. It waits for appends that are begun meanwhile, too. It
/// holds up nothing, and does not tell whether appends succeeded: their own promises, all settled before this
/// one resolves `true`, and `sessionStats` do. Rejects with a `TypeError` for wrong options.
///
/// @param options `timeoutMs`: default none, 0 does not wait; `sessionId`: default all sessions
#[napi(ts_args_type = "options?: FlushOptions | null", ts_return_type = "Promise<boolean>")]
pub fn flush<'e>(env: &'e Env, options: Value<'e>) -> napi::Result<Value<'e>> {
    Host::operation(env, Operation::Flush, |host, id| {
        let options = FlushOptions::read(env, options)?;
        host.begin_flush(env, id, options)
    })
}

/// A promise of `flush` that waits.
pub(super) struct Flush {
    operation: OperationId,
    /// The appends it waits for.
    pending: Arc<Pending>,
    timer: Option<JoinHandle<()>>,
}

impl Drop for Flush {
    fn drop(&mut self) {
        if let Some(timer) = &self.timer {
            timer.abort();
        }
    }
}

struct FlushOptions {
    timeout: Option<Duration>,
    session: Option<String>,
}

impl FlushOptions {
    fn read<'e>(env: &'e Env, options: Value<'e>) -> Result<Self, Rejection<'e>> {
        let Some(options) = optional_object(env, options, &["timeoutMs", "sessionId"])? else {
            return Ok(Self { timeout: None, session: None });
        };
        let timeout = js::get(env, options, "timeoutMs")?;
        let session = js::get(env, options, "sessionId")?;
        Ok(Self {
            timeout: (!js::is_nullish(timeout)).then(|| milliseconds(env, timeout)).transpose()?,
            session: (!js::is_nullish(session)).then(|| session_key(env, session)).transpose()?,
        })
    }
}

fn milliseconds<'e>(env: &'e Env, value: Value<'_>) -> Result<Duration, Rejection<'e>> {
    match js::as_number(env, value).filter(|number| number.is_finite() && *number >= 0.0) {
        Some(number) => Ok(Duration::try_from_secs_f64(number / 1000.0).unwrap_or(Duration::MAX)),
        None => {
            let what = "options.timeoutMs must be a finite number of milliseconds, not negative";
            Err(Rejection::Type(what.into()))
        }
    }
}

impl Host {
    fn begin_flush<'e>(
        &self,
        env: &Env,
        id: OperationId,
        FlushOptions { timeout, session }: FlushOptions,
    ) -> Result<(), Rejection<'e>> {
        let pending = {
            let sessions = self.sessions.borrow();
            match session {
                Some(session) => sessions.pending(&session).cloned(),
                None => Some(sessions.all().pending().clone()),
            }
        };
        let pending = pending.filter(|pending| !pending.is_empty());
        let (Some(pending), false) = (&pending, timeout == Some(Duration::ZERO)) else {
            // Here and now: an event loop that has come to its end is not to be started again by this.
            self.settle(env, id, Outcome::Boolean(pending.is_none()));
            return Ok(());
        };
        let timer = timeout.map(|timeout| self.settle_later(id, timeout)).transpose()?;
        let mut flushes = self.flushes.borrow_mut();
        let operations = self.operations.borrow();
        flushes.retain(|flush| operations.contains_key(&flush.operation));
        flushes.push(Flush { operation: id, pending: pending.clone(), timer });
        Ok(())
    }

    fn settle_later<'e>(&self, id: OperationId, after: Duration) -> Result<JoinHandle<()>, Rejection<'e>> {
        let channel = self.channel.clone();
        Ok(Self::runtime()?.spawn(async move {
            tokio::time::sleep(after).await;
            channel.send(Message::Settle(id, Outcome::Boolean(false)));
        }))
    }

    /// Resolves who waited for nothing to be pending, where that has come.
    pub(super) fn settle_flushes(&self, env: &Env) {
        if self.flushes.borrow().is_empty() {
            return;
        }
        let done: Vec<_> =
            self.flushes.borrow_mut().extract_if(.., |flush| flush.pending.is_empty()).collect();
        for flush in done {
            self.settle(env, flush.operation, Outcome::Boolean(true));
        }
    }
}
