//! `shutdown` and `unref`: for the end of a process.

use std::time::Duration;

use napi::Env;
use napi_derive::napi;
use session_ingress_core::report::Operation;

use super::arguments::{milliseconds, optional_object};
use super::flush::end_later;
use crate::environment::{Environment, Flush};
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// Ends the appends of this JavaScript environment, for good: takes no more of them (they resolve `false`), waits for
/// those that are pending, and gives up what is left after `timeoutMs`. For hosts that are about to exit.
///
/// What is given up is not sent any more: its request is closed, and its promise resolves `false` before this one settles.
/// It may be stored all the same. With an outbox, what is left is written and synced, and deferred to the next process.
///
/// Resolves how many appends resolved `true` since the call, and the entries that are lost: neither known to be stored nor
/// on the disk. A second call gives the same promise. Readers and `flush` go on. Rejects with a `TypeError` for wrong
/// options, and then does nothing.
///
/// @param options `timeoutMs`: default none, as long as appends are pending; 0 does not wait
///
/// @example
/// ```ts
/// const { lost } = await shutdown({ timeoutMs: 3000 })
/// if (lost.length > 0) console.error(`${lost.length} entries may not be stored`)
/// ```
#[napi(ts_args_type = "options?: ShutdownOptions | null", ts_return_type = "Promise<ShutdownResult>")]
pub fn shutdown<'e>(env: &'e Env, options: Value<'e>) -> napi::Result<Value<'e>> {
    let shutdown = Environment::of(env)?;
    if let Some(promise) = shutdown.instance.shutdown.promise(env) {
        return Ok(promise);
    }
    let promise = Environment::operation(env, Operation::Shutdown, |environment, id| {
        let timeout = read_timeout(env, options)?;
        environment.begin_shutdown(id);
        let pending = environment.instance.sessions.borrow().all().pending().clone();
        if pending.is_empty() || timeout == Some(Duration::ZERO) {
            environment.end_flush(env, id, pending.is_empty());
            return Ok(());
        }
        match timeout.map(|timeout| end_later(environment, id, timeout)).transpose() {
            Ok(timer) => environment.flushes.add(id, Flush { pending, timer, deferred: None }),
            // Without a thread that could wait, the wait is over.
            Err(_) => environment.end_flush(env, id, false),
        }
        Ok(())
    })?;
    shutdown.instance.shutdown.keep_promise(env, promise);
    Ok(promise)
}

/// Lets the process end although appends are pending, as `unref` of a timer does: these are lost then, unless an outbox
/// has them. Reads, `flush` and `shutdown` still hold it.
///
/// @example
/// ```ts
/// unref()
/// void appendSessionLog(sessionId, { uuid: randomUUID(), text }, url)
/// ```
#[napi(ts_return_type = "void", catch_unwind)]
pub fn unref(env: &Env) -> napi::Result<()> {
    Environment::of(env)?.hold_for_appends(env, false);
    Ok(())
}

/// Undoes `shutdown` and `unref`: `reset` of the testing kit calls it. Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn reopen(env: &Env) -> napi::Result<()> {
    let environment = Environment::of(env)?;
    if environment.instance.shutdown.undo() {
        environment.instance.outboxes.forget_ended();
    }
    environment.instance.sessions.borrow_mut().reopen();
    environment.hold_for_appends(env, true);
    Ok(())
}

fn read_timeout<'e>(env: &'e Env, options: Value<'e>) -> Result<Option<Duration>, Rejection<'e>> {
    let Some(options) = optional_object(env, options, &["timeoutMs"])? else { return Ok(None) };
    let timeout = js::get(env, options, "timeoutMs")?;
    (!js::is_nullish(timeout)).then(|| milliseconds(timeout)).transpose()
}
