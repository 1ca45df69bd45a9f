//! `shutdown` and `unref`: for the end of a process.

use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;
use session_ingress_core::report::Operation;

use super::arguments::{milliseconds, optional_object};
use super::flush::end_later;
use crate::instance::Instance;
use crate::js::{self, Value};
use crate::operations::Flush;
use crate::rejection::Rejection;

/// Ends the appends of this instance, for good: takes no more of them (they resolve `false`), waits for
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
pub fn shutdown<'e>(env: &'e Env, this: This<Value<'e>>, options: Value<'e>) -> napi::Result<Value<'e>> {
    let instance = Instance::of(env, this.object)?;
    if let Some(promise) = instance.shutdown.promise(env) {
        return Ok(promise);
    }
    let promise = Instance::operation(env, this.object, Operation::Shutdown, |instance, id| {
        let timeout = read_timeout(env, options)?;
        instance.begin_shutdown(id);
        let pending = instance.sessions.borrow().all().pending().clone();
        if pending.is_empty() || timeout == Some(Duration::ZERO) {
            instance.end_flush(env, id, pending.is_empty());
            return Ok(());
        }
        match timeout.map(|timeout| end_later(instance, id, timeout)).transpose() {
            Ok(timer) => instance.flushes.add(id, Flush { pending, timer, deferred: None }),
            // Without a thread that could wait, the wait is over.
            Err(_) => instance.end_flush(env, id, false),
        }
        Ok(())
    })?;
    instance.shutdown.keep_promise(env, promise);
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
#[napi(ts_args_type = "", ts_return_type = "void", catch_unwind)]
pub fn unref<'e>(env: &'e Env, this: This<Value<'e>>) -> napi::Result<()> {
    Instance::of(env, this.object)?.hold_for_appends(env, false);
    Ok(())
}

/// Undoes `shutdown` and `unref`: `reset` of the testing kit calls it. Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn reopen<'e>(env: &'e Env, this: This<Value<'e>>) -> napi::Result<()> {
    let instance = Instance::of(env, this.object)?;
    if instance.shutdown.undo() {
        instance.outboxes.forget_ended();
    }
    instance.sessions.borrow_mut().reopen();
    instance.hold_for_appends(env, true);
    Ok(())
}

fn read_timeout<'e>(env: &'e Env, options: Value<'e>) -> Result<Option<Duration>, Rejection<'e>> {
    let Some(options) = optional_object(env, options, &["timeoutMs"])? else { return Ok(None) };
    let timeout = js::get(env, options, "timeoutMs")?;
    (!js::is_nullish(timeout)).then(|| milliseconds(timeout)).transpose()
}
